//! Conditional requests: entity tags, `If-Match` and `If-None-Match` (RFC 9110, 8.8.3 and 13.1).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::HeaderMap;
use sha2::{Digest, Sha256};

use crate::error::{Code, Error};
use crate::types::json::Json;
use crate::types::redact::quoted;

pub const IF_MATCH: &str = "If-Match";
pub const IF_NONE_MATCH: &str = "If-None-Match";

/// A strong entity tag: 128 bits of the representation's SHA-256, quoted as in headers.
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

/// The value of `If-Match` or `If-None-Match`: any object (`*`), or one of these tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Any,
    OneOf(Vec<String>),
}

impl Condition {
    /// Parses a value of the header `name`.
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

    /// Whether the condition holds for `etag` by strong comparison: weak tags (`W/`) never match.
    pub fn matches_strongly(&self, etag: &ETag) -> bool {
        match self {
            Condition::Any => true,
            Condition::OneOf(tags) => tags.contains(&etag.0),
        }
    }

    /// Whether the condition holds for `etag`, a strong tag, by weak comparison: weak tags match too.
    pub fn matches_weakly(&self, etag: &[u8]) -> bool {
        match self {
            Condition::Any => true,
            Condition::OneOf(tags) => tags
                .iter()
                .any(|tag| tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag),
        }
    }
}

/// The precondition of a write on the object that it changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfMatch(pub Option<Condition>);

impl IfMatch {
    /// Compares with the current object, which `current` reads if there is a condition. Must run in the transaction of the
    /// write.
    ///
    /// # Errors
    /// `precondition_failed` if the condition does not hold; the errors of `current`.
    pub fn check<E: From<Error>>(&self, current: impl FnOnce() -> Result<Json, E>) -> Result<(), E> {
        let Some(condition) = &self.0 else {
            return Ok(());
        };
        let etag = ETag::of(&current()?);
        if condition.matches_strongly(&etag) {
            return Ok(());
        }
        let message =
            format!("The object has changed: its ETag is {etag}, which `If-Match` does not name. Read it again.");
        Err(Error::new(Code::PreconditionFailed, message).at(IF_MATCH).into())
    }
}

/// The condition in the header `name`. Several lines count as one list.
pub fn condition(headers: &HeaderMap, name: &'static str) -> Result<Option<Condition>, Error> {
    let lines: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
        .collect();
    match lines.is_empty() {
        true => Ok(None),
        false => Condition::parse(name, &lines.join(",")).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &str) -> Result<Condition, Error> {
        Condition::parse(IF_MATCH, value)
    }

    #[test]
    fn lists_of_tags_are_parsed_as_in_rfc_9110() {
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
    fn a_weak_tag_matches_only_by_weak_comparison() {
        let etag = ETag::of(&Json("{}".to_owned()));
        let (strong, weak) = (parse(etag.as_str()).unwrap(), parse(&format!("W/{etag}")).unwrap());
        assert!(strong.matches_strongly(&etag) && strong.matches_weakly(etag.as_str().as_bytes()));
        assert!(!weak.matches_strongly(&etag) && weak.matches_weakly(etag.as_str().as_bytes()));
        assert!(!strong.matches_weakly(b"\"other\""));
    }
}
