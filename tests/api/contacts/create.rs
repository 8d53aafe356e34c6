//! Creating and retrieving contacts.

use serde_json::{Value, json};

use super::fixtures::{PROPERTIES, contact_path, kate, send};
use crate::harness::{TestServer, assert_in_order, config, text};

#[test]
fn creating_a_contact_returns_all_of_it_and_it_can_be_retrieved() {
    let server = TestServer::start();
    let created = server.post("/v1/contacts", &kate());
    assert_eq!(created.status, 201, "{}", created.text);
    let contact = created.json();
    let path = contact_path(&contact);
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
fn a_contact_is_created_with_its_one_to_one_conversation() {
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
fn only_the_username_is_required_and_the_rest_defaults_to_null() {
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
fn location_includes_the_public_url_and_the_base_path() {
    let mut config = config();
    config.settings.base_path = "/api".to_owned();
    config.settings.public_url = Some("https://groups.example.com".to_owned());
    let server = TestServer::start_with(config);
    let created = server.post("/api/v1/contacts", &kate());
    let location = format!("https://groups.example.com/api{}", contact_path(&created.json()));
    assert_eq!(created.header("location"), Some(location.as_str()));
}

#[test]
fn properties_of_maximum_length_are_accepted_and_returned_as_sent() {
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
        let path = contact_path(&created.json());
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
        "a property with a maximum length only may be empty"
    );
}

#[test]
fn ids_are_matched_in_any_letter_case_and_returned_as_stored() {
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
    server.get(&contact_path(&contact)).expect_error(404, "not_found");
}
