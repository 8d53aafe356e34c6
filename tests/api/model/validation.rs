//! The contract's rules for values, and the errors that a request contains.

use serde_json::{Map, Value};

/// The status, code and `param` of one error. The server may report any one of a request's errors.
pub type ExpectedError = (u16, &'static str, Option<String>);

/// Every error that a request contains.
#[derive(Debug, Default)]
pub struct Errors(pub Vec<ExpectedError>);

impl Errors {
    pub fn not_found(&mut self) {
        self.0.push((404, "not_found", None));
    }

    pub fn conflict(&mut self, param: &str) {
        self.0.push((409, "conflict", Some(param.to_owned())));
    }

    pub fn invalid(&mut self, param: impl Into<String>) {
        self.0.push((400, "parameter_invalid", Some(param.into())));
    }

    pub fn missing(&mut self, param: impl Into<String>) {
        self.0.push((400, "parameter_missing", Some(param.into())));
    }

    pub fn unknown(&mut self, param: impl Into<String>) {
        self.0.push((400, "parameter_unknown", Some(param.into())));
    }

    /// Allows only these properties. `path` precedes their names in `param`.
    pub fn only(&mut self, path: &str, body: &Map<String, Value>, names: &[&str]) {
        for name in body.keys().filter(|name| !names.contains(&name.as_str())) {
            self.unknown(format!("{path}{name}"));
        }
    }

    pub fn required(&mut self, path: &str, body: &Map<String, Value>, name: &str) {
        if !body.contains_key(name) {
            self.missing(format!("{path}{name}"));
        }
    }

    /// The property must satisfy the rule if it is given.
    pub fn must(&mut self, path: &str, body: &Map<String, Value>, name: &str, rule: fn(&Value) -> bool) {
        if body.get(name).is_some_and(|value| !rule(value)) {
            self.invalid(format!("{path}{name}"));
        }
    }

    /// The property must satisfy the rule or be null if it is given.
    pub fn must_or_null(&mut self, path: &str, body: &Map<String, Value>, name: &str, rule: fn(&Value) -> bool) {
        if body.get(name).is_some_and(|value| !value.is_null() && !rule(value)) {
            self.invalid(format!("{path}{name}"));
        }
    }

    /// Read-only properties must equal the stored object's if they are given.
    pub fn must_equal(&mut self, body: &Map<String, Value>, names: &[&str], stored: &str) {
        let stored: Value = serde_json::from_str(stored).unwrap();
        for name in names {
            if body.get(*name).is_some_and(|sent| !same(sent, &stored[*name])) {
                self.invalid(*name);
            }
        }
    }
}

/// Ids are equal in any letter case, and objects are equal if their ids are.
fn same(sent: &Value, stored: &Value) -> bool {
    match (sent, stored) {
        (Value::String(sent), Value::String(stored)) => sent.eq_ignore_ascii_case(stored),
        (Value::Object(sent), Value::Object(stored)) => match (sent.get("id"), stored.get("id")) {
            (Some(sent), Some(stored)) => same(sent, stored),
            _ => false,
        },
        _ => sent == stored,
    }
}

fn is_text(value: &Value, least: usize, most: usize) -> bool {
    let length = value.as_str().map(|text| text.chars().count());
    length.is_some_and(|length| least <= length && length <= most)
}

fn contains(value: &Value, what: fn(char) -> bool) -> bool {
    value.as_str().is_some_and(|text| text.contains(what))
}

pub fn is_id(value: &Value) -> bool {
    let id = |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    value.as_str().is_some_and(id)
}

pub fn is_name(value: &Value) -> bool {
    is_text(value, 1, 255) && !contains(value, char::is_control) && contains(value, |c| !c.is_whitespace())
}

pub fn is_description(value: &Value) -> bool {
    is_text(value, 0, 10_000)
}

/// Only exact enough for the URLs in `strategies`.
pub fn is_url(value: &Value) -> bool {
    let Some(url) = value.as_str() else {
        return false;
    };
    let host = url.strip_prefix("https://").or(url.strip_prefix("http://"));
    url.len() <= 2_048 && host.is_some_and(|host| !host.is_empty() && !host.contains(' '))
}

pub fn is_username(value: &Value) -> bool {
    is_text(value, 1, 64) && !contains(value, char::is_control) && !contains(value, char::is_whitespace)
}

pub fn is_phone_number(value: &Value) -> bool {
    is_text(value, 0, 32)
}

pub fn is_display_name(value: &Value) -> bool {
    is_text(value, 0, 255)
}

pub fn is_message(value: &Value) -> bool {
    is_text(value, 1, 10_000)
}

/// Up to the end of the year 9999.
pub fn is_time(value: &Value) -> bool {
    value.as_i64().is_some_and(|time| (0..=253_402_300_799).contains(&time))
}

pub fn is_flag(value: &Value) -> bool {
    value.is_boolean()
}

pub fn is_reactor(value: &Value) -> bool {
    is_text(value, 1, 255) && !contains(value, char::is_control)
}

pub fn is_reaction(name: &str) -> bool {
    (1..=64).contains(&name.chars().count()) && !name.contains(char::is_control)
}

/// A text's words without case and accents. Only exact enough for the letters in `vocabulary`.
fn words(text: &str) -> Vec<String> {
    let plain = |c: char| match c {
        'á' | 'à' | 'â' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'ï' | 'î' => 'i',
        'ô' | 'ö' => 'o',
        'ü' | 'û' => 'u',
        c => c,
    };
    let text: String = text.to_lowercase().chars().map(plain).collect();
    let words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// A query's phrases. Punctuation inside a term makes it a phrase of several words.
fn phrases(query: &str) -> Vec<Vec<String>> {
    let phrases = query.split_whitespace().map(words);
    phrases.filter(|phrase| !phrase.is_empty()).collect()
}

pub fn is_query(query: &str) -> bool {
    query.chars().count() <= 255 && (1..=16).contains(&phrases(query).len())
}

/// Whether each of the query's phrases occurs in one of the texts. A phrase's last word may be a prefix.
pub fn matches(query: &str, texts: &[Option<&str>]) -> bool {
    let has = |phrase: &Vec<String>, text: &str| {
        let (last, before) = phrase.split_last().unwrap();
        words(text).windows(phrase.len()).any(|window| {
            let (end, start) = window.split_last().unwrap();
            start == before && end.starts_with(last.as_str())
        })
    };
    phrases(query)
        .iter()
        .all(|phrase| texts.iter().flatten().any(|text| has(phrase, text)))
}
