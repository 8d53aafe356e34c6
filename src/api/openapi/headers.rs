//! The headers of requests and responses, as components that operations refer to.

use serde_json::{Value, json};
use warp::http::Method;

use crate::http::Route;
use crate::http::operation::Success;

/// The headers that requests to this route may have, by the names of their components.
pub fn request_names(route: &Route) -> Vec<&'static str> {
    let mut names = Vec::new();
    match route.method {
        Method::POST => names.push("IdempotencyKey"),
        Method::GET if matches!(route.operation.success, Success::Object(_)) => names.push("IfNoneMatch"),
        Method::GET => {}
        _ => names.push("IfMatch"),
    }
    names.push("RequestId");
    names
}

/// The components for the headers of requests.
pub fn of_requests() -> Value {
    const TAGS: &str = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#;
    const TAG: &str = "\"mR3vXsCq0dE2aLyT9uWbfg\"";
    let header = |name: &str, schema: Value, examples: Value, description: &str| {
        json!({
            "name": name, "in": "header", "description": description, "schema": schema, "examples": examples,
        })
    };
    let text = |pattern: &str| json!({"type": "string", "pattern": pattern});
    json!({
        "IdempotencyKey": header(
            "Idempotency-Key",
            text("^[!-~]{1,255}$"),
            json!({"key": {"value": "6ff9e3a4-0b5e-4a0e-9d7c-0c5d5f1c7b8e"}}),
            "A unique key. For 24 hours, repeating the request with the same key has no further effect and returns the \
             first response.",
        ),
        "IfMatch": header(
            "If-Match",
            text(TAGS),
            json!({"tag": {"value": TAG}, "any": {"value": "*"}}),
            "Make the change only if the object (for members: the group) has one of these tags.",
        ),
        "IfNoneMatch": header(
            "If-None-Match",
            text(TAGS),
            json!({"tag": {"value": TAG}, "any": {"value": "*"}}),
            "Return `304` if the object has one of these tags.",
        ),
        "RequestId": header(
            "X-Request-Id",
            json!({"type": "string"}),
            json!({"id": {"value": "order-42"}}),
            "An id for this request, which the response and the request log repeat: 1 to 128 visible ASCII characters. \
             An invalid id is replaced by a new one.",
        ),
    })
}

/// The components for the headers of responses.
pub fn of_responses() -> Value {
    let always =
        |schema: Value, description: &str| json!({"description": description, "required": true, "schema": schema});
    let text = || json!({"type": "string"});
    json!({
        "X-Request-Id": always(text(), "The request's id: the one that you sent, or a new one."),
        "ETag": always(text(), "The strong tag of this representation."),
        "Location": always(text(), "The URL of the new object."),
        "Idempotent-Replayed": {
            "description": "Present if this is the stored response to an earlier request with the same `Idempotency-Key`.",
            "schema": {"type": "string", "const": "true"},
        },
        "Retry-After": always(json!({"type": "integer", "minimum": 1}), "Seconds to wait before trying again."),
        "WWW-Authenticate": always(text(), "How to authenticate."),
    })
}

/// References to the headers of a response.
pub fn references(names: &[&str]) -> Value {
    let reference = |name: &&str| {
        let reference = json!({"$ref": format!("#/components/headers/{name}")});
        ((*name).to_owned(), reference)
    };
    let all = ["X-Request-Id"].iter().chain(names);
    Value::Object(all.map(reference).collect())
}
