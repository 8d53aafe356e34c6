//! Public ids: 16 characters of `[A-Za-z0-9]`, unique and looked up ignoring letter case.

use std::cell::RefCell;
use std::fmt;

use serde_json::json;

use super::fields::{Field, FromField};
use super::json_schema::Schema;
use super::redact::quoted;
use crate::error::Error;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// An object's public id. `==` compares letter case; the schema and [`Id::same`] ignore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id([u8; Id::LENGTH]);

impl Id {
    pub const LENGTH: usize = 16;

    /// A new id from the system's random source.
    ///
    /// # Panics
    /// The system's random source fails.
    pub fn random() -> Self {
        // Bytes from 248 on are discarded, so that each of the 62 characters is equally likely.
        const FAIR: u8 = 248;
        let fair = std::iter::repeat_with(random_byte).filter(|byte| *byte < FAIR);
        let mut id = [0; Self::LENGTH];
        for (character, byte) in id.iter_mut().zip(fair) {
            *character = ALPHABET[usize::from(byte) % ALPHABET.len()];
        }
        Id(id)
    }

    /// Parses an id; `None` if `text` is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; Self::LENGTH] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphanumeric).then_some(Id(bytes))
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("an id is ASCII")
    }

    /// Whether both identify the same object.
    pub fn same(&self, other: &str) -> bool {
        self.as_str().eq_ignore_ascii_case(other)
    }
}

/// The next byte of the system's random source, which is read in large blocks.
fn random_byte() -> u8 {
    const MANY: usize = 1_024;
    thread_local! {
        static STORED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    STORED.with_borrow_mut(|stored| {
        if stored.is_empty() {
            stored.resize(MANY, 0);
            getrandom::fill(stored).expect("the system's random source works");
        }
        stored.pop().expect("the store was filled")
    })
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromField for Id {
    fn from_field(field: Field) -> Result<Self, Error> {
        let path = field.path.clone();
        let text = String::from_field(field)?;
        Id::parse(&text).ok_or_else(|| {
            Error::invalid(
                path,
                format!("must be an id: 16 letters and digits, not {}", quoted(&text)),
            )
        })
    }

    fn schema() -> Schema {
        json!({"title": "id", "type": "string", "pattern": "^[A-Za-z0-9]{16}$"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_id_parses_to_itself() {
        let id = Id::random();
        assert_eq!(Id::parse(id.as_str()), Some(id));
        assert_ne!(id, Id::random());
    }

    #[test]
    fn random_ids_use_exactly_the_alphabet() {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..2_000 {
            seen.extend(Id::random().as_str().bytes());
        }
        assert_eq!(seen, ALPHABET.iter().copied().collect());
    }

    #[test]
    fn an_id_is_sixteen_letters_and_digits() {
        for text in [
            "",
            "short",
            "l7cGNIBKZiNJ6wq",
            "l7cGNIBKZiNJ6wqFF",
            "l7cGNIBKZiNJ6wq-",
            "l7cGNIBKZiNJ6wé",
        ] {
            assert_eq!(Id::parse(text), None, "{text}");
        }
        assert!(Id::parse("l7cGNIBKZiNJ6wqF").is_some_and(|id| id.same("L7cGNIBKZiNJ6wqF")));
    }
}
