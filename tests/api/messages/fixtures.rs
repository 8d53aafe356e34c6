//! What the tests of messages share.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::TestServer;

pub const PROPERTIES: [&str; 8] = [
    "id",
    "conversation_id",
    "contact",
    "message",
    "reactions",
    "read_at",
    "created_at",
    "updated_at",
];

/// Creates a group with two members and returns it.
pub fn new_group(server: &TestServer) -> Value {
    server.create(
        "/v1/groups",
        &json!({"name": "Plaza", "contacts": [{"username": "Hector"}, {"username": "Cedric"}]}),
    )
}

/// Sends a message from the account itself to the conversation of a group or contact.
pub fn send(server: &TestServer, owner: &Value, message: &str) -> Value {
    let body = json!({"conversation_id": owner["conversation_id"], "message": message});
    server.create("/v1/messages", &body)
}

/// Sends a message from a contact to the conversation of a group or contact.
pub fn send_from(server: &TestServer, owner: &Value, contact: &Value) -> Value {
    let body = json!({"conversation_id": owner["conversation_id"], "message": "x", "contact_id": contact["id"]});
    server.create("/v1/messages", &body)
}

/// Waits until a table, with an optional WHERE clause, has this many rows left.
pub fn wait_for_rows(server: &TestServer, rows: &str, left: usize) {
    let sql = format!("SELECT count(*) FROM {rows}");
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let count: usize = server.query_value(&sql);
        if count <= left {
            return assert_eq!(count, left);
        }
        assert!(Instant::now() < deadline, "{count} of {rows}");
        std::thread::yield_now();
    }
}

/// Sets timestamps back as if they were older, so the test need not wait for the next second.
pub fn backdate(server: &TestServer, sql: &str) {
    assert!(server.execute(sql) > 0, "{sql}");
}
