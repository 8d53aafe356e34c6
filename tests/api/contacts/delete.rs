//! Deleting contacts.

use serde_json::{Value, json};

use super::fixtures::{contact_path, kate};
use crate::harness::{TestServer, config, object_path, text, wait_until_purged};

/// Asserts that a deleted contact is in none of the groups, which are otherwise unchanged.
fn assert_in_no_group(server: &TestServer, contact: &Value, groups: &[Value]) {
    let id = text(&contact["id"]);
    for group in groups {
        let mut expected = group.clone();
        expected["contacts"]
            .as_array_mut()
            .unwrap()
            .retain(|member| member["id"] != contact["id"]);
        let path = object_path("groups", group);
        assert_eq!(server.get(&path).json(), expected);
        assert_eq!(
            server.get(&format!("{path}/contacts")).json()["data"],
            expected["contacts"]
        );
        let member = format!("{path}/contacts/{id}");
        for method in ["PUT", "DELETE"] {
            server.request(method, &member).send().expect_error(404, "not_found");
        }
    }
    let filtered = server.get(&format!("/v1/groups?contact_id={id}"));
    assert_eq!(filtered.expect_error(400, "parameter_invalid"), "contact_id");
    let named = server.post("/v1/groups", &json!({"name": "y", "contacts": [contact["id"]]}));
    assert_eq!(named.expect_error(400, "parameter_invalid"), "contacts[0]");
}

/// Asserts that a deleted contact's conversation is gone with its messages and cannot be recreated.
fn assert_without_conversation(server: &TestServer, contact: &Value, messages: &[&Value]) {
    let conversation = text(&contact["conversation_id"]);
    for method in ["GET", "PUT", "DELETE"] {
        let path = format!("/v1/conversations/{conversation}");
        server.request(method, &path).send().expect_error(404, "not_found");
        for message in messages {
            let path = object_path("messages", message);
            server.request(method, &path).send().expect_error(404, "not_found");
        }
    }
    let listed = server.get(&format!("/v1/messages?conversation_id={conversation}"));
    assert_eq!(listed.expect_error(400, "parameter_invalid"), "conversation_id");
    let message = json!({"conversation_id": conversation, "message": "x"});
    let sent = server.post("/v1/messages", &message);
    assert_eq!(sent.expect_error(400, "parameter_invalid"), "conversation_id");
    let recreated = server.post("/v1/conversations", &json!({"contact_id": contact["id"]}));
    assert_eq!(recreated.expect_error(400, "parameter_invalid"), "contact_id");
    assert!(!server.walk("/v1/conversations?", 100, None).contains(&conversation));
}

#[test]
fn a_deleted_contact_disappears_everywhere_at_once() {
    let server = TestServer::start();
    let (kate, peter) = (
        server.post("/v1/contacts", &kate()).json(),
        server.create_contact("peter"),
    );
    let others = [server.create_contact("a"), server.create_contact("b")];
    let mut groups = Vec::new();
    for members in [
        json!([kate["id"], others[0]["id"], others[1]["id"]]),
        json!([others[0]["id"], kate["id"], others[1]["id"]]),
        json!([others[1]["id"], kate["id"]]),
        json!([kate["id"]]),
    ] {
        groups.push(
            server
                .post("/v1/groups", &json!({"name": "x", "contacts": members}))
                .json(),
        );
    }
    let post = |body: Value| server.post("/v1/messages", &body).json();
    let private = post(json!({"conversation_id": kate["conversation_id"], "message": "for you alone"}));
    let answer =
        post(json!({"conversation_id": kate["conversation_id"], "contact_id": kate["id"], "message": "for me alone"}));
    let to_group =
        post(json!({"conversation_id": groups[0]["conversation_id"], "contact_id": kate["id"], "message": "for all"}));
    assert_eq!(to_group["contact"]["id"], kate["id"]);
    let from_peter = post(json!({"conversation_id": peter["conversation_id"], "message": "to Peter"}));

    let deleted = server.delete(&contact_path(&kate));
    assert_eq!(
        (deleted.status, deleted.text.as_str(), deleted.header("content-length")),
        (204, "", None)
    );

    for purged in [false, true] {
        if purged {
            wait_until_purged(&server.db);
        }
        server.get(&contact_path(&kate)).expect_error(404, "not_found");
        assert_in_no_group(&server, &kate, &groups);
        for query in ["?username=KateMcCallister", "?query=kate", "?query=555"] {
            assert_eq!(
                server.get(&format!("/v1/contacts{query}")).json()["data"],
                json!([]),
                "{query}"
            );
        }
        assert_without_conversation(&server, &kate, &[&private, &answer]);
        let conversations = server.walk("/v1/conversations?", 100, None);
        assert_eq!(conversations.len(), 3 + groups.len());
        let mut expected = to_group.clone();
        expected["contact"] = Value::Null;
        assert_eq!(server.get(&object_path("messages", &to_group)).json(), expected);
        assert_eq!(server.get("/v1/messages").json()["data"], json!([from_peter, expected]));
        assert_eq!(server.get("/v1/messages?query=alone").json()["data"], json!([]));
        assert_eq!(server.get("/v1/messages?query=all").json()["data"], json!([expected]));
    }
    // A message that the contact sent can still be sent back as it is now.
    let path = object_path("messages", &to_group);
    let read = server.get(&path);
    assert_eq!(server.put(&path, &read.json()).text, read.text);
}

/// Asserts that a contact is as it was created, is in just these groups, and has no messages.
fn assert_new(server: &TestServer, contact: &Value, groups: &Value) {
    let id = text(&contact["id"]);
    assert_eq!(&server.get(&contact_path(contact)).json(), contact);
    assert_eq!(contact["last_active_at"], Value::Null);
    assert_eq!(
        &server.get(&format!("/v1/groups?contact_id={id}")).json()["data"],
        groups
    );
    let conversation = text(&contact["conversation_id"]);
    for query in ["", "&query=filler"] {
        let messages = server.get(&format!("/v1/messages?conversation_id={conversation}{query}"));
        assert_eq!(messages.json()["data"], json!([]));
    }
}

#[test]
fn a_contact_created_right_after_a_deletion_inherits_nothing() {
    let mut config = config();
    config.settings.max_group_contacts = 1;
    let server = TestServer::start_with(config);
    let old = server.create_contact("old");
    let groups: Vec<Value> = (0..4)
        .map(|n| {
            server
                .post("/v1/groups", &json!({"name": n.to_string(), "contacts": [old["id"]]}))
                .json()
        })
        .collect();
    for group in &groups {
        let sent = json!({"conversation_id": group["conversation_id"], "contact_id": old["id"], "message": "hi"});
        assert_eq!(server.post("/v1/messages", &sent).status, 201);
    }
    // Recreate the contact's conversation, so it is the newest.
    server.delete(&format!("/v1/conversations/{}", text(&old["conversation_id"])));
    let conversation = server
        .post("/v1/conversations", &json!({"contact_id": old["id"]}))
        .json();
    // So much to purge that the new contacts exist before it is done, which is asserted below.
    let conn = server.open_database();
    let many = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 30000)
        INSERT INTO messages (id, account, conversation_pk, message, created_at)
        SELECT hex(randomblob(8)), v.account, v.pk, 'filler', 1 FROM n, conversations v WHERE v.id = ?1";
    assert_eq!(conn.execute(many, [text(&conversation["id"])]).unwrap(), 30_000);
    assert_eq!(server.delete(&contact_path(&old)).status, 204);
    // The newest rows of all are deleted, so a key derived from the highest remaining one would repeat theirs.
    let new: Vec<Value> = ["new", "old", "newer"]
        .map(|username| server.create_contact(username))
        .into();
    let (empty, joined) = groups.split_at(3);
    let joined = object_path("groups", &joined[0]);
    let membership = format!("{joined}/contacts/{}", text(&new[2]["id"]));
    assert_eq!(
        server.request("PUT", &membership).send().status,
        204,
        "the deleted member makes room at once"
    );
    let pending = "SELECT count(*) FROM members WHERE contact_pk NOT IN (SELECT pk FROM contacts)";
    let pending: i64 = conn.query_row(pending, [], |row| row.get(0)).unwrap();
    assert_eq!(
        pending, 4,
        "the old contact's rows are already purged, so this test proves nothing"
    );
    for purged in [false, true] {
        if purged {
            wait_until_purged(&server.db);
        }
        for (contact, groups) in new
            .iter()
            .zip([json!([]), json!([]), json!([server.get(&joined).json()])])
        {
            assert_new(&server, contact, &groups);
        }
        assert_eq!(server.get(&joined).json()["contacts"], json!([new[2]]));
        for group in empty {
            let path = object_path("groups", group);
            assert_eq!(server.get(&path).json()["contacts"], json!([]));
            assert_eq!(server.get(&format!("{path}/contacts")).json()["data"], json!([]));
        }
        let messages = server.get("/v1/messages").json();
        assert_eq!(messages["data"].as_array().unwrap().len(), 4);
        for message in messages["data"].as_array().unwrap() {
            assert_eq!((&message["contact"], &message["message"]), (&Value::Null, &json!("hi")));
        }
        assert_eq!(server.get("/v1/messages?query=filler").json()["data"], json!([]));
    }
}

#[test]
fn contacts_survive_a_restart_and_deleted_ones_stay_deleted() {
    let server = TestServer::start();
    let (kept, gone) = (
        server.post("/v1/contacts", &kate()).json(),
        server.create_contact("gone"),
    );
    let group = server.create_group(&json!({"name": "x", "contacts": [gone["id"], kept["id"]]}));
    server.delete(&contact_path(&gone));
    let server = server.restart();
    assert_eq!(server.get("/v1/contacts").json()["data"], json!([kept]));
    assert_eq!(
        server.get(&format!("/v1/groups/{group}")).json()["contacts"],
        json!([kept])
    );
    assert_eq!(server.get("/v1/contacts?query=kat").json()["data"], json!([kept]));
    server.get(&contact_path(&gone)).expect_error(404, "not_found");
}
