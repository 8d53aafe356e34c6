//! What the tests of contacts share.

use serde_json::{Value, json};

use crate::harness::{Response, TestServer, encode, object_path};

pub const PROPERTIES: [&str; 8] = [
    "id",
    "username",
    "phone_number",
    "avatar_url",
    "display_name",
    "conversation_id",
    "last_active_at",
    "created_at",
];

pub fn kate() -> Value {
    json!({
        "username": "KateMcCallister",
        "phone_number": "+1 555 0123",
        "avatar_url": "https://assets.protocol.chat/avatars/kate.jpg",
        "display_name": "Kate McCallister",
    })
}

pub fn contact_path(contact: &Value) -> String {
    object_path("contacts", contact)
}

/// A flat body as a form, in which null is the empty value.
fn as_form(body: &Value) -> String {
    let plain = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let pairs = body.as_object().unwrap().iter();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{}={}", encode(name), encode(&plain(value))))
        .collect();
    pairs.join("&")
}

/// Sends a body as JSON or as a form.
pub fn send(server: &TestServer, method: &str, path: &str, body: &Value, form: bool) -> Response {
    let request = server.request(method, path);
    match form {
        true => request.form(&as_form(body)).send(),
        false => request.json(body).send(),
    }
}

/// The ids of the account's contacts, newest first.
pub fn all_contacts(server: &TestServer) -> Vec<String> {
    server.walk("/v1/contacts?", 100, None)
}
