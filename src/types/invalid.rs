//! Why a text breaks a rule. Which parameter, header or flag held the text is the caller's to add.

use std::borrow::Cow;
use std::fmt;

/// A broken rule, as the end of a sentence whose subject is the value: "must have at most 255 characters, not 300".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(Cow<'static, str>);

impl Invalid {
    pub fn new(rule: impl Into<Cow<'static, str>>) -> Self {
        Invalid(rule.into())
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Invalid {}
