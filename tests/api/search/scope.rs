//! What is searched: the documented properties of the account's own objects.

use serde_json::{Value, json};

use super::fixtures::{SearchServer, search};
use crate::harness::{TestServer, text};

#[test]
fn only_the_documented_properties_are_searched() {
    let fixture = SearchServer::start();
    let SearchServer {
        server, conversation, ..
    } = &fixture;
    let contact = json!({"username": "hector", "avatar_url": "https://pictures.example/1"});
    let contact = server.create("/v1/contacts", &contact);
    let group = json!({"name": "Plaza", "avatar_url": "https://pictures.example/2", "contacts": [contact["id"]]});
    let group = server.create("/v1/groups", &group);
    let message = json!({"conversation_id": group["conversation_id"], "message": "Merry", "contact_id": contact["id"]});
    let message = server.create("/v1/messages", &message);
    let path = format!("/v1/messages/{}", text(&message["id"]));
    server.put(&path, &json!({"reactions": {"heart": ["kate"]}}));
    let of_conversation = |id: &Value| format!("/v1/messages?conversation_id={}&", text(id));
    let within = [
        of_conversation(conversation),
        of_conversation(&group["conversation_id"]),
    ];
    let mut hidden = vec![
        "pictures".to_owned(),
        "example".to_owned(),
        "https".to_owned(),
        "scope".to_owned(),
        "heart".to_owned(),
        "kate".to_owned(),
        "null".to_owned(),
        text(&group["id"]),
        text(&contact["id"]),
        text(&group["conversation_id"]),
    ];
    // Terms that the index adds to the texts: accounts and conversations by their internal keys.
    for n in 0..12 {
        for prefix in ["a", "c", "scope:a", "scope : a", "scope-a", "a1 c", "a1-c", "c1 a"] {
            hidden.push(format!("{prefix}{n}"));
        }
    }
    for list in ["/v1/groups?", "/v1/contacts?", "/v1/messages?"]
        .into_iter()
        .chain(within.iter().map(String::as_str))
    {
        for query in &hidden {
            assert_eq!(search(server, &server.token, list, query), [""; 0], "{list} {query}");
        }
    }
    for (list, query) in [
        ("groups", "hector"),
        ("messages", "hector"),
        ("contacts", "plaza"),
        ("messages", "plaza"),
        ("groups", "merry"),
    ] {
        assert_eq!(
            search(server, &server.token, &format!("/v1/{list}?"), query),
            [""; 0],
            "{list} {query}"
        );
    }
    // In a text, such words are found like any others.
    fixture.expect(
        "a1 c1 scope",
        &["a1", "c1", "a1-c1", "scope", "c1 a1", "a"],
        &["a2", "c2", "c1-a1"],
    );
}

#[test]
fn an_account_finds_only_its_own_objects() {
    let server = TestServer::start();
    let tokens: Vec<String> = (0..12)
        .map(|n| server.create_account(&format!("account {n}")))
        .collect();
    let mut created: Vec<Vec<(&str, String)>> = Vec::new();
    for token in &tokens {
        let post = |path: &str, body: Value| {
            let response = server.request("POST", path).token(token).json(&body).send();
            assert_eq!(response.status, 201, "{}", response.text);
            response.json()
        };
        let group = post("/v1/groups", json!({"name": "Plaza a1 a2 a10"}));
        let contact = post(
            "/v1/contacts",
            json!({"username": "plaza", "display_name": "a1 a2 a10"}),
        );
        let message = json!({"conversation_id": group["conversation_id"], "message": "plaza a1 a2 a10"});
        let message = post("/v1/messages", message);
        created.push(vec![
            ("/v1/groups?", text(&group["id"])),
            ("/v1/contacts?", text(&contact["id"])),
            ("/v1/messages?", text(&message["id"])),
        ]);
    }
    for (token, own) in tokens.iter().zip(&created) {
        for (list, id) in own {
            for query in ["plaza", "p", "a1", "a2 a10 plaza", "a"] {
                assert_eq!(search(&server, token, list, query), [id.as_str()], "{list} {query}");
            }
        }
    }
    let (_, theirs) = &created[0][0];
    let cursor = server
        .request("GET", &format!("/v1/groups?query=plaza&starting_after={theirs}"))
        .token(&tokens[1]);
    assert_eq!(cursor.send().expect_error(400, "parameter_invalid"), "starting_after");
}

#[test]
fn contacts_created_by_groups_are_found_even_after_a_restart() {
    let server = TestServer::start();
    let body = json!({"name": "Plaza", "contacts": [{"username": "hector", "display_name": "Concierge"}]});
    let group = server.create("/v1/groups", &body);
    let contact = text(&group["contacts"][0]["id"]);
    assert_eq!(
        search(&server, &server.token, "/v1/contacts?", "conc hec"),
        [contact.as_str()]
    );
    let server = server.restart();
    assert_eq!(
        search(&server, &server.token, "/v1/contacts?", "conc hec"),
        [contact.as_str()]
    );
    assert_eq!(
        search(&server, &server.token, "/v1/groups?", "plaz"),
        [text(&group["id"])]
    );
}
