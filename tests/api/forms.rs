//! Forms and JSON: the same request has the same effect in both encodings.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::harness::{Response, TestServer, encode};

#[test]
fn an_empty_value_is_null_and_empty_contacts_are_an_empty_array() {
    let server = TestServer::start();
    let body = json!({"name": "x", "description": "d", "avatar_url": "https://a/b", "contacts": [{"username": "a"}]});
    let path = format!("/v1/groups/{}", server.create_group(&body));
    let form = |text: &str| server.request("PUT", &path).form(text).send().json();
    assert_eq!(form("archived_at=17")["archived_at"], 17);
    let emptied = form("description=&avatar_url&archived_at=&contacts=");
    assert_eq!(
        [
            &emptied["description"],
            &emptied["avatar_url"],
            &emptied["archived_at"],
            &emptied["contacts"]
        ],
        [&Value::Null, &Value::Null, &Value::Null, &json!([])]
    );
    let response = server.request("PUT", &path).form("name=").send();
    assert_eq!(response.expect_error(400, "parameter_invalid"), "name");
}

#[test]
fn booleans_are_words_in_any_letter_case_or_digits() {
    let server = TestServer::start();
    let group = server.create_group(&json!({"name": "x"}));
    let group = server.get(&format!("/v1/groups/{group}")).json();
    let conversation = format!("/v1/conversations/{}", group["conversation_id"].as_str().unwrap());
    for (text, flag) in [
        ("true", true),
        ("0", false),
        ("True", true),
        ("FALSE", false),
        ("1", true),
        ("false", false),
    ] {
        let updated = server
            .request("PUT", &conversation)
            .form(&format!("is_muted={text}"))
            .send()
            .json();
        assert_eq!(updated["is_muted"], flag, "{text}");
        let listed = server.get(&format!("/v1/conversations?muted={text}")).json();
        assert_eq!(listed["data"].as_array().unwrap().len(), 1, "{text}");
    }
    // JSON has booleans of its own.
    for value in [json!("true"), json!(1), json!("True")] {
        let response = server.put(&conversation, &json!({"is_muted": value}));
        assert_eq!(response.expect_error(400, "parameter_invalid"), "is_muted");
    }
}

#[test]
fn a_byte_order_mark_before_a_body_is_skipped() {
    let server = TestServer::start();
    for (content_type, body) in [
        ("application/json", "\u{feff}{\"name\": \"marked\"}"),
        ("application/x-www-form-urlencoded", "\u{feff}name=marked"),
    ] {
        let response = server.request("POST", "/v1/groups").body(content_type, body).send();
        assert_eq!((response.status, &response.json()["name"]), (201, &json!("marked")));
        // Only at the start.
        let twice = format!("\u{feff}{body}");
        let response = server.request("POST", "/v1/groups").body(content_type, twice).send();
        assert_eq!(response.status, 400);
    }
}

#[test]
fn contacts_can_be_given_in_every_form_notation() {
    let server = TestServer::start();
    let hector = server
        .post(
            "/v1/groups",
            &json!({"name": "x", "contacts": [{"username": "Hector"}]}),
        )
        .json();
    let hector = hector["contacts"][0]["id"].as_str().unwrap();
    let usernames = |form: &str| -> Vec<String> {
        let group = server.request("POST", "/v1/groups").form(form).send();
        assert_eq!(group.status, 201, "{form}: {}", group.text);
        let contacts = group.json()["contacts"].as_array().unwrap().clone();
        contacts
            .iter()
            .map(|contact| contact["username"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        usernames(&format!("name=x&contacts[]={hector}&contacts[]={hector}")),
        ["Hector"]
    );
    assert_eq!(
        usernames("name=x&contacts[][username]=Hector&contacts[][username]=Cedric"),
        ["Hector", "Cedric"]
    );
    assert_eq!(
        usernames(&format!("name=x&contacts[0][username]=Cliff&contacts[1][id]={hector}")),
        ["Cliff", "Hector"]
    );
    assert_eq!(
        usernames(&format!("name=x&contacts%5B%5D={hector}&contacts[][username]=Zo%C3%AB")),
        ["Hector", "Zoë"]
    );
    assert_eq!(
        usernames("name=x&contacts[][username]=A&contacts[][display_name]=a+b&contacts[][username]=B"),
        ["A", "B"]
    );
}

#[test]
fn errors_in_a_form_name_the_same_parameters_as_in_json() {
    let server = TestServer::start();
    for (form, code, param) in [
        ("contacts[]=x", "parameter_missing", "name"),
        ("name=x&contacts[]=x", "parameter_invalid", "contacts[0]"),
        (
            "name=x&contacts[][id]=AAAAAAAAAAAAAAAA",
            "parameter_invalid",
            "contacts[0].id",
        ),
        (
            "name=x&contacts[0][username]=a&contacts[1][username]=b+c",
            "parameter_invalid",
            "contacts[1].username",
        ),
        ("name=x&contacts[][age]=7", "parameter_missing", "contacts[0].username"),
        ("name=x&contacts[1]=x", "parameter_invalid", "contacts[1]"),
        ("name=x&contacts=x", "parameter_invalid", "contacts"),
        ("name=x&name[]=y", "parameter_unknown", "name"),
    ] {
        let response = server.request("POST", "/v1/groups").form(form).send();
        assert_eq!(response.expect_error(400, code), param, "{form}");
    }
}

/// Strings that both encodings can express: a form's empty string is null, so they are not empty.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9 &=+%\\[\\]]{1,12}",
        "\\PC{1,8}",
        Just("\u{0}".to_owned()),
        Just("12".to_owned()),
        Just("true".to_owned())
    ]
}

fn nullable() -> impl Strategy<Value = Value> {
    prop_oneof![1 => Just(Value::Null), 4 => text().prop_map(Value::String)]
}

fn url() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!("https://example.com/a?b=c&d=%20#e")),
        text().prop_map(Value::String)
    ]
}

fn contact() -> impl Strategy<Value = Value> {
    let username = prop_oneof![3 => "[A-Ca-c]", 1 => text()];
    let named = (username, proptest::option::of(nullable()), proptest::option::of(url()));
    prop_oneof![
        1 => Just(json!("AAAAAAAAAAAAAAAA")),
        1 => Just(json!({"id": "nothing"})),
        8 => named.prop_map(|(username, display_name, avatar_url)| {
            let mut contact = Map::from_iter([("username".to_owned(), json!(username))]);
            contact.extend(display_name.map(|value| ("display_name".to_owned(), value)));
            contact.extend(avatar_url.map(|value| ("avatar_url".to_owned(), value)));
            Value::Object(contact)
        }),
    ]
}

fn body() -> impl Strategy<Value = Value> {
    let optional = |value: BoxedStrategy<Value>| proptest::option::weighted(0.7, value);
    (
        optional(prop_oneof![3 => "[a-z]{1,9}".prop_map(Value::String), 1 => text().prop_map(Value::String)].boxed()),
        optional(nullable().boxed()),
        optional(url().boxed()),
        optional(
            proptest::collection::vec(contact(), 0..4)
                .prop_map(Value::Array)
                .boxed(),
        ),
        proptest::option::weighted(0.05, Just(json!("unknown"))),
    )
        .prop_map(|(name, description, avatar_url, contacts, other)| {
            let names = ["name", "description", "avatar_url", "contacts", "other"];
            let values = [name, description, avatar_url, contacts, other];
            let given = names
                .into_iter()
                .zip(values)
                .filter_map(|(name, value)| Some((name.to_owned(), value?)));
            Value::Object(given.collect())
        })
}

/// Encodes a body as a form, with or without indexes for array items. Without them, a repeated property begins the next
/// item, so items with different properties need them.
fn as_form(body: &Value, indexed: bool) -> String {
    let has_id = |contact: &Value| contact.get("id").is_some();
    let indexed = indexed
        || body["contacts"]
            .as_array()
            .is_some_and(|contacts| contacts.iter().any(has_id));
    let mut pairs = Vec::new();
    for (name, value) in body.as_object().unwrap() {
        match value {
            Value::Array(items) if items.is_empty() => pairs.push((name.clone(), String::new())),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let key = if indexed {
                        format!("{name}[{index}]")
                    } else {
                        format!("{name}[]")
                    };
                    match item {
                        // The username begins an item, so it must come first.
                        Value::Object(contact) => {
                            let mut properties: Vec<_> = contact.iter().collect();
                            properties.sort_by_key(|(property, _)| *property != "username");
                            pairs.extend(
                                properties
                                    .into_iter()
                                    .map(|(property, value)| (format!("{key}[{property}]"), plain(value))),
                            );
                        }
                        item => pairs.push((key, plain(item))),
                    }
                }
            }
            value => pairs.push((name.clone(), plain(value))),
        }
    }
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

fn plain(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A response without the values that differ between two objects created alike.
fn meaning(response: &Response) -> Value {
    let mut json = response.json();
    let generated = ["id", "conversation_id", "created_at", "request_id"];
    let blank = |object: &mut Value| {
        for name in generated {
            if let Some(value) = object.get_mut(name) {
                *value = Value::Null;
            }
        }
    };
    blank(&mut json);
    for contact in json
        .get_mut("contacts")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        blank(contact);
    }
    // The message about JSON names the position of the error; the one about a form cannot.
    if json["code"] == "body_malformed" {
        json["message"] = Value::Null;
    }
    json
}

#[test]
fn a_generated_body_has_the_same_effect_in_both_encodings() {
    let server = TestServer::start();
    let count = std::cell::Cell::new(0);
    proptest!(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() }, |(body in body(), indexed: bool)| {
        count.set(count.get() + 1);
        let form = as_form(&body, indexed);
        // Separate accounts, so one request's contacts do not exist for the other.
        let (one, other) = (server.create_account(&format!("json {}", count.get())), server.create_account(&format!("form {}", count.get())));
        let by_json = server.request("POST", "/v1/groups").token(&one).json(&body).send();
        let by_form = server.request("POST", "/v1/groups").token(&other).form(&form).send();
        prop_assert_eq!(by_json.status, by_form.status, "{} {} {}", form, by_json.text, by_form.text);
        prop_assert_eq!(meaning(&by_json), meaning(&by_form), "{}", form);
    });
}
