//! `Idempotency-Key`: a request takes effect once and gets the same response every time.

use groups_server::api;
use serde_json::{Value, json};

use crate::harness::{Response, TestServer, concurrently, ids, wal_path};

fn post(server: &TestServer, key: &str, path: &str, body: &Value) -> Response {
    server
        .request("POST", path)
        .header("idempotency-key", key)
        .json(body)
        .send()
}

fn count_groups(server: &TestServer) -> usize {
    ids(&server.get("/v1/groups?limit=100").json()).len()
}

fn replayed(response: &Response) -> bool {
    response.header("idempotent-replayed") == Some("true")
}

#[test]
fn a_repeated_request_takes_effect_once_and_its_response_is_replayed() {
    let server = TestServer::start();
    let body = json!({"name": "x", "contacts": [{"username": "Hector"}]});
    let first = post(&server, "k1", "/v1/groups", &body);
    assert_eq!((first.status, replayed(&first)), (201, false));
    server.put(first.header("location").unwrap(), &json!({"name": "changed since"}));
    let again = post(&server, "k1", "/v1/groups", &body);
    assert_eq!((again.status, &again.text, replayed(&again)), (201, &first.text, true));
    for header in ["location", "etag", "content-type"] {
        assert_eq!(again.header(header), first.header(header));
    }
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    assert_eq!(count_groups(&server), 1);
    let other = post(&server, "k2", "/v1/groups", &body);
    assert_ne!(other.text, first.text);
    let server = server.restart();
    assert_eq!(post(&server, "k1", "/v1/groups", &body).text, first.text);
    assert_eq!(count_groups(&server), 2);
}

#[test]
fn every_post_accepts_a_key() {
    let server = TestServer::start();
    let group = server.create("/v1/groups", &json!({"name": "x"}));
    server.delete(&format!(
        "/v1/conversations/{}",
        group["conversation_id"].as_str().unwrap()
    ));
    let contact = server.create_contact("Hector");
    for route in api::routes()
        .into_iter()
        .flatten()
        .filter(|route| route.method == "POST")
    {
        let body = match route.path {
            "/v1/groups" => json!({"name": "x"}),
            "/v1/contacts" => json!({"username": "Kevin"}),
            "/v1/conversations" => json!({"group_id": group["id"]}),
            "/v1/messages" => json!({"conversation_id": contact["conversation_id"], "message": "x"}),
            other => panic!("no body for {other}"),
        };
        let (first, again) = (
            post(&server, route.path, route.path, &body),
            post(&server, route.path, route.path, &body),
        );
        assert_eq!(
            (first.status, again.status, replayed(&again)),
            (201, 201, true),
            "{}",
            again.text
        );
        assert_eq!(first.text, again.text);
    }
}

#[test]
fn a_different_request_with_a_used_key_is_rejected() {
    let server = TestServer::start();
    let first = post(&server, "k", "/v1/groups", &json!({"name": "x"}));
    assert_eq!(first.status, 201);
    let others = [
        ("/v1/groups", json!({"name": "y"})),
        ("/v1/contacts", json!({"username": "x"})),
    ];
    for (path, body) in others {
        let response = post(&server, "k", path, &body);
        assert_eq!(response.expect_error(422, "idempotency_mismatch"), "Idempotency-Key");
    }
    let form = server
        .request("POST", "/v1/groups")
        .header("idempotency-key", "k")
        .form("name=x")
        .send();
    form.expect_error(422, "idempotency_mismatch");
    assert_eq!(count_groups(&server), 1);
    assert_eq!(
        post(&server, "K", "/v1/groups", &json!({"name": "y"})).status,
        201,
        "keys are case-sensitive"
    );
}

#[test]
fn a_rejection_inside_the_transaction_is_replayed_and_an_earlier_one_is_not() {
    let server = TestServer::start();
    let unknown = json!({"name": "x", "contacts": [{"username": "first"}, "AAAAAAAAAAAAAAAA"]});
    let first = post(&server, "k", "/v1/groups", &unknown);
    first.expect_error(400, "parameter_invalid");
    let again = post(&server, "k", "/v1/groups", &unknown);
    assert_eq!((again.status, &again.text, replayed(&again)), (400, &first.text, true));
    assert_eq!(
        ids(&server.get("/v1/contacts").json()).len(),
        0,
        "the rejected request leaves nothing behind"
    );
    let taken = json!({"username": "Hector"});
    server.create_contact("Hector");
    post(&server, "c", "/v1/contacts", &taken).expect_error(409, "conflict");
    server.delete(&format!("/v1/contacts/{}", ids(&server.get("/v1/contacts").json())[0]));
    assert!(replayed(&post(&server, "c", "/v1/contacts", &taken)));
    post(&server, "n", "/v1/groups", &json!({"name": ""})).expect_error(400, "parameter_invalid");
    assert_eq!(post(&server, "n", "/v1/groups", &json!({"name": "right"})).status, 201);
}

#[test]
fn keys_are_scoped_to_the_account() {
    let server = TestServer::start();
    let other = server.create_account("other");
    let body = json!({"name": "x"});
    let mine = post(&server, "k", "/v1/groups", &body);
    let theirs = server
        .request("POST", "/v1/groups")
        .token(&other)
        .header("idempotency-key", "k");
    let theirs = theirs.json(&body).send();
    assert_eq!((theirs.status, replayed(&theirs)), (201, false));
    assert_ne!(mine.json()["id"], theirs.json()["id"]);
}

#[test]
fn an_invalid_key_is_rejected() {
    let server = TestServer::start();
    for key in ["", "a b", "é", &"k".repeat(256)] {
        let response = post(&server, key, "/v1/groups", &json!({"name": "x"}));
        assert_eq!(
            response.expect_error(400, "parameter_invalid"),
            "Idempotency-Key",
            "{key}"
        );
    }
    assert_eq!(count_groups(&server), 0);
    assert_eq!(
        post(&server, &"k".repeat(255), "/v1/groups", &json!({"name": "x"})).status,
        201
    );
}

#[test]
fn concurrent_repetitions_of_a_request_create_one_object() {
    let server = TestServer::start();
    let responses = concurrently(32, |_| post(&server, "k", "/v1/groups", &json!({"name": "x"})));
    assert!(
        responses
            .iter()
            .all(|response| response.status == 201 && response.text == responses[0].text)
    );
    assert_eq!(responses.iter().filter(|response| !replayed(response)).count(), 1);
    assert_eq!(count_groups(&server), 1);
}

#[test]
fn a_key_expires_after_a_day_and_its_row_is_pruned() {
    let server = TestServer::start();
    let conn = server.open_database();
    let body = json!({"name": "x"});
    post(&server, "k", "/v1/groups", &body);
    for (age, kept) in [(86_399, true), (86_401, false)] {
        conn.execute("UPDATE idempotency_keys SET created_at = unixepoch() - ?1", [age])
            .unwrap();
        let again = post(&server, "k", "/v1/groups", &body);
        assert_eq!(replayed(&again), kept, "{age}");
    }
    conn.execute("UPDATE idempotency_keys SET created_at = created_at - 86401", [])
        .unwrap();
    post(&server, "today", "/v1/groups", &body);
    let began = std::time::Instant::now();
    let left = || -> i64 {
        conn.query_row("SELECT count(*) FROM idempotency_keys", [], |row| row.get(0))
            .unwrap()
    };
    while left() > 1 {
        assert!(began.elapsed().as_secs() < 20, "expired keys are not pruned");
        server.create_group(&body);
    }
    assert!(replayed(&post(&server, "today", "/v1/groups", &body)));
}

#[test]
fn a_stored_response_does_not_keep_an_idle_server_from_checkpointing() {
    let server = TestServer::start();
    post(&server, "k", "/v1/groups", &json!({"name": "x"}));
    let wal = wal_path(&server.db);
    let began = std::time::Instant::now();
    while std::fs::metadata(&wal).unwrap().len() > 0 {
        assert!(began.elapsed().as_secs() < 20, "the WAL is not truncated");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
