//! Each endpoint of conversations, as the contract has it.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::{TestServer, assert_in_order, ids, text};

const PROPERTIES: [&str; 10] = [
    "id",
    "contact_id",
    "group_id",
    "pinned_message_id",
    "is_pinned",
    "is_muted",
    "last_active_at",
    "last_opened_at",
    "created_at",
    "archived_at",
];
const NOBODY: &str = "AAAAAAAAAAAAAAAA";

/// A new contact.
fn contact(server: &TestServer, username: &str) -> Value {
    server.create("/v1/contacts", &json!({"username": username}))
}

/// A new group.
fn group(server: &TestServer) -> Value {
    server.create("/v1/groups", &json!({"name": "Plaza"}))
}

/// The path of an end's conversation.
fn path_of(end: &Value) -> String {
    format!("/v1/conversations/{}", text(&end["conversation_id"]))
}

/// A new message in an end's conversation.
fn message(server: &TestServer, end: &Value) -> String {
    let body = json!({"conversation_id": end["conversation_id"], "message": "x"});
    text(&server.create("/v1/messages", &body)["id"])
}

#[test]
fn a_conversation_is_made_with_its_group_and_with_its_contact() {
    let server = TestServer::start();
    let (group, contact) = (group(&server), contact(&server, "Hector"));
    for (end, one, other) in [(&group, "group_id", "contact_id"), (&contact, "contact_id", "group_id")] {
        let response = server.get(&path_of(end));
        assert_eq!(response.status, 200);
        assert_in_order(&response.text, &PROPERTIES);
        let mut expected = json!({
            "id": end["conversation_id"],
            "pinned_message_id": null,
            "is_pinned": false,
            "is_muted": false,
            "last_active_at": null,
            "last_opened_at": null,
            "created_at": end["created_at"],
            "archived_at": null,
        });
        expected[one] = end["id"].clone();
        expected[other] = Value::Null;
        assert_eq!(response.json(), expected);
    }
    let list = server.get("/v1/conversations").json();
    assert_eq!(
        ids(&list),
        [text(&contact["conversation_id"]), text(&group["conversation_id"])]
    );
    assert_eq!(list["data"][1], server.get(&path_of(&group)).json());
}

#[test]
fn an_id_is_looked_up_in_any_letter_case_and_head_answers_as_get() {
    let server = TestServer::start();
    let group = group(&server);
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
fn what_is_given_is_changed_and_the_rest_stays() {
    let server = TestServer::start();
    let contact = contact(&server, "Hector");
    let path = path_of(&contact);
    let pinned = message(&server, &contact);
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
fn a_form_says_what_json_says() {
    let server = TestServer::start();
    let (group, contact) = (group(&server), contact(&server, "Hector"));
    let path = path_of(&group);
    let pinned = message(&server, &group);
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
    let refused = server.request("PUT", &path).form("is_muted=").send();
    assert_eq!(refused.expect_error(400, "parameter_invalid"), "is_muted");
    for (end, name) in [(&group, "group_id"), (&contact, "contact_id")] {
        server.delete(&path_of(end));
        let (id, other) = (
            text(&end["id"]),
            if name == "group_id" { "contact_id" } else { "group_id" },
        );
        let body = format!("{name}={id}&{other}=");
        let created = server.request("POST", "/v1/conversations").form(&body).send();
        assert_eq!(
            (created.status, &created.json()[name]),
            (201, &end["id"]),
            "{}",
            created.text
        );
    }
}

#[test]
fn a_parameter_that_breaks_its_rule_is_named_and_nothing_changes() {
    let server = TestServer::start();
    let group = group(&server);
    let path = path_of(&group);
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
            json!({"is_muted": true, "pinned_message_id": NOBODY}),
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
        ("archived=1", "parameter_invalid", "archived"),
        ("archived=", "parameter_invalid", "archived"),
        ("muted=True", "parameter_invalid", "muted"),
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
    // The id of another kind of object names nothing here.
    let id = text(&group["id"]);
    for query in [format!("contact_id={id}"), format!("starting_after={id}")] {
        server
            .get(&format!("/v1/conversations?{query}"))
            .expect_error(400, "parameter_invalid");
    }
}

#[test]
fn a_conversation_that_was_read_can_be_sent_back_and_its_read_only_properties_stay() {
    let server = TestServer::start();
    let (group, contact) = (group(&server), contact(&server, "Hector"));
    for end in [&group, &contact] {
        let path = path_of(end);
        let pinned = message(&server, end);
        let all = json!({"pinned_message_id": pinned, "is_pinned": true, "last_opened_at": 3, "archived_at": 4});
        let read = server.put(&path, &all).json();
        for method in ["PUT", "PATCH"] {
            let response = server.request(method, &path).json(&read).send();
            assert_eq!((response.status, response.json()), (200, read.clone()));
        }
        for (property, other) in [
            ("id", json!(NOBODY)),
            ("contact_id", json!(NOBODY)),
            ("group_id", json!(NOBODY)),
            ("last_active_at", json!(1)),
            ("last_active_at", Value::Null),
            ("created_at", json!(1)),
            ("created_at", Value::Null),
        ] {
            let mut changed = read.clone();
            changed[property] = other;
            changed["is_muted"] = json!(true);
            let refused = server.put(&path, &changed);
            assert_eq!(refused.expect_error(400, "parameter_invalid"), property);
        }
        // The end that it has, given as none.
        let end_property = if read["group_id"].is_null() {
            "contact_id"
        } else {
            "group_id"
        };
        let refused = server.put(&path, &json!({end_property: null, "is_muted": true}));
        assert_eq!(refused.expect_error(400, "parameter_invalid"), end_property);
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
fn the_ends_follow_when_a_conversation_is_deleted_and_made_again() {
    for (kind, name) in [("groups", "group_id"), ("contacts", "contact_id")] {
        let server = TestServer::start();
        let (group, contact) = (group(&server), contact(&server, "Hector"));
        let (end, other) = if kind == "groups" {
            (&group, &contact)
        } else {
            (&contact, &group)
        };
        let end_path = format!("/v1/{kind}/{}", text(&end["id"]));
        let first = path_of(end);
        let lost = message(&server, end);
        server.put(
            &first,
            &json!({"is_muted": true, "archived_at": 5, "pinned_message_id": lost}),
        );
        let deleted = server.delete(&first);
        assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            server.request(method, &first).send().expect_error(404, "not_found");
        }
        let mut without = end.clone();
        without["conversation_id"] = Value::Null;
        assert_eq!(server.get(&end_path).json(), without);
        assert_eq!(server.get(&format!("/v1/{kind}")).json()["data"][0], without);
        assert_eq!(
            ids(&server.get("/v1/conversations").json()),
            [text(&other["conversation_id"])]
        );
        let of_end = format!("/v1/conversations?{name}={}", text(&end["id"]));
        assert_eq!(server.get(&of_end).json(), json!({"has_more": false, "data": []}));
        server
            .get(&format!("/v1/messages/{lost}"))
            .expect_error(404, "not_found");

        let created = server.post("/v1/conversations", &json!({name: end["id"]}));
        assert_eq!(created.status, 201);
        assert_in_order(&created.text, &PROPERTIES);
        let conversation = created.json();
        let second = format!("/v1/conversations/{}", text(&conversation["id"]));
        assert_eq!(created.header("location"), Some(second.as_str()));
        assert_ne!(second, first);
        let created_at = conversation["created_at"].as_i64().unwrap();
        assert!(created_at >= end["created_at"].as_i64().unwrap());
        let mut expected = json!({
            "id": conversation["id"], "contact_id": null, "group_id": null, "pinned_message_id": null,
            "is_pinned": false, "is_muted": false, "last_active_at": null, "last_opened_at": null,
            "created_at": created_at, "archived_at": null,
        });
        expected[name] = end["id"].clone();
        assert_eq!(conversation, expected);
        assert_eq!(server.get(&second).json(), expected);
        assert_eq!(server.get(&end_path).json()["conversation_id"], conversation["id"]);
        assert_eq!(ids(&server.get(&of_end).json()), [text(&conversation["id"])]);
        let messages = format!("/v1/messages?conversation_id={}", text(&conversation["id"]));
        assert_eq!(
            server.get(&messages).json()["data"],
            json!([]),
            "nothing of the first one"
        );
    }
}

#[test]
fn a_group_s_members_are_answered_with_their_conversations() {
    let server = TestServer::start();
    let group = server.create(
        "/v1/groups",
        &json!({"name": "x", "contacts": [{"username": "Hector"}]}),
    );
    let path = format!("/v1/groups/{}", text(&group["id"]));
    let hector = &group["contacts"][0];
    server.delete(&path_of(hector));
    assert_eq!(server.get(&path).json()["contacts"][0]["conversation_id"], Value::Null);
    let created = server.create("/v1/conversations", &json!({"contact_id": hector["id"]}));
    assert_eq!(
        server.get(&path).json()["contacts"][0]["conversation_id"],
        created["id"]
    );
}

#[test]
fn an_end_has_one_conversation_at_most() {
    let server = TestServer::start();
    let (group, contact) = (group(&server), contact(&server, "Hector"));
    for (end, name) in [(&group, "group_id"), (&contact, "contact_id")] {
        for _ in 0..2 {
            let refused = server.post("/v1/conversations", &json!({name: end["id"]}));
            assert_eq!(refused.expect_error(409, "conflict"), name);
        }
        server.delete(&path_of(end));
        server.create("/v1/conversations", &json!({name: end["id"]}));
        let refused = server.post("/v1/conversations", &json!({name: end["id"]}));
        assert_eq!(refused.expect_error(409, "conflict"), name);
    }
    assert_eq!(ids(&server.get("/v1/conversations").json()).len(), 2);
}

#[test]
fn of_many_who_make_an_end_s_conversation_at_once_one_succeeds() {
    let server = TestServer::start();
    let (group, contact) = (group(&server), contact(&server, "Hector"));
    for (end, name) in [(&group, "group_id"), (&contact, "contact_id")] {
        server.delete(&path_of(end));
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let make = || server.post("/v1/conversations", &json!({name: end["id"]})).status;
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(make)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
        assert_eq!((count(201), count(409)), (1, 15), "{statuses:?}");
        let list = server.get(&format!("/v1/conversations?{name}={}", text(&end["id"])));
        assert_eq!(ids(&list.json()).len(), 1);
    }
}

#[test]
fn a_conversation_is_made_with_exactly_one_end_that_is_there() {
    let server = TestServer::start();
    let (group, contact) = (group(&server), contact(&server, "Hector"));
    server.delete(&path_of(&group));
    server.delete(&path_of(&contact));
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
        (json!({"group_id": NOBODY}), invalid, "group_id"),
        (json!({"contact_id": "short"}), invalid, "contact_id"),
        (json!({"contact_id": {"id": contact}}), invalid, "contact_id"),
        (json!({"group_id": 7}), invalid, "group_id"),
        (
            json!({"group_id": group, "is_muted": true}),
            "parameter_unknown",
            "is_muted",
        ),
        (json!({"group_id": group, "id": NOBODY}), "parameter_unknown", "id"),
    ] {
        let response = server.post("/v1/conversations", &body);
        assert_eq!(response.expect_error(400, code), param, "{body}");
    }
    assert_eq!(
        server.get("/v1/conversations").json()["data"],
        json!([]),
        "nothing was made"
    );
    server.create("/v1/conversations", &json!({"group_id": group, "contact_id": null}));
    server.create("/v1/conversations", &json!({"contact_id": contact, "group_id": null}));
}

#[test]
fn only_a_message_of_the_conversation_can_be_pinned() {
    let server = TestServer::start();
    let (group, contact) = (group(&server), contact(&server, "Hector"));
    let path = path_of(&group);
    let (own, second) = (message(&server, &group), message(&server, &group));
    let elsewhere = message(&server, &contact);
    let pin = |id: &Value| server.put(&path, &json!({"pinned_message_id": id}));
    assert_eq!(pin(&json!(own)).json()["pinned_message_id"], json!(own));
    assert_eq!(
        pin(&json!(second.to_uppercase())).json()["pinned_message_id"],
        json!(second),
        "answered as stored"
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
    for wrong in [&elsewhere, &theirs, &text(&group["id"]), NOBODY] {
        let refused = pin(&json!(wrong));
        assert_eq!(refused.expect_error(400, "parameter_invalid"), "pinned_message_id");
    }
    assert_eq!(server.get(&path).json()["pinned_message_id"], json!(second), "it stays");
    server.delete(&format!("/v1/messages/{own}"));
    assert_eq!(server.get(&path).json()["pinned_message_id"], json!(second));
    server.delete(&format!("/v1/messages/{second}"));
    assert_eq!(server.get(&path).json()["pinned_message_id"], Value::Null, "it is gone");
    pin(&json!(second)).expect_error(400, "parameter_invalid");
    // Pinned messages and pinned conversations have nothing to do with each other.
    let pinned = server.put(&path, &json!({"is_pinned": true})).json();
    assert_eq!(
        (&pinned["is_pinned"], &pinned["pinned_message_id"]),
        (&json!(true), &Value::Null)
    );
}

#[test]
fn a_conversation_goes_with_its_end() {
    let server = TestServer::start();
    let (group, contact) = (group(&server), contact(&server, "Hector"));
    for (end, kind) in [(&group, "groups"), (&contact, "contacts")] {
        server.delete(&format!("/v1/{kind}/{}", text(&end["id"])));
        server.get(&path_of(end)).expect_error(404, "not_found");
        let cursor = server.get(&format!(
            "/v1/conversations?starting_after={}",
            text(&end["conversation_id"])
        ));
        assert_eq!(cursor.expect_error(400, "parameter_invalid"), "starting_after");
    }
    assert_eq!(server.get("/v1/conversations").json()["data"], json!([]));
}

#[test]
fn another_account_s_conversation_is_as_good_as_none() {
    let server = TestServer::start();
    let (group, contact) = (group(&server), contact(&server, "Hector"));
    let other = server.create_account("other");
    let ask = |method: &str, path: &str| {
        server
            .request(method, path)
            .token(&other)
            .header("x-request-id", "same")
    };
    let nothing = ask("GET", &format!("/v1/conversations/{NOBODY}")).send().text;
    for end in [&group, &contact] {
        let id = text(&end["conversation_id"]);
        let before = server.get(&path_of(end)).text;
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let response = ask(method, &path_of(end)).json(&json!({"is_muted": true})).send();
            if method == "GET" || method == "DELETE" {
                let response = ask(method, &path_of(end)).send();
                assert_eq!(
                    (response.status, response.text.replace(&id, NOBODY)),
                    (404, nothing.clone())
                );
            } else {
                response.expect_error(404, "not_found");
            }
        }
        for query in ["starting_after", "ending_before"] {
            let response = ask("GET", &format!("/v1/conversations?{query}={id}")).send();
            assert_eq!(response.expect_error(400, "parameter_invalid"), query);
        }
        assert_eq!(server.get(&path_of(end)).text, before);
        server.delete(&path_of(end));
    }
    for (name, id) in [("group_id", &group["id"]), ("contact_id", &contact["id"])] {
        let list = ask("GET", &format!("/v1/conversations?{name}={}", text(id))).send();
        assert_eq!(list.expect_error(400, "parameter_invalid"), name);
        let created = ask("POST", "/v1/conversations").json(&json!({name: id})).send();
        assert_eq!(created.expect_error(400, "parameter_invalid"), name);
    }
    assert_eq!(ask("GET", "/v1/conversations").send().json()["data"], json!([]));
}

/// A conversation of the model.
#[derive(Clone, Debug)]
struct Model {
    id: String,
    /// `group_id` or `contact_id`, and its value.
    end: (&'static str, String),
    archived: bool,
    muted: bool,
    pinned: bool,
}

/// The 27 queries of the three flags, each with what it lets in.
fn filters() -> Vec<(String, impl Fn(&Model) -> bool)> {
    let values = [None, Some(true), Some(false)];
    let mut filters = Vec::new();
    for archived in values {
        for muted in values {
            for pinned in values {
                let wanted = [("archived", archived), ("muted", muted), ("pinned", pinned)];
                let given = wanted
                    .iter()
                    .filter_map(|(name, value)| Some(format!("&{name}={}", (*value)?)));
                filters.push((given.collect(), move |model: &Model| {
                    let has = [model.archived, model.muted, model.pinned];
                    wanted
                        .iter()
                        .zip(has)
                        .all(|((_, wanted), has)| wanted.is_none_or(|wanted| wanted == has))
                }));
            }
        }
    }
    filters
}

/// The list's path with a query that more can be put to.
fn listed(filter: &str) -> String {
    match filter.strip_prefix('&') {
        Some(filter) => format!("/v1/conversations?{filter}"),
        None => "/v1/conversations?".to_owned(),
    }
}

/// Gives a conversation the flags that the model has.
fn set_flags(server: &TestServer, token: &str, model: &Model) {
    let archived_at = model.archived.then_some(5);
    let flags = json!({"archived_at": archived_at, "is_muted": model.muted, "is_pinned": model.pinned});
    let path = format!("/v1/conversations/{}", model.id);
    let response = server.request("PATCH", &path).token(token).json(&flags).send();
    assert_eq!(response.status, 200, "{}", response.text);
}

/// Makes a group or a contact with its conversation.
fn made_end(server: &TestServer, token: &str, is_group: bool, n: usize, flags: u8) -> Model {
    let (path, body, name) = match is_group {
        true => ("/v1/groups", json!({"name": "x"}), "group_id"),
        false => ("/v1/contacts", json!({"username": format!("u{n}")}), "contact_id"),
    };
    let end = server.request("POST", path).token(token).json(&body).send().json();
    let model = Model {
        id: text(&end["conversation_id"]),
        end: (name, text(&end["id"])),
        archived: flags & 1 != 0,
        muted: flags & 2 != 0,
        pinned: flags & 4 != 0,
    };
    set_flags(server, token, &model);
    model
}

#[test]
fn every_combination_of_the_filters_shows_what_it_says() {
    let server = TestServer::start();
    let token = server.token.clone();
    // Each of the eight combinations for groups and for contacts, mixed in the order of creation.
    let mut conversations: Vec<Model> = (0..16_u8)
        .map(|n| made_end(&server, &token, n % 2 == 0, n.into(), n.wrapping_mul(5) >> 1))
        .collect();
    conversations.reverse();
    let all: Vec<String> = conversations.iter().map(|model| model.id.clone()).collect();
    for (filter, lets_in) in filters() {
        let shown: Vec<String> = conversations
            .iter()
            .filter(|model| lets_in(model))
            .map(|model| model.id.clone())
            .collect();
        assert!(!shown.is_empty());
        server.assert_pages(&token, &listed(&filter), &all, &shown, 3);
        for model in &conversations {
            let (name, id) = &model.end;
            let list = server.get(&format!("/v1/conversations?{name}={id}{filter}")).json();
            let expected: &[String] = if lets_in(model) {
                std::slice::from_ref(&model.id)
            } else {
                &[]
            };
            assert_eq!(
                (ids(&list), &list["has_more"]),
                (expected.to_vec(), &json!(false)),
                "{name} {filter}"
            );
        }
        let (one, other) = (&conversations[0].end, &conversations[1].end);
        let both = server.get(&format!(
            "/v1/conversations?{}={}&{}={}{filter}",
            one.0, one.1, other.0, other.1
        ));
        assert_eq!(
            both.json(),
            json!({"has_more": false, "data": []}),
            "none is of two ends"
        );
    }
    // A page of one end begins at any conversation too.
    let oldest = conversations.last().unwrap();
    let (name, id) = &oldest.end;
    server.assert_pages(
        &token,
        &format!("/v1/conversations?{name}={id}"),
        &all,
        std::slice::from_ref(&oldest.id),
        1,
    );
}

#[derive(Clone, Debug)]
enum Step {
    Make {
        is_group: bool,
        flags: u8,
    },
    /// Sets the flags of the conversation at this place, counted round.
    Flag {
        place: usize,
        flags: u8,
    },
    /// Deletes it.
    Delete(usize),
    /// Deletes it and makes its end a new one.
    Remake(usize),
    /// Deletes its end.
    DeleteEnd(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (any::<bool>(), 0..8_u8).prop_map(|(is_group, flags)| Step::Make { is_group, flags }),
        3 => (any::<usize>(), 0..8_u8).prop_map(|(place, flags)| Step::Flag { place, flags }),
        1 => any::<usize>().prop_map(Step::Delete),
        2 => any::<usize>().prop_map(Step::Remake),
        1 => any::<usize>().prop_map(Step::DeleteEnd),
    ];
    proptest::collection::vec(step, 1..24)
}

fn run(server: &TestServer, token: &str, n: usize, step: &Step, there: &mut Vec<Model>) {
    let delete = |path: String| {
        let response = server.request("DELETE", &path).token(token).send();
        assert_eq!(response.status, 204, "{path}: {}", response.text);
    };
    let place = match step {
        Step::Make { is_group, flags } => return there.push(made_end(server, token, *is_group, n, *flags)),
        Step::Flag { place, .. } | Step::Delete(place) | Step::Remake(place) | Step::DeleteEnd(place) => place,
    };
    if there.is_empty() {
        return;
    }
    let place = place % there.len();
    if let Step::Flag { flags, .. } = step {
        let model = &mut there[place];
        (model.archived, model.muted, model.pinned) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
        return set_flags(server, token, model);
    }
    let model = there.remove(place);
    let (name, id) = model.end;
    if let Step::DeleteEnd(_) = step {
        return delete(format!("/v1/{}s/{id}", name.trim_end_matches("_id")));
    }
    delete(format!("/v1/conversations/{}", model.id));
    if let Step::Remake(_) = step {
        let created = server
            .request("POST", "/v1/conversations")
            .token(token)
            .json(&json!({name: id}));
        let id = (name, id);
        let conversation = created.send().json();
        there.push(Model {
            id: text(&conversation["id"]),
            end: id,
            archived: false,
            muted: false,
            pinned: false,
        });
    }
}

#[test]
fn the_list_follows_whatever_is_made_changed_and_deleted() {
    let server = TestServer::start();
    let count = std::cell::Cell::new(0);
    proptest!(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() }, |(steps in steps())| {
        count.set(count.get() + 1);
        let token = server.create_account(&format!("account {}", count.get()));
        let mut there = Vec::new();
        for (n, step) in steps.iter().enumerate() {
            run(&server, &token, n, step, &mut there);
        }
        let all: Vec<String> = there.iter().rev().map(|model| model.id.clone()).collect();
        for (filter, lets_in) in filters() {
            let shown: Vec<String> = there.iter().rev().filter(|model| lets_in(model)).map(|model| model.id.clone()).collect();
            server.assert_pages(&token, &listed(&filter), &all, &shown, 2);
        }
    });
}
