//! Each endpoint of contacts, as the contract has it.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::harness::{Response, TestServer, assert_in_order, config, encode, ids, text, wait_until_purged};

const PROPERTIES: [&str; 8] = [
    "id",
    "username",
    "phone_number",
    "avatar_url",
    "display_name",
    "conversation_id",
    "last_active_at",
    "created_at",
];

fn kate() -> Value {
    json!({
        "username": "KateMcCallister",
        "phone_number": "+1 555 0123",
        "avatar_url": "https://assets.protocol.chat/avatars/kate.jpg",
        "display_name": "Kate McCallister",
    })
}

fn path_of(contact: &Value) -> String {
    format!("/v1/contacts/{}", text(&contact["id"]))
}

/// What JSON says of flat texts, as a form: null is the empty value.
fn as_form(body: &Value) -> String {
    let plain = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let pairs = body.as_object().unwrap().iter();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{}={}", encode(name), encode(&plain(value))))
        .collect();
    pairs.join("&")
}

/// Sends the same as JSON or as a form.
fn send(server: &TestServer, method: &str, path: &str, body: &Value, form: bool) -> Response {
    let request = server.request(method, path);
    match form {
        true => request.form(&as_form(body)).send(),
        false => request.json(body).send(),
    }
}

/// Every contact of the account, newest first.
fn all(server: &TestServer) -> Vec<String> {
    server.walk("/v1/contacts?", 100, None)
}

#[test]
fn a_created_contact_is_answered_whole_and_can_be_retrieved() {
    let server = TestServer::start();
    let created = server.post("/v1/contacts", &kate());
    assert_eq!(created.status, 201, "{}", created.text);
    let contact = created.json();
    let path = path_of(&contact);
    assert_eq!(created.header("location"), Some(path.as_str()));
    assert_eq!(created.header("content-type"), Some("application/json"));
    for id in [text(&contact["id"]), text(&contact["conversation_id"])] {
        assert!(
            id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "{id}"
        );
    }
    for (name, value) in kate().as_object().unwrap() {
        assert_eq!(&contact[name], value);
    }
    assert_eq!(contact["last_active_at"], Value::Null);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    assert!(contact["created_at"].as_u64().unwrap().abs_diff(now) < 60, "{contact}");
    assert_in_order(&created.text, &PROPERTIES);
    assert_eq!(contact.as_object().unwrap().len(), PROPERTIES.len());
    let retrieved = server.get(&path);
    assert_eq!((retrieved.status, &retrieved.text), (200, &created.text));
    let head = server.request("HEAD", &path).send();
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(
        server.get("/v1/contacts").json(),
        json!({"has_more": false, "data": [contact]})
    );
}

#[test]
fn a_contact_is_made_with_its_one_to_one_conversation() {
    let server = TestServer::start();
    let contact = server.create_contact("Kate");
    let conversation = server.get(&format!("/v1/conversations/{}", text(&contact["conversation_id"])));
    assert_eq!(conversation.status, 200);
    let conversation = conversation.json();
    assert_eq!(
        (&conversation["contact_id"], &conversation["group_id"]),
        (&contact["id"], &Value::Null)
    );
    assert_eq!(conversation["created_at"], contact["created_at"]);
    let of_contact = format!("/v1/conversations?contact_id={}", text(&contact["id"]));
    assert_eq!(server.get(&of_contact).json()["data"], json!([conversation]));
}

#[test]
fn a_user_name_is_enough_and_the_rest_is_null() {
    let server = TestServer::start();
    for (username, form) in [("json", false), ("form", true)] {
        for body in [
            json!({"username": username}),
            json!({"username": format!("{username}2"), "phone_number": null, "avatar_url": null, "display_name": null}),
        ] {
            let created = send(&server, "POST", "/v1/contacts", &body, form);
            assert_eq!(created.status, 201, "{}", created.text);
            let created = created.json();
            assert_eq!(created["username"], body["username"]);
            for name in ["phone_number", "avatar_url", "display_name", "last_active_at"] {
                assert_eq!(created[name], Value::Null, "{name} of {body}");
            }
        }
    }
}

#[test]
fn the_location_is_below_the_base_path_and_the_public_url() {
    let mut config = config();
    config.settings.base_path = "/api".to_owned();
    config.settings.public_url = Some("https://groups.example.com".to_owned());
    let server = TestServer::start_with(config);
    let created = server.post("/api/v1/contacts", &kate());
    let location = format!("https://groups.example.com/api{}", path_of(&created.json()));
    assert_eq!(created.header("location"), Some(location.as_str()));
}

#[test]
fn a_contact_s_id_is_looked_up_in_any_letter_case_and_answered_as_stored() {
    let server = TestServer::start();
    let contact = server.create_contact("Kate");
    let id = text(&contact["id"]);
    for spelled in [id.to_lowercase(), id.to_uppercase()] {
        let path = format!("/v1/contacts/{spelled}");
        assert_eq!(server.get(&path).json(), contact);
        assert_eq!(server.put(&path, &json!({})).json(), contact);
    }
    let newer = server.create_contact("Newer");
    let before = server.get(&format!("/v1/contacts?ending_before={}", id.to_lowercase()));
    assert_eq!(before.json()["data"], json!([newer]));
    assert_eq!(
        server.delete(&format!("/v1/contacts/{}", id.to_uppercase())).status,
        204
    );
    server.get(&path_of(&contact)).expect_error(404, "not_found");
}

#[test]
fn a_contact_s_update_changes_what_is_given_and_leaves_the_rest_in_both_encodings() {
    let server = TestServer::start();
    let path = path_of(&server.post("/v1/contacts", &kate()).json());
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
        assert_eq!((response.status, &response.text), (200, &before), "without a body");
    }
}

#[test]
fn a_contact_s_update_shows_wherever_the_contact_does() {
    let server = TestServer::start();
    let kate = server.create_contact("Kate");
    let group = server
        .post("/v1/groups", &json!({"name": "x", "contacts": [kate["id"]]}))
        .json();
    let sent = json!({"conversation_id": group["conversation_id"], "contact_id": kate["id"], "message": "hi"});
    let message = server.post("/v1/messages", &sent).json();
    let changed = server
        .put(&path_of(&kate), &json!({"username": "Kat", "display_name": "K."}))
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
fn a_contact_that_was_read_can_be_sent_back_in_both_encodings() {
    let server = TestServer::start();
    let path = path_of(&server.post("/v1/contacts", &kate()).json());
    let check = |what: &str| {
        let read = server.get(&path).json();
        for (method, form) in [("PUT", false), ("PATCH", false), ("PUT", true), ("PATCH", true)] {
            let response = send(&server, method, &path, &read, form);
            assert_eq!(
                (response.status, response.json()),
                (200, read.clone()),
                "{what}, {method}, a form: {form}"
            );
        }
        read
    };
    let fresh = check("just made");
    let message = json!({"conversation_id": fresh["conversation_id"], "contact_id": fresh["id"], "message": "hi"});
    let message = server.post("/v1/messages", &message).json();
    let active = check("active");
    assert_eq!(active["last_active_at"], message["created_at"]);
    server.delete(&format!("/v1/conversations/{}", text(&fresh["conversation_id"])));
    assert_eq!(check("without a conversation")["conversation_id"], Value::Null);
    // As it was read before: what is read-only has changed since.
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
fn a_read_only_property_of_a_contact_cannot_be_changed() {
    let server = TestServer::start();
    let read = server.post("/v1/contacts", &kate()).json();
    let (path, other) = (path_of(&read), server.create_contact("other"));
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
    assert_eq!(all(&server).len(), 2);
}

#[test]
fn a_taken_user_name_is_a_conflict_without_regard_to_ascii_case_alone() {
    let server = TestServer::start();
    let zoe = server.create_contact("zoë");
    let kate = server.post("/v1/contacts", &kate()).json();
    let made_with_a_group = server.post("/v1/groups", &json!({"name": "x", "contacts": [{"username": "Peter"}]}));
    assert_eq!(made_with_a_group.status, 201);
    let count = all(&server).len();
    for taken in [
        "KateMcCallister",
        "katemccallister",
        "KATEMCCALLISTER",
        "pETER",
        "ZOë",
        "zoë",
    ] {
        for form in [false, true] {
            let body = json!({"username": taken, "display_name": "other"});
            let created = send(&server, "POST", "/v1/contacts", &body, form);
            assert_eq!(created.expect_error(409, "conflict"), "username", "{taken}");
        }
    }
    assert_eq!(all(&server).len(), count);
    for taken in ["KateMcCallister", "kATEMcCallister", "peter"] {
        for (method, form) in [("PUT", false), ("PATCH", true)] {
            let body = json!({"username": taken, "display_name": "other", "phone_number": "7"});
            let changed = send(&server, method, &path_of(&zoe), &body, form);
            assert_eq!(changed.expect_error(409, "conflict"), "username", "{taken}");
        }
    }
    assert_eq!(server.get(&path_of(&zoe)).json(), zoe, "nothing changed");
    assert_eq!(server.get(&path_of(&kate)).json(), kate, "nothing changed");
    for free in ["ZOË", "zoe", "zoë2", "ﬀ", "FF", "ı", "i", "k", "\u{212a}"] {
        server.create_contact(free);
    }
    let own = server.put(&path_of(&kate), &json!({"username": "KATEmccallister"}));
    assert_eq!((own.status, &own.json()["username"]), (200, &json!("KATEmccallister")));
    let renamed = server.put(&path_of(&kate), &json!({"username": "Catherine"}));
    assert_eq!(renamed.status, 200);
    server.create_contact("katemccallister");
}

#[test]
fn a_user_name_is_unique_in_its_account_alone() {
    let server = TestServer::start();
    let me = server.create_account("me");
    let theirs = server.create_contact("Kate");
    let post = || {
        server
            .request("POST", "/v1/contacts")
            .token(&me)
            .json(&json!({"username": "kate"}))
            .send()
    };
    let mine = post();
    assert_eq!(mine.status, 201, "{}", mine.text);
    let mine = mine.json();
    assert_ne!(mine["id"], theirs["id"]);
    assert_eq!(post().expect_error(409, "conflict"), "username");
    for query in ["", "?username=KATE", "?query=kat", "?username=kate&query=kate"] {
        let path = format!("/v1/contacts{query}");
        assert_eq!(server.get(&path).json()["data"], json!([theirs]), "{query}");
        let own = server.request("GET", &path).token(&me).send().json();
        assert_eq!(own["data"], json!([mine]), "{query}");
    }
    let group = json!({"name": "x", "contacts": [{"username": "KATE"}]});
    let group = server
        .request("POST", "/v1/groups")
        .token(&me)
        .json(&group)
        .send()
        .json();
    assert_eq!(group["contacts"], json!([mine]));
}

#[test]
fn many_who_ask_for_one_user_name_at_once_get_it_once() {
    let server = TestServer::start();
    let others: Vec<Value> = (0..8).map(|n| server.create_contact(&format!("u{n}"))).collect();
    let won = std::thread::scope(|scope| {
        let (server, others) = (&server, &others);
        let ask = |n: usize| match n % 2 {
            0 => server.post(
                "/v1/contacts",
                &json!({"username": if n.is_multiple_of(4) { "Kate" } else { "kATE" }}),
            ),
            _ => server.put(&path_of(&others[n / 2]), &json!({"username": "KATE"})),
        };
        let threads: Vec<_> = (0..16).map(|n| scope.spawn(move || ask(n))).collect();
        let responses: Vec<Response> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let (won, lost): (Vec<_>, Vec<_>) = responses.into_iter().partition(|response| response.status < 300);
        for response in lost {
            assert_eq!(response.expect_error(409, "conflict"), "username");
        }
        won
    });
    assert_eq!(won.len(), 1);
    let there = server.get("/v1/contacts?username=kate").json();
    assert_eq!(there["data"], json!([won[0].json()]));
}

#[test]
fn a_contact_s_properties_are_checked_alike_in_json_and_forms() {
    let server = TestServer::start();
    let path = path_of(&server.post("/v1/contacts", &kate()).json());
    let before = server.get(&path).text;
    let long = |length: usize| "é".repeat(length);
    let url = |bytes: usize| format!("https://a/{}", "x".repeat(bytes - 10));
    let cases = [
        ("username", json!(long(65))),
        ("username", json!("")),
        ("username", json!("a b")),
        ("username", json!(" a")),
        ("username", json!("a\u{2003}b")),
        ("username", json!("a\n")),
        ("username", json!("a\u{7}b")),
        ("username", json!("a\u{85}b")),
        ("username", json!("a\u{9f}")),
        ("phone_number", json!("1".repeat(33))),
        ("phone_number", json!(long(33))),
        ("avatar_url", json!(url(2_049))),
        ("avatar_url", json!("/a.png")),
        ("avatar_url", json!("ftp://example.com/a")),
        ("avatar_url", json!("https://")),
        ("avatar_url", json!("https://a b/")),
        ("avatar_url", json!("javascript:alert(1)")),
        ("display_name", json!(long(256))),
    ];
    let check = |property: &str, value: &Value, form: bool| {
        let mut body = kate();
        body["username"] = json!("new");
        body[property] = value.clone();
        for (method, path) in [("POST", "/v1/contacts"), ("PUT", &path), ("PATCH", &path)] {
            let response = send(&server, method, path, &body, form);
            assert_eq!(response.expect_error(400, "parameter_invalid"), property, "{body}");
            assert!(response.text.len() < 1_000, "an error does not repeat a long value");
        }
    };
    for (property, value) in &cases {
        check(property, value, false);
        check(property, value, true);
    }
    // What a form cannot say: texts of other types. Null is for what may be unset.
    for property in ["username", "phone_number", "avatar_url", "display_name"] {
        for value in [json!(1), json!(true), json!(1.5), json!(["x"]), json!({"x": "y"})] {
            check(property, &value, false);
        }
    }
    check("username", &Value::Null, false);
    assert_eq!(server.get(&path).text, before);
    assert_eq!(all(&server).len(), 1);
}

#[test]
fn a_missing_unknown_or_doubled_property_of_a_contact_is_named() {
    let server = TestServer::start();
    let path = path_of(&server.post("/v1/contacts", &kate()).json());
    let before = server.get(&path).text;
    let nameless = json!({"display_name": "x"});
    for form in [false, true] {
        let response = send(&server, "POST", "/v1/contacts", &nameless, form);
        assert_eq!(response.expect_error(400, "parameter_missing"), "username");
    }
    let empty = server.request("POST", "/v1/contacts").send();
    assert_eq!(empty.expect_error(400, "parameter_missing"), "username");
    for (kind, body, param) in [
        ("json", r#"{"username":"x","name":"y"}"#, "name"),
        ("json", r#"{"username":"x","username":"x"}"#, "username"),
        (
            "json",
            r#"{"username":"x","display_name":null,"display_name":"y"}"#,
            "display_name",
        ),
        ("json", r#"{"username":"x","contacts":[]}"#, "contacts"),
        ("x-www-form-urlencoded", "username=x&name=y", "name"),
        ("x-www-form-urlencoded", "username=x&username=x", "username"),
        ("x-www-form-urlencoded", "username=x&username[]=y", "username"),
        (
            "x-www-form-urlencoded",
            "username=x&phone_number=&phone_number=1",
            "phone_number",
        ),
    ] {
        for (method, path) in [("POST", "/v1/contacts"), ("PUT", &path), ("PATCH", &path)] {
            let response = server
                .request(method, path)
                .body(&format!("application/{kind}"), body)
                .send();
            assert_eq!(response.expect_error(400, "parameter_unknown"), param, "{body}");
        }
    }
    assert_eq!(server.get(&path).text, before);
    assert_eq!(all(&server).len(), 1);
}

#[test]
fn the_longest_properties_are_taken_and_come_back_as_they_were_sent() {
    let server = TestServer::start();
    let url = format!("https://a/{}", "x".repeat(2_038));
    for (form, username) in [(false, "👩".repeat(64)), (true, "é".repeat(64))] {
        let body = json!({
            "username": username,
            "phone_number": "☎".repeat(32),
            "avatar_url": url,
            "display_name": "\u{2028}\t\"".repeat(85),
        });
        let created = send(&server, "POST", "/v1/contacts", &body, form);
        assert_eq!(created.status, 201, "{}", created.text);
        for (name, value) in body.as_object().unwrap() {
            assert_eq!(&created.json()[name], value);
        }
        let path = path_of(&created.json());
        assert_eq!(server.get(&path).text, created.text);
        let change = json!({"username": "x", "phone_number": "1", "avatar_url": null, "display_name": "y"});
        server.put(&path, &change);
        assert_eq!(send(&server, "PATCH", &path, &body, form).text, created.text);
    }
    assert_eq!(
        server
            .post(
                "/v1/contacts",
                &json!({"username": "y", "phone_number": "", "display_name": ""})
            )
            .json()["phone_number"],
        "",
        "what may have up to so many characters may have none"
    );
}

#[test]
fn a_contact_that_is_none_is_not_found() {
    let server = TestServer::start();
    let gone = server.create_contact("gone");
    assert_eq!(server.delete(&path_of(&gone)).status, 204);
    let group = server.create_group(&json!({"name": "x"}));
    for id in [
        "AAAAAAAAAAAAAAAA",
        "x",
        "%ff",
        "A%00AAAAAAAAAAAAAA",
        &text(&gone["id"]),
        &group,
    ] {
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let response = server.request(method, &format!("/v1/contacts/{id}")).send();
            assert_eq!(response.expect_error(404, "not_found"), Value::Null, "{method} {id}");
        }
    }
    let taken = server.create_contact("taken");
    let response = server.put(&path_of(&gone), &json!({"username": "taken"}));
    response.expect_error(404, "not_found");
    assert_eq!(all(&server), [text(&taken["id"])]);
}

#[test]
fn username_lists_the_one_contact_of_that_name() {
    let server = TestServer::start();
    let kate = server.post("/v1/contacts", &kate()).json();
    let zoe = server.create_contact("Zoë");
    let odd = server.create_contact("100%_a*b\"c'd&e=f");
    server.create_contact("Kate");
    let listed = |query: &str| server.get(&format!("/v1/contacts?{query}")).json()["data"].clone();
    for name in ["KateMcCallister", "katemccallister", "KATEMCCALLISTER"] {
        assert_eq!(listed(&format!("username={name}")), json!([kate]));
    }
    assert_eq!(listed(&format!("username={}", encode("zOë"))), json!([zoe]));
    assert_eq!(
        listed(&format!("username={}", encode("100%_A*B\"c'd&e=f"))),
        json!([odd])
    );
    for none in ["KateMc", "KateMcCallister2", "ZOË", "zoe", "100%", "%", "*", "nobody"] {
        assert_eq!(listed(&format!("username={}", encode(none))), json!([]), "{none}");
    }
    let cursor = |name: &str, contact: &Value| listed(&format!("username=kate&{name}={}", text(&contact["id"])));
    let plain_kate = listed("username=kate");
    assert_eq!(plain_kate.as_array().unwrap().len(), 1);
    assert_eq!(cursor("starting_after", &plain_kate[0]), json!([]));
    assert_eq!(cursor("ending_before", &plain_kate[0]), json!([]));
    assert_eq!(cursor("ending_before", &zoe), plain_kate, "it is newer");
    assert_eq!(cursor("starting_after", &zoe), json!([]));
    let renamed = server.put(&path_of(&kate), &json!({"username": "Catherine"})).json();
    assert_eq!(listed("username=katemccallister"), json!([]));
    assert_eq!(listed("username=catherine"), json!([renamed]));
}

#[test]
fn query_finds_contacts_by_words_and_their_beginnings() {
    let server = TestServer::start();
    let make = |username: &str, display_name: Value, phone_number: Value| {
        let body = json!({"username": username, "display_name": display_name, "phone_number": phone_number});
        text(&server.post("/v1/contacts", &body).json()["id"])
    };
    let kate = make("KateMcCallister", json!("Kate McCallister"), json!("+1 555 0123"));
    let zoe = make("zoë_92", json!("Zoë de l'Été"), json!("+49-30-555"));
    let peter = make("peter.pan", json!("Peter-Paul Kater"), Value::Null);
    let bare = make("solo", Value::Null, Value::Null);
    let both = vec![peter.clone(), kate.clone()];
    let listed = |query: &str| ids(&server.get(&format!("/v1/contacts?query={}", encode(query))).json());
    for (query, expected) in [
        ("kate", both.clone()),
        ("KATE", both.clone()),
        ("kat", both),
        ("k", vec![peter.clone(), kate.clone()]),
        ("katem", vec![kate.clone()]),
        ("ate", vec![]),
        ("callister", vec![]),
        ("mccallister", vec![kate.clone()]),
        ("kate 0123", vec![kate.clone()]),
        ("0123 KATE", vec![kate.clone()]),
        ("kate nobody", vec![]),
        ("555", vec![zoe.clone(), kate.clone()]),
        ("+1", vec![kate.clone()]),
        ("+1 555", vec![kate.clone()]),
        ("49-30", vec![zoe.clone()]),
        ("30-49", vec![]),
        ("zoe", vec![zoe.clone()]),
        ("ZOË ete", vec![zoe.clone()]),
        ("été", vec![zoe.clone()]),
        ("zoë_92", vec![zoe.clone()]),
        ("peter-p", vec![peter.clone()]),
        ("pan - paul", vec![peter.clone()]),
        ("\"peter\" AND pan", vec![]),
        ("pan* ", vec![peter.clone()]),
        ("NOT pan", vec![]),
        ("(solo)", vec![bare.clone()]),
        ("username:solo", vec![]),
        ("a1", vec![]),
        ("null", vec![]),
    ] {
        assert_eq!(listed(query), expected, "{query}");
    }
    let sixteen = "kate ".repeat(16);
    assert_eq!(listed(&sixteen).len(), 2);
    let path = format!("/v1/contacts/{kate}");
    server.put(&path, &json!({"display_name": null, "username": "Catherine"}));
    assert_eq!(
        listed("kate"),
        [peter.as_str()],
        "what it was called is not found any more"
    );
    assert_eq!(listed("cath 555"), [kate.as_str()]);
    server.put(&path, &json!({"phone_number": "42"}));
    assert_eq!((listed("555"), listed("42")), (vec![zoe], vec![kate.clone()]));
    server.delete(&path);
    assert_eq!(listed("cath"), Vec::<String>::new());
    let named = server.get("/v1/contacts?query=pan&username=PETER.pan").json();
    assert_eq!(ids(&named), [peter]);
    assert_eq!(
        server.get("/v1/contacts?query=pan&username=solo").json()["data"],
        json!([])
    );
}

#[test]
fn the_list_s_parameters_are_checked() {
    let server = TestServer::start();
    let contact = server.create_contact("Kate");
    let (kate, gone, group) = (
        text(&contact["id"]),
        server.create_contact("gone"),
        server.create_group(&json!({"name": "x"})),
    );
    server.delete(&path_of(&gone));
    let long = "a".repeat(256);
    let many = "a+".repeat(17);
    for (query, param) in [
        ("query=".to_owned(), "query"),
        ("query=+-+!".to_owned(), "query"),
        (format!("query={long}"), "query"),
        (format!("query={many}"), "query"),
        ("username=".to_owned(), "username"),
        ("username=a+b".to_owned(), "username"),
        (format!("username={}", "a".repeat(65)), "username"),
        ("limit=0".to_owned(), "limit"),
        ("limit=101".to_owned(), "limit"),
        (format!("starting_after={}", text(&gone["id"])), "starting_after"),
        (format!("ending_before={}", text(&gone["id"])), "ending_before"),
        (format!("starting_after={group}"), "starting_after"),
        ("ending_before=x".to_owned(), "ending_before"),
        (format!("starting_after={kate}&ending_before={kate}"), "ending_before"),
    ] {
        for more in ["", "&username=kate", "&query=kate"] {
            let name = more.trim_start_matches('&').split('=').next().unwrap();
            if !name.is_empty() && query.starts_with(name) {
                continue;
            }
            let response = server.get(&format!("/v1/contacts?{query}{more}"));
            assert_eq!(response.expect_error(400, "parameter_invalid"), param, "{query}{more}");
        }
    }
    for (query, param) in [
        ("archived=true", "archived"),
        ("display_name=Kate", "display_name"),
        ("username=a&username=b", "username"),
        ("query=a&query=b", "query"),
    ] {
        let response = server.get(&format!("/v1/contacts?{query}"));
        assert_eq!(response.expect_error(400, "parameter_unknown"), param, "{query}");
    }
}

#[test]
fn contacts_are_paged_newest_first_both_ways_with_every_filter() {
    let server = TestServer::start();
    let mut kept = Vec::new();
    for n in 0..13 {
        let name = if n % 3 == 0 { "Kate Even" } else { "Odd One" };
        let body = json!({"username": format!("u{n}"), "display_name": name});
        let created = server.post("/v1/contacts", &body).json();
        match n % 5 {
            4 => assert_eq!(server.delete(&path_of(&created)).status, 204),
            _ => kept.push((text(&created["id"]), n)),
        }
    }
    kept.reverse();
    let of = |wanted: &dyn Fn(usize) -> bool| -> Vec<String> {
        let kept = kept.iter().filter(|(_, n)| wanted(*n));
        kept.map(|(id, _)| id.clone()).collect()
    };
    let default = server.get("/v1/contacts").json();
    assert_eq!(
        (ids(&default), &default["has_more"]),
        (of(&|_| true)[..10].to_vec(), &json!(true))
    );
    for (filter, expected) in [
        ("/v1/contacts?", of(&|_| true)),
        ("/v1/contacts?query=kate", of(&|n| n % 3 == 0)),
        ("/v1/contacts?query=o+ODD", of(&|n| n % 3 != 0)),
        ("/v1/contacts?query=u1", of(&|n| n == 1 || n >= 10)),
        ("/v1/contacts?username=U3", of(&|n| n == 3)),
        ("/v1/contacts?username=u3&query=even", of(&|n| n == 3)),
        ("/v1/contacts?username=u3&query=odd", Vec::new()),
        ("/v1/contacts?query=nobody", Vec::new()),
    ] {
        for limit in (1..=expected.len() + 1).chain([100]) {
            assert_eq!(server.walk(filter, limit, None), expected, "{filter} {limit}");
            // The cursor need not be in what the filter shows.
            for (last, _) in kept.iter().rev().take(3) {
                let place = kept.iter().position(|(id, _)| id == last).unwrap();
                let newer: Vec<&str> = kept[..place].iter().map(|(id, _)| id.as_str()).collect();
                let mut before = expected.clone();
                before.retain(|id| newer.contains(&id.as_str()));
                assert_eq!(server.walk(filter, limit, Some(last)), before, "{filter} {limit}");
            }
        }
    }
}

#[test]
fn contacts_that_a_group_makes_are_listed_with_the_others() {
    let server = TestServer::start();
    let first = server.create_contact("first");
    let body = json!({"name": "x", "contacts": [{"username": "a"}, {"username": "FIRST"}, {"username": "b"}]});
    let group = server.post("/v1/groups", &body).json();
    let [a, known, b] = [0, 1, 2].map(|at| group["contacts"][at].clone());
    assert_eq!(known, first);
    assert_eq!(server.get("/v1/contacts").json()["data"], json!([b, a, first]));
    assert_eq!(server.get(&path_of(&a)).json(), a);
}

#[test]
fn a_message_sets_its_sender_s_last_activity_alone() {
    let server = TestServer::start();
    let (kate, peter) = (server.create_contact("kate"), server.create_contact("peter"));
    let group = json!({"name": "x", "contacts": [kate["id"], peter["id"]]});
    let group = server.post("/v1/groups", &group).json();
    let own = json!({"conversation_id": group["conversation_id"], "message": "from the owner"});
    assert_eq!(server.post("/v1/messages", &own).status, 201);
    assert_eq!(server.get(&path_of(&kate)).json(), kate);
    let sent = json!({"conversation_id": group["conversation_id"], "contact_id": kate["id"], "message": "hi"});
    let message = server.post("/v1/messages", &sent).json();
    let mut expected = kate.clone();
    expected["last_active_at"] = message["created_at"].clone();
    assert_eq!(server.get(&path_of(&kate)).json(), expected);
    assert_eq!(message["contact"], expected);
    assert_eq!(server.get(&path_of(&peter)).json(), peter);
    server.delete(&format!("/v1/messages/{}", text(&message["id"])));
    assert_eq!(
        server.get(&path_of(&kate)).json(),
        expected,
        "it was active all the same"
    );
}

#[test]
fn a_deleted_contact_is_gone_from_everywhere_at_once() {
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
    let response =
        post(json!({"conversation_id": kate["conversation_id"], "contact_id": kate["id"], "message": "for me alone"}));
    let to_group =
        post(json!({"conversation_id": groups[0]["conversation_id"], "contact_id": kate["id"], "message": "for all"}));
    assert_eq!(to_group["contact"]["id"], kate["id"]);
    let from_peter = post(json!({"conversation_id": peter["conversation_id"], "message": "to Peter"}));

    let deleted = server.delete(&path_of(&kate));
    assert_eq!(
        (deleted.status, deleted.text.as_str(), deleted.header("content-length")),
        (204, "", None)
    );

    for cleared in [false, true] {
        if cleared {
            wait_until_purged(&server.db);
        }
        server.get(&path_of(&kate)).expect_error(404, "not_found");
        for group in &groups {
            let mut expected = group.clone();
            expected["contacts"]
                .as_array_mut()
                .unwrap()
                .retain(|contact| contact["id"] != kate["id"]);
            let path = format!("/v1/groups/{}", text(&group["id"]));
            assert_eq!(server.get(&path).json(), expected);
            assert_eq!(
                server.get(&format!("{path}/contacts")).json()["data"],
                expected["contacts"]
            );
            let member = format!("{path}/contacts/{}", text(&kate["id"]));
            for method in ["PUT", "DELETE"] {
                server.request(method, &member).send().expect_error(404, "not_found");
            }
        }
        let by_id = server.get(&format!("/v1/groups?contact_id={}", text(&kate["id"])));
        assert_eq!(by_id.expect_error(400, "parameter_invalid"), "contact_id");
        for query in ["?username=KateMcCallister", "?query=kate", "?query=555"] {
            assert_eq!(
                server.get(&format!("/v1/contacts{query}")).json()["data"],
                json!([]),
                "{query}"
            );
        }
        let conversation = text(&kate["conversation_id"]);
        for method in ["GET", "PUT", "DELETE"] {
            let path = format!("/v1/conversations/{conversation}");
            server.request(method, &path).send().expect_error(404, "not_found");
            for message in [&private, &response] {
                let path = format!("/v1/messages/{}", text(&message["id"]));
                server.request(method, &path).send().expect_error(404, "not_found");
            }
        }
        let listed = server.get(&format!("/v1/messages?conversation_id={conversation}"));
        assert_eq!(listed.expect_error(400, "parameter_invalid"), "conversation_id");
        let sent = server.post(
            "/v1/messages",
            &json!({"conversation_id": conversation, "message": "x"}),
        );
        assert_eq!(sent.expect_error(400, "parameter_invalid"), "conversation_id");
        let again = server.post("/v1/conversations", &json!({"contact_id": kate["id"]}));
        assert_eq!(again.expect_error(400, "parameter_invalid"), "contact_id");
        let conversations = server.walk("/v1/conversations?", 100, None);
        assert!(!conversations.contains(&conversation) && conversations.len() == 3 + groups.len());
        let mut expected = to_group.clone();
        expected["contact"] = Value::Null;
        assert_eq!(
            server.get(&format!("/v1/messages/{}", text(&to_group["id"]))).json(),
            expected
        );
        assert_eq!(server.get("/v1/messages").json()["data"], json!([from_peter, expected]));
        assert_eq!(server.get("/v1/messages?query=alone").json()["data"], json!([]));
        assert_eq!(server.get("/v1/messages?query=all").json()["data"], json!([expected]));
        let named = server.post("/v1/groups", &json!({"name": "y", "contacts": [kate["id"]]}));
        assert_eq!(named.expect_error(400, "parameter_invalid"), "contacts[0]");
    }
    // A message of hers can still be sent back as it is read now.
    let path = format!("/v1/messages/{}", text(&to_group["id"]));
    let read = server.get(&path);
    assert_eq!(server.put(&path, &read.json()).text, read.text);
}

#[test]
fn a_deleted_contact_s_user_name_is_free_and_its_next_bearer_another() {
    let server = TestServer::start();
    let old = server.post("/v1/contacts", &kate()).json();
    let group = server.create_group(&json!({"name": "x", "contacts": [old["id"]]}));
    server.delete(&path_of(&old));
    let new = server.create_contact("katemccallister");
    for property in ["id", "conversation_id"] {
        assert_ne!(new[property], old[property]);
    }
    for property in ["phone_number", "avatar_url", "display_name", "last_active_at"] {
        assert_eq!(new[property], Value::Null);
    }
    assert_eq!(
        server.get("/v1/contacts?username=KateMcCallister").json()["data"],
        json!([new])
    );
    assert_eq!(server.get(&format!("/v1/groups/{group}")).json()["contacts"], json!([]));
    server.get(&path_of(&old)).expect_error(404, "not_found");
    server.delete(&path_of(&new));
    let by_group = server.put(
        &format!("/v1/groups/{group}"),
        &json!({"contacts": [{"username": "KateMcCallister", "phone_number": "2"}]}),
    );
    assert_eq!(by_group.json()["contacts"][0]["phone_number"], "2");
}

#[test]
fn a_contact_made_right_after_a_deleted_one_gets_nothing_of_it() {
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
    // The contact's conversation is made again, so that it is the newest.
    server.delete(&format!("/v1/conversations/{}", text(&old["conversation_id"])));
    let conversation = server
        .post("/v1/conversations", &json!({"contact_id": old["id"]}))
        .json();
    // So much to clear away that the new contacts are there long before the end: that is checked below.
    let conn = Connection::open(&server.db).unwrap();
    let many = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 30000)
        INSERT INTO messages (id, account, conversation_pk, message, created_at)
        SELECT hex(randomblob(8)), v.account, v.pk, 'filler', 1 FROM n, conversations v WHERE v.id = ?1";
    assert_eq!(conn.execute(many, [text(&conversation["id"])]).unwrap(), 30_000);
    assert_eq!(server.delete(&path_of(&old)).status, 204);
    // The newest objects of all are gone: whatever counts from the newest on begins where they were.
    let new: Vec<Value> = ["new", "old", "newer"]
        .map(|username| server.create_contact(username))
        .into();
    let (left, taken) = groups.split_at(3);
    let taken = format!("/v1/groups/{}", text(&taken[0]["id"]));
    let place = format!("{taken}/contacts/{}", text(&new[2]["id"]));
    assert_eq!(
        server.request("PUT", &place).send().status,
        204,
        "the place is free at once"
    );
    let waiting = "SELECT count(*) FROM members WHERE contact_pk NOT IN (SELECT pk FROM contacts)";
    let waiting: i64 = conn.query_row(waiting, [], |row| row.get(0)).unwrap();
    assert_eq!(
        waiting, 4,
        "the old contact's rows are cleared away already: this test shows nothing"
    );
    for cleared in [false, true] {
        if cleared {
            wait_until_purged(&server.db);
        }
        for (contact, groups) in new
            .iter()
            .zip([json!([]), json!([]), json!([server.get(&taken).json()])])
        {
            let id = text(&contact["id"]);
            assert_eq!(&server.get(&path_of(contact)).json(), contact);
            assert_eq!(contact["last_active_at"], Value::Null);
            assert_eq!(
                server.get(&format!("/v1/groups?contact_id={id}")).json()["data"],
                groups
            );
            let conversation = text(&contact["conversation_id"]);
            for query in ["", "&query=filler"] {
                let messages = server.get(&format!("/v1/messages?conversation_id={conversation}{query}"));
                assert_eq!(messages.json()["data"], json!([]));
            }
        }
        assert_eq!(server.get(&taken).json()["contacts"], json!([new[2]]));
        for group in left {
            let path = format!("/v1/groups/{}", text(&group["id"]));
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
fn contacts_are_there_after_a_restart_and_what_was_deleted_is_not() {
    let server = TestServer::start();
    let (kept, gone) = (
        server.post("/v1/contacts", &kate()).json(),
        server.create_contact("gone"),
    );
    let group = server.create_group(&json!({"name": "x", "contacts": [gone["id"], kept["id"]]}));
    server.delete(&path_of(&gone));
    let server = server.restart();
    assert_eq!(server.get("/v1/contacts").json()["data"], json!([kept]));
    assert_eq!(
        server.get(&format!("/v1/groups/{group}")).json()["contacts"],
        json!([kept])
    );
    assert_eq!(server.get("/v1/contacts?query=kat").json()["data"], json!([kept]));
    server.get(&path_of(&gone)).expect_error(404, "not_found");
}
