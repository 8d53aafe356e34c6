//! Invariants of the code that parses what clients send. They hold for every input, well-formed or not.
//!
//! Each public function checks one input and panics if an invariant does not hold. `fuzz/targets/` has a fuzz target
//! for each of them, and `tests/corpus.rs` replays the corpus without a fuzzer.

use std::time::{Duration, Instant};

use groups_server::error::{Code, Error};
use groups_server::http::parsers::{self, Body, Condition, RequestId};
use groups_server::types::contact::NewContact;
use groups_server::types::fields::{Fields, Value};
use groups_server::types::group::{GroupChanges, NewGroup};
use groups_server::types::idempotency::Key;
use groups_server::types::json;
use groups_server::types::message::{MessageChanges, NewMessage};
use groups_server::types::page::{Cursor, Page};
use groups_server::types::search_terms::SearchTerms;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{HeaderMap, Request, Version};

/// The longest that an input of a fuzzer's size may take, even in a debug build on a busy machine.
const MAX_TIME: Duration = Duration::from_secs(1);

/// The longest error message: it quotes only the beginning of a name or value.
const MAX_ERROR_BYTES: usize = 2_000;

const MAX_MEMBERS: usize = 1_000;

/// A form keeps its meaning when it is serialized and parsed again, and JSON with the same meaning has the same
/// outcome.
pub fn form(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Some(fields) = timed(|| accepted(parsers::form(text))) else {
        return;
    };
    let Some(entries) = entries(&fields) else {
        return;
    };
    let again = parsers::form(&form_text(&entries)).expect("serialized parameters can be parsed");
    assert_eq!(
        self::entries(&again).as_ref(),
        Some(&entries),
        "{}",
        form_text(&entries)
    );
    let text = Value::Object(
        entries
            .iter()
            .map(|(name, value)| (name.clone(), json_value(name, value)))
            .collect(),
    );
    let json = || json::object("The body", json_text(&text).as_bytes()).expect("it is JSON");
    let (form, json) = (outcomes(fields), outcomes(json()));
    assert_eq!(form, json, "{}", json_text(&text));
}

/// A body, preceded by a line with its `Content-Type`. What is accepted as JSON is JSON, and stays the same when it is
/// serialized and parsed again.
pub fn body(input: &[u8]) {
    let line_end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (kind, bytes) = input.split_at(line_end);
    let bytes = bytes.get(1..).unwrap_or_default();
    let mut headers = HeaderMap::new();
    if let Ok(kind) = HeaderValue::from_bytes(kind) {
        headers.insert(CONTENT_TYPE, kind);
    }
    let Some(fields) = timed(|| accepted(Body::new(&headers, bytes.to_vec()).fields())) else {
        return;
    };
    let is_json = kind.to_ascii_lowercase().starts_with(b"application/json");
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if is_json && !text.is_empty() {
        assert!(
            serde_json::from_slice::<serde_json::Value>(text).is_ok(),
            "this is not JSON"
        );
        if let Some(entries) = entries(&fields) {
            assert!(!has_nul(&Value::Object(entries.clone())), "NUL was accepted");
            let text = json_text(&Value::Object(entries.clone()));
            let again = json::object("The body", text.as_bytes()).expect("serialized parameters can be parsed");
            let again = self::entries(&again).expect("no name occurs twice");
            assert_eq!(json_text(&Value::Object(again)), text);
        }
    }
    timed(|| outcomes(fields));
}

/// A list's query string. A page that is accepted is within the limits and can be serialized and parsed again.
pub fn paging(input: &[u8]) {
    // A request target is ASCII.
    let Some(text) = std::str::from_utf8(input).ok().filter(|text| text.is_ascii()) else {
        return;
    };
    let Some(mut query) = timed(|| accepted(parsers::query(text))) else {
        return;
    };
    let Some(page) = accepted(Page::take(&mut query)) else {
        return;
    };
    assert!((1..=100).contains(&page.limit));
    let cursor = match page.cursor {
        Cursor::First => String::new(),
        Cursor::After(id) => format!("&starting_after={id}"),
        Cursor::Before(id) => format!("&ending_before={id}"),
    };
    let text = format!("limit={}{cursor}", page.limit);
    let mut again = parsers::query(&text).expect("serialized parameters can be parsed");
    assert_eq!(Page::take(&mut again).as_ref(), Ok(&page), "{text}");
    accepted(query.optional::<bool>("archived"));
    if let Some(Some(terms)) = accepted(query.optional::<SearchTerms>("query")) {
        assert!((1..=16).contains(&terms.iter().count()));
    }
    accepted(query.finish());
}

/// A request's headers, one per line. Each parser accepts what its grammar allows and nothing else.
pub fn headers(input: &[u8]) {
    let headers = header_lines(input);
    timed(|| {
        let id = RequestId::of(&headers);
        assert!(visible(id.as_str(), 128));
        if let Some(Some(key)) = accepted(parsers::key(&headers)) {
            assert!(visible(key.as_str(), 255));
            assert_eq!(Key::parse(key.as_str().as_bytes()), Ok(key));
        }
        for name in ["If-Match", "If-None-Match"] {
            if let Some(Some(Condition::OneOf(tags))) = accepted(parsers::condition(&headers, name)) {
                let again = Condition::parse(name, &tags.join(", "));
                assert_eq!(again, Ok(Condition::OneOf(tags)));
            }
        }
        host(&headers);
        if let Some(token) = headers
            .get(AUTHORIZATION)
            .and_then(|value| parsers::token(value.to_str().ok()?))
        {
            assert!(visible(token.reveal(), 255));
            assert_eq!(parsers::token(&format!("bearer {}", token.reveal())), Some(token));
        }
        accepted(Body::new(&headers, b"{}".to_vec()).fields());
    });
}

/// A request that is accepted has exactly one `Host`, without user information or a path.
fn host(headers: &HeaderMap) {
    let mut request = Request::new(());
    *request.version_mut() = Version::HTTP_11;
    *request.headers_mut() = headers.clone();
    if accepted(parsers::check_head(&request)).is_none() {
        return;
    }
    let hosts: Vec<_> = headers.get_all(HOST).iter().collect();
    let [host] = hosts[..] else {
        panic!("{} Host headers were accepted", hosts.len());
    };
    let forbidden = |byte: &u8| !byte.is_ascii_graphic() || b"@/\\?#\"<>^`{|}".contains(byte);
    assert!(!host.as_bytes().iter().any(forbidden), "{host:?}");
}

fn header_lines(input: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (name, value) = (
            HeaderName::from_bytes(&line[..colon]),
            HeaderValue::from_bytes(&line[colon + 1..]),
        );
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

/// Whether this is 1 to `max` visible ASCII characters.
fn visible(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn timed<T>(work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    assert!(began.elapsed() < MAX_TIME, "took {:?}", began.elapsed());
    done
}

/// What was parsed. A rejection must blame the client, in a short sentence, and name the parameter if its code calls
/// for one.
fn accepted<T>(parsed: Result<T, Error>) -> Option<T> {
    let error = match parsed {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    assert!(!error.is_ours(), "{error:?}");
    assert!(
        error.message.ends_with('.') && error.message.len() < MAX_ERROR_BYTES,
        "{error:?}"
    );
    let has_param = matches!(
        error.code,
        Code::ParameterInvalid | Code::ParameterMissing | Code::ParameterUnknown
    );
    assert_eq!(error.param.is_some(), has_param, "{error:?}");
    None
}

/// The parameters by name; `None` if a name occurs twice.
fn entries(fields: &Fields) -> Option<Vec<(String, Value)>> {
    let entries = accepted(fields.clone().into_entries())?;
    Some(entries.map(|(name, field)| (name, field.value)).collect())
}

/// What each resource makes of the parameters: the parsed input, or the code and parameter of the error.
fn outcomes(fields: Fields) -> Vec<String> {
    fn outcome<T: std::fmt::Debug>(fields: &Fields, take: impl FnOnce(&mut Fields) -> Result<T, Error>) -> String {
        let mut fields = fields.clone();
        let taken = take(&mut fields).and_then(|input| fields.finish().map(|()| input));
        let outcome = taken.as_ref().map_err(|error| (error.code, error.param.clone()));
        let outcome = format!("{outcome:?}");
        accepted(taken);
        outcome
    }
    vec![
        outcome(&fields, |fields| NewGroup::take(fields, MAX_MEMBERS)),
        outcome(&fields, NewContact::take),
        outcome(&fields, NewMessage::take),
        outcome(&fields, |fields| {
            let changes = GroupChanges::take(fields, MAX_MEMBERS)?;
            Ok((changes.name, changes.description, changes.contacts, changes.archived_at))
        }),
        outcome(&fields, |fields| {
            let changes = MessageChanges::take(fields)?;
            Ok((changes.message, format!("{:?}", changes.reactions), changes.read_at))
        }),
    ]
}

/// The parameters as a form, with list items by index.
fn form_text(entries: &[(String, Value)]) -> String {
    fn pairs(name: &str, value: &Value, out: &mut Vec<String>) {
        match value {
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    pairs(&format!("{name}[{index}]"), item, out);
                }
            }
            Value::Object(properties) => {
                for (property, value) in properties {
                    pairs(&format!("{name}[{property}]"), value, out);
                }
            }
            Value::Untyped(text) => out.push(format!("{}={}", encoded(name), encoded(text))),
            other => panic!("{other:?} cannot come from a form"),
        }
    }
    let mut out = Vec::new();
    for (name, value) in entries {
        pairs(name, value, &mut out);
    }
    out.join("&")
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The JSON value that a form's value stands for in the parameter `name`.
fn json_value(name: &str, value: &Value) -> Value {
    match value {
        Value::Untyped(text) if text.is_empty() && matches!(name, "contacts" | "reactions") => Value::List(Vec::new()),
        Value::Untyped(text) if text.is_empty() => Value::Null,
        Value::Untyped(text) if name.ends_with("_at") => integer(text),
        Value::Untyped(text) => Value::Text(text.clone()),
        Value::List(items) => Value::List(items.iter().map(|item| json_value(inner(name), item)).collect()),
        Value::Object(properties) => {
            let property = |(property, value): &(String, Value)| (property.clone(), json_value(inner(name), value));
            Value::Object(properties.iter().map(property).collect())
        }
        other => other.clone(),
    }
}

/// The values within `reactions` are lists, too: the reactors.
fn inner(name: &str) -> &str {
    if name == "reactions" { name } else { "" }
}

fn integer(text: &str) -> Value {
    let plain = text
        .strip_prefix('-')
        .unwrap_or(text)
        .bytes()
        .all(|byte| byte.is_ascii_digit());
    let number = plain.then(|| text.parse().ok()).flatten();
    number.map_or_else(|| Value::Text(text.to_owned()), Value::Integer)
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::Text(text) | Value::Untyped(text) => text.contains('\0'),
        Value::List(items) => items.iter().any(has_nul),
        Value::Object(properties) => properties
            .iter()
            .any(|(name, value)| name.contains('\0') || has_nul(value)),
        _ => false,
    }
}

fn json_text(value: &Value) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Integer(number) => number.to_string(),
        // Its last digit may change when it is parsed again. No parameter accepts it, so its value does not matter.
        Value::Float(_) => "0.5".to_owned(),
        Value::Text(text) | Value::Untyped(text) => quoted(text),
        Value::List(items) => format!("[{}]", items.iter().map(json_text).collect::<Vec<_>>().join(",")),
        Value::Object(properties) => {
            let property = |(name, value): &(String, Value)| format!("{}:{}", quoted(name), json_text(value));
            format!("{{{}}}", properties.iter().map(property).collect::<Vec<_>>().join(","))
        }
    }
}
