//! The texts of the API, one type a rule. Lengths are counted in Unicode characters unless a rule says bytes.

use fluent_uri::Iri;

use super::fields::{Field, FromField};
use super::quote::quoted;
use crate::error::Error;

/// Declares a text type whose values have passed `$check`, which answers with what would be right.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The text, or what would be right instead.
            pub fn parse(text: String) -> Result<Self, String> {
                let check: fn(&str) -> Result<(), String> = $check;
                check(&text).map(|()| $name(text))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromField for $name {
            fn from_field(field: Field) -> Result<Self, Error> {
                let path = field.path.clone();
                $name::parse(String::from_field(field)?).map_err(|message| Error::invalid(path, message))
            }
        }
    };
}

text!(
    /// A group's name: 1 to 255 characters, not only white space, no control characters.
    Name,
    |text| {
        length(text, 1, 255)?;
        no_control(text)?;
        if text.chars().all(char::is_whitespace) {
            return Err("must not be white space alone".to_owned());
        }
        Ok(())
    }
);

text!(
    /// A group's description: up to 10,000 characters.
    Description,
    |text| length(text, 0, 10_000)
);

text!(
    /// An absolute `http` or `https` URL of up to 2,048 bytes, kept as it was written (RFC 3986 and 3987).
    Url,
    |text| {
        const LONGEST: usize = 2_048;
        if text.len() > LONGEST {
            return Err(format!("must be a URL of up to {LONGEST} bytes, not {}", text.len()));
        }
        let is_web = |iri: &Iri<&str>| {
            let scheme = iri.scheme().as_str();
            let has_host = iri.authority().is_some_and(|authority| !authority.host().is_empty());
            has_host && (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
        };
        match Iri::parse(text) {
            Ok(iri) if is_web(&iri) => Ok(()),
            _ => Err(format!(
                "must be an absolute http or https URL such as https://example.com/a.png, not {}",
                quoted(text)
            )),
        }
    }
);

text!(
    /// A contact's user name: 1 to 64 characters, no white space, no control characters.
    Username,
    |text| {
        length(text, 1, 64)?;
        no_control(text)?;
        if text.chars().any(char::is_whitespace) {
            return Err(format!("must have no white space, unlike {}", quoted(text)));
        }
        Ok(())
    }
);

text!(
    /// A contact's phone number as its owner writes it: up to 32 characters.
    PhoneNumber,
    |text| length(text, 0, 32)
);

text!(
    /// A contact's name for people to read: up to 255 characters.
    DisplayName,
    |text| length(text, 0, 255)
);

text!(
    /// What a message says: 1 to 10,000 characters.
    MessageText,
    |text| length(text, 1, 10_000)
);

text!(
    /// A reaction's name, such as `red_angry_face`: 1 to 64 characters, no control characters.
    ReactionName,
    |text| {
        length(text, 1, 64)?;
        no_control(text)
    }
);

text!(
    /// Who reacts to a message, such as `KateMcCallister`: 1 to 255 characters, no control characters.
    Reactor,
    |text| {
        length(text, 1, 255)?;
        no_control(text)
    }
);

fn length(text: &str, least: usize, most: usize) -> Result<(), String> {
    let count = text.chars().count();
    if (least..=most).contains(&count) {
        return Ok(());
    }
    Err(match least {
        0 => format!("must have at most {most} characters, not {count}"),
        _ => format!("must have {least} to {most} characters, not {count}"),
    })
}

fn no_control(text: &str) -> Result<(), String> {
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(format!("must have no control characters such as {c:?}")),
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
    fn a_url_is_absolute_and_of_the_web() {
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
