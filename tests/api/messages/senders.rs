//! Who may send a message, and what becomes of the sender.

use serde_json::{Value, json};

use super::fixtures::{backdate, new_group, send, send_from, wait_for_rows};
use crate::harness::{TestServer, bulk_messages, ids, object_path, text};

#[test]
fn a_sender_must_be_a_member_of_the_group_or_the_conversations_contact() {
    let server = TestServer::start();
    let group = new_group(&server);
    let (hector, cedric) = (&group["contacts"][0], &group["contacts"][1]);
    let stranger = server.create("/v1/contacts", &json!({"username": "Stranger"}));
    for (owner, sender) in [
        (&group, hector),
        (&group, cedric),
        (hector, hector),
        (&stranger, &stranger),
    ] {
        let message = send_from(&server, owner, sender);
        let now = server.get(&object_path("contacts", sender)).json();
        assert_eq!(
            message["contact"], now,
            "the complete contact, active as of this message"
        );
        assert_eq!(server.get(&object_path("messages", &message)).json(), message);
    }
    let upper = text(&hector["id"]).to_uppercase();
    let body = json!({"conversation_id": group["conversation_id"], "message": "x", "contact_id": upper});
    assert_eq!(server.create("/v1/messages", &body)["contact"]["id"], hector["id"]);
    let form = format!(
        "conversation_id={}&message=x&contact_id=",
        text(&group["conversation_id"])
    );
    let from_account = server.request("POST", "/v1/messages").form(&form).send();
    assert_eq!(
        (from_account.status, &from_account.json()["contact"]),
        (201, &Value::Null)
    );

    let other = server.create_account("other");
    let theirs = server
        .request("POST", "/v1/contacts")
        .token(&other)
        .json(&json!({"username": "Hector"}))
        .send();
    let count = ids(&server.get("/v1/messages?limit=100").json()).len();
    let assert_rejected = |owner: &Value, sender: &Value| {
        let body = json!({"conversation_id": owner["conversation_id"], "message": "x", "contact_id": sender["id"]});
        let response = server.post("/v1/messages", &body);
        assert_eq!(response.expect_error(400, "parameter_invalid"), "contact_id");
    };
    assert_rejected(&group, &stranger);
    assert_rejected(hector, cedric);
    assert_rejected(&stranger, hector);
    assert_rejected(&group, &theirs.json());
    assert_rejected(&group, &group);
    server.delete(&format!(
        "{}/contacts/{}",
        object_path("groups", &group),
        text(&cedric["id"])
    ));
    assert_rejected(&group, cedric);
    server.put(
        &format!("{}/contacts/{}", object_path("groups", &group), text(&cedric["id"])),
        &json!({}),
    );
    send_from(&server, &group, cedric);
    server.put(&object_path("groups", &group), &json!({"contacts": [hector]}));
    assert_rejected(&group, cedric);
    server.delete(&object_path("contacts", hector));
    assert_rejected(&group, hector);
    assert_eq!(
        ids(&server.get("/v1/messages?limit=100").json()).len(),
        count,
        "Cedric sent one more, and Hector's own conversation was deleted with him"
    );
}

#[test]
fn messages_of_a_removed_member_keep_their_sender() {
    let server = TestServer::start();
    let group = new_group(&server);
    let (hector, cedric) = (&group["contacts"][0], &group["contacts"][1]);
    let (one, other) = (send_from(&server, &group, hector), send_from(&server, &group, cedric));
    server.delete(&format!(
        "{}/contacts/{}",
        object_path("groups", &group),
        text(&hector["id"])
    ));
    server.put(&object_path("groups", &group), &json!({"contacts": []}));
    for message in [&one, &other] {
        assert_eq!(&server.get(&object_path("messages", message)).json(), message);
    }
    let list = format!("/v1/messages?conversation_id={}", text(&group["conversation_id"]));
    assert_eq!(server.get(&list).json()["data"], json!([other, one]));
    // The sender reflects updates, and the message can still be sent back.
    server.put(&object_path("contacts", hector), &json!({"display_name": "Concierge"}));
    let now = server.get(&object_path("messages", &one)).json();
    assert_eq!(now["contact"]["display_name"], "Concierge");
    assert_eq!(server.put(&object_path("messages", &one), &now).json(), now);
}

#[test]
fn messages_of_a_deleted_contact_to_a_group_remain_without_a_sender() {
    let server = TestServer::start();
    let group = new_group(&server);
    let hector = &group["contacts"][0];
    let in_group = send_from(&server, &group, hector);
    let alone = [send_from(&server, hector, hector), send(&server, hector, "to Hector")];
    server.delete(&object_path("contacts", hector));
    for message in &alone {
        server
            .get(&object_path("messages", message))
            .expect_error(404, "not_found");
    }
    let mut expected = in_group.clone();
    expected["contact"] = Value::Null;
    assert_eq!(server.get(&object_path("messages", &in_group)).json(), expected);
    assert_eq!(
        server.get("/v1/messages").json(),
        json!({"has_more": false, "data": [expected]})
    );
    let stale = server.put(&object_path("messages", &in_group), &in_group);
    assert_eq!(stale.expect_error(400, "parameter_invalid"), "contact");
    assert_eq!(
        server.put(&object_path("messages", &in_group), &expected).json(),
        expected
    );
}

#[test]
fn a_contact_created_after_a_deleted_one_is_not_its_messages_sender() {
    let server = TestServer::start();
    let group = new_group(&server);
    let old = server.create("/v1/contacts", &json!({"username": "Hester"}));
    let add = format!("{}/contacts/{}", object_path("groups", &group), text(&old["id"]));
    assert_eq!(server.request("PUT", &add).send().status, 204);
    let message = object_path("messages", &send_from(&server, &group, &old));
    bulk_messages(&server, &group, &old);
    server.delete(&object_path("contacts", &old));
    let next = server.create("/v1/contacts", &json!({"username": "Hester"}));
    let in_group = server.get("/v1/messages?limit=100").json();
    let senders = in_group["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["contact"]);
    assert_eq!(senders.collect::<Vec<_>>(), [&Value::Null; 100]);
    assert_eq!(server.get(&message).json()["contact"], Value::Null);
    assert_eq!(next["last_active_at"], Value::Null);
    assert_eq!(
        server.get(&object_path("groups", &group)).json()["contacts"],
        group["contacts"],
        "nor does it inherit the membership"
    );
    wait_for_rows(&server, "messages WHERE contact_pk IS NOT NULL", 0);
    wait_for_rows(&server, "messages", 6_001);
}

#[test]
fn a_message_updates_the_last_activity_of_its_conversation_and_its_sender() {
    let server = TestServer::start();
    let group = new_group(&server);
    let (hector, cedric) = (&group["contacts"][0], &group["contacts"][1]);
    let active =
        |kind: &str, id: &Value| server.get(&format!("/v1/{kind}/{}", text(id))).json()["last_active_at"].clone();
    let of = |owner: &Value| active("conversations", &owner["conversation_id"]);
    let message = send(&server, &group, "from the account");
    assert_eq!(of(&group), message["created_at"]);
    assert_eq!([of(hector), of(cedric)], [Value::Null, Value::Null]);
    assert_eq!(active("contacts", &hector["id"]), Value::Null, "no contact sent it");
    let message = send_from(&server, &group, hector);
    assert_eq!(active("contacts", &hector["id"]), message["created_at"]);
    assert_eq!(message["contact"]["last_active_at"], message["created_at"]);
    assert_eq!(active("contacts", &cedric["id"]), Value::Null);
    assert_eq!(of(hector), Value::Null, "it was sent to the group");
    assert_eq!(
        server.get(&object_path("groups", &group)).json()["contacts"][0]["last_active_at"],
        message["created_at"]
    );
    for sql in [
        "UPDATE contacts SET last_active_at = 5 WHERE username = 'Hector'",
        "UPDATE conversations SET last_active_at = 5",
    ] {
        backdate(&server, sql);
    }
    let changed = json!({"message": "other", "read_at": 7, "reactions": {"a": ["Hector"]}});
    assert_eq!(server.put(&object_path("messages", &message), &changed).status, 200);
    server.delete(&object_path("messages", &message));
    assert_eq!(
        [of(&group), active("contacts", &hector["id"])],
        [json!(5), json!(5)],
        "only sending counts as activity"
    );
    let message = send(&server, hector, "to Hector");
    assert_eq!([of(&group), of(hector)], [json!(5), message["created_at"].clone()]);
    assert_eq!(
        active("contacts", &hector["id"]),
        json!(5),
        "the account itself sent it"
    );
    let message = send_from(&server, hector, hector);
    assert_eq!(active("contacts", &hector["id"]), message["created_at"]);
}
