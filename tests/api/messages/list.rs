//! Listing messages, deleting whole conversations, and the messages of another account.

use serde_json::{Value, json};

use super::fixtures::{new_group, send, wait_for_rows};
use crate::harness::{ABSENT_ID, TestServer, bulk_messages, ids, object_path, text};

#[test]
fn messages_of_one_or_all_conversations_are_listed_newest_first() {
    let server = TestServer::start();
    let owners = [
        new_group(&server),
        server.create("/v1/groups", &json!({"name": "Second"})),
        server.create("/v1/contacts", &json!({"username": "Hester"})),
        server.create("/v1/groups", &json!({"name": "Empty"})),
    ];
    let mut messages = Vec::new();
    for n in 0..24_usize {
        let owner = n * n % 5 % 3;
        messages.push((owner, text(&send(&server, &owners[owner], &n.to_string())["id"])));
    }
    // Delete messages at both ends and in the middle.
    for place in [23, 11, 10, 0] {
        let (_, id) = messages.remove(place);
        assert_eq!(server.delete(&format!("/v1/messages/{id}")).status, 204);
    }
    messages.push((1, text(&send(&server, &owners[1], "the newest")["id"])));
    messages.reverse();
    let all: Vec<String> = messages.iter().map(|(_, id)| id.clone()).collect();
    for limit in [1, 4, 7, 100] {
        server.assert_pages(&server.token, "/v1/messages?", &all, &all, limit);
        for (at, owner) in owners.iter().enumerate() {
            let shown = messages.iter().filter(|(of, _)| *of == at).map(|(_, id)| id.clone());
            let list = format!("/v1/messages?conversation_id={}", text(&owner["conversation_id"]));
            server.assert_pages(&server.token, &list, &all, &shown.collect::<Vec<_>>(), limit);
        }
    }
    let ten = server.get("/v1/messages").json();
    assert_eq!((ids(&ten), &ten["has_more"]), (all[..10].to_vec(), &json!(true)));
    let upper = text(&owners[0]["conversation_id"]).to_uppercase();
    assert!(!ids(&server.get(&format!("/v1/messages?conversation_id={upper}")).json()).is_empty());
}

#[test]
fn messages_are_deleted_at_once_with_their_conversation_group_or_contact() {
    for kind in ["conversations", "groups", "contacts"] {
        let server = TestServer::start();
        // The owner is created last, so a later object could reuse its key.
        let kept_owner = server.create("/v1/contacts", &json!({"username": "Kept"}));
        let of_group = kind != "contacts";
        let owner = match of_group {
            true => server.create("/v1/groups", &json!({"name": "x"})),
            false => server.create("/v1/contacts", &json!({"username": "Hester"})),
        };
        // Other messages come before and after those to delete.
        let mut kept = vec![text(&send(&server, &kept_owner, "kept")["id"])];
        let deleted = bulk_messages(&server, &owner, &Value::Null);
        kept.insert(0, text(&send(&server, &kept_owner, "kept")["id"]));
        assert_eq!(server.get(&format!("/v1/messages/{}", deleted[0])).status, 200);
        let conversation = text(&owner["conversation_id"]);
        let deleted_path = match kind {
            "conversations" => format!("/v1/conversations/{conversation}"),
            kind => object_path(kind, &owner),
        };
        assert_eq!(server.delete(&deleted_path).status, 204);
        // Rows that await the purge are hidden at once.
        let list = server.get("/v1/messages?limit=4").json();
        assert_eq!((ids(&list), &list["has_more"]), (kept.clone(), &json!(false)), "{kind}");
        // A conversation created before the purge has none of the messages.
        if kind == "conversations" {
            let created = server.create("/v1/conversations", &json!({"group_id": owner["id"]}));
            let list = format!("/v1/messages?conversation_id={}", text(&created["id"]));
            assert_eq!(server.get(&list).json()["data"], json!([]));
            let own = send(&server, &server.get(&object_path("groups", &owner)).json(), "own");
            assert_eq!(server.get(&list).json()["data"], json!([own]));
            kept.insert(0, text(&own["id"]));
        }
        let found = server.get("/v1/messages?query=gone").json();
        assert_eq!(found, json!({"has_more": false, "data": []}), "{kind}");
        for at in [0, 1, 99, 100, 3_000, 5_999] {
            let message = format!("/v1/messages/{}", deleted[at]);
            server.get(&message).expect_error(404, "not_found");
            server
                .put(&message, &json!({"message": "back"}))
                .expect_error(404, "not_found");
            server.delete(&message).expect_error(404, "not_found");
            let after = server.get(&format!("/v1/messages?starting_after={}", deleted[at]));
            assert_eq!(after.expect_error(400, "parameter_invalid"), "starting_after");
        }
        let of_it = server.get(&format!("/v1/messages?conversation_id={conversation}"));
        assert_eq!(of_it.expect_error(400, "parameter_invalid"), "conversation_id");
        let to_it = server.post(
            "/v1/messages",
            &json!({"conversation_id": conversation, "message": "x"}),
        );
        assert_eq!(to_it.expect_error(400, "parameter_invalid"), "conversation_id");
        server.assert_pages(&server.token, "/v1/messages?", &kept, &kept, 1);
        // Finally, the rows are purged as well.
        wait_for_rows(&server, "messages", kept.len());
        server.assert_pages(&server.token, "/v1/messages?", &kept, &kept, 2);
    }
}

#[test]
fn another_accounts_message_is_indistinguishable_from_an_absent_one() {
    let server = TestServer::start();
    let group = new_group(&server);
    let message = send(&server, &group, "x");
    let (id, path) = (text(&message["id"]), object_path("messages", &message));
    let other = server.create_account("other");
    let request = |method: &str, path: &str| {
        server
            .request(method, path)
            .token(&other)
            .header("x-request-id", "same")
    };
    let absent = request("GET", &format!("/v1/messages/{ABSENT_ID}")).send().text;
    for method in ["GET", "DELETE"] {
        let response = request(method, &path).send();
        assert_eq!(
            (response.status, response.text.replace(&id, ABSENT_ID)),
            (404, absent.clone())
        );
    }
    for method in ["PUT", "PATCH"] {
        let response = request(method, &path).json(&json!({"message": "y"})).send();
        assert_eq!(
            (response.status, response.text.replace(&id, ABSENT_ID)),
            (404, absent.clone())
        );
    }
    for (name, value) in [
        ("starting_after", &id),
        ("ending_before", &id),
        ("conversation_id", &text(&group["conversation_id"])),
    ] {
        let response = request("GET", &format!("/v1/messages?{name}={value}")).send();
        assert_eq!(response.expect_error(400, "parameter_invalid"), name);
    }
    let body = json!({"conversation_id": group["conversation_id"], "message": "y"});
    let sent = request("POST", "/v1/messages").json(&body).send();
    assert_eq!(sent.expect_error(400, "parameter_invalid"), "conversation_id");
    assert_eq!(request("GET", "/v1/messages").send().json()["data"], json!([]));
    assert_eq!(server.get("/v1/messages").json()["data"], json!([message]));
}

#[test]
fn each_account_lists_its_own_messages_in_order_even_within_a_second() {
    let server = TestServer::start();
    let group = new_group(&server);
    let other = server.create_account("other");
    let theirs = server
        .request("POST", "/v1/groups")
        .token(&other)
        .json(&json!({"name": "x"}))
        .send()
        .json();
    let mut own = Vec::new();
    for n in 0..12 {
        own.insert(0, send(&server, &group, &n.to_string()));
        let body = json!({"conversation_id": theirs["conversation_id"], "message": "theirs"});
        assert_eq!(
            server
                .request("POST", "/v1/messages")
                .token(&other)
                .json(&body)
                .send()
                .status,
            201
        );
    }
    assert_eq!(server.get("/v1/messages?limit=100").json()["data"], json!(own));
    let list = server
        .request("GET", "/v1/messages?limit=100")
        .token(&other)
        .send()
        .json();
    assert!(
        list["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|message| message["message"] == "theirs")
    );
    assert_eq!(ids(&list).len(), 12);
}
