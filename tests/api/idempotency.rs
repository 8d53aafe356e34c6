//! `Idempotency-Key`: each effect once, the same answer each time.

use groups_server::api;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, ids};

fn post(server: &TestServer, key: &str, path: &str, body: &Value) -> Answer {
    server
        .request("POST", path)
        .header("idempotency-key", key)
        .json(body)
        .send()
}

fn groups(server: &TestServer) -> usize {
    ids(&server.get("/v1/groups?limit=100").json()).len()
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == Some("true")
}

#[test]
fn the_same_request_under_a_key_is_done_once_and_answered_the_same() {
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
    assert_eq!(groups(&server), 1);
    let other = post(&server, "k2", "/v1/groups", &body);
    assert_ne!(other.text, first.text);
    let server = server.restart();
    assert_eq!(post(&server, "k1", "/v1/groups", &body).text, first.text);
    assert_eq!(groups(&server), 2);
}

#[test]
fn every_post_takes_a_key() {
    let server = TestServer::start();
    let group = server.made("/v1/groups", &json!({"name": "x"}));
    server.delete(&format!(
        "/v1/conversations/{}",
        group["conversation_id"].as_str().unwrap()
    ));
    let contact = server.contact("Hector");
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
            other => panic!("{other} has no body here"),
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
fn another_request_under_a_key_is_refused() {
    let server = TestServer::start();
    let first = post(&server, "k", "/v1/groups", &json!({"name": "x"}));
    assert_eq!(first.status, 201);
    let others = [
        ("/v1/groups", json!({"name": "y"})),
        ("/v1/contacts", json!({"username": "x"})),
    ];
    for (path, body) in others {
        let answer = post(&server, "k", path, &body);
        assert_eq!(answer.expect_error(422, "idempotency_mismatch"), "Idempotency-Key");
    }
    let form = server
        .request("POST", "/v1/groups")
        .header("idempotency-key", "k")
        .form("name=x")
        .send();
    form.expect_error(422, "idempotency_mismatch");
    assert_eq!(groups(&server), 1);
    assert_eq!(
        post(&server, "K", "/v1/groups", &json!({"name": "y"})).status,
        201,
        "keys have letter case"
    );
}

#[test]
fn a_refusal_that_ran_is_kept_and_one_that_did_not_run_is_not() {
    let server = TestServer::start();
    let unknown = json!({"name": "x", "contacts": [{"username": "first"}, "AAAAAAAAAAAAAAAA"]});
    let first = post(&server, "k", "/v1/groups", &unknown);
    first.expect_error(400, "parameter_invalid");
    let again = post(&server, "k", "/v1/groups", &unknown);
    assert_eq!((again.status, &again.text, replayed(&again)), (400, &first.text, true));
    assert_eq!(
        ids(&server.get("/v1/contacts").json()).len(),
        0,
        "nothing of the refused request stays"
    );
    let taken = json!({"username": "Hector"});
    server.contact("Hector");
    post(&server, "c", "/v1/contacts", &taken).expect_error(409, "conflict");
    server.delete(&format!("/v1/contacts/{}", ids(&server.get("/v1/contacts").json())[0]));
    assert!(replayed(&post(&server, "c", "/v1/contacts", &taken)));
    post(&server, "n", "/v1/groups", &json!({"name": ""})).expect_error(400, "parameter_invalid");
    assert_eq!(post(&server, "n", "/v1/groups", &json!({"name": "right"})).status, 201);
}

#[test]
fn keys_belong_to_the_account() {
    let server = TestServer::start();
    let other = server.account("other");
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
fn what_is_no_key_is_refused() {
    let server = TestServer::start();
    for key in ["", "a b", "é", &"k".repeat(256)] {
        let answer = post(&server, key, "/v1/groups", &json!({"name": "x"}));
        assert_eq!(
            answer.expect_error(400, "parameter_invalid"),
            "Idempotency-Key",
            "{key}"
        );
    }
    assert_eq!(groups(&server), 0);
    assert_eq!(
        post(&server, &"k".repeat(255), "/v1/groups", &json!({"name": "x"})).status,
        201
    );
}

#[test]
fn many_who_send_the_same_request_at_once_make_one_object() {
    let server = TestServer::start();
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..32)
            .map(|_| scope.spawn(|| post(&server, "k", "/v1/groups", &json!({"name": "x"}))))
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == 201 && answer.text == answers[0].text)
    );
    assert_eq!(answers.iter().filter(|answer| !replayed(answer)).count(), 1);
    assert_eq!(groups(&server), 1);
}

#[test]
fn a_key_can_be_used_again_after_a_day_and_is_forgotten_then() {
    let server = TestServer::start();
    let conn = rusqlite::Connection::open(&server.db).unwrap();
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
        assert!(began.elapsed().as_secs() < 20, "nothing is forgotten");
        server.group(&body);
    }
    assert!(replayed(&post(&server, "today", "/v1/groups", &body)));
}

/// A server that has nothing to do brings its log into the file, and rests.
#[test]
fn an_answer_that_is_to_be_kept_gives_an_idle_server_nothing_to_do() {
    let server = TestServer::start();
    post(&server, "k", "/v1/groups", &json!({"name": "x"}));
    let log = server.db.with_extension("db-wal");
    let began = std::time::Instant::now();
    while std::fs::metadata(&log).unwrap().len() > 0 {
        assert!(began.elapsed().as_secs() < 20, "the log is not cut");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
