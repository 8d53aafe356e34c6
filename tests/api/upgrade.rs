//! Files that earlier versions made: each is brought to the current schema at the start, with all that it holds.
//! `tests/fixtures/schema-N.db` was filled by the last server of that schema, `schema-N.jsonl` is its own export.

use std::path::Path;

use groups_server::store::{Missing, Session};
use serde_json::{Value, json};

use crate::harness::{TestServer, assert_sound, encode, export, ids, wait_until_cleared};

/// A server on a copy of the file of an earlier schema.
fn upgraded(schema: u32) -> TestServer {
    let file = format!("{}/tests/fixtures/schema-{schema}.db", env!("CARGO_MANIFEST_DIR"));
    TestServer::start_on_copy(Path::new(&file), &format!("token-of-the-schema-{schema}-file"))
}

/// The lines of the server's export that are of kinds which schema 1 had.
fn exported(server: &TestServer) -> Vec<Value> {
    let lines = export(&server.db, "default");
    let objects = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    objects
        .filter(|line| line["kind"] == "contact" || line["kind"] == "group")
        .collect()
}

#[test]
fn a_file_of_schema_1_is_served_with_all_that_it_holds() {
    let expected = include_str!("../fixtures/schema-1.jsonl").lines();
    let expected: Vec<Value> = expected.map(|line| serde_json::from_str(line).unwrap()).collect();
    let server = upgraded(1);
    assert_eq!(exported(&server), expected);
    let server = server.restart();
    assert_eq!(exported(&server), expected);
    for line in expected {
        let mut object = line.clone();
        let kind = object.as_object_mut().unwrap().remove("kind").unwrap();
        let path = format!("/v1/{}s/{}", kind.as_str().unwrap(), line["id"].as_str().unwrap());
        assert_eq!(server.get(&path).json(), object);
        let path = format!("/v1/conversations/{}", line["conversation_id"].as_str().unwrap());
        let conversation = server.get(&path).json();
        assert_eq!(conversation[format!("{}_id", kind.as_str().unwrap())], line["id"]);
        assert_eq!(
            (&conversation["is_muted"], &conversation["is_pinned"]),
            (&json!(false), &json!(false))
        );
    }
}

#[test]
fn what_schema_1_did_not_have_works_on_its_file() {
    let server = upgraded(1);
    let hotel = server.get("/v1/groups?query=plaza%20world").json();
    assert_eq!(ids(&hotel), ["l7cGNIBKZiNJ6wqF"]);
    assert_eq!(
        ids(&server.get("/v1/contacts?query=concierge").json()),
        ["WAz8eIbvDR60rouK"]
    );
    let groups = server.get("/v1/groups?contact_id=WAz8eIbvDR60rouK&limit=100").json();
    assert!(ids(&groups).contains(&"l7cGNIBKZiNJ6wqF".to_owned()));
    let conversation = &hotel["data"][0]["conversation_id"];
    let message = json!({"conversation_id": conversation, "message": "Welcome", "contact_id": "WAz8eIbvDR60rouK"});
    let sent = server.made("/v1/messages", &message);
    assert_eq!(
        server.get("/v1/contacts/WAz8eIbvDR60rouK").json()["last_active_at"],
        sent["created_at"]
    );
    assert_eq!(server.delete("/v1/contacts/WAz8eIbvDR60rouK").status, 204);
    assert_eq!(
        server.get("/v1/groups/l7cGNIBKZiNJ6wqF").json()["contacts"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn commands_work_beside_a_server_that_has_just_upgraded_the_file() {
    let server = upgraded(1);
    // Nothing has moved the upgrade from the log into the file yet.
    let mut session = Session::open(&server.db, Missing::Refuse).unwrap();
    let count: i64 = session
        .read(|conn| -> Result<i64, groups_server::error::Error> {
            Ok(conn.query_row("SELECT count(*) FROM tokens", [], |row| row.get(0))?)
        })
        .unwrap();
    assert_eq!(count, 2);
}

#[test]
fn a_file_of_schema_2_is_served_with_all_that_it_holds() {
    let exports = || {
        [
            ("default", include_str!("../fixtures/schema-2.jsonl")),
            ("other", include_str!("../fixtures/schema-2-other.jsonl")),
        ]
    };
    let mut server = upgraded(2);
    for _ in 0..2 {
        for (account, expected) in exports() {
            assert_eq!(export(&server.db, account), expected);
        }
        server = server.restart();
    }
    assert_sound(&server.db);
}

#[test]
fn what_was_being_cleared_away_in_a_file_of_schema_2_stays_away() {
    let server = upgraded(2);
    assert_eq!(ids(&server.get("/v1/messages?query=much").json()), [""; 0]);
    wait_until_cleared(&server.db);
    assert_eq!(ids(&server.get("/v1/messages?query=much").json()), [""; 0]);
    let conn = rusqlite::Connection::open(&server.db).unwrap();
    let count = |sql: &str| -> i64 { conn.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(count("SELECT count(*) FROM messages WHERE message LIKE 'much%'"), 0);
    assert_eq!(
        export(&server.db, "default"),
        include_str!("../fixtures/schema-2.jsonl")
    );
    assert_sound(&server.db);
}

#[test]
fn what_schema_2_found_by_words_is_found() {
    let server = upgraded(2);
    let found = server
        .get(&format!("/v1/groups?query={}", encode("группа cafe a")))
        .json();
    assert_eq!(ids(&found).len(), 4);
    assert_eq!(ids(&server.get("/v1/messages?query=edited").json()).len(), 1);
}
