//! What came from outside, as it goes into an error message or the log: never long, and without access tokens that were
//! put where they do not belong.

use super::token::Token;

/// A value in an error message: quoted, and cut where it is long.
pub fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

/// The beginning of a text that may be long and goes into an error message.
pub fn shortened(text: &str) -> String {
    const LONGEST: usize = 64;
    let text = without_tokens(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A text with `…` for what makes each token in it a secret, as far as it is one that was made here.
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
    fn a_token_in_a_text_is_not_shown() {
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
