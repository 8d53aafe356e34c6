//! Access tokens: 256 random bits behind a prefix by which people and secret scanners recognise them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A token as a client sends it. Its `Debug` does not reveal it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// What is stored of a token. One round of SHA-256 suffices: 256 random bits cannot be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl Token {
    /// The prefix of every token created here.
    pub const PREFIX: &'static str = "groups_";
    const LONGEST: usize = 255;

    /// A shorter token could be guessed. Only a bootstrap token can be short.
    pub const SHORT: usize = 20;

    /// A new token from the system's random source.
    ///
    /// # Panics
    /// The system's random source fails.
    pub fn random() -> Self {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits).expect("the system's random source works");
        Token(format!("{}{}", Self::PREFIX, URL_SAFE_NO_PAD.encode(bits)))
    }

    /// Parses a token: 1 to 255 of the characters that `Authorization` can carry (RFC 6750, `b68token`).
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        let fits = (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(allowed);
        fits.then(|| Token(text.to_owned()))
    }

    pub fn is_short(&self) -> bool {
        self.0.len() < Self::SHORT
    }

    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_bytes()).into())
    }

    /// The secret itself, to be shown to its owner once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
