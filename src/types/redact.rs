//! Prepares untrusted text for error messages and logs: shortened, and without access tokens that a client put in the wrong
//! place.

use super::token::Token;

/// The text in quotes, redacted and shortened.
pub fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

/// The text redacted and cut to 64 characters.
pub fn shortened(text: &str) -> String {
    const MAX_LENGTH: usize = 64;
    let text = without_tokens(text);
    match text.char_indices().nth(MAX_LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The text with `…` in place of the secret part of each token that this server issued.
pub fn without_tokens(text: &str) -> String {
    let secret = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let mut pieces = text.split(Token::PREFIX);
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (secret, rest) = piece.split_at(piece.bytes().take_while(secret).count());
        shown += Token::PREFIX;
        shown += if secret.len() < Token::SHORT { secret } else { "…" };
        shown += rest;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_redacted() {
        let token = Token::random();
        for (text, shown) in [
            (format!("/v1/groups/{}", token.reveal()), "/v1/groups/groups_…"),
            (format!("/{0}/x?{0}&y", token.reveal()), "/groups_…/x?groups_…&y"),
            ("/v1/groups_of_mine/é".to_owned(), "/v1/groups_of_mine/é"),
            ("/v1/groups".to_owned(), "/v1/groups"),
        ] {
            assert_eq!(without_tokens(&text), shown);
        }
        let long = format!("{}{}", "x".repeat(50), token.reveal());
        assert_eq!(shortened(&long), format!("{}groups_…", "x".repeat(50)));
    }
}
