//! Public ids: 16 characters of `[A-Za-z0-9]`, unique and looked up without regard to letter case.

use std::cell::RefCell;
use std::fmt;

use serde_json::json;

use super::fields::{Field, FromField};
use super::quote::quoted;
use super::schema::Schema;
use crate::error::Error;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// An object's public id. Compared as written here; the schema compares it without regard to letter case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id([u8; Id::LENGTH]);

impl Id {
    pub const LENGTH: usize = 16;

    /// A new id from the system's random source.
    ///
    /// # Panics
    /// When the operating system has no random bytes to give.
    pub fn random() -> Self {
        // Bytes from 248 on are thrown away, so that each of the 62 characters is as likely as the next.
        const FAIR: u8 = 248;
        let fair = std::iter::repeat_with(random_byte).filter(|byte| *byte < FAIR);
        let mut id = [0; Self::LENGTH];
        for (character, byte) in id.iter_mut().zip(fair) {
            *character = ALPHABET[usize::from(byte) % ALPHABET.len()];
        }
        Id(id)
    }

    /// The id that `text` spells, if it spells one.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; Self::LENGTH] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphanumeric).then_some(Id(bytes))
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("an id is ASCII")
    }

    /// Whether both name the same object.
    pub fn same(&self, other: &str) -> bool {
        self.as_str().eq_ignore_ascii_case(other)
    }
}

/// The next byte of the system's random source, which is asked for many at a time.
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
    fn a_random_id_spells_itself() {
        let id = Id::random();
        assert_eq!(Id::parse(id.as_str()), Some(id));
        assert_ne!(id, Id::random());
    }

    #[test]
    fn every_character_of_the_alphabet_comes_up_and_no_other() {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..2_000 {
            seen.extend(Id::random().as_str().bytes());
        }
        assert_eq!(seen, ALPHABET.iter().copied().collect());
    }

    #[test]
    fn only_sixteen_letters_and_digits_are_an_id() {
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
