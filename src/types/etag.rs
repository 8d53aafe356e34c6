//! Entity tags and the conditions on them (RFC 9110, 8.8.3 and 13.1).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::json::Json;
use super::quote::quoted;
use crate::error::{Code, Error};

/// A strong entity tag: 128 bits of the SHA-256 of the representation, in quotes as headers have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    pub fn of(Json(representation): &Json) -> Self {
        let hash = Sha256::digest(representation.as_bytes());
        ETag(format!("\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..16])))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What `If-Match` or `If-None-Match` names: anything (`*`), or one of some tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Any,
    OneOf(Vec<String>),
}

impl Condition {
    /// Reads the value of the header `name`.
    pub fn parse(name: &'static str, value: &str) -> Result<Self, Error> {
        if value.trim_matches([' ', '\t']) == "*" {
            return Ok(Condition::Any);
        }
        let wrong = || {
            let what = format!(
                "must be * or entity tags in quotes such as \"{}\", not {}",
                "mR3vXsCq0dE2aLyT9uWbfg",
                quoted(value)
            );
            Error::invalid(name, what)
        };
        let mut tags = Vec::new();
        let mut rest = value.trim_matches([' ', '\t', ',']);
        while !rest.is_empty() {
            let weak = if rest.starts_with("W/") { 2 } else { 0 };
            let opaque = rest[weak..].strip_prefix('"').ok_or_else(wrong)?;
            let length = opaque.find('"').ok_or_else(wrong)?;
            if opaque[..length]
                .chars()
                .any(|c| c.is_ascii_whitespace() || c.is_control())
            {
                return Err(wrong());
            }
            let (tag, after) = rest.split_at(weak + length + 2);
            tags.push(tag.to_owned());
            let after = after.trim_start_matches([' ', '\t']);
            if !after.is_empty() && !after.starts_with(',') {
                return Err(wrong());
            }
            rest = after.trim_start_matches([' ', '\t', ',']);
        }
        match tags.is_empty() {
            true => Err(wrong()),
            false => Ok(Condition::OneOf(tags)),
        }
    }

    /// Whether it names this tag; a weak one (`W/`) is never a strong one.
    pub fn fits_strongly(&self, etag: &ETag) -> bool {
        match self {
            Condition::Any => true,
            Condition::OneOf(tags) => tags.contains(&etag.0),
        }
    }

    /// Whether it names this strong tag, as a header has it; a weak one names it too.
    pub fn fits_weakly(&self, etag: &[u8]) -> bool {
        match self {
            Condition::Any => true,
            Condition::OneOf(tags) => tags
                .iter()
                .any(|tag| tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag),
        }
    }
}

/// `If-Match`: what a write asks of the object before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfMatch(pub Option<Condition>);

impl IfMatch {
    /// Refuses an object that does not fit. `stored` is asked for it only where there is a condition, and must be in
    /// the transaction of the write.
    pub fn check<E: From<Error>>(&self, stored: impl FnOnce() -> Result<Json, E>) -> Result<(), E> {
        let Some(condition) = &self.0 else {
            return Ok(());
        };
        let etag = ETag::of(&stored()?);
        if condition.fits_strongly(&etag) {
            return Ok(());
        }
        let message = format!("The object is not the one that `If-Match` names: its ETag is {etag}. Read it again.");
        Err(Error::new(Code::PreconditionFailed, message).at("If-Match").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &str) -> Result<Condition, Error> {
        Condition::parse("If-Match", value)
    }

    #[test]
    fn a_list_of_tags_is_read_as_rfc_9110_has_it() {
        let tags = |tags: &[&str]| Condition::OneOf(tags.iter().map(|tag| (*tag).to_owned()).collect());
        assert_eq!(parse(" * ").unwrap(), Condition::Any);
        assert_eq!(parse("\"a\"").unwrap(), tags(&["\"a\""]));
        assert_eq!(
            parse("\"a\" , W/\"b,c\",,\"\"").unwrap(),
            tags(&["\"a\"", "W/\"b,c\"", "\"\""])
        );
        for wrong in [
            "",
            ",",
            "a",
            "\"a",
            "\"a\" \"b\"",
            "\"a\", *",
            "w/\"a\"",
            "W/a",
            "\"a b\"",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_weak_tag_fits_only_where_that_is_enough() {
        let etag = ETag::of(&Json("{}".to_owned()));
        let (strong, weak) = (parse(etag.as_str()).unwrap(), parse(&format!("W/{etag}")).unwrap());
        assert!(strong.fits_strongly(&etag) && strong.fits_weakly(etag.as_str().as_bytes()));
        assert!(!weak.fits_strongly(&etag) && weak.fits_weakly(etag.as_str().as_bytes()));
        assert!(!strong.fits_weakly(b"\"other\""));
    }
}
