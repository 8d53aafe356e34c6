//! Conversations, as they are created with their owners or for them.

use serde_json::{Value, json};

use super::fixtures::{PROPERTIES, conversation_path, new_group};
use crate::harness::{ABSENT_ID, TestServer, assert_in_order, concurrently, ids, text};

#[test]
fn a_conversation_is_created_with_its_group_or_contact() {
    let server = TestServer::start();
    let (group, contact) = (new_group(&server), server.create_contact("Hector"));
    for (owner, one, other) in [(&group, "group_id", "contact_id"), (&contact, "contact_id", "group_id")] {
        let response = server.get(&conversation_path(owner));
        assert_eq!(response.status, 200);
        assert_in_order(&response.text, &PROPERTIES);
        let mut expected = json!({
            "id": owner["conversation_id"],
            "pinned_message_id": null,
            "is_pinned": false,
            "is_muted": false,
            "last_active_at": null,
            "last_opened_at": null,
            "created_at": owner["created_at"],
            "archived_at": null,
        });
        expected[one] = owner["id"].clone();
        expected[other] = Value::Null;
        assert_eq!(response.json(), expected);
    }
    let list = server.get("/v1/conversations").json();
    assert_eq!(
        ids(&list),
        [text(&contact["conversation_id"]), text(&group["conversation_id"])]
    );
    assert_eq!(list["data"][1], server.get(&conversation_path(&group)).json());
}

#[test]
fn ids_are_matched_in_any_letter_case_and_head_matches_get() {
    let server = TestServer::start();
    let group = new_group(&server);
    let id = text(&group["conversation_id"]);
    for spelled in [id.to_lowercase(), id.to_uppercase()] {
        let path = format!("/v1/conversations/{spelled}");
        assert_eq!(server.get(&path).json()["id"], group["conversation_id"]);
        assert_eq!(server.put(&path, &json!({})).json()["id"], group["conversation_id"]);
    }
    let filtered = |id: &str| ids(&server.get(&format!("/v1/conversations?group_id={id}")).json());
    assert_eq!(filtered(&text(&group["id"]).to_uppercase()), [id.as_str()]);
    for path in ["/v1/conversations", &format!("/v1/conversations/{id}")] {
        let (get, head) = (server.get(path), server.request("HEAD", path).send());
        assert_eq!((head.status, head.text.as_str()), (200, ""));
        assert_eq!(head.header("content-length"), Some(get.text.len().to_string().as_str()));
    }
}

#[test]
fn an_owner_has_at_most_one_conversation() {
    let server = TestServer::start();
    let (group, contact) = (new_group(&server), server.create_contact("Hector"));
    for (owner, name) in [(&group, "group_id"), (&contact, "contact_id")] {
        for _ in 0..2 {
            let rejected = server.post("/v1/conversations", &json!({name: owner["id"]}));
            assert_eq!(rejected.expect_error(409, "conflict"), name);
        }
        server.delete(&conversation_path(owner));
        server.create("/v1/conversations", &json!({name: owner["id"]}));
        let rejected = server.post("/v1/conversations", &json!({name: owner["id"]}));
        assert_eq!(rejected.expect_error(409, "conflict"), name);
    }
    assert_eq!(ids(&server.get("/v1/conversations").json()).len(), 2);
}

#[test]
fn concurrent_creations_of_an_owners_conversation_succeed_exactly_once() {
    let server = TestServer::start();
    let (group, contact) = (new_group(&server), server.create_contact("Hector"));
    for (owner, name) in [(&group, "group_id"), (&contact, "contact_id")] {
        server.delete(&conversation_path(owner));
        let statuses = concurrently(16, |_| {
            server.post("/v1/conversations", &json!({name: owner["id"]})).status
        });
        let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
        assert_eq!((count(201), count(409)), (1, 15), "{statuses:?}");
        let list = server.get(&format!("/v1/conversations?{name}={}", text(&owner["id"])));
        assert_eq!(ids(&list.json()).len(), 1);
    }
}

#[test]
fn a_conversation_requires_exactly_one_existing_owner() {
    let server = TestServer::start();
    let (group, contact) = (new_group(&server), server.create_contact("Hector"));
    server.delete(&conversation_path(&group));
    server.delete(&conversation_path(&contact));
    let (group, contact) = (&group["id"], &contact["id"]);
    let invalid = "parameter_invalid";
    for (body, code, param) in [
        (json!({}), "parameter_missing", "contact_id"),
        (json!({"contact_id": null}), "parameter_missing", "contact_id"),
        (
            json!({"contact_id": null, "group_id": null}),
            "parameter_missing",
            "contact_id",
        ),
        (json!({"contact_id": contact, "group_id": group}), invalid, "group_id"),
        (json!({"contact_id": group}), invalid, "contact_id"),
        (json!({"group_id": contact}), invalid, "group_id"),
        (json!({"group_id": ABSENT_ID}), invalid, "group_id"),
        (json!({"contact_id": "short"}), invalid, "contact_id"),
        (json!({"contact_id": {"id": contact}}), invalid, "contact_id"),
        (json!({"group_id": 7}), invalid, "group_id"),
        (
            json!({"group_id": group, "is_muted": true}),
            "parameter_unknown",
            "is_muted",
        ),
        (json!({"group_id": group, "id": ABSENT_ID}), "parameter_unknown", "id"),
    ] {
        let response = server.post("/v1/conversations", &body);
        assert_eq!(response.expect_error(400, code), param, "{body}");
    }
    assert_eq!(
        server.get("/v1/conversations").json()["data"],
        json!([]),
        "nothing was created"
    );
    server.create("/v1/conversations", &json!({"group_id": group, "contact_id": null}));
    server.create("/v1/conversations", &json!({"contact_id": contact, "group_id": null}));
}
