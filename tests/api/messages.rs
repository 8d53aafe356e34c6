//! Each endpoint of messages, as the contract has it.

use serde_json::{Value, json};

use crate::harness::{ABSENT_ID, Response, TestServer, assert_in_order, bulk_messages, encode, ids, object_path, text};

const PROPERTIES: [&str; 8] = [
    "id",
    "conversation_id",
    "contact",
    "message",
    "reactions",
    "read_at",
    "created_at",
    "updated_at",
];

/// A new group with two members.
fn group(server: &TestServer) -> Value {
    server.create(
        "/v1/groups",
        &json!({"name": "Plaza", "contacts": [{"username": "Hector"}, {"username": "Cedric"}]}),
    )
}

/// A new message of the account's owner in an end's conversation.
fn sent(server: &TestServer, end: &Value, message: &str) -> Value {
    let body = json!({"conversation_id": end["conversation_id"], "message": message});
    server.create("/v1/messages", &body)
}

/// A new message of a contact in an end's conversation.
fn sent_by(server: &TestServer, end: &Value, contact: &Value) -> Value {
    let body = json!({"conversation_id": end["conversation_id"], "message": "x", "contact_id": contact["id"]});
    server.create("/v1/messages", &body)
}

/// Waits until as many rows of a table as that are left.
fn cleared(server: &TestServer, rows: &str, left: usize) {
    let conn = rusqlite::Connection::open(&server.db).unwrap();
    let count = || -> usize {
        let sql = format!("SELECT count(*) FROM {rows}");
        conn.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while count() > left {
        assert!(std::time::Instant::now() < deadline, "{} of {rows}", count());
        std::thread::yield_now();
    }
    assert_eq!(count(), left);
}

/// Puts the time of an object in the past, as if it were older: one test does not wait for seconds to pass.
fn set_back(server: &TestServer, sql: &str) {
    let changed = rusqlite::Connection::open(&server.db)
        .unwrap()
        .execute(sql, [])
        .unwrap();
    assert!(changed > 0, "{sql}");
}

#[test]
fn a_sent_message_is_answered_whole_and_can_be_retrieved() {
    let server = TestServer::start();
    let group = group(&server);
    let response = server.post(
        "/v1/messages",
        &json!({"conversation_id": group["conversation_id"], "message": "Merry Christmas!"}),
    );
    assert_eq!(response.status, 201);
    assert_in_order(&response.text, &PROPERTIES);
    let message = response.json();
    let location = object_path("messages", &message);
    assert_eq!(response.header("location"), Some(location.as_str()));
    let created_at = message["created_at"].as_i64().unwrap();
    assert!(created_at >= group["created_at"].as_i64().unwrap());
    let expected = json!({
        "id": message["id"],
        "conversation_id": group["conversation_id"],
        "contact": null,
        "message": "Merry Christmas!",
        "reactions": [],
        "read_at": null,
        "created_at": created_at,
        "updated_at": null,
    });
    assert_eq!(message, expected);
    let id = text(&message["id"]);
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    for spelled in [id.clone(), id.to_lowercase(), id.to_uppercase()] {
        let retrieved = server.get(&format!("/v1/messages/{spelled}"));
        assert_eq!((retrieved.status, &retrieved.text), (200, &response.text));
    }
    let list = server.get("/v1/messages").json();
    assert_eq!(list, json!({"has_more": false, "data": [expected]}));
    for path in ["/v1/messages", &location] {
        let (get, head) = (server.get(path), server.request("HEAD", path).send());
        assert_eq!((head.status, head.text.as_str()), (200, ""));
        assert_eq!(head.header("content-length"), Some(get.text.len().to_string().as_str()));
    }
}

#[test]
fn a_deleted_message_is_gone() {
    let server = TestServer::start();
    let group = group(&server);
    let (kept, message) = (sent(&server, &group, "kept"), sent(&server, &group, "x"));
    let response = server.delete(&object_path("messages", &message));
    assert_eq!((response.status, response.text.as_str()), (204, ""));
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        let response = server.request(method, &object_path("messages", &message)).send();
        response.expect_error(404, "not_found");
    }
    for cursor in ["starting_after", "ending_before"] {
        let list = server.get(&format!("/v1/messages?{cursor}={}", text(&message["id"])));
        assert_eq!(list.expect_error(400, "parameter_invalid"), cursor);
    }
    assert_eq!(
        server.get("/v1/messages").json(),
        json!({"has_more": false, "data": [kept]})
    );
    let conversation = server.get(&format!("/v1/conversations/{}", text(&group["conversation_id"])));
    assert_eq!(
        conversation.json()["last_active_at"],
        message["created_at"],
        "it is not set back"
    );
}

#[test]
fn any_text_comes_back_byte_for_byte() {
    let server = TestServer::start();
    let group = group(&server);
    let every_control: String = (1..0x20)
        .chain(0x7f..0xa0)
        .map(|code| char::from_u32(code).unwrap())
        .collect();
    let unusual: String = [
        '\u{fffe}',
        '\u{ffff}',
        '\u{fdd0}',
        '\u{1fffe}',
        '\u{10ffff}',
        '\u{e000}',
        '\u{feff}',
        '\u{fffd}',
    ]
    .iter()
    .collect();
    let mut texts = vec![
        "👩‍👩‍👧‍👦 👍🏽 🇩🇪 🏴󠁧󠁢󠁳󠁣󠁴󠁿 1️⃣ ❤️".to_owned(),
        "שלום \u{202e}abc\u{202c} مرحبا \u{2067}x\u{2069} \u{200f}".to_owned(),
        "e\u{301} é Z\u{300}\u{301}\u{302}\u{323}\u{345} \u{301}\u{301} हिन्दी ภาษาไทย 각 각".to_owned(),
        "line\nline\r\nline\rtab\tvertical\u{b}form\u{c}next\u{85}\u{2028}\u{2029}".to_owned(),
        "\"quoted\" 'so' `and` \\ \\n \\u0041 / </script> %41 + & = {\"a\": [1]} -- ; ?1 :a $a @a".to_owned(),
        " ".to_owned(),
        "\u{3000}\n\t ".to_owned(),
        " \u{a0}leading and trailing\u{200b} ".to_owned(),
        "null".to_owned(),
        "true".to_owned(),
        "12".to_owned(),
        "[]".to_owned(),
        every_control.clone(),
        unusual.clone(),
    ];
    texts.extend(every_control.chars().chain(unusual.chars()).map(String::from));
    let reference = object_path("messages", &sent(&server, &group, "to be changed"));
    for sent_text in &texts {
        let conversation = text(&group["conversation_id"]);
        let by_json = sent(&server, &group, sent_text);
        let form = format!("conversation_id={conversation}&message={}", encode(sent_text));
        let by_form = server.request("POST", "/v1/messages").form(&form).send().json();
        // As clients write it that escape all that is not ASCII.
        let escaped: String = sent_text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let body = format!("{{\"conversation_id\":\"{conversation}\",\"message\":\"{escaped}\"}}");
        let escaped = server
            .request("POST", "/v1/messages")
            .body("application/json", body)
            .send()
            .json();
        for message in [by_json, by_form, escaped] {
            assert_eq!(message["message"], json!(sent_text), "{sent_text:?}");
            assert_eq!(server.get(&object_path("messages", &message)).json(), message);
        }
        assert_eq!(
            server.get("/v1/messages?limit=1").json()["data"][0]["message"],
            json!(sent_text)
        );
        assert_eq!(
            server.put(&reference, &json!({"message": sent_text})).json()["message"],
            json!(sent_text)
        );
        assert_eq!(server.get(&reference).json()["message"], json!(sent_text));
    }
    let before: Vec<Value> = server.get("/v1/messages?limit=100").json()["data"]
        .as_array()
        .unwrap()
        .clone();
    let server = server.restart();
    assert_eq!(server.get("/v1/messages?limit=100").json()["data"], json!(before));
}

#[test]
fn a_message_s_length_is_counted_in_characters() {
    let server = TestServer::start();
    let group = group(&server);
    let first = object_path("messages", &sent(&server, &group, "x"));
    // Of one, two, three and four bytes, letters and signs; two characters that are seen as one count as two.
    for unit in ["a", "é", "語", "👍", "𐐷", "\u{1}", "e\u{301}"] {
        let (longest, over) = (
            unit.repeat(10_000 / unit.chars().count()),
            format!("{}x", unit.repeat(10_000 / unit.chars().count())),
        );
        let message = sent(&server, &group, &longest);
        assert!(message["message"] == json!(longest), "{unit:?} changed");
        assert!(
            server.get(&object_path("messages", &message)).json() == message,
            "{unit:?} changed"
        );
        assert_eq!(server.put(&first, &json!({"message": longest})).status, 200, "{unit:?}");
        let body = json!({"conversation_id": group["conversation_id"], "message": over});
        let before = server.get(&first).text;
        for response in [
            server.post("/v1/messages", &body),
            server.put(&first, &json!({"message": over})),
        ] {
            assert_eq!(response.expect_error(400, "parameter_invalid"), "message", "{unit:?}");
        }
        assert!(server.get(&first).text == before, "{unit:?} changed");
        assert_eq!(server.delete(&object_path("messages", &message)).status, 204);
    }
    let encoded = "%F0%9F%91%8D".repeat(10_000);
    let form = format!("conversation_id={}&message={encoded}", text(&group["conversation_id"]));
    assert_eq!(server.request("POST", "/v1/messages").form(&form).send().status, 201);
    assert_eq!(ids(&server.get("/v1/messages").json()).len(), 2);
}

#[test]
fn nul_is_refused_in_a_message_and_its_reactions() {
    let server = TestServer::start();
    let group = group(&server);
    let message = object_path("messages", &sent(&server, &group, "x"));
    let before = server.get(&message).text;
    let conversation = text(&group["conversation_id"]);
    let (json_type, form_type) = ("application/json", "application/x-www-form-urlencoded");
    let refused = |method: &str, path: &str, kind: &str, body: String| {
        let response = server.request(method, path).body(kind, body.clone()).send();
        assert_eq!(response.expect_error(400, "body_malformed"), Value::Null, "{body}");
    };
    for nul in ["\\u0000", "a\\u0000b"] {
        let body = format!("{{\"conversation_id\":\"{conversation}\",\"message\":\"{nul}\"}}");
        refused("POST", "/v1/messages", json_type, body);
        refused("PUT", &message, json_type, format!("{{\"message\":\"{nul}\"}}"));
        refused(
            "PUT",
            &message,
            json_type,
            format!("{{\"reactions\":{{\"{nul}\":[\"x\"]}}}}"),
        );
        refused(
            "PUT",
            &message,
            json_type,
            format!("{{\"reactions\":{{\"a\":[\"{nul}\"]}}}}"),
        );
    }
    let form = format!("conversation_id={conversation}&message=a%00b");
    refused("POST", "/v1/messages", form_type, form);
    refused("PUT", &message, form_type, "message=a%00b".to_owned());
    refused("PUT", &message, form_type, "reactions[a%00][]=b".to_owned());
    assert_eq!(server.get(&message).text, before);
    assert_eq!(ids(&server.get("/v1/messages").json()).len(), 1);
}

#[test]
fn a_parameter_that_breaks_its_rule_is_named_and_nothing_is_sent() {
    let server = TestServer::start();
    let group = group(&server);
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

    let message = object_path("messages", &sent(&server, &group, "x"));
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

#[test]
fn a_sender_is_a_member_of_the_group_or_the_conversation_s_contact() {
    let server = TestServer::start();
    let group = group(&server);
    let (hector, cedric) = (&group["contacts"][0], &group["contacts"][1]);
    let stranger = server.create("/v1/contacts", &json!({"username": "Stranger"}));
    for (end, sender) in [
        (&group, hector),
        (&group, cedric),
        (hector, hector),
        (&stranger, &stranger),
    ] {
        let message = sent_by(&server, end, sender);
        let now = server.get(&object_path("contacts", sender)).json();
        assert_eq!(message["contact"], now, "the whole contact, with this message counted");
        assert_eq!(server.get(&object_path("messages", &message)).json(), message);
    }
    let upper = text(&hector["id"]).to_uppercase();
    let body = json!({"conversation_id": group["conversation_id"], "message": "x", "contact_id": upper});
    assert_eq!(server.create("/v1/messages", &body)["contact"]["id"], hector["id"]);
    let form = format!(
        "conversation_id={}&message=x&contact_id=",
        text(&group["conversation_id"])
    );
    let by_owner = server.request("POST", "/v1/messages").form(&form).send();
    assert_eq!((by_owner.status, &by_owner.json()["contact"]), (201, &Value::Null));

    let other = server.create_account("other");
    let theirs = server
        .request("POST", "/v1/contacts")
        .token(&other)
        .json(&json!({"username": "Hector"}))
        .send();
    let count = ids(&server.get("/v1/messages?limit=100").json()).len();
    let refused = |end: &Value, sender: &Value| {
        let body = json!({"conversation_id": end["conversation_id"], "message": "x", "contact_id": sender["id"]});
        let response = server.post("/v1/messages", &body);
        assert_eq!(response.expect_error(400, "parameter_invalid"), "contact_id");
    };
    refused(&group, &stranger);
    refused(hector, cedric);
    refused(&stranger, hector);
    refused(&group, &theirs.json());
    refused(&group, &group);
    server.delete(&format!(
        "{}/contacts/{}",
        object_path("groups", &group),
        text(&cedric["id"])
    ));
    refused(&group, cedric);
    server.put(
        &format!("{}/contacts/{}", object_path("groups", &group), text(&cedric["id"])),
        &json!({}),
    );
    sent_by(&server, &group, cedric);
    server.put(&object_path("groups", &group), &json!({"contacts": [hector]}));
    refused(&group, cedric);
    server.delete(&object_path("contacts", hector));
    refused(&group, hector);
    assert_eq!(
        ids(&server.get("/v1/messages?limit=100").json()).len(),
        count,
        "Cedric sent one, and the one to Hector alone went with him"
    );
}

#[test]
fn what_a_removed_member_sent_stays_with_its_sender() {
    let server = TestServer::start();
    let group = group(&server);
    let (hector, cedric) = (&group["contacts"][0], &group["contacts"][1]);
    let (one, other) = (sent_by(&server, &group, hector), sent_by(&server, &group, cedric));
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
    // As the contact is now, and still as its sender when it is sent back.
    server.put(&object_path("contacts", hector), &json!({"display_name": "Concierge"}));
    let now = server.get(&object_path("messages", &one)).json();
    assert_eq!(now["contact"]["display_name"], "Concierge");
    assert_eq!(server.put(&object_path("messages", &one), &now).json(), now);
}

#[test]
fn what_a_deleted_contact_sent_to_a_group_stays_without_a_sender() {
    let server = TestServer::start();
    let group = group(&server);
    let hector = &group["contacts"][0];
    let in_group = sent_by(&server, &group, hector);
    let alone = [sent_by(&server, hector, hector), sent(&server, hector, "to Hector")];
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
fn a_contact_that_comes_after_a_deleted_one_has_sent_nothing() {
    let server = TestServer::start();
    let group = group(&server);
    let old = server.create("/v1/contacts", &json!({"username": "Hester"}));
    let add = format!("{}/contacts/{}", object_path("groups", &group), text(&old["id"]));
    assert_eq!(server.request("PUT", &add).send().status, 204);
    let message = object_path("messages", &sent_by(&server, &group, &old));
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
        "nor is it a member"
    );
    cleared(&server, "messages WHERE contact_pk IS NOT NULL", 0);
    cleared(&server, "messages", 6_001);
}

#[test]
fn a_message_makes_its_conversation_and_its_sender_active() {
    let server = TestServer::start();
    let group = group(&server);
    let (hector, cedric) = (&group["contacts"][0], &group["contacts"][1]);
    let active =
        |kind: &str, id: &Value| server.get(&format!("/v1/{kind}/{}", text(id))).json()["last_active_at"].clone();
    let of = |end: &Value| active("conversations", &end["conversation_id"]);
    let message = sent(&server, &group, "by nobody");
    assert_eq!(of(&group), message["created_at"]);
    assert_eq!([of(hector), of(cedric)], [Value::Null, Value::Null]);
    assert_eq!(active("contacts", &hector["id"]), Value::Null, "it is by nobody");
    let message = sent_by(&server, &group, hector);
    assert_eq!(active("contacts", &hector["id"]), message["created_at"]);
    assert_eq!(message["contact"]["last_active_at"], message["created_at"]);
    assert_eq!(active("contacts", &cedric["id"]), Value::Null);
    assert_eq!(of(hector), Value::Null, "it went to the group");
    assert_eq!(
        server.get(&object_path("groups", &group)).json()["contacts"][0]["last_active_at"],
        message["created_at"]
    );
    for sql in [
        "UPDATE contacts SET last_active_at = 5 WHERE username = 'Hector'",
        "UPDATE conversations SET last_active_at = 5",
    ] {
        set_back(&server, sql);
    }
    let changed = json!({"message": "other", "read_at": 7, "reactions": {"a": ["Hector"]}});
    assert_eq!(server.put(&object_path("messages", &message), &changed).status, 200);
    server.delete(&object_path("messages", &message));
    assert_eq!(
        [of(&group), active("contacts", &hector["id"])],
        [json!(5), json!(5)],
        "only sending counts"
    );
    let message = sent(&server, hector, "to Hector");
    assert_eq!([of(&group), of(hector)], [json!(5), message["created_at"].clone()]);
    assert_eq!(active("contacts", &hector["id"]), json!(5), "the owner sent it");
    let message = sent_by(&server, hector, hector);
    assert_eq!(active("contacts", &hector["id"]), message["created_at"]);
}

#[test]
fn updated_at_tells_when_the_text_became_another() {
    let server = TestServer::start();
    let group = group(&server);
    let message = sent(&server, &group, "Plaza");
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
    // Another in bytes is another, if it looks the same.
    for text in ["plaza", "Plaza ", "Plaz\u{e1}", "Plaza\u{301}", "Plaza"] {
        let at = updated_at(json!({"message": text})).as_i64().unwrap();
        assert!(at >= message["created_at"].as_i64().unwrap(), "{text}");
        set_back(&server, "UPDATE messages SET updated_at = 5");
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
fn a_message_that_was_read_can_be_sent_back_and_its_read_only_properties_stay() {
    let server = TestServer::start();
    let group = group(&server);
    let hector = &group["contacts"][0];
    for (message, owner) in [
        (sent_by(&server, &group, hector), false),
        (sent(&server, &group, "x"), true),
    ] {
        let path = object_path("messages", &message);
        let all = json!({"message": "y", "reactions": {"a": ["x"], "b": ["y", "z"]}, "read_at": 9});
        let read = server.put(&path, &all).json();
        for method in ["PUT", "PATCH"] {
            let response = server.request(method, &path).json(&read).send();
            assert_eq!((response.status, response.json()), (200, read.clone()));
        }
        let sender = if owner { hector.clone() } else { Value::Null };
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
            let refused = server.put(&path, &changed);
            assert_eq!(refused.expect_error(400, "parameter_invalid"), property);
        }
        assert_eq!(server.get(&path).json(), read, "nothing changed");
        // Its sender is the same contact, whatever has become of it since.
        if !owner {
            server.put(&object_path("contacts", hector), &json!({"phone_number": "911"}));
            let mut expected = read.clone();
            expected["contact"]["phone_number"] = json!("911");
            assert_eq!(server.put(&path, &read).json(), expected);
        }
    }
}

#[test]
fn read_at_is_set_and_unset() {
    let server = TestServer::start();
    let group = group(&server);
    let path = object_path("messages", &sent(&server, &group, "x"));
    for value in [json!(0), json!(253_402_300_799_i64), Value::Null, json!(5)] {
        assert_eq!(server.put(&path, &json!({"read_at": value})).json()["read_at"], value);
    }
    let form = |text: &str| server.request("PATCH", &path).form(text).send().json()["read_at"].clone();
    assert_eq!(
        [form("read_at=17"), form("message=y"), form("read_at=")],
        [json!(17), json!(17), Value::Null]
    );
}

/// Sets a message's reactions by a form or JSON, sees that the response is what is kept, and responses with it.
fn reacted(server: &TestServer, path: &str, response: &Response) -> Value {
    assert_eq!(response.status, 200, "{}", response.text);
    assert_eq!(server.get(path).text, response.text);
    response.json()["reactions"].clone()
}

#[test]
fn reactions_are_set_in_both_spellings() {
    let server = TestServer::start();
    let group = group(&server);
    let path = object_path("messages", &sent(&server, &group, "x"));
    let long = "n".repeat(64);
    let cases = [
        (
            json!([{"red_angry_face": ["KateMcCallister"]}]),
            json!([{"red_angry_face": ["KateMcCallister"]}]),
        ),
        (
            json!({"red_angry_face": ["KateMcCallister"]}),
            json!([{"red_angry_face": ["KateMcCallister"]}]),
        ),
        (
            json!({"b": ["x", "y"], "a": ["x"]}),
            json!([{"b": ["x", "y"]}, {"a": ["x"]}]),
        ),
        (json!([{"b": ["x"]}, {"a": ["y"]}]), json!([{"b": ["x"]}, {"a": ["y"]}])),
        (
            json!([{"a": ["x"]}, {"b": ["x"]}, {"a": ["y", "x", "y"]}]),
            json!([{"a": ["x", "y"]}, {"b": ["x"]}]),
        ),
        (json!([{"a": []}, {"b": ["x"]}, {}]), json!([{"b": ["x"]}])),
        (
            json!([{"a": []}, {"b": ["x"]}, {"a": ["z"]}]),
            json!([{"a": ["z"]}, {"b": ["x"]}]),
        ),
        (json!({}), json!([])),
        (
            json!({"a": ["x"], "A": ["X", "x"]}),
            json!([{"a": ["x"]}, {"A": ["X", "x"]}]),
        ),
        (json!([]), json!([])),
        (json!({"a": []}), json!([])),
        (
            json!([{"👍🏽": ["Zoë \u{301}", "\"\\", "\u{2028}\u{ffff}"]}, {"\"\\": ["1"]}, {"0": ["true"]}]),
            json!([{"👍🏽": ["Zoë \u{301}", "\"\\", "\u{2028}\u{ffff}"]}, {"\"\\": ["1"]}, {"0": ["true"]}]),
        ),
        (json!({&long: ["r".repeat(255)]}), json!([{&long: ["r".repeat(255)]}])),
        (
            json!({"👍".repeat(64): ["👍".repeat(255)]}),
            json!([{"👍".repeat(64): ["👍".repeat(255)]}]),
        ),
    ];
    for (given, expected) in cases {
        let response = server.put(&path, &json!({"reactions": given}));
        assert_eq!(reacted(&server, &path, &response), expected, "{given}");
        let again = server.put(&path, &json!({"reactions": expected}));
        assert_eq!(reacted(&server, &path, &again), expected);
        let other = server.put(&path, &json!({"read_at": 5}));
        assert_eq!(reacted(&server, &path, &other), expected, "it stays");
    }
    // The properties of an object keep the order in which they came.
    let body = r#"{"reactions":{"z":["x"],"a":["x"],"m":["x"]}}"#;
    let response = server.request("PUT", &path).body("application/json", body).send();
    assert_eq!(
        reacted(&server, &path, &response),
        json!([{"z": ["x"]}, {"a": ["x"]}, {"m": ["x"]}])
    );
    let twice = r#"{"reactions":{"z":["x"],"z":["y"]}}"#;
    let response = server.request("PUT", &path).body("application/json", twice).send();
    assert_eq!(response.expect_error(400, "parameter_unknown"), "reactions.z");
}

#[test]
fn reactions_are_set_in_every_spelling_of_a_form() {
    let server = TestServer::start();
    let group = group(&server);
    let path = object_path("messages", &sent(&server, &group, "x"));
    let kate = json!([{"red_angry_face": ["KateMcCallister"]}]);
    let two = json!([{"red_angry_face": ["KateMcCallister", "Kevin"]}]);
    let different = json!([{"red_angry_face": ["KateMcCallister"]}, {"heart": ["Kevin"]}]);
    for (form, expected) in [
        ("reactions[red_angry_face][]=KateMcCallister", &kate),
        ("reactions%5Bred_angry_face%5D%5B%5D=KateMcCallister", &kate),
        ("reactions[red_angry_face][0]=KateMcCallister", &kate),
        ("reactions[][red_angry_face][]=KateMcCallister", &kate),
        ("reactions[0][red_angry_face][]=KateMcCallister", &kate),
        ("reactions[0][red_angry_face][0]=KateMcCallister", &kate),
        (
            "reactions[red_angry_face][]=KateMcCallister&reactions[red_angry_face][]=Kevin",
            &two,
        ),
        (
            "reactions[red_angry_face][0]=KateMcCallister&reactions[red_angry_face][1]=Kevin",
            &two,
        ),
        (
            "reactions[][red_angry_face][]=KateMcCallister&reactions[][red_angry_face][]=Kevin",
            &two,
        ),
        (
            "reactions[0][red_angry_face][]=KateMcCallister&reactions[0][red_angry_face][]=Kevin",
            &two,
        ),
        (
            "reactions[0][red_angry_face][]=KateMcCallister&reactions[1][red_angry_face][]=Kevin",
            &two,
        ),
        (
            "reactions[red_angry_face][]=KateMcCallister&reactions[heart][]=Kevin",
            &different,
        ),
        (
            "reactions[][red_angry_face][]=KateMcCallister&reactions[][heart][]=Kevin",
            &different,
        ),
        (
            "reactions[0][red_angry_face][]=KateMcCallister&reactions[1][heart][]=Kevin",
            &different,
        ),
        (
            "reactions[red_angry_face][]=KateMcCallister&reactions[heart]=&message=y",
            &kate,
        ),
        ("reactions[][%F0%9F%91%8D][]=Zo%C3%AB+K.", &json!([{"👍": ["Zoë K."]}])),
        ("reactions[0][100][]=Kevin", &json!([{"100": ["Kevin"]}])),
        ("reactions=", &json!([])),
        ("reactions[a]=", &json!([])),
        ("reactions", &json!([])),
    ] {
        server.put(&path, &json!({"reactions": {"before": ["x"]}}));
        let response = server.request("PUT", &path).form(form).send();
        assert_eq!(&reacted(&server, &path, &response), expected, "{form}");
    }
    let before = server.get(&path).text;
    for (form, code, param) in [
        ("reactions=a", "parameter_invalid", "reactions"),
        ("reactions[a]=x", "parameter_invalid", "reactions.a"),
        ("reactions[]=x", "parameter_invalid", "reactions[0]"),
        ("reactions[a][]=", "parameter_invalid", "reactions.a[0]"),
        ("reactions[a][]=x%0Ay", "parameter_invalid", "reactions.a[0]"),
        ("reactions[a][b]=x", "parameter_invalid", "reactions.a"),
        ("reactions[a][1]=x", "parameter_invalid", "reactions[a][1]"),
        ("reactions[1][a][]=x", "parameter_invalid", "reactions[1][a][]"),
        ("reactions[a][]=x&reactions=", "parameter_unknown", "reactions"),
        ("reactions[a][]=x&reactions[][b][]=y", "parameter_unknown", "reactions"),
    ] {
        let response = server.request("PUT", &path).form(form).send();
        assert_eq!(response.expect_error(400, code), param, "{form}");
    }
    assert_eq!(server.get(&path).text, before);
}

#[test]
fn reactions_have_their_limits() {
    let server = TestServer::start();
    let group = group(&server);
    let path = object_path("messages", &sent(&server, &group, "x"));
    let names = |count: usize| (0..count).map(|n| format!("n{n}"));
    let reactions = |count: usize| -> Value { names(count).map(|name| json!({name: ["x"]})).collect() };
    let reactors = |count: usize| json!({"a": names(count).collect::<Vec<_>>()});
    for most in [reactions(64), reactors(1_000)] {
        let response = server.put(&path, &json!({"reactions": most}));
        assert_eq!(
            reacted(&server, &path, &response).as_array().map(Vec::is_empty),
            Some(false)
        );
    }
    let repeated = json!({"reactions": [{"a": vec!["x"; 2_000]}]});
    assert_eq!(
        reacted(&server, &path, &server.put(&path, &repeated)),
        json!([{"a": ["x"]}])
    );
    let before = server.get(&path).text;
    let long = |length: usize| "n".repeat(length);
    for (over, param) in [
        (reactions(65), "reactions[64].n64".to_owned()),
        (reactors(1_001), "reactions.a".to_owned()),
        (json!({"": ["x"]}), "reactions.".to_owned()),
        (json!({"a\u{7f}": ["x"]}), "reactions.a\u{7f}".to_owned()),
        (json!({long(65): ["x"]}), format!("reactions.{}…", long(64))),
        (json!({"a": [long(256)]}), "reactions.a[0]".to_owned()),
    ] {
        let refused = server.put(&path, &json!({"reactions": over}));
        assert_eq!(refused.expect_error(400, "parameter_invalid"), json!(param));
    }
    assert_eq!(server.get(&path).text, before);
}

#[test]
fn lists_are_of_one_conversation_or_of_all_newest_first() {
    let server = TestServer::start();
    let ends = [
        group(&server),
        server.create("/v1/groups", &json!({"name": "Second"})),
        server.create("/v1/contacts", &json!({"username": "Hester"})),
        server.create("/v1/groups", &json!({"name": "Empty"})),
    ];
    let mut messages = Vec::new();
    for n in 0..24_usize {
        let end = n * n % 5 % 3;
        messages.push((end, text(&sent(&server, &ends[end], &n.to_string())["id"])));
    }
    // What is deleted is in no list, at either end and in the middle.
    for place in [23, 11, 10, 0] {
        let (_, id) = messages.remove(place);
        assert_eq!(server.delete(&format!("/v1/messages/{id}")).status, 204);
    }
    messages.push((1, text(&sent(&server, &ends[1], "the newest")["id"])));
    messages.reverse();
    let all: Vec<String> = messages.iter().map(|(_, id)| id.clone()).collect();
    for limit in [1, 4, 7, 100] {
        server.assert_pages(&server.token, "/v1/messages?", &all, &all, limit);
        for (at, end) in ends.iter().enumerate() {
            let shown = messages.iter().filter(|(of, _)| *of == at).map(|(_, id)| id.clone());
            let list = format!("/v1/messages?conversation_id={}", text(&end["conversation_id"]));
            server.assert_pages(&server.token, &list, &all, &shown.collect::<Vec<_>>(), limit);
        }
    }
    let ten = server.get("/v1/messages").json();
    assert_eq!((ids(&ten), &ten["has_more"]), (all[..10].to_vec(), &json!(true)));
    let upper = text(&ends[0]["conversation_id"]).to_uppercase();
    assert!(!ids(&server.get(&format!("/v1/messages?conversation_id={upper}")).json()).is_empty());
}

#[test]
fn messages_are_gone_at_once_with_their_conversation_its_group_or_its_contact() {
    for kind in ["conversations", "groups", "contacts"] {
        let server = TestServer::start();
        // The end comes last: what comes after it could take its place.
        let kept_end = server.create("/v1/contacts", &json!({"username": "Kept"}));
        let of_group = kind != "contacts";
        let end = match of_group {
            true => server.create("/v1/groups", &json!({"name": "x"})),
            false => server.create("/v1/contacts", &json!({"username": "Hester"})),
        };
        // Others come before them and after them.
        let mut kept = vec![text(&sent(&server, &kept_end, "kept")["id"])];
        let gone = bulk_messages(&server, &end, &Value::Null);
        kept.insert(0, text(&sent(&server, &kept_end, "kept")["id"]));
        assert_eq!(server.get(&format!("/v1/messages/{}", gone[0])).status, 200);
        let conversation = text(&end["conversation_id"]);
        let whole = match kind {
            "conversations" => format!("/v1/conversations/{conversation}"),
            kind => object_path(kind, &end),
        };
        assert_eq!(server.delete(&whole).status, 204);
        // At once: what is left to clear away shows in no response.
        let list = server.get("/v1/messages?limit=4").json();
        assert_eq!((ids(&list), &list["has_more"]), (kept.clone(), &json!(false)), "{kind}");
        // A conversation that is made meanwhile has none of them.
        if kind == "conversations" {
            let created = server.create("/v1/conversations", &json!({"group_id": end["id"]}));
            let list = format!("/v1/messages?conversation_id={}", text(&created["id"]));
            assert_eq!(server.get(&list).json()["data"], json!([]));
            let own = sent(&server, &server.get(&object_path("groups", &end)).json(), "own");
            assert_eq!(server.get(&list).json()["data"], json!([own]));
            kept.insert(0, text(&own["id"]));
        }
        let found = server.get("/v1/messages?query=gone").json();
        assert_eq!(found, json!({"has_more": false, "data": []}), "{kind}");
        for at in [0, 1, 99, 100, 3_000, 5_999] {
            let message = format!("/v1/messages/{}", gone[at]);
            server.get(&message).expect_error(404, "not_found");
            server
                .put(&message, &json!({"message": "back"}))
                .expect_error(404, "not_found");
            server.delete(&message).expect_error(404, "not_found");
            let after = server.get(&format!("/v1/messages?starting_after={}", gone[at]));
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
        // In the end the rows are gone as well.
        cleared(&server, "messages", kept.len());
        server.assert_pages(&server.token, "/v1/messages?", &kept, &kept, 2);
    }
}

#[test]
fn another_account_s_message_is_as_good_as_none() {
    let server = TestServer::start();
    let group = group(&server);
    let message = sent(&server, &group, "x");
    let (id, path) = (text(&message["id"]), object_path("messages", &message));
    let other = server.create_account("other");
    let ask = |method: &str, path: &str| {
        server
            .request(method, path)
            .token(&other)
            .header("x-request-id", "same")
    };
    let nothing = ask("GET", &format!("/v1/messages/{ABSENT_ID}")).send().text;
    for method in ["GET", "DELETE"] {
        let response = ask(method, &path).send();
        assert_eq!(
            (response.status, response.text.replace(&id, ABSENT_ID)),
            (404, nothing.clone())
        );
    }
    for method in ["PUT", "PATCH"] {
        let response = ask(method, &path).json(&json!({"message": "y"})).send();
        assert_eq!(
            (response.status, response.text.replace(&id, ABSENT_ID)),
            (404, nothing.clone())
        );
    }
    for (name, value) in [
        ("starting_after", &id),
        ("ending_before", &id),
        ("conversation_id", &text(&group["conversation_id"])),
    ] {
        let response = ask("GET", &format!("/v1/messages?{name}={value}")).send();
        assert_eq!(response.expect_error(400, "parameter_invalid"), name);
    }
    let body = json!({"conversation_id": group["conversation_id"], "message": "y"});
    let sent = ask("POST", "/v1/messages").json(&body).send();
    assert_eq!(sent.expect_error(400, "parameter_invalid"), "conversation_id");
    assert_eq!(ask("GET", "/v1/messages").send().json()["data"], json!([]));
    assert_eq!(server.get("/v1/messages").json()["data"], json!([message]));
}

#[test]
fn senders_and_texts_differ_between_accounts_and_messages_of_one_second_keep_their_order() {
    let server = TestServer::start();
    let group = group(&server);
    let other = server.create_account("other");
    let theirs = server
        .request("POST", "/v1/groups")
        .token(&other)
        .json(&json!({"name": "x"}))
        .send()
        .json();
    let mut own = Vec::new();
    for n in 0..12 {
        own.insert(0, sent(&server, &group, &n.to_string()));
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
