//! Idempotency keys: how a client names a request that it may send again.

use std::fmt;

use super::invalid::Invalid;
use super::redact::quoted;

/// A key: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    const MAX_LENGTH: usize = 255;

    pub fn parse(value: &[u8]) -> Result<Self, Invalid> {
        let fits = (1..=Self::MAX_LENGTH).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
        let text = String::from_utf8_lossy(value);
        if fits {
            return Ok(Key(text.into_owned()));
        }
        Err(Invalid::new(format!(
            "must be 1 to {} visible ASCII characters, not {}",
            Self::MAX_LENGTH,
            quoted(&text)
        )))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A request with a key. Two requests are the same if their fingerprints are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedRequest {
    pub key: Key,
    pub fingerprint: [u8; 32],
}
