//! Errors: which of them an operation can fail with, and the response of each status.

use hyper::StatusCode;
use serde_json::{Map, Value, json};
use warp::http::Method;

use super::error_meanings::meaning;
use super::examples;
use super::headers;
use crate::error::Code;
use crate::http::response::status;
use crate::http::{Route, Settings};

/// The errors that requests to a route can fail with.
pub fn codes(route: &Route) -> Vec<Code> {
    let mut codes = vec![
        Code::ParameterInvalid,
        Code::ParameterUnknown,
        Code::Unauthorized,
        Code::UriTooLong,
        Code::RateLimited,
        Code::HeadersTooLarge,
        Code::Internal,
        Code::Unavailable,
    ];
    codes.extend(&route.operation.codes);
    if route.path.contains(':') {
        codes.push(Code::NotFound);
    }
    if route.writes() {
        let of_writes = [
            Code::Forbidden,
            Code::BodyMalformed,
            Code::BodyTooLarge,
            Code::UnsupportedMediaType,
            Code::StorageFull,
        ];
        codes.extend(of_writes);
    }
    match route.method {
        Method::POST => codes.extend([Code::ParameterMissing, Code::IdempotencyMismatch]),
        Method::GET => {}
        _ => codes.push(Code::PreconditionFailed),
    }
    codes
}

/// The name of the component for an error's status, such as `NotFound`.
pub fn name(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or_default();
    reason.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// The response of each error status.
pub fn responses(settings: &Settings) -> Value {
    let mut responses: Map<String, Value> = Map::new();
    for code in Code::ALL.into_iter().filter(|code| *code != Code::MethodNotAllowed) {
        let (status, _) = status(code);
        let same: Vec<Code> = Code::ALL
            .into_iter()
            .filter(|other| self::status(*other).0 == status)
            .collect();
        responses.insert(name(status), response(settings, status, &same));
    }
    Value::Object(responses)
}

fn response(settings: &Settings, status: StatusCode, codes: &[Code]) -> Value {
    let named = |code: &Code| (self::status(*code).1, *code);
    let names: Vec<&str> = codes.iter().map(|code| named(code).0).collect();
    let meanings: Vec<String> = codes
        .iter()
        .map(named)
        .map(|(name, code)| format!("`{name}`: {}", meaning(code)))
        .collect();
    let examples = codes.iter().map(named).map(|(name, code)| {
        let example = json!({"value": examples::error(settings, code)});
        (name.to_owned(), example)
    });
    let own = match status {
        StatusCode::BAD_REQUEST | StatusCode::CONFLICT => &["Idempotent-Replayed"][..],
        StatusCode::UNAUTHORIZED => &["WWW-Authenticate"][..],
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => &["Retry-After"][..],
        _ => &[],
    };
    let schema = json!({
        "allOf": [{"$ref": "#/components/schemas/Error"}, {"type": "object", "properties": {"code": {"enum": names}}}],
    });
    let content = json!({"schema": schema, "examples": examples.collect::<Map<_, _>>()});
    json!({
        "description": meanings.join("\n\n"), "headers": headers::references(own), "content": {"application/json": content},
    })
}
