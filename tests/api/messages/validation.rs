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

#[test]
fn an_invalid_parameter_is_named_and_nothing_changes() {
    let server = TestServer::start();
    let group = new_group(&server);
    let (conversation, missing, invalid) = (&group["conversation_id"], "parameter_missing", "parameter_invalid");
    for (body, code, param) in [
        (json!({}), missing, "conversation_id"),
        (json!({"message": "x"}), missing, "conversation_id"),
        (json!({"conversation_id": conversation}), missing, "message"),
        (
            json!({"conversation_id": null, "message": "x"}),
            invalid,
            "conversation_id",
        ),
        (
            json!({"conversation_id": ABSENT_ID, "message": "x"}),
            invalid,
            "conversation_id",
        ),
        (
            json!({"conversation_id": "short", "message": "x"}),
            invalid,
            "conversation_id",
        ),
        (
            json!({"conversation_id": group["id"], "message": "x"}),
            invalid,
            "conversation_id",
        ),
        (
            json!({"conversation_id": conversation, "message": ""}),
            invalid,
            "message",
        ),
        (
            json!({"conversation_id": conversation, "message": null}),
            invalid,
            "message",
        ),
        (
            json!({"conversation_id": conversation, "message": 7}),
            invalid,
            "message",
        ),
        (
            json!({"conversation_id": conversation, "message": ["x"]}),
            invalid,
            "message",
        ),
        (
            json!({"conversation_id": conversation, "message": "x", "contact_id": ABSENT_ID}),
            invalid,
            "contact_id",
        ),
        (
            json!({"conversation_id": conversation, "message": "x", "contact_id": "Hector"}),
            invalid,
            "contact_id",
        ),
        (
            json!({"conversation_id": conversation, "message": "x", "contact_id": {}}),
            invalid,
            "contact_id",
        ),
        (
            json!({"conversation_id": conversation, "message": "x", "read_at": 5}),
            "parameter_unknown",
            "read_at",
        ),
        (
            json!({"conversation_id": conversation, "message": "x", "contact": null}),
            "parameter_unknown",
            "contact",
        ),
    ] {
        let response = server.post("/v1/messages", &body);
        assert_eq!(response.expect_error(400, code), param, "{body}");
    }
    assert_eq!(server.get("/v1/messages").json()["data"], json!([]));
    let untouched = server.get(&format!("/v1/conversations/{}", text(conversation)));
    assert_eq!(untouched.json()["last_active_at"], Value::Null);

    let message = object_path("messages", &send(&server, &group, "x"));
    let before = server.get(&message).text;
    for (body, code, param) in [
        (json!({"read_at": 5, "message": ""}), invalid, "message"),
        (json!({"read_at": 5, "message": null}), invalid, "message"),
        (json!({"message": "y", "read_at": -1}), invalid, "read_at"),
        (json!({"message": "y", "read_at": "5"}), invalid, "read_at"),
        (
            json!({"message": "y", "read_at": 253_402_300_800_i64}),
            invalid,
            "read_at",
        ),
        (json!({"message": "y", "reactions": null}), invalid, "reactions"),
        (json!({"message": "y", "reactions": "a"}), invalid, "reactions"),
        (json!({"message": "y", "reactions": ["a"]}), invalid, "reactions[0]"),
        (json!({"message": "y", "reactions": {"a": "x"}}), invalid, "reactions.a"),
        (
            json!({"message": "y", "reactions": {"a": null}}),
            invalid,
            "reactions.a",
        ),
        (
            json!({"message": "y", "reactions": [{"a": ["x"]}, {"b": [5]}]}),
            invalid,
            "reactions[1].b[0]",
        ),
        (
            json!({"message": "y", "reactions": {"a": ["x", ""]}}),
            invalid,
            "reactions.a[1]",
        ),
        (
            json!({"message": "y", "reactions": {"a": ["x\n"]}}),
            invalid,
            "reactions.a[0]",
        ),
        (
            json!({"message": "y", "contact_id": null}),
            "parameter_unknown",
            "contact_id",
        ),
        (json!({"message": "y", "text": "z"}), "parameter_unknown", "text"),
    ] {
        for method in ["PUT", "PATCH"] {
            let response = server.request(method, &message).json(&body).send();
            assert_eq!(response.expect_error(400, code), param, "{body}");
        }
    }
    assert_eq!(server.get(&message).text, before);

    for (query, code, param) in [
        ("conversation_id=AAAAAAAAAAAAAAAA", invalid, "conversation_id"),
        ("conversation_id=x", invalid, "conversation_id"),
        ("conversation_id=", invalid, "conversation_id"),
        ("starting_after=AAAAAAAAAAAAAAAA", invalid, "starting_after"),
        ("ending_before=x", invalid, "ending_before"),
        ("limit=0", invalid, "limit"),
        ("contact_id=AAAAAAAAAAAAAAAA", "parameter_unknown", "contact_id"),
    ] {
        let response = server.get(&format!("/v1/messages?{query}"));
        assert_eq!(response.expect_error(400, code), param, "{query}");
    }
}
