//! What `check` reports: every kind of corruption that the schema's redundancy reveals, planted in an intact file.

use std::path::Path;

use groups_server::maintenance::check;
use rusqlite::{Connection, OpenFlags};
use serde_json::json;

use crate::harness::{TestServer, wait_until_purged};

/// A stopped server whose file has two accounts.
fn filled() -> TestServer {
    let mut server = TestServer::start();
    for token in [server.token.clone(), server.create_account("other")] {
        let post = |path: &str, body| server.request("POST", path).token(&token).json(&body).send().json();
        for n in 0..5 {
            let contacts = json!([{"username": format!("Alpha{n}")}, {"username": "Beta"}]);
            let group = post(
                "/v1/groups",
                json!({"name": format!("Plaza {n}"), "contacts": contacts}),
            );
            let sender = &group["contacts"][0]["id"];
            let body =
                json!({"conversation_id": group["conversation_id"], "message": "macaroni", "contact_id": sender});
            let message = post("/v1/messages", body);
            let conversation = format!("/v1/conversations/{}", group["conversation_id"].as_str().unwrap());
            let pin = json!({"pinned_message_id": message["id"]});
            server.request("PUT", &conversation).token(&token).json(&pin).send();
        }
        let deleted = post(
            "/v1/groups",
            json!({"name": "gone", "contacts": [{"username": "Beta"}]}),
        );
        let path = format!("/v1/groups/{}", deleted["id"].as_str().unwrap());
        server.request("DELETE", &path).token(&token).send();
    }
    wait_until_purged(&server.db);
    server.stop();
    server
}

/// The findings in a copy of the file that `corrupt` has changed.
fn findings(file: &Path, corrupt: impl FnOnce(&Path)) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("groups.db");
    std::fs::copy(file, &copy).unwrap();
    corrupt(&copy);
    check::full(&Connection::open(&copy).unwrap()).unwrap()
}

/// Runs SQL without triggers, foreign keys and CHECK constraints.
fn run(path: &Path, sql: &str) {
    let conn = Connection::open(path).unwrap();
    let strings = |sql: &str| -> Vec<String> {
        let mut statement = conn.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let triggers = strings("SELECT sql FROM sqlite_schema WHERE type = 'trigger'");
    let drops = strings("SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger'");
    conn.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; BEGIN")
        .unwrap();
    conn.execute_batch(&drops.join(";")).unwrap();
    conn.execute_batch(sql).unwrap();
    conn.execute_batch(&triggers.join(";")).unwrap();
    conn.execute_batch("COMMIT").unwrap();
}

/// Overwrites the first occurrence of some bytes in the file.
fn overwrite(path: &Path, old: &[u8], new: &[u8]) {
    let mut bytes = std::fs::read(path).unwrap();
    let at = bytes.windows(old.len()).position(|part| part == old).unwrap();
    bytes[at..at + new.len()].copy_from_slice(new);
    std::fs::write(path, bytes).unwrap();
}

/// SQL that violates a rule, and a part of the finding that must report it.
const VIOLATIONS: [(&str, &str); 24] = [
    (
        "INSERT INTO members VALUES (999, 0, 1)",
        "A member of a group that neither",
    ),
    (
        "INSERT INTO members VALUES (1, 9, 999)",
        "A member whose contact neither",
    ),
    (
        "INSERT INTO members VALUES (1, 9, (SELECT pk FROM contacts WHERE account = 2))",
        "another account than its group: group 1, position 9.",
    ),
    (
        "UPDATE messages SET conversation_pk = 999 WHERE pk = 1",
        "A message whose conversation neither",
    ),
    (
        "UPDATE messages SET contact_pk = 999",
        "sender neither exists nor waits to be purged: 1; 2; 3; 4; 5; ….",
    ),
    (
        "UPDATE messages SET account = 2 WHERE pk = 1",
        "A message of another account than its conversation",
    ),
    (
        "UPDATE messages SET account = 2 WHERE pk = 1",
        "A message of another account than its sender",
    ),
    (
        "UPDATE conversations SET account = 2 WHERE group_pk = 1",
        "A conversation of another account than its group",
    ),
    (
        "UPDATE conversations SET account = 2 WHERE contact_pk = 1",
        "A conversation of another account than its contact",
    ),
    (
        "UPDATE groups SET conversation_id = NULL WHERE pk = 1",
        "A group with the id of a conversation other than its own",
    ),
    (
        "UPDATE groups SET conversation_id = upper(conversation_id)",
        "A group with the id of a conversation other than its own",
    ),
    (
        "UPDATE contacts SET conversation_id = 'AAAAAAAAAAAAAAAA' WHERE pk = 1",
        "A contact with the id of a conversation other than its own",
    ),
    (
        "UPDATE conversations SET pinned_message_id = upper(pinned_message_id)",
        "pins a message of another or none",
    ),
    (
        "UPDATE conversations SET pinned_message_id = (SELECT id FROM messages WHERE pk = 1)",
        "pins a message of another or none",
    ),
    (
        "UPDATE groups SET account = 999 WHERE pk = 1",
        "groups 1 refers to a row that accounts does not have.",
    ),
    (
        "UPDATE groups SET name = '' WHERE pk = 1",
        "CHECK constraint failed in groups",
    ),
    (
        "UPDATE groups SET created_at = 253402300800 WHERE pk = 1",
        "groups, pk 1: created_at is not a time",
    ),
    (
        "UPDATE groups SET id = 'AAAAAAAAAAAAAAA-' WHERE pk = 1",
        "groups, pk 1: id is not an id",
    ),
    (
        "UPDATE messages SET message = CAST(x'ff' AS TEXT) WHERE pk = 1",
        "messages, pk 1: message is not UTF-8",
    ),
    (
        "UPDATE messages SET message = 'macarons' WHERE pk = 1",
        "The search index differs from the texts: messages with keys from 0 to 1023.",
    ),
    (
        "INSERT INTO groups_fts (rowid, scope, name) VALUES (5000, 'a1', 'x')",
        "The search index differs from the texts: groups with keys from 4096 to 5119.",
    ),
    (
        "UPDATE contacts SET display_name = 'Gamma' WHERE pk = 1",
        "The search index differs from the texts: contacts",
    ),
    (
        "INSERT INTO idempotency_keys VALUES (1, 1, 'k', zeroblob(32), 201, NULL, '{', 1)",
        "A stored response of an idempotency key that is not JSON: 1.",
    ),
    ("DROP INDEX messages_contact", "The schema: messages_contact is not"),
];

#[test]
fn every_violated_rule_between_rows_is_reported() {
    let server = filled();
    assert_eq!(findings(&server.db, |_| ()), Vec::<String>::new());
    for (sql, expected) in VIOLATIONS {
        let findings = findings(&server.db, |copy| run(copy, sql));
        assert!(
            findings.iter().any(|finding| finding.contains(expected)),
            "{sql}: {findings:?}"
        );
    }
}

#[test]
fn a_value_that_differs_from_its_copy_is_reported_whatever_wrote_it() {
    let server = filled();
    for (old, new, expected) in [
        // In the rendered object, a generated column that no statement can set.
        (
            &b"\"username\":\"Alpha1\""[..],
            &b"\"username\":\"alpha1\""[..],
            "whose rendered object differs from its values: ",
        ),
        (
            b"macaroni",
            b"macarons",
            "The search index differs from the texts: messages",
        ),
        (
            b"SELECT OLD.pk WHERE",
            b"SELECT NEW.pk WHERE",
            "The schema: contacts_deleted is not as this",
        ),
        (
            b"SQLite format 3",
            b"SQLite format 4",
            "The database: could not be read",
        ),
    ] {
        let findings = findings(&server.db, |copy| overwrite(copy, old, new));
        assert!(
            findings.iter().any(|finding| finding.contains(expected)),
            "{expected}: {findings:?}"
        );
    }
}

#[test]
fn a_read_only_connection_can_run_the_check() {
    let server = filled();
    run(&server.db, "UPDATE groups SET conversation_id = NULL WHERE pk = 1");
    let conn = Connection::open_with_flags(&server.db, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let expected = "A group with the id of a conversation other than its own: 1.";
    assert_eq!(check::full(&conn).unwrap(), [expected]);
    conn.execute_batch("BEGIN").unwrap();
    assert_eq!(check::full(&conn).unwrap(), [expected]);
}
