//! What a document shows of a command's output, and whether the output is that.

use serde_json::Value;

#[derive(Debug)]
pub enum Expected {
    /// A response's body: the last line of the output. See `same`.
    Json(Value),
    /// Lines that are in the output, in this order, `…` standing for anything.
    Lines(Vec<String>),
}

impl Expected {
    pub fn parse(language: &str, text: &str) -> Result<Self, String> {
        match language {
            "json" => serde_json::from_str(text)
                .map(Expected::Json)
                .map_err(|error| error.to_string()),
            _ => Ok(Expected::Lines(text.lines().map(str::to_owned).collect())),
        }
    }

    /// Whether it shows that the command fails: an error of the API, or of the program.
    pub fn is_failure(&self) -> bool {
        match self {
            Expected::Json(value) => value["type"] == "invalid_request",
            Expected::Lines(lines) => lines.iter().any(|line| line.starts_with("groups-server: ")),
        }
    }

    /// # Errors
    /// What is not as it is shown.
    pub fn compare(&self, out: &str, err: &str) -> Result<(), String> {
        match self {
            Expected::Json(shown) => {
                let last = out.trim_end().lines().last().unwrap_or_default();
                let got = serde_json::from_str(last).map_err(|error| format!("no JSON was printed: {error}"))?;
                same(&got, shown, "the response")
            }
            Expected::Lines(shown) => {
                let mut printed = out.lines().chain(err.lines());
                let missing = shown
                    .iter()
                    .find(|shown| !printed.any(|line| fits(line.trim_end(), shown)));
                missing.map_or(Ok(()), |line| Err(format!("this was not printed: {line}")))
            }
        }
    }
}

/// Whether a line is as shown.
fn fits(line: &str, shown: &str) -> bool {
    let Some((first, rest)) = shown.split_once('…') else {
        return line == shown;
    };
    let Some(mut line) = line.strip_prefix(first) else {
        return false;
    };
    let mut pieces = rest.split('…').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return line.ends_with(piece);
        }
        match line.split_once(piece) {
            Some((_, after)) => line = after,
            None => return false,
        }
    }
    true
}

/// The same values under the same names in the same order. An id stands for any id, a time for any time, and `"...":
/// "..."` for further properties.
fn same(got: &Value, shown: &Value, place: &str) -> Result<(), String> {
    match (got, shown) {
        (Value::Object(got), Value::Object(shown)) => {
            let names: Vec<_> = shown.keys().filter(|name| *name != "...").collect();
            let elided = names.len() < shown.len();
            let found: Vec<_> = got.keys().take(if elided { names.len() } else { usize::MAX }).collect();
            if found != names {
                return Err(format!("{place} has {found:?}, not {names:?}"));
            }
            names
                .iter()
                .try_for_each(|name| same(&got[*name], &shown[*name], &format!("{place}.{name}")))
        }
        (Value::Array(got), Value::Array(shown)) if got.len() == shown.len() => {
            let pairs = got.iter().zip(shown).enumerate();
            pairs
                .into_iter()
                .try_for_each(|(index, (got, shown))| same(got, shown, &format!("{place}[{index}]")))
        }
        (Value::String(got), Value::String(shown)) if is_id(got) && is_id(shown) => Ok(()),
        (Value::Number(got), Value::Number(shown)) if is_time(got) && is_time(shown) => Ok(()),
        (got, shown) if got == shown => Ok(()),
        (got, shown) => Err(format!("{place} is {got}, not {shown}")),
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_time(number: &serde_json::Number) -> bool {
    number.as_i64().is_some_and(|seconds| seconds > 600_000_000)
}

#[test]
fn only_what_is_shown_is_the_same() {
    let compare = |language, shown: &str, out: &str| Expected::parse(language, shown).unwrap().compare(out, "");
    let got = "{}\n{\"id\":\"l7cGNIBKZiNJ6wqF\",\"at\":1700000000,\"list\":[{\"a\":1,\"b\":2}]}\n\n";
    for shown in [
        r#"{"id": "WAz8eIbvDR60rouK", "at": 692233200, "list": [{"a": 1, "b": 2}]}"#,
        r#"{"id": "WAz8eIbvDR60rouK", "...": "..."}"#,
        r#"{"id": "l7cGNIBKZiNJ6wqF", "at": 692233200, "list": [{"a": 1, "...": "..."}]}"#,
    ] {
        assert_eq!(compare("json", shown, got), Ok(()), "{shown}");
    }
    for shown in [
        r#"{"at": 692233200, "id": "WAz8eIbvDR60rouK", "list": [{"a": 1, "b": 2}]}"#,
        r#"{"id": "WAz8eIbvDR60rouK", "at": 692233200}"#,
        r#"{"id": "WAz8eIbvDR60rouK", "at": 1, "...": "..."}"#,
        r#"{"id": "short", "...": "..."}"#,
        r#"{"id": "l7cGNIBKZiNJ6wqF", "at": 692233200, "list": [{"a": 2, "...": "..."}]}"#,
        r#"{"id": "l7cGNIBKZiNJ6wqF", "at": 692233200, "list": []}"#,
    ] {
        assert!(compare("json", shown, got).is_err(), "{shown}");
    }
    for (shown, is_there) in [
        ("one\nthree", true),
        ("o…e\nt…r…e", true),
        ("…", true),
        ("three\none", false),
        ("on", false),
        ("o…x", false),
    ] {
        assert_eq!(compare("text", shown, "one\ntwo\nthree\n").is_ok(), is_there, "{shown}");
    }
}
