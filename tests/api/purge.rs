//! Deleting many rows: they are hidden at once and purged in the background, even across restarts.

use groups_server::store::import::Existing;
use serde_json::{Value, json};

use crate::harness::{TestServer, assert_integrity, ids, import, text, wait_until_purged};

const MESSAGES: usize = 3_000;

/// Imports a group with one member, which sent all of the group's messages.
fn import_group(server: &TestServer) {
    let sender = json!({"kind": "contact", "id": "AAAAAAAAAAAAAAAA", "username": "Hector"});
    let group = json!({"kind": "group", "id": "BBBBBBBBBBBBBBBB", "name": "Plaza", "contacts": ["AAAAAAAAAAAAAAAA"],
                       "conversation_id": "CCCCCCCCCCCCCCCC"});
    let message = |n: usize| {
        json!({"kind": "message", "id": format!("m{n:015}"), "conversation_id": "CCCCCCCCCCCCCCCC",
               "contact": "AAAAAAAAAAAAAAAA", "message": format!("word{n} of many")})
    };
    let objects = [sender, group].into_iter().chain((0..MESSAGES).map(message));
    let lines: String = objects.map(|object| object.to_string() + "\n").collect();
    import(&server.db, "default", &lines, Existing::Refuse).unwrap();
}

fn start() -> TestServer {
    let server = TestServer::start();
    import_group(&server);
    server
}

/// Counts what is left to purge.
const LEFT: &str = "SELECT (SELECT count(*) FROM deleted_conversations) + (SELECT count(*) FROM deleted_contacts)";

/// A server on which `delete` just ran and part of the purge is still pending. Retries if the purge was faster.
fn with_purge_pending<T>(delete: impl Fn(&mut TestServer) -> T) -> (TestServer, T) {
    let mut attempts = (0..5).map(|_| {
        let mut server = start();
        let result = delete(&mut server);
        (server, result)
    });
    let pending = attempts.find(|(server, _)| server.query_value::<i64>(LEFT) > 0);
    pending.expect("the purge finished first, five times")
}

#[test]
fn deleting_a_group_with_thousands_of_messages_hides_them_at_once_and_nothing_else() {
    let (server, kept) = with_purge_pending(|server| {
        let other = json!({"name": "other", "contacts": ["AAAAAAAAAAAAAAAA"]});
        let conversation = &server.create("/v1/groups", &other)["conversation_id"];
        let message = json!({"conversation_id": conversation, "message": "many", "contact_id": "AAAAAAAAAAAAAAAA"});
        let kept = server.create("/v1/messages", &message);
        assert_eq!(server.delete("/v1/groups/BBBBBBBBBBBBBBBB").status, 204);
        kept
    });
    for path in [
        "groups/BBBBBBBBBBBBBBBB",
        "conversations/CCCCCCCCCCCCCCCC",
        "messages/m000000000000000",
    ] {
        server.get(&format!("/v1/{path}")).expect_error(404, "not_found");
    }
    for list in ["messages", "messages?query=many", "messages?limit=100"] {
        assert_eq!(ids(&server.get(&format!("/v1/{list}")).json()), [text(&kept["id"])]);
    }
    wait_until_purged(&server.db);
    assert_eq!(server.query_value::<i64>("SELECT count(*) FROM messages"), 1);
    assert_integrity(&server.db);
}

#[test]
fn an_unfinished_purge_resumes_after_a_restart() {
    let (server, ()) = with_purge_pending(|server| {
        assert_eq!(server.delete("/v1/groups/BBBBBBBBBBBBBBBB").status, 204);
        server.stop();
    });
    let server = server.restart();
    wait_until_purged(&server.db);
    assert_eq!(server.query_value::<i64>("SELECT count(*) FROM messages"), 0);
    assert_integrity(&server.db);
}

#[test]
fn messages_of_a_deleted_contact_have_no_sender_and_gain_none() {
    let (server, ()) =
        with_purge_pending(|server| assert_eq!(server.delete("/v1/contacts/AAAAAAAAAAAAAAAA").status, 204));
    let sender = |server: &TestServer| server.get("/v1/messages/m000000000000000").json()["contact"].clone();
    assert_eq!(sender(&server), Value::Null);
    let newer = server.create_contact("Hector");
    assert_ne!(newer["id"], "AAAAAAAAAAAAAAAA");
    assert_eq!(sender(&server), Value::Null);
    assert_eq!(server.get("/v1/groups/BBBBBBBBBBBBBBBB").json()["contacts"], json!([]));
    wait_until_purged(&server.db);
    assert_eq!(sender(&server), Value::Null);
    assert_eq!(
        server.query_value::<i64>("SELECT count(*) FROM messages WHERE contact_pk IS NOT NULL"),
        0
    );
    assert_eq!(server.query_value::<i64>("SELECT count(*) FROM members"), 0);
    assert_integrity(&server.db);
}

#[test]
fn deleted_objects_can_be_imported_again_at_once() {
    let (server, ()) = with_purge_pending(|server| {
        assert_eq!(server.delete("/v1/groups/BBBBBBBBBBBBBBBB").status, 204);
        assert_eq!(server.delete("/v1/contacts/AAAAAAAAAAAAAAAA").status, 204);
    });
    import_group(&server);
    wait_until_purged(&server.db);
    let count = server.query_value::<i64>("SELECT count(*) FROM messages");
    assert_eq!(count, i64::try_from(MESSAGES).unwrap());
    let message = server.get("/v1/messages/m000000000000000").json();
    assert_eq!(message["contact"]["username"], "Hector");
    assert_integrity(&server.db);
}

#[test]
fn the_pages_of_purged_rows_are_reused() {
    let server = start();
    // The full-text index keeps deleted terms until it merges them away, which takes a few rounds.
    let pages: Vec<i64> = (0..10)
        .map(|_| {
            assert_eq!(server.delete("/v1/groups/BBBBBBBBBBBBBBBB").status, 204);
            assert_eq!(server.delete("/v1/contacts/AAAAAAAAAAAAAAAA").status, 204);
            wait_until_purged(&server.db);
            import_group(&server);
            server.query_value::<i64>("PRAGMA page_count")
        })
        .collect();
    assert!(pages[9] <= pages[4] + pages[4] / 10, "{pages:?}");
}
