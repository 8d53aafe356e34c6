//! What the tests of conversations share.

use serde_json::{Value, json};

use crate::harness::{TestServer, text};

pub const PROPERTIES: [&str; 10] = [
    "id",
    "contact_id",
    "group_id",
    "pinned_message_id",
    "is_pinned",
    "is_muted",
    "last_active_at",
    "last_opened_at",
    "created_at",
    "archived_at",
];

/// Creates a group and returns all of it.
pub fn new_group(server: &TestServer) -> Value {
    server.create("/v1/groups", &json!({"name": "Plaza"}))
}

/// The path of the conversation of a group or contact.
pub fn conversation_path(owner: &Value) -> String {
    format!("/v1/conversations/{}", text(&owner["conversation_id"]))
}

/// Creates a message in the conversation of a group or contact and returns its id.
pub fn create_message(server: &TestServer, owner: &Value) -> String {
    let body = json!({"conversation_id": owner["conversation_id"], "message": "x"});
    text(&server.create("/v1/messages", &body)["id"])
}
