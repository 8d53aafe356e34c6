//! `Idempotency-Key`: how a client names a request that it may send again.

use std::fmt;

use sha2::{Digest, Sha256};

use super::quote::quoted;
use crate::error::Error;

/// The header's name.
pub const HEADER: &str = "Idempotency-Key";

/// A key: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    const LONGEST: usize = 255;

    /// Reads the header's value.
    pub fn parse(value: &[u8]) -> Result<Self, Error> {
        let fits = (1..=Self::LONGEST).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
        let text = String::from_utf8_lossy(value);
        if fits {
            return Ok(Key(text.into_owned()));
        }
        let what = format!(
            "must be 1 to {} visible ASCII characters, not {}",
            Self::LONGEST,
            quoted(&text)
        );
        Err(Error::invalid(HEADER, what))
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

/// A request with a key, told from others by what it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedRequest {
    pub key: Key,
    /// Of the method, the target and the body, as sent.
    pub fingerprint: [u8; 32],
}

impl KeyedRequest {
    pub fn new(key: Key, method: &str, target: &str, body: &[u8]) -> Self {
        let head = format!("{method} {target}\n");
        let hash = Sha256::new().chain_update(head).chain_update(body);
        KeyedRequest {
            key,
            fingerprint: hash.finalize().into(),
        }
    }
}
