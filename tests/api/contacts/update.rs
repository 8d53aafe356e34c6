//! Updating contacts, and updates that their messages cause.

use serde_json::{Value, json};

use super::fixtures::{PROPERTIES, all_contacts, contact_path, kate, send};
use crate::harness::{TestServer, assert_in_order, text};

#[test]
fn an_update_changes_only_the_given_properties_in_both_encodings() {
    let server = TestServer::start();
    let path = contact_path(&server.post("/v1/contacts", &kate()).json());
    server.create_contact("other");
    for (method, change) in [
        ("PUT", json!({"display_name": "Catherine"})),
        ("PATCH", json!({"phone_number": "0"})),
        ("PUT", json!({"username": "kate"})),
        (
            "PATCH",
            json!({"username": "KATE", "avatar_url": "HTTP://example.com:8080/?a=b#c"}),
        ),
        ("PATCH", json!({"phone_number": null, "avatar_url": null})),
        ("PUT", json!({"display_name": null})),
        ("PUT", kate()),
        ("PATCH", json!({})),
        ("PUT", json!({"display_name": "Zoë \"ש\" & 👩‍👩‍👧"})),
    ] {
        for form in [false, true] {
            let mut expected = server.get(&path).json();
            for (name, value) in change.as_object().unwrap() {
                expected[name] = value.clone();
            }
            let response = send(&server, method, &path, &change, form);
            assert_eq!((response.status, response.json()), (200, expected.clone()), "{change}");
            assert_in_order(&response.text, &PROPERTIES);
            assert_eq!(server.get(&path).text, response.text);
        }
    }
    let before = server.get(&path).text;
    for method in ["PUT", "PATCH"] {
        let response = server.request(method, &path).send();
        assert_eq!(
            (response.status, &response.text),
            (200, &before),
            "a request without a body changes nothing"
        );
    }
}

#[test]
fn an_update_is_visible_wherever_the_contact_appears() {
    let server = TestServer::start();
    let kate = server.create_contact("Kate");
    let group = server
        .post("/v1/groups", &json!({"name": "x", "contacts": [kate["id"]]}))
        .json();
    let sent = json!({"conversation_id": group["conversation_id"], "contact_id": kate["id"], "message": "hi"});
    let message = server.post("/v1/messages", &sent).json();
    let changed = server
        .put(&contact_path(&kate), &json!({"username": "Kat", "display_name": "K."}))
        .json();
    assert_eq!(changed["display_name"], "K.");
    let group = format!("/v1/groups/{}", text(&group["id"]));
    assert_eq!(server.get(&group).json()["contacts"], json!([changed]));
    assert_eq!(
        server.get(&format!("{group}/contacts")).json()["data"],
        json!([changed])
    );
    let message = server.get(&format!("/v1/messages/{}", text(&message["id"]))).json();
    assert_eq!(message["contact"], changed);
}

#[test]
fn a_retrieved_contact_can_be_sent_back_in_both_encodings() {
    let server = TestServer::start();
    let path = contact_path(&server.post("/v1/contacts", &kate()).json());
    let check = |state: &str| {
        let read = server.get(&path).json();
        for (method, form) in [("PUT", false), ("PATCH", false), ("PUT", true), ("PATCH", true)] {
            let response = send(&server, method, &path, &read, form);
            assert_eq!(
                (response.status, response.json()),
                (200, read.clone()),
                "{state}, {method}, as a form: {form}"
            );
        }
        read
    };
    let fresh = check("new");
    let message = json!({"conversation_id": fresh["conversation_id"], "contact_id": fresh["id"], "message": "hi"});
    let message = server.post("/v1/messages", &message).json();
    let active = check("active");
    assert_eq!(active["last_active_at"], message["created_at"]);
    server.delete(&format!("/v1/conversations/{}", text(&fresh["conversation_id"])));
    assert_eq!(check("without a conversation")["conversation_id"], Value::Null);
    // An earlier version, in which a read-only property differs.
    assert_eq!(
        server.put(&path, &active).expect_error(400, "parameter_invalid"),
        "conversation_id"
    );
    let new = server
        .post("/v1/conversations", &json!({"contact_id": fresh["id"]}))
        .json();
    assert_eq!(check("with a new conversation")["conversation_id"], new["id"]);
}

#[test]
fn read_only_properties_cannot_be_changed() {
    let server = TestServer::start();
    let read = server.post("/v1/contacts", &kate()).json();
    let (path, other) = (contact_path(&read), server.create_contact("other"));
    for (property, value) in [
        ("id", other["id"].clone()),
        ("id", Value::Null),
        ("id", json!(1)),
        ("conversation_id", other["conversation_id"].clone()),
        ("conversation_id", Value::Null),
        ("last_active_at", json!(1)),
        ("last_active_at", json!(0)),
        ("created_at", json!(1)),
        ("created_at", Value::Null),
    ] {
        let mut changed = read.clone();
        changed[property] = value;
        changed["username"] = json!("changed");
        for (method, form) in [("PUT", false), ("PATCH", true)] {
            let response = send(&server, method, &path, &changed, form);
            assert_eq!(response.expect_error(400, "parameter_invalid"), property, "{changed}");
        }
    }
    assert_eq!(server.get(&path).json(), read, "nothing changed");
    for property in ["id", "conversation_id", "last_active_at", "created_at"] {
        let mut body = json!({"username": "new"});
        body[property] = read[property].clone();
        for form in [false, true] {
            let response = send(&server, "POST", "/v1/contacts", &body, form);
            assert_eq!(response.expect_error(400, "parameter_unknown"), property, "{body}");
        }
    }
    assert_eq!(all_contacts(&server).len(), 2);
}

#[test]
fn a_message_updates_the_last_activity_of_its_sender_only() {
    let server = TestServer::start();
    let (kate, peter) = (server.create_contact("kate"), server.create_contact("peter"));
    let group = json!({"name": "x", "contacts": [kate["id"], peter["id"]]});
    let group = server.post("/v1/groups", &group).json();
    let own = json!({"conversation_id": group["conversation_id"], "message": "from the owner"});
    assert_eq!(server.post("/v1/messages", &own).status, 201);
    assert_eq!(server.get(&contact_path(&kate)).json(), kate);
    let sent = json!({"conversation_id": group["conversation_id"], "contact_id": kate["id"], "message": "hi"});
    let message = server.post("/v1/messages", &sent).json();
    let mut expected = kate.clone();
    expected["last_active_at"] = message["created_at"].clone();
    assert_eq!(server.get(&contact_path(&kate)).json(), expected);
    assert_eq!(message["contact"], expected);
    assert_eq!(server.get(&contact_path(&peter)).json(), peter);
    server.delete(&format!("/v1/messages/{}", text(&message["id"])));
    assert_eq!(
        server.get(&contact_path(&kate)).json(),
        expected,
        "deleting the message does not undo the activity"
    );
}
