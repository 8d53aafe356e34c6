//! Schema migrations: a file of an earlier version is migrated at startup and keeps all of its data.
//! `tests/fixtures/schema-N.db` was filled by the last server with that schema, and `schema-N.jsonl` is its own export.

use std::path::Path;

use groups_server::store::{Missing, Session};
use serde_json::{Value, json};

use crate::harness::{TestServer, assert_integrity, encode, export, ids, wait_until_purged};

/// A server on a copy of the file with an earlier schema.
fn migrated(schema: u32) -> TestServer {
    let file = format!("{}/tests/fixtures/schema-{schema}.db", env!("CARGO_MANIFEST_DIR"));
    TestServer::start_on_copy(Path::new(&file), &format!("token-of-the-schema-{schema}-file"))
}

/// The objects in the server's export of the kinds that schema 1 had.
fn exported(server: &TestServer) -> Vec<Value> {
    let lines = export(&server.db, "default");
    let objects = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    objects
        .filter(|line| line["kind"] == "contact" || line["kind"] == "group")
        .collect()
}

#[test]
fn a_file_with_schema_1_keeps_all_its_data() {
    let expected = include_str!("../fixtures/schema-1.jsonl").lines();
    let expected: Vec<Value> = expected.map(|line| serde_json::from_str(line).unwrap()).collect();
    let server = migrated(1);
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
fn features_newer_than_schema_1_work_on_its_file() {
    let server = migrated(1);
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
    let sent = server.create("/v1/messages", &message);
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
fn commands_work_beside_a_server_that_has_just_migrated_the_file() {
    let server = migrated(1);
    // The migration is still in the WAL.
    let mut session = Session::open(&server.db, Missing::Refuse).unwrap();
    let count: i64 = session
        .read(|conn| -> Result<i64, groups_server::store::Error> {
            Ok(conn.query_row("SELECT count(*) FROM tokens", [], |row| row.get(0))?)
        })
        .unwrap();
    assert_eq!(count, 2);
}

#[test]
fn a_file_with_schema_2_keeps_all_its_data() {
    let exports = || {
        [
            ("default", include_str!("../fixtures/schema-2.jsonl")),
            ("other", include_str!("../fixtures/schema-2-other.jsonl")),
        ]
    };
    let mut server = migrated(2);
    for _ in 0..2 {
        for (account, expected) in exports() {
            assert_eq!(export(&server.db, account), expected);
        }
        server = server.restart();
    }
    assert_integrity(&server.db);
}

#[test]
fn rows_that_await_the_purge_in_a_file_with_schema_2_stay_hidden() {
    let server = migrated(2);
    assert_eq!(ids(&server.get("/v1/messages?query=much").json()), [""; 0]);
    wait_until_purged(&server.db);
    assert_eq!(ids(&server.get("/v1/messages?query=much").json()), [""; 0]);
    let left = "SELECT count(*) FROM messages WHERE message LIKE 'much%'";
    assert_eq!(server.query_value::<i64>(left), 0);
    assert_eq!(
        export(&server.db, "default"),
        include_str!("../fixtures/schema-2.jsonl")
    );
    assert_integrity(&server.db);
}

#[test]
fn searches_find_what_they_found_with_schema_2() {
    let server = migrated(2);
    let found = server
        .get(&format!("/v1/groups?query={}", encode("группа cafe a")))
        .json();
    assert_eq!(ids(&found).len(), 4);
    assert_eq!(ids(&server.get("/v1/messages?query=edited").json()).len(), 1);
}
