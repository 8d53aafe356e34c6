//! Invalid requests.

use serde_json::{Value, json};

use super::fixtures::{new_group, send};
use crate::harness::{ABSENT_ID, TestServer, ids, object_path, text};

#[test]
fn nul_is_rejected_in_a_message_and_its_reactions() {
    let server = TestServer::start();
    let group = new_group(&server);
    let message = object_path("messages", &send(&server, &group, "x"));
    let before = server.get(&message).text;
    let conversation = text(&group["conversation_id"]);
    let (json_type, form_type) = ("application/json", "application/x-www-form-urlencoded");
    let assert_rejected = |method: &str, path: &str, kind: &str, body: String| {
        let response = server.request(method, path).body(kind, body.clone()).send();
        assert_eq!(response.expect_error(400, "body_malformed"), Value::Null, "{body}");
    };
    for nul in ["\\u0000", "a\\u0000b"] {
        let body = format!("{{\"conversation_id\":\"{conversation}\",\"message\":\"{nul}\"}}");
        assert_rejected("POST", "/v1/messages", json_type, body);
        assert_rejected("PUT", &message, json_type, format!("{{\"message\":\"{nul}\"}}"));
        assert_rejected(
            "PUT",
            &message,
            json_type,
            format!("{{\"reactions\":{{\"{nul}\":[\"x\"]}}}}"),
        );
        assert_rejected(
            "PUT",
            &message,
            json_type,
            format!("{{\"reactions\":{{\"a\":[\"{nul}\"]}}}}"),
        );
    }
    let form = format!("conversation_id={conversation}&message=a%00b");
    assert_rejected("POST", "/v1/messages", form_type, form);
    assert_rejected("PUT", &message, form_type, "message=a%00b".to_owned());
    assert_rejected("PUT", &message, form_type, "reactions[a%00][]=b".to_owned());
    assert_eq!(server.get(&message).text, before);
    assert_eq!(ids(&server.get("/v1/messages").json()).len(), 1);
}

const MISSING: &str = "parameter_missing";
const INVALID: &str = "parameter_invalid";
const UNKNOWN: &str = "parameter_unknown";

fn assert_creates_rejected(server: &TestServer, group: &Value) {
    let conversation = &group["conversation_id"];
    for (body, code, param) in [
        (json!({}), MISSING, "conversation_id"),
        (json!({"message": "x"}), MISSING, "conversation_id"),
        (json!({"conversation_id": conversation}), MISSING, "message"),
        (
            json!({"conversation_id": null, "message": "x"}),
            INVALID,
            "conversation_id",
        ),
        (
            json!({"conversation_id": ABSENT_ID, "message": "x"}),
            INVALID,
            "conversation_id",
        ),
        (
            json!({"conversation_id": "short", "message": "x"}),
            INVALID,
            "conversation_id",
        ),
        (
            json!({"conversation_id": group["id"], "message": "x"}),
            INVALID,
            "conversation_id",
        ),
        (
            json!({"conversation_id": conversation, "message": ""}),
            INVALID,
            "message",
        ),
        (
            json!({"conversation_id": conversation, "message": null}),
            INVALID,
            "message",
        ),
        (
            json!({"conversation_id": conversation, "message": 7}),
            INVALID,
            "message",
        ),
        (
            json!({"conversation_id": conversation, "message": ["x"]}),
            INVALID,
            "message",
        ),
        (
            json!({"conversation_id": conversation, "message": "x", "contact_id": ABSENT_ID}),
            INVALID,
            "contact_id",
        ),
        (
            json!({"conversation_id": conversation, "message": "x", "contact_id": "Hector"}),
            INVALID,
            "contact_id",
        ),
        (
            json!({"conversation_id": conversation, "message": "x", "contact_id": {}}),
            INVALID,
            "contact_id",
        ),
        (
            json!({"conversation_id": conversation, "message": "x", "read_at": 5}),
            UNKNOWN,
            "read_at",
        ),
        (
            json!({"conversation_id": conversation, "message": "x", "contact": null}),
            UNKNOWN,
            "contact",
        ),
    ] {
        let response = server.post("/v1/messages", &body);
        assert_eq!(response.expect_error(400, code), param, "{body}");
    }
}

fn assert_updates_rejected(server: &TestServer, message: &str) {
    for (body, code, param) in [
        (json!({"read_at": 5, "message": ""}), INVALID, "message"),
        (json!({"read_at": 5, "message": null}), INVALID, "message"),
        (json!({"message": "y", "read_at": -1}), INVALID, "read_at"),
        (json!({"message": "y", "read_at": "5"}), INVALID, "read_at"),
        (
            json!({"message": "y", "read_at": 253_402_300_800_i64}),
            INVALID,
            "read_at",
        ),
        (json!({"message": "y", "reactions": null}), INVALID, "reactions"),
        (json!({"message": "y", "reactions": "a"}), INVALID, "reactions"),
        (json!({"message": "y", "reactions": ["a"]}), INVALID, "reactions[0]"),
        (json!({"message": "y", "reactions": {"a": "x"}}), INVALID, "reactions.a"),
        (
            json!({"message": "y", "reactions": {"a": null}}),
            INVALID,
            "reactions.a",
        ),
        (
            json!({"message": "y", "reactions": [{"a": ["x"]}, {"b": [5]}]}),
            INVALID,
            "reactions[1].b[0]",
        ),
        (
            json!({"message": "y", "reactions": {"a": ["x", ""]}}),
            INVALID,
            "reactions.a[1]",
        ),
        (
            json!({"message": "y", "reactions": {"a": ["x\n"]}}),
            INVALID,
            "reactions.a[0]",
        ),
        (json!({"message": "y", "contact_id": null}), UNKNOWN, "contact_id"),
        (json!({"message": "y", "text": "z"}), UNKNOWN, "text"),
    ] {
        for method in ["PUT", "PATCH"] {
            let response = server.request(method, message).json(&body).send();
            assert_eq!(response.expect_error(400, code), param, "{body}");
        }
    }
}

fn assert_queries_rejected(server: &TestServer) {
    for (query, code, param) in [
        ("conversation_id=AAAAAAAAAAAAAAAA", INVALID, "conversation_id"),
        ("conversation_id=x", INVALID, "conversation_id"),
        ("conversation_id=", INVALID, "conversation_id"),
        ("starting_after=AAAAAAAAAAAAAAAA", INVALID, "starting_after"),
        ("ending_before=x", INVALID, "ending_before"),
        ("limit=0", INVALID, "limit"),
        ("contact_id=AAAAAAAAAAAAAAAA", UNKNOWN, "contact_id"),
    ] {
        let response = server.get(&format!("/v1/messages?{query}"));
        assert_eq!(response.expect_error(400, code), param, "{query}");
    }
}

#[test]
fn an_invalid_parameter_is_named_and_nothing_changes() {
    let server = TestServer::start();
    let group = new_group(&server);
    assert_creates_rejected(&server, &group);
    assert_eq!(server.get("/v1/messages").json()["data"], json!([]));
    let conversation = text(&group["conversation_id"]);
    let untouched = server.get(&format!("/v1/conversations/{conversation}"));
    assert_eq!(untouched.json()["last_active_at"], Value::Null);

    let message = object_path("messages", &send(&server, &group, "x"));
    let before = server.get(&message).text;
    assert_updates_rejected(&server, &message);
    assert_eq!(server.get(&message).text, before);

    assert_queries_rejected(&server);
}
