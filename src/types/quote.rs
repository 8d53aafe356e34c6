//! What came from outside, as it goes into an error message: never long.

/// A value in an error message: quoted, and cut where it is long.
pub fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

/// The beginning of a text that may be long and goes into an error message.
pub fn shortened(text: &str) -> String {
    const LONGEST: usize = 64;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
