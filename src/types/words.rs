//! What a list is searched for.

use serde_json::json;

use super::fields::{Field, FromField};
use super::quote::quoted;
use super::schema::Schema;
use crate::error::Error;

/// The words that an object must have, all of them, each as a whole word or as the beginning of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// What a list's search is told to be.
    pub const OF_A_LIST: &str = "Only show those that have all of these words, each as a whole word or as the \
                                 beginning of one. At most 16 words, and a letter or digit among them.";
    /// The longest search, in characters.
    const LONGEST: usize = 255;
    /// The most words of a search.
    const MOST: usize = 16;

    /// The words of `text`, which white space divides; signs that stand alone are not looked for.
    pub fn parse(text: &str) -> Result<Self, String> {
        let count = text.chars().count();
        if count > Self::LONGEST {
            return Err(format!("must have at most {} characters, not {count}", Self::LONGEST));
        }
        let has_word = |part: &&str| part.chars().any(char::is_alphanumeric);
        let words = text.split_whitespace().filter(has_word).map(str::to_owned).collect();
        // `a-b` is looked for as the words a and b next to each other.
        let runs = text.split(|c: char| !c.is_alphanumeric());
        match runs.filter(|run| !run.is_empty()).count() {
            0 => Err(format!(
                "must have a word of letters or digits to look for, unlike {}",
                quoted(text)
            )),
            1..=Self::MOST => Ok(Words(words)),
            count => Err(format!("must have at most {} words, not {count}", Self::MOST)),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl FromField for Words {
    fn from_field(field: Field) -> Result<Self, Error> {
        let path = field.path.clone();
        Words::parse(&String::from_field(field)?).map_err(|what| Error::invalid(path, what))
    }

    fn schema() -> Schema {
        json!({"type": "string", "minLength": 1, "maxLength": Self::LONGEST, "pattern": r"^[^\u0000]*$"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_divided_by_white_space_and_need_a_letter_or_digit() {
        let words = Words::parse(" Plaza - hotel\u{a0}\"42\" ").unwrap();
        assert_eq!(words.iter().collect::<Vec<_>>(), ["Plaza", "hotel", "\"42\""]);
        assert!(Words::parse(" - !").is_err());
        assert!(Words::parse("").is_err());
        assert!(Words::parse(&"a".repeat(256)).is_err());
        assert!(Words::parse(&"a ".repeat(16)).is_ok());
        assert!(Words::parse(&"a ".repeat(17)).is_err());
        assert!(Words::parse(&"a.".repeat(16)).is_ok());
        assert!(Words::parse(&"a.".repeat(17)).is_err());
    }
}
