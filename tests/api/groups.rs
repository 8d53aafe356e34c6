//! The endpoints of groups.

use serde_json::{Value, json};

use crate::harness::{TestServer, assert_in_order, config, ids};

const PROPERTIES: [&str; 8] = [
    "id",
    "name",
    "description",
    "avatar_url",
    "conversation_id",
    "contacts",
    "created_at",
    "archived_at",
];

fn plaza() -> Value {
    json!({
        "name": "Plaza Hotel",
        "description": "World-renowned.",
        "avatar_url": "https://assets.protocol.chat/avatars/plazahotel.jpg",
        "contacts": [{"username": "Hector"}, {"username": "Cedric", "display_name": "C.", "phone_number": "1"}],
    })
}

#[test]
fn creating_a_group_returns_all_of_it_and_it_can_be_retrieved() {
    let server = TestServer::start();
    let created = server.post("/v1/groups", &plaza());
    assert_eq!(created.status, 201);
    let group = created.json();
    let id = group["id"].as_str().unwrap();
    assert_eq!(created.header("location"), Some(format!("/v1/groups/{id}").as_str()));
    assert_eq!(created.header("content-type"), Some("application/json"));
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(group["conversation_id"].as_str().unwrap().len(), 16);
    assert!(group["created_at"].is_i64());
    assert_eq!(group["archived_at"], Value::Null);
    assert_eq!(group["contacts"][0]["username"], "Hector");
    assert_eq!(group["contacts"][0]["phone_number"], Value::Null);
    assert_eq!(group["contacts"][1]["display_name"], "C.");
    assert!(group.as_object().unwrap().keys().eq(PROPERTIES), "{group}");
    let retrieved = server.get(&format!("/v1/groups/{id}"));
    assert_eq!((retrieved.status, retrieved.text), (200, created.text));
}

#[test]
fn properties_are_in_the_documented_order() {
    let server = TestServer::start();
    let text = server.post("/v1/groups", &json!({"name": "x"})).text;
    assert_in_order(&text, &PROPERTIES);
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap().as_object().unwrap().len(),
        PROPERTIES.len()
    );
    let group = server.post("/v1/groups", &json!({"name": "x", "contacts": [{"username": "a"}]}));
    let contact = group.text.split(['[', ']']).nth(1).unwrap();
    let order = [
        "id",
        "username",
        "phone_number",
        "avatar_url",
        "display_name",
        "conversation_id",
        "last_active_at",
        "created_at",
    ];
    assert_in_order(contact, &order);
    assert_eq!(group.json()["contacts"][0].as_object().unwrap().len(), order.len());
}

#[test]
fn ids_are_matched_in_any_letter_case_and_returned_as_stored() {
    let server = TestServer::start();
    let id = server.create_group(&plaza());
    for spelled in [
        id.to_lowercase(),
        id.to_uppercase(),
        format!("%{:02x}{}", id.as_bytes()[0], &id[1..]),
    ] {
        let response = server.get(&format!("/v1/groups/{spelled}"));
        assert_eq!(
            (response.status, response.json()["id"].as_str()),
            (200, Some(id.as_str())),
            "{spelled}"
        );
    }
    let newer = server.create_group(&json!({"name": "newer"}));
    let page = server
        .get(&format!("/v1/groups?ending_before={}", id.to_lowercase()))
        .json();
    assert_eq!(ids(&page), [newer]);
    assert_eq!(server.delete(&format!("/v1/groups/{}", id.to_uppercase())).status, 204);
    assert_eq!(server.get(&format!("/v1/groups/{id}")).status, 404);
}

#[test]
fn an_update_changes_only_the_given_properties() {
    let server = TestServer::start();
    let created = server.post("/v1/groups", &plaza()).json();
    let path = format!("/v1/groups/{}", created["id"].as_str().unwrap());
    for (method, change) in [
        ("PUT", json!({"description": "The finest in New York."})),
        ("PATCH", json!({"name": "Plaza"})),
        ("PUT", json!({"avatar_url": null, "description": null})),
        ("PATCH", json!({"archived_at": 1_700_000_000})),
        ("PUT", json!({"archived_at": null})),
        ("PUT", json!({})),
    ] {
        let mut expected = server.get(&path).json();
        for (name, value) in change.as_object().unwrap() {
            expected[name] = value.clone();
        }
        let response = server.request(method, &path).json(&change).send();
        assert_eq!((response.status, response.json()), (200, expected.clone()), "{change}");
        assert_eq!(server.get(&path).json(), expected);
    }
}

#[test]
fn an_update_without_a_body_changes_nothing() {
    let server = TestServer::start();
    let path = format!("/v1/groups/{}", server.create_group(&plaza()));
    let before = server.get(&path).text;
    let response = server.request("PUT", &path).send();
    assert_eq!((response.status, response.text), (200, before));
}

#[test]
fn contacts_replaces_the_whole_membership_in_the_given_order() {
    let server = TestServer::start();
    let created = server.post("/v1/groups", &plaza()).json();
    let path = format!("/v1/groups/{}", created["id"].as_str().unwrap());
    let (hector, cedric) = (created["contacts"][0].clone(), created["contacts"][1].clone());
    let usernames = |response: &Value| -> Vec<String> {
        let contacts = response["contacts"].as_array().unwrap();
        contacts
            .iter()
            .map(|contact| contact["username"].as_str().unwrap().to_owned())
            .collect()
    };
    let change = json!({"contacts": [cedric["id"], {"username": "Hester"}, hector.clone(), {"username": "CEDRIC"}]});
    let updated = server.put(&path, &change).json();
    assert_eq!(usernames(&updated), ["Cedric", "Hester", "Hector"]);
    assert_eq!(updated["contacts"][0], cedric, "an existing contact is unchanged");
    let emptied = server.put(&path, &json!({"contacts": []})).json();
    assert_eq!(emptied["contacts"], json!([]));
    let other = server
        .post(
            "/v1/groups",
            &json!({"name": "b", "contacts": [{"username": "hector"}]}),
        )
        .json();
    assert_eq!(
        other["contacts"][0], hector,
        "the same contact, since ASCII case is ignored"
    );
}

#[test]
fn a_retrieved_group_can_be_sent_back_but_its_read_only_properties_cannot_change() {
    let server = TestServer::start();
    let read = server.post("/v1/groups", &plaza()).json();
    let path = format!("/v1/groups/{}", read["id"].as_str().unwrap());
    let response = server.put(&path, &read);
    assert_eq!((response.status, response.json()), (200, read.clone()));
    for (property, other) in [
        ("id", json!("AAAAAAAAAAAAAAAA")),
        ("conversation_id", json!("AAAAAAAAAAAAAAAA")),
        ("conversation_id", Value::Null),
        ("created_at", json!(1)),
    ] {
        let mut changed = read.clone();
        changed[property] = other;
        changed["name"] = json!("changed");
        assert_eq!(
            server.put(&path, &changed).expect_error(400, "parameter_invalid"),
            property
        );
    }
    assert_eq!(server.get(&path).json(), read, "nothing changed");
}

#[test]
fn a_deleted_group_is_gone_and_its_contacts_remain() {
    let server = TestServer::start();
    let created = server.post("/v1/groups", &plaza()).json();
    let path = format!("/v1/groups/{}", created["id"].as_str().unwrap());
    let response = server.delete(&path);
    assert_eq!(
        (
            response.status,
            response.text.as_str(),
            response.header("content-length")
        ),
        (204, "", None)
    );
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        server.request(method, &path).send().expect_error(404, "not_found");
    }
    assert_eq!(server.get("/v1/groups").json(), json!({"has_more": false, "data": []}));
    let again = server
        .post(
            "/v1/groups",
            &json!({"name": "b", "contacts": [created["contacts"][1]["id"]]}),
        )
        .json();
    assert_eq!(again["contacts"][0], created["contacts"][1]);
}

#[test]
fn archived_filters_the_list() {
    let server = TestServer::start();
    let groups: Vec<String> = (0..4)
        .map(|n| server.create_group(&json!({"name": n.to_string()})))
        .collect();
    for id in [&groups[0], &groups[2]] {
        server.put(&format!("/v1/groups/{id}"), &json!({"archived_at": 5}));
    }
    let listed = |query: &str| ids(&server.get(&format!("/v1/groups{query}")).json());
    let pick = |indexes: &[usize]| -> Vec<String> { indexes.iter().map(|index| groups[*index].clone()).collect() };
    assert_eq!(listed(""), pick(&[3, 2, 1, 0]));
    assert_eq!(listed("?archived=true"), pick(&[2, 0]));
    assert_eq!(listed("?archived=false"), pick(&[3, 1]));
    assert_eq!(
        listed(&format!("?archived=true&starting_after={}", groups[1])),
        pick(&[0])
    );
}

#[test]
fn head_returns_the_headers_of_get_without_a_body() {
    let server = TestServer::start();
    let id = server.create_group(&plaza());
    for path in [
        "/v1/groups".to_owned(),
        format!("/v1/groups/{id}"),
        "/healthz".to_owned(),
    ] {
        let (get, head) = (server.get(&path), server.request("HEAD", &path).send());
        assert_eq!((head.status, head.text.as_str()), (get.status, ""));
        assert_eq!(head.header("content-length"), Some(get.text.len().to_string().as_str()));
        assert_eq!(head.header("content-type"), get.header("content-type"));
    }
    assert_eq!(server.request("HEAD", "/v1/groups/AAAAAAAAAAAAAAAA").send().status, 404);
}

#[test]
fn the_api_is_served_below_the_base_path_only() {
    let mut config = config();
    config.settings.base_path = "/api".to_owned();
    config.settings.public_url = Some("https://groups.example.com".to_owned());
    let server = TestServer::start_with(config);
    let response = server.post("/api/v1/groups", &json!({"name": "x"}));
    let location = response.header("location").unwrap();
    let id = response.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(location, format!("https://groups.example.com/api/v1/groups/{id}"));
    assert_eq!(server.get(&format!("/api/v1/groups/{id}")).status, 200);
    let missing = server.get("/v1/groups");
    assert_eq!(missing.status, 404);
    assert_eq!(
        missing.json()["documentation_url"],
        "https://groups.example.com/docs#errors-not_found"
    );
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn unicode_is_returned_as_sent() {
    let server = TestServer::start();
    let name = "👩‍👩‍👧 Zoë \"ש\" \\ \u{2028}é";
    let body = json!({"name": name, "description": "line\nbreak\ttab \u{7f}", "contacts": [{"username": "Ünal"}]});
    let group = server.post("/v1/groups", &body).json();
    assert_eq!(group["name"], name);
    assert_eq!(group["description"], body["description"]);
    let other = server
        .post("/v1/groups", &json!({"name": "x", "contacts": [{"username": "ünal"}]}))
        .json();
    assert_ne!(
        other["contacts"][0]["id"], group["contacts"][0]["id"],
        "only ASCII case is ignored"
    );
}

#[test]
fn a_group_survives_a_restart() {
    let server = TestServer::start();
    let id = server.create_group(&plaza());
    let before = server.get(&format!("/v1/groups/{id}")).text;
    let folder = server.db.parent().unwrap().to_owned();
    let server = server.restart();
    assert_eq!(server.get(&format!("/v1/groups/{id}")).text, before);
    let mut server = server;
    server.stop();
    assert!(!folder.join("groups.db-wal").exists(), "a clean shutdown leaves no WAL");
}
