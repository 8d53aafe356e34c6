//! Rust source as tokens: as much of the language as it takes to find words outside comments and literals.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// An identifier, a keyword or a number.
    Word(String),
    /// `::`
    Colons,
    /// Any other character outside literals.
    Mark(char),
}

/// The tokens of `source`, without comments, literals and lifetimes.
pub fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&char) = chars.get(at) {
        let next = chars.get(at + 1).copied().unwrap_or(' ');
        match char {
            _ if char.is_whitespace() => at += 1,
            '/' if next == '/' => at = find(&chars, at, |char| char == '\n'),
            '/' if next == '*' => at = block_comment_end(&chars, at),
            '"' => at = string_end(&chars, at),
            '\'' => at = quote_end(&chars, at),
            ':' if next == ':' => {
                tokens.push(Token::Colons);
                at += 2;
            }
            _ if is_word(char) => {
                let end = find(&chars, at, |char| !is_word(char));
                let word: String = chars[at..end].iter().collect();
                at = match (word.as_str(), chars.get(end)) {
                    ("r" | "br" | "cr", Some('"' | '#')) => match raw_string_end(&chars, end) {
                        Some(end) => end,
                        // A raw identifier: its name follows.
                        None => end + 1,
                    },
                    ("b" | "c", Some('"')) => string_end(&chars, end),
                    ("b", Some('\'')) => quote_end(&chars, end),
                    _ => {
                        tokens.push(Token::Word(word));
                        end
                    }
                };
            }
            _ => {
                tokens.push(Token::Mark(char));
                at += 1;
            }
        }
    }
    tokens
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// The first place from `from` on whose character is as asked for, or the end.
fn find(chars: &[char], from: usize, is_end: impl Fn(char) -> bool) -> usize {
    let length = chars[from..].iter().position(|char| is_end(*char));
    length.map_or(chars.len(), |length| from + length)
}

fn block_comment_end(chars: &[char], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                at += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    break;
                }
            }
            _ => at += 1,
        }
    }
    at
}

/// The end of the string whose opening quote is at `from`.
fn string_end(chars: &[char], from: usize) -> usize {
    let mut at = from + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The end of the raw string whose hashes or opening quote are at `from`, if it is one.
fn raw_string_end(chars: &[char], from: usize) -> Option<usize> {
    let quote = find(chars, from, |char| char != '#');
    if chars.get(quote) != Some(&'"') {
        return None;
    }
    let hashes = quote - from;
    let mut at = quote + 1;
    while at < chars.len() {
        let rest = &chars[at + 1..];
        if chars[at] == '"' && rest.iter().take_while(|char| **char == '#').count() >= hashes {
            return Some(at + 1 + hashes);
        }
        at += 1;
    }
    Some(at)
}

/// The end of the character or the lifetime whose quote is at `from`.
fn quote_end(chars: &[char], from: usize) -> usize {
    match (chars.get(from + 1), chars.get(from + 2)) {
        (Some('\\'), _) => find(chars, from + 3, |char| char == '\'') + 1,
        (Some(_), Some('\'')) => from + 3,
        _ => find(chars, from + 1, |char| !is_word(char)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        let words = tokens(source).into_iter().filter_map(|token| match token {
            Token::Word(word) => Some(word),
            Token::Colons | Token::Mark(_) => None,
        });
        words.collect()
    }

    #[test]
    fn comments_literals_and_lifetimes_are_no_words() {
        for (source, expected) in [
            ("a // b\nc /* d /* e */ f */ g", &["a", "c", "g"][..]),
            (
                r##"a "b \" c" d r"e\" f r#"g " h"# i b"j" k c"l""##,
                &["a", "d", "f", "i", "k"],
            ),
            (r"a 'b' c '\'' d '\u{1f600}' e b'\\' f '\n'", &["a", "c", "d", "e", "f"]),
            ("fn a<'b>(c: &'b str) -> &'static d", &["fn", "a", "c", "str", "d"]),
            ("r#type 1_000 'x: loop", &["type", "1_000", "loop"]),
        ] {
            assert_eq!(words(source), expected, "{source}");
        }
    }

    #[test]
    fn paths_have_colons_and_types_have_marks() {
        let expected = [
            Token::Word("a".to_owned()),
            Token::Colons,
            Token::Word("b".to_owned()),
            Token::Mark(':'),
            Token::Mark('&'),
        ];
        assert_eq!(tokens("a::b : &"), expected);
    }
}
