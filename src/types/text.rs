//! The API's text types, one per rule. Lengths count Unicode characters unless a rule says bytes.

use fluent_uri::Iri;
use serde_json::json;

use super::fields::{Field, FromField};
use super::invalid::Invalid;
use super::json_schema::Schema;
use super::redact::quoted;
use crate::error::Error;

/// The text without the UTF-8 byte order mark that some editors and shells write at the start.
pub fn without_byte_order_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text)
}

/// Declares a text type: its length, its JSON Schema (`$rule`), and `$check`, which enforces what the schema says beyond the
/// length.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $length:expr, $rule:expr, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            pub fn parse(text: String) -> Result<Self, Invalid> {
                let check: fn(&str) -> Result<(), Invalid> = $check;
                $length.check(&text)?;
                check(&text).map(|()| $name(text))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromField for $name {
            fn from_field(field: Field) -> Result<Self, Error> {
                let path = field.path.clone();
                $name::parse(String::from_field(field)?).map_err(|invalid| Error::invalid(path, invalid))
            }

            fn schema() -> Schema {
                $length.schema($rule)
            }
        }
    };
}

text!(
    /// A group's name: 1 to 255 characters, not only white space, no control characters.
    Name,
    characters(1, 255),
    NAME,
    |text| {
        no_control(text)?;
        if text.chars().all(char::is_whitespace) {
            return Err(Invalid::new("must not be only white space"));
        }
        Ok(())
    }
);

text!(
    /// A group's description: up to 10,000 characters.
    Description,
    characters(0, 10_000),
    ANYTHING,
    anything
);

text!(
    /// An absolute `http` or `https` URL of up to 2,048 bytes, kept as given (RFC 3986 and 3987).
    Url,
    bytes(2_048),
    URL,
    |text| {
        let is_web = |iri: &Iri<&str>| {
            let scheme = iri.scheme().as_str();
            let has_host = iri.authority().is_some_and(|authority| !authority.host().is_empty());
            has_host && (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
        };
        match Iri::parse(text) {
            Ok(iri) if is_web(&iri) => Ok(()),
            _ => Err(Invalid::new(format!(
                "must be an absolute http or https URL such as https://example.com/a.png, not {}",
                quoted(text)
            ))),
        }
    }
);

text!(
    /// A contact's username: 1 to 64 characters, no white space, no control characters.
    Username,
    characters(1, 64),
    USERNAME,
    |text| {
        no_control(text)?;
        if text.chars().any(char::is_whitespace) {
            return Err(Invalid::new(format!(
                "must not contain white space, unlike {}",
                quoted(text)
            )));
        }
        Ok(())
    }
);

text!(
    /// A contact's phone number, in any format: up to 32 characters.
    PhoneNumber,
    characters(0, 32),
    ANYTHING,
    anything
);

text!(
    /// A contact's display name: up to 255 characters.
    DisplayName,
    characters(0, 255),
    ANYTHING,
    anything
);

text!(
    /// The text of a message: 1 to 10,000 characters.
    MessageText,
    characters(1, 10_000),
    ANYTHING,
    anything
);

text!(
    /// A reaction's name, such as `red_angry_face`: 1 to 64 characters, no control characters.
    ReactionName,
    characters(1, 64),
    NO_CONTROL,
    no_control
);

text!(
    /// Who reacts to a message, such as `KateMcCallister`: 1 to 255 characters, no control characters.
    Reactor,
    characters(1, 255),
    NO_CONTROL,
    no_control
);

/// Bounds on a text's length.
#[derive(Clone, Copy)]
struct Length {
    least: usize,
    most: usize,
    unit: &'static str,
    count: fn(&str) -> usize,
}

const fn characters(least: usize, most: usize) -> Length {
    Length {
        least,
        most,
        unit: "characters",
        count: |text| text.chars().count(),
    }
}

const fn bytes(most: usize) -> Length {
    Length {
        least: 0,
        most,
        unit: "bytes",
        count: str::len,
    }
}

impl Length {
    fn check(self, text: &str) -> Result<(), Invalid> {
        let Length {
            least,
            most,
            unit,
            count,
        } = self;
        let count = count(text);
        if (least..=most).contains(&count) {
            return Ok(());
        }
        Err(Invalid::new(match least {
            0 => format!("must have at most {most} {unit}, not {count}"),
            _ => format!("must have {least} to {most} {unit}, not {count}"),
        }))
    }

    /// The schema of a text of this length. JSON Schema counts characters; a bound in bytes is at least as strict.
    fn schema(self, rule: Rule) -> Schema {
        let mut schema = json!({"type": "string"});
        if let Some(format) = rule.format {
            schema["format"] = json!(format);
        }
        if self.least > 0 {
            schema["minLength"] = json!(self.least);
        }
        schema["maxLength"] = json!(self.most);
        schema["pattern"] = json!(rule.pattern);
        schema
    }
}

/// What JSON Schema says about a text beyond its length.
#[derive(Clone, Copy)]
struct Rule {
    format: Option<&'static str>,
    /// A regular expression (ECMA-262).
    pattern: &'static str,
}

const fn pattern(pattern: &'static str) -> Rule {
    Rule { format: None, pattern }
}

/// No text contains NUL: the JSON and form parsers reject it.
const ANYTHING: Rule = pattern(r"^[^\u0000]*$");
const NO_CONTROL: Rule = pattern(r"^[^\u0000-\u001f\u007f-\u009f]*$");
/// White space is spelled out because `\s` differs between regular expression engines.
const NAME: Rule = pattern(
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\u0000-\u001f\u007f-\u009f]*$",
);
const USERNAME: Rule = pattern(r"^[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$");
const URL: Rule = Rule {
    format: Some("iri"),
    pattern: r"^[Hh][Tt][Tt][Pp][Ss]?://([^/?#@]*@)?[^/?#@:]",
};

fn anything(_: &str) -> Result<(), Invalid> {
    Ok(())
}

fn no_control(text: &str) -> Result<(), Invalid> {
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(Invalid::new(format!(
            "must not contain control characters such as {c:?}"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(Name::parse("é".repeat(255)).is_ok());
        assert!(Name::parse("é".repeat(256)).is_err());
        assert!(Name::parse(String::new()).is_err());
        assert!(Name::parse("\u{2003} ".to_owned()).is_err());
        assert!(Name::parse("a\u{85}b".to_owned()).is_err());
    }

    #[test]
    fn only_absolute_http_and_https_urls_are_accepted() {
        for good in [
            "https://assets.protocol.chat/avatars/plazahotel.jpg",
            "HTTP://user@[::1]:80/?q#f",
            "https://例え.jp/アイコン.png",
        ] {
            assert!(Url::parse(good.to_owned()).is_ok(), "{good}");
        }
        for bad in [
            "",
            "x",
            "//host/x",
            "ftp://host/x",
            "https://",
            "https:///x",
            "https:x",
            "https://a b/",
            "https://a/\n",
        ] {
            assert!(Url::parse(bad.to_owned()).is_err(), "{bad}");
        }
        let long = |bytes: usize| format!("https://a/{}", "x".repeat(bytes - 10));
        assert!(Url::parse(long(2_048)).is_ok());
        assert!(Url::parse(long(2_049)).is_err());
    }
}
