//! Updating conversations.

use serde_json::{Value, json};

use super::fixtures::{PROPERTIES, conversation_path, create_message, new_group};
use crate::harness::{ABSENT_ID, TestServer, assert_in_order, text};

#[test]
fn an_update_changes_only_the_given_properties() {
    let server = TestServer::start();
    let contact = server.create_contact("Hector");
    let path = conversation_path(&contact);
    let pinned = create_message(&server, &contact);
    let mut expected = server.get(&path).json();
    for method in ["PUT", "PATCH"] {
        for (property, value) in [
            ("is_pinned", json!(true)),
            ("is_muted", json!(true)),
            ("last_opened_at", json!(17)),
            ("archived_at", json!(0)),
            ("pinned_message_id", json!(pinned)),
            ("archived_at", json!(253_402_300_799_i64)),
            ("is_pinned", json!(false)),
            ("archived_at", Value::Null),
            ("last_opened_at", Value::Null),
            ("pinned_message_id", Value::Null),
            ("is_muted", json!(false)),
        ] {
            expected[property] = value.clone();
            let response = server.request(method, &path).json(&json!({property: value})).send();
            assert_eq!(
                (response.status, response.json()),
                (200, expected.clone()),
                "{property}"
            );
            assert_in_order(&response.text, &PROPERTIES);
            assert_eq!(server.get(&path).text, response.text);
        }
    }
    let all = json!({
        "is_pinned": true, "is_muted": true, "last_opened_at": 1, "archived_at": 2, "pinned_message_id": pinned,
    });
    let changed = server.put(&path, &all).json();
    for (property, value) in all.as_object().unwrap() {
        assert_eq!(&changed[property], value);
    }
    assert_eq!(server.put(&path, &json!({})).json(), changed);
}

#[test]
fn forms_have_the_same_effect_as_json() {
    let server = TestServer::start();
    let (group, contact) = (new_group(&server), server.create_contact("Hector"));
    let path = conversation_path(&group);
    let pinned = create_message(&server, &group);
    let form = |path: &str, text: &str| server.request("PUT", path).form(text).send().json();
    let set = format!("is_pinned=true&is_muted=true&last_opened_at=5&archived_at=6&pinned_message_id={pinned}");
    let changed = form(&path, &set);
    assert_eq!(
        PROPERTIES.map(|property| changed[property].clone())[3..6],
        [json!(pinned), json!(true), json!(true)]
    );
    assert_eq!(
        (&changed["last_opened_at"], &changed["archived_at"]),
        (&json!(5), &json!(6))
    );
    let unset = form(
        &path,
        "is_pinned=false&is_muted=false&last_opened_at=&archived_at&pinned_message_id=",
    );
    assert_eq!(
        [
            "pinned_message_id",
            "is_pinned",
            "is_muted",
            "last_opened_at",
            "archived_at"
        ]
        .map(|name| unset[name].clone()),
        [Value::Null, json!(false), json!(false), Value::Null, Value::Null]
    );
    let rejected = server.request("PUT", &path).form("is_muted=").send();
    assert_eq!(rejected.expect_error(400, "parameter_invalid"), "is_muted");
    for (owner, name) in [(&group, "group_id"), (&contact, "contact_id")] {
        server.delete(&conversation_path(owner));
        let (id, other) = (
            text(&owner["id"]),
            if name == "group_id" { "contact_id" } else { "group_id" },
        );
        let body = format!("{name}={id}&{other}=");
        let created = server.request("POST", "/v1/conversations").form(&body).send();
        assert_eq!(
            (created.status, &created.json()[name]),
            (201, &owner["id"]),
            "{}",
            created.text
        );
    }
}

#[test]
fn an_invalid_parameter_is_named_and_nothing_changes() {
    let server = TestServer::start();
    let group = new_group(&server);
    let path = conversation_path(&group);
    let before = server.get(&path).text;
    for (body, param) in [
        (json!({"is_pinned": "true"}), "is_pinned"),
        (json!({"is_pinned": 1}), "is_pinned"),
        (json!({"is_muted": null}), "is_muted"),
        (json!({"is_muted": true, "last_opened_at": -1}), "last_opened_at"),
        (json!({"is_muted": true, "last_opened_at": "5"}), "last_opened_at"),
        (json!({"is_muted": true, "archived_at": 1.5}), "archived_at"),
        (
            json!({"is_muted": true, "archived_at": 253_402_300_800_i64}),
            "archived_at",
        ),
        (
            json!({"is_muted": true, "pinned_message_id": "short"}),
            "pinned_message_id",
        ),
        (json!({"is_muted": true, "pinned_message_id": 5}), "pinned_message_id"),
        (
            json!({"is_muted": true, "pinned_message_id": ABSENT_ID}),
            "pinned_message_id",
        ),
    ] {
        let response = server.put(&path, &body);
        assert_eq!(response.expect_error(400, "parameter_invalid"), param, "{body}");
    }
    let unknown = server.put(&path, &json!({"is_muted": true, "name": "x"}));
    assert_eq!(unknown.expect_error(400, "parameter_unknown"), "name");
    assert_eq!(server.get(&path).text, before);
    for (query, code, param) in [
        ("archived=01", "parameter_invalid", "archived"),
        ("archived=", "parameter_invalid", "archived"),
        ("muted=Tru%D0%B5", "parameter_invalid", "muted"),
        ("pinned=yes", "parameter_invalid", "pinned"),
        ("group_id=short", "parameter_invalid", "group_id"),
        ("group_id=AAAAAAAAAAAAAAAA", "parameter_invalid", "group_id"),
        ("contact_id=AAAAAAAAAAAAAAAA", "parameter_invalid", "contact_id"),
        ("contact_id=", "parameter_invalid", "contact_id"),
        ("starting_after=AAAAAAAAAAAAAAAA", "parameter_invalid", "starting_after"),
        ("ending_before=x", "parameter_invalid", "ending_before"),
        ("limit=0", "parameter_invalid", "limit"),
        ("limit=101", "parameter_invalid", "limit"),
        ("is_muted=true", "parameter_unknown", "is_muted"),
        ("muted=true&muted=true", "parameter_unknown", "muted"),
        ("query=x", "parameter_unknown", "query"),
    ] {
        let response = server.get(&format!("/v1/conversations?{query}"));
        assert_eq!(response.expect_error(400, code), param, "{query}");
    }
    // The id of another kind of object is invalid here.
    let id = text(&group["id"]);
    for query in [format!("contact_id={id}"), format!("starting_after={id}")] {
        server
            .get(&format!("/v1/conversations?{query}"))
            .expect_error(400, "parameter_invalid");
    }
}

#[test]
fn a_retrieved_conversation_can_be_sent_back_but_its_read_only_properties_cannot_change() {
    let server = TestServer::start();
    let (group, contact) = (new_group(&server), server.create_contact("Hector"));
    for owner in [&group, &contact] {
        let path = conversation_path(owner);
        let pinned = create_message(&server, owner);
        let all = json!({"pinned_message_id": pinned, "is_pinned": true, "last_opened_at": 3, "archived_at": 4});
        let read = server.put(&path, &all).json();
        for method in ["PUT", "PATCH"] {
            let response = server.request(method, &path).json(&read).send();
            assert_eq!((response.status, response.json()), (200, read.clone()));
        }
        for (property, other) in [
            ("id", json!(ABSENT_ID)),
            ("contact_id", json!(ABSENT_ID)),
            ("group_id", json!(ABSENT_ID)),
            ("last_active_at", json!(1)),
            ("last_active_at", Value::Null),
            ("created_at", json!(1)),
            ("created_at", Value::Null),
        ] {
            let mut changed = read.clone();
            changed[property] = other;
            changed["is_muted"] = json!(true);
            let rejected = server.put(&path, &changed);
            assert_eq!(rejected.expect_error(400, "parameter_invalid"), property);
        }
        // Not even by setting the owner to null.
        let owner_property = if read["group_id"].is_null() {
            "contact_id"
        } else {
            "group_id"
        };
        let rejected = server.put(&path, &json!({owner_property: null, "is_muted": true}));
        assert_eq!(rejected.expect_error(400, "parameter_invalid"), owner_property);
        assert_eq!(server.get(&path).json(), read, "nothing changed");
        let form = format!(
            "id={}&contact_id={}&group_id={}&created_at={}",
            text(&read["id"]),
            read["contact_id"].as_str().unwrap_or_default(),
            read["group_id"].as_str().unwrap_or_default(),
            read["created_at"]
        );
        let response = server.request("PUT", &path).form(&form).send();
        assert_eq!((response.status, response.json()), (200, read));
    }
}

#[test]
fn only_a_message_of_the_conversation_can_be_pinned() {
    let server = TestServer::start();
    let (group, contact) = (new_group(&server), server.create_contact("Hector"));
    let path = conversation_path(&group);
    let (own, second) = (create_message(&server, &group), create_message(&server, &group));
    let elsewhere = create_message(&server, &contact);
    let pin = |id: &Value| server.put(&path, &json!({"pinned_message_id": id}));
    assert_eq!(pin(&json!(own)).json()["pinned_message_id"], json!(own));
    assert_eq!(
        pin(&json!(second.to_uppercase())).json()["pinned_message_id"],
        json!(second),
        "the id is returned as stored"
    );
    let other = server.create_account("other");
    let theirs = server
        .request("POST", "/v1/groups")
        .token(&other)
        .json(&json!({"name": "x"}));
    let body = json!({"conversation_id": theirs.send().json()["conversation_id"], "message": "x"});
    let theirs = server.request("POST", "/v1/messages").token(&other).json(&body).send();
    assert_eq!(theirs.status, 201);
    let theirs = text(&theirs.json()["id"]);
    for wrong in [&elsewhere, &theirs, &text(&group["id"]), ABSENT_ID] {
        let rejected = pin(&json!(wrong));
        assert_eq!(rejected.expect_error(400, "parameter_invalid"), "pinned_message_id");
    }
    assert_eq!(
        server.get(&path).json()["pinned_message_id"],
        json!(second),
        "the pin is unchanged"
    );
    server.delete(&format!("/v1/messages/{own}"));
    assert_eq!(server.get(&path).json()["pinned_message_id"], json!(second));
    server.delete(&format!("/v1/messages/{second}"));
    assert_eq!(
        server.get(&path).json()["pinned_message_id"],
        Value::Null,
        "deleting the message unpins it"
    );
    pin(&json!(second)).expect_error(400, "parameter_invalid");
    // A conversation can be pinned without a pinned message.
    let pinned = server.put(&path, &json!({"is_pinned": true})).json();
    assert_eq!(
        (&pinned["is_pinned"], &pinned["pinned_message_id"]),
        (&json!(true), &Value::Null)
    );
}
