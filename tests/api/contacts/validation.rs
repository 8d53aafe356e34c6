//! Invalid requests.

use serde_json::{Value, json};

use super::fixtures::{all_contacts, contact_path, kate, send};
use crate::harness::{TestServer, text};

#[test]
fn properties_are_validated_alike_in_json_and_forms() {
    let server = TestServer::start();
    let path = contact_path(&server.post("/v1/contacts", &kate()).json());
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
            assert!(
                response.text.len() < 1_000,
                "an error does not quote a long value in full"
            );
        }
    };
    for (property, value) in &cases {
        check(property, value, false);
        check(property, value, true);
    }
    // A form can express neither other JSON types nor null for a required property.
    for property in ["username", "phone_number", "avatar_url", "display_name"] {
        for value in [json!(1), json!(true), json!(1.5), json!(["x"]), json!({"x": "y"})] {
            check(property, &value, false);
        }
    }
    check("username", &Value::Null, false);
    assert_eq!(server.get(&path).text, before);
    assert_eq!(all_contacts(&server).len(), 1);
}

#[test]
fn a_missing_unknown_or_duplicate_property_is_named() {
    let server = TestServer::start();
    let path = contact_path(&server.post("/v1/contacts", &kate()).json());
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
    assert_eq!(all_contacts(&server).len(), 1);
}

#[test]
fn a_nonexistent_contact_is_not_found() {
    let server = TestServer::start();
    let gone = server.create_contact("gone");
    assert_eq!(server.delete(&contact_path(&gone)).status, 204);
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
    let response = server.put(&contact_path(&gone), &json!({"username": "taken"}));
    response.expect_error(404, "not_found");
    assert_eq!(all_contacts(&server), [text(&taken["id"])]);
}

#[test]
fn list_parameters_are_validated() {
    let server = TestServer::start();
    let contact = server.create_contact("Kate");
    let (kate, gone, group) = (
        text(&contact["id"]),
        server.create_contact("gone"),
        server.create_group(&json!({"name": "x"})),
    );
    server.delete(&contact_path(&gone));
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
