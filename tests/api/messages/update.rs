//! Updating messages.

use serde_json::{Value, json};

use super::fixtures::{backdate, new_group, send, send_from};
use crate::harness::{ABSENT_ID, TestServer, object_path};

#[test]
fn updated_at_is_set_only_when_the_text_changes() {
    let server = TestServer::start();
    let group = new_group(&server);
    let message = send(&server, &group, "Plaza");
    let path = object_path("messages", &message);
    let updated_at = |body: Value| {
        let response = server.put(&path, &body);
        assert_eq!(response.status, 200, "{}", response.text);
        assert_eq!(server.get(&path).text, response.text);
        response.json()["updated_at"].clone()
    };
    for body in [
        json!({}),
        json!({"read_at": 5}),
        json!({"read_at": null}),
        json!({"reactions": {"a": ["x"]}}),
        json!({"reactions": []}),
        json!({"message": "Plaza"}),
        json!({"message": "Plaza", "read_at": 6, "reactions": []}),
    ] {
        assert_eq!(updated_at(body), Value::Null);
    }
    // A text that differs in bytes differs, even if it looks the same.
    for text in ["plaza", "Plaza ", "Plaz\u{e1}", "Plaza\u{301}", "Plaza"] {
        let at = updated_at(json!({"message": text})).as_i64().unwrap();
        assert!(at >= message["created_at"].as_i64().unwrap(), "{text}");
        backdate(&server, "UPDATE messages SET updated_at = 5");
        for body in [
            json!({"message": text}),
            json!({"read_at": 7}),
            json!({"reactions": {"a": ["x"]}}),
        ] {
            assert_eq!(updated_at(body), json!(5), "{text}");
        }
    }
    assert!(updated_at(json!({"message": "other"})).as_i64().unwrap() > 5);
    assert_eq!(server.get(&path).json()["created_at"], message["created_at"]);
}

#[test]
fn a_retrieved_message_can_be_sent_back_but_its_read_only_properties_cannot_change() {
    let server = TestServer::start();
    let group = new_group(&server);
    let hector = &group["contacts"][0];
    for (message, from_account) in [
        (send_from(&server, &group, hector), false),
        (send(&server, &group, "x"), true),
    ] {
        let path = object_path("messages", &message);
        let all = json!({"message": "y", "reactions": {"a": ["x"], "b": ["y", "z"]}, "read_at": 9});
        let read = server.put(&path, &all).json();
        for method in ["PUT", "PATCH"] {
            let response = server.request(method, &path).json(&read).send();
            assert_eq!((response.status, response.json()), (200, read.clone()));
        }
        let sender = if from_account { hector.clone() } else { Value::Null };
        for (property, other) in [
            ("id", json!(ABSENT_ID)),
            ("conversation_id", json!(ABSENT_ID)),
            ("conversation_id", hector["conversation_id"].clone()),
            ("contact", sender),
            ("contact", group["contacts"][1].clone()),
            ("created_at", json!(1)),
            ("updated_at", Value::Null),
            ("updated_at", json!(1)),
        ] {
            let mut changed = read.clone();
            changed[property] = other;
            changed["message"] = json!("changed");
            let rejected = server.put(&path, &changed);
            assert_eq!(rejected.expect_error(400, "parameter_invalid"), property);
        }
        assert_eq!(server.get(&path).json(), read, "nothing changed");
        // The sender is matched by id, whatever else has changed since.
        if !from_account {
            server.put(&object_path("contacts", hector), &json!({"phone_number": "911"}));
            let mut expected = read.clone();
            expected["contact"]["phone_number"] = json!("911");
            assert_eq!(server.put(&path, &read).json(), expected);
        }
    }
}

#[test]
fn read_at_can_be_set_and_cleared() {
    let server = TestServer::start();
    let group = new_group(&server);
    let path = object_path("messages", &send(&server, &group, "x"));
    for value in [json!(0), json!(253_402_300_799_i64), Value::Null, json!(5)] {
        assert_eq!(server.put(&path, &json!({"read_at": value})).json()["read_at"], value);
    }
    let form = |text: &str| server.request("PATCH", &path).form(text).send().json()["read_at"].clone();
    assert_eq!(
        [form("read_at=17"), form("message=y"), form("read_at=")],
        [json!(17), json!(17), Value::Null]
    );
}
