//! The search terms of a list.

use serde_json::json;

use super::fields::{Field, FromField};
use super::invalid::Invalid;
use super::json_schema::Schema;
use super::redact::quoted;
use crate::error::Error;

/// The words to search for. An object matches if it contains each as a word or as the beginning of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchTerms(Vec<String>);

impl SearchTerms {
    /// The description of the parameter.
    pub const DESCRIPTION: &str = "Only return objects that contain all of these words, each as a whole word or as the \
                                   beginning of one. At most 16 words, with at least one letter or digit.";
    /// In characters.
    const MAX_LENGTH: usize = 255;
    const MAX_WORDS: usize = 16;

    /// Splits `text` at white space and drops terms without a letter or digit.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let count = text.chars().count();
        if count > Self::MAX_LENGTH {
            return Err(Invalid::new(format!(
                "must have at most {} characters, not {count}",
                Self::MAX_LENGTH
            )));
        }
        let has_word = |part: &&str| part.chars().any(char::is_alphanumeric);
        let words = text.split_whitespace().filter(has_word).map(str::to_owned).collect();
        // `a-b` is searched as the phrase "a b": two words.
        let runs = text.split(|c: char| !c.is_alphanumeric());
        match runs.filter(|run| !run.is_empty()).count() {
            0 => Err(Invalid::new(format!(
                "must contain a word of letters or digits, unlike {}",
                quoted(text)
            ))),
            1..=Self::MAX_WORDS => Ok(SearchTerms(words)),
            count => Err(Invalid::new(format!(
                "must have at most {} words, not {count}",
                Self::MAX_WORDS
            ))),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl FromField for SearchTerms {
    fn from_field(field: Field) -> Result<Self, Error> {
        let path = field.path.clone();
        SearchTerms::parse(&String::from_field(field)?).map_err(|what| Error::invalid(path, what))
    }

    fn schema() -> Schema {
        json!({"type": "string", "minLength": 1, "maxLength": Self::MAX_LENGTH, "pattern": r"^[^\u0000]*$"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_separates_words_and_each_needs_a_letter_or_digit() {
        let words = SearchTerms::parse(" Plaza - hotel\u{a0}\"42\" ").unwrap();
        assert_eq!(words.iter().collect::<Vec<_>>(), ["Plaza", "hotel", "\"42\""]);
        assert!(SearchTerms::parse(" - !").is_err());
        assert!(SearchTerms::parse("").is_err());
        assert!(SearchTerms::parse(&"a".repeat(256)).is_err());
        assert!(SearchTerms::parse(&"a ".repeat(16)).is_ok());
        assert!(SearchTerms::parse(&"a ".repeat(17)).is_err());
        assert!(SearchTerms::parse(&"a.".repeat(16)).is_ok());
        assert!(SearchTerms::parse(&"a.".repeat(17)).is_err());
    }
}
