//! Deleting conversations and their owners, and the conversations of another account.

use serde_json::{Value, json};

use super::fixtures::{PROPERTIES, conversation_path, create_message, new_group};
use crate::harness::{ABSENT_ID, TestServer, assert_in_order, ids, text};

#[test]
fn an_owner_reflects_the_deletion_and_recreation_of_its_conversation() {
    for (kind, name) in [("groups", "group_id"), ("contacts", "contact_id")] {
        let server = TestServer::start();
        let (group, contact) = (new_group(&server), server.create_contact("Hector"));
        let (owner, other) = if kind == "groups" {
            (&group, &contact)
        } else {
            (&contact, &group)
        };
        let owner_path = format!("/v1/{kind}/{}", text(&owner["id"]));
        let first = conversation_path(owner);
        let lost = create_message(&server, owner);
        server.put(
            &first,
            &json!({"is_muted": true, "archived_at": 5, "pinned_message_id": lost}),
        );
        let deleted = server.delete(&first);
        assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            server.request(method, &first).send().expect_error(404, "not_found");
        }
        let mut without = owner.clone();
        without["conversation_id"] = Value::Null;
        assert_eq!(server.get(&owner_path).json(), without);
        assert_eq!(server.get(&format!("/v1/{kind}")).json()["data"][0], without);
        assert_eq!(
            ids(&server.get("/v1/conversations").json()),
            [text(&other["conversation_id"])]
        );
        let of_owner = format!("/v1/conversations?{name}={}", text(&owner["id"]));
        assert_eq!(server.get(&of_owner).json(), json!({"has_more": false, "data": []}));
        server
            .get(&format!("/v1/messages/{lost}"))
            .expect_error(404, "not_found");

        let created = server.post("/v1/conversations", &json!({name: owner["id"]}));
        assert_eq!(created.status, 201);
        assert_in_order(&created.text, &PROPERTIES);
        let conversation = created.json();
        let second = format!("/v1/conversations/{}", text(&conversation["id"]));
        assert_eq!(created.header("location"), Some(second.as_str()));
        assert_ne!(second, first);
        let created_at = conversation["created_at"].as_i64().unwrap();
        assert!(created_at >= owner["created_at"].as_i64().unwrap());
        let mut expected = json!({
            "id": conversation["id"], "contact_id": null, "group_id": null, "pinned_message_id": null,
            "is_pinned": false, "is_muted": false, "last_active_at": null, "last_opened_at": null,
            "created_at": created_at, "archived_at": null,
        });
        expected[name] = owner["id"].clone();
        assert_eq!(conversation, expected);
        assert_eq!(server.get(&second).json(), expected);
        assert_eq!(server.get(&owner_path).json()["conversation_id"], conversation["id"]);
        assert_eq!(ids(&server.get(&of_owner).json()), [text(&conversation["id"])]);
        let messages = format!("/v1/messages?conversation_id={}", text(&conversation["id"]));
        assert_eq!(
            server.get(&messages).json()["data"],
            json!([]),
            "the new conversation has no message of the deleted one"
        );
    }
}

#[test]
fn a_groups_members_reflect_changes_of_their_conversations() {
    let server = TestServer::start();
    let group = server.create(
        "/v1/groups",
        &json!({"name": "x", "contacts": [{"username": "Hector"}]}),
    );
    let path = format!("/v1/groups/{}", text(&group["id"]));
    let hector = &group["contacts"][0];
    server.delete(&conversation_path(hector));
    assert_eq!(server.get(&path).json()["contacts"][0]["conversation_id"], Value::Null);
    let created = server.create("/v1/conversations", &json!({"contact_id": hector["id"]}));
    assert_eq!(
        server.get(&path).json()["contacts"][0]["conversation_id"],
        created["id"]
    );
}

#[test]
fn a_conversation_is_deleted_with_its_owner() {
    let server = TestServer::start();
    let (group, contact) = (new_group(&server), server.create_contact("Hector"));
    for (owner, kind) in [(&group, "groups"), (&contact, "contacts")] {
        server.delete(&format!("/v1/{kind}/{}", text(&owner["id"])));
        server.get(&conversation_path(owner)).expect_error(404, "not_found");
        let cursor = server.get(&format!(
            "/v1/conversations?starting_after={}",
            text(&owner["conversation_id"])
        ));
        assert_eq!(cursor.expect_error(400, "parameter_invalid"), "starting_after");
    }
    assert_eq!(server.get("/v1/conversations").json()["data"], json!([]));
}

#[test]
fn another_accounts_conversation_is_indistinguishable_from_an_absent_one() {
    let server = TestServer::start();
    let (group, contact) = (new_group(&server), server.create_contact("Hector"));
    let other = server.create_account("other");
    let request = |method: &str, path: &str| {
        server
            .request(method, path)
            .token(&other)
            .header("x-request-id", "same")
    };
    let absent = request("GET", &format!("/v1/conversations/{ABSENT_ID}")).send().text;
    for owner in [&group, &contact] {
        let id = text(&owner["conversation_id"]);
        let before = server.get(&conversation_path(owner)).text;
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let response = request(method, &conversation_path(owner))
                .json(&json!({"is_muted": true}))
                .send();
            if method == "GET" || method == "DELETE" {
                let response = request(method, &conversation_path(owner)).send();
                assert_eq!(
                    (response.status, response.text.replace(&id, ABSENT_ID)),
                    (404, absent.clone())
                );
            } else {
                response.expect_error(404, "not_found");
            }
        }
        for query in ["starting_after", "ending_before"] {
            let response = request("GET", &format!("/v1/conversations?{query}={id}")).send();
            assert_eq!(response.expect_error(400, "parameter_invalid"), query);
        }
        assert_eq!(server.get(&conversation_path(owner)).text, before);
        server.delete(&conversation_path(owner));
    }
    for (name, id) in [("group_id", &group["id"]), ("contact_id", &contact["id"])] {
        let list = request("GET", &format!("/v1/conversations?{name}={}", text(id))).send();
        assert_eq!(list.expect_error(400, "parameter_invalid"), name);
        let created = request("POST", "/v1/conversations").json(&json!({name: id})).send();
        assert_eq!(created.expect_error(400, "parameter_invalid"), name);
    }
    assert_eq!(request("GET", "/v1/conversations").send().json()["data"], json!([]));
}
