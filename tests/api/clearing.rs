//! Deleting much: gone at once, cleared away in the background, whatever ends the server meanwhile.

use groups_server::store::import::Existing;
use groups_server::store::{Missing, Session};
use groups_server::transfer;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::harness::{TestServer, assert_sound, ids, wait_until_cleared};

const MESSAGES: usize = 3_000;

fn import(server: &TestServer, lines: &str) {
    let mut session = Session::open(&server.db, Missing::Refuse).unwrap();
    transfer::import(&mut session, "default", &mut lines.as_bytes(), Existing::Refuse, |_| {}).unwrap();
}

/// The import lines of a group with one member, who has sent all its messages.
fn lines() -> String {
    let sender = json!({"kind": "contact", "id": "AAAAAAAAAAAAAAAA", "username": "Hector"});
    let group = json!({"kind": "group", "id": "BBBBBBBBBBBBBBBB", "name": "Plaza", "contacts": ["AAAAAAAAAAAAAAAA"],
                       "conversation_id": "CCCCCCCCCCCCCCCC"});
    let message = |n: usize| {
        json!({"kind": "message", "id": format!("m{n:015}"), "conversation_id": "CCCCCCCCCCCCCCCC",
               "contact": "AAAAAAAAAAAAAAAA", "message": format!("word{n} of many")})
    };
    let objects = [sender, group].into_iter().chain((0..MESSAGES).map(message));
    objects.map(|object| object.to_string() + "\n").collect()
}

fn filled() -> TestServer {
    let server = TestServer::start();
    import(&server, &lines());
    server
}

fn number(server: &TestServer, sql: &str) -> i64 {
    let conn = Connection::open(&server.db).unwrap();
    conn.query_row(sql, [], |row| row.get(0)).unwrap()
}

const LEFT: &str = "SELECT (SELECT count(*) FROM deleted_conversations) + (SELECT count(*) FROM deleted_contacts)";

/// A filled server after this was done, with something left to clear away: begun anew where there was time for all.
fn midway<T>(delete: impl Fn(&mut TestServer) -> T) -> (TestServer, T) {
    let mut tries = (0..5).map(|_| {
        let mut server = filled();
        let done = delete(&mut server);
        (server, done)
    });
    let found = tries.find(|(server, _)| number(server, LEFT) > 0);
    found.expect("there was time to clear away everything, five times")
}

#[test]
fn a_group_with_very_many_messages_is_gone_at_once_and_others_are_not() {
    let (server, kept) = midway(|server| {
        let other = json!({"name": "other", "contacts": ["AAAAAAAAAAAAAAAA"]});
        let conversation = &server.made("/v1/groups", &other)["conversation_id"];
        let message = json!({"conversation_id": conversation, "message": "many", "contact_id": "AAAAAAAAAAAAAAAA"});
        let kept = server.made("/v1/messages", &message);
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
        assert_eq!(
            ids(&server.get(&format!("/v1/{list}")).json()),
            [kept["id"].as_str().unwrap()]
        );
    }
    wait_until_cleared(&server.db);
    assert_eq!(number(&server, "SELECT count(*) FROM messages"), 1);
    assert_sound(&server.db);
}

#[test]
fn clearing_away_goes_on_after_a_stop() {
    let (server, ()) = midway(|server| {
        assert_eq!(server.delete("/v1/groups/BBBBBBBBBBBBBBBB").status, 204);
        server.stop();
    });
    let server = server.restart();
    wait_until_cleared(&server.db);
    assert_eq!(number(&server, "SELECT count(*) FROM messages"), 0);
    assert_sound(&server.db);
}

#[test]
fn a_contact_who_sent_very_many_messages_leaves_them_to_nobody() {
    let (server, ()) = midway(|server| assert_eq!(server.delete("/v1/contacts/AAAAAAAAAAAAAAAA").status, 204));
    let sender = |server: &TestServer| server.get("/v1/messages/m000000000000000").json()["contact"].clone();
    assert_eq!(sender(&server), Value::Null);
    let newer = server.contact("Hector");
    assert_ne!(newer["id"], "AAAAAAAAAAAAAAAA");
    assert_eq!(sender(&server), Value::Null);
    assert_eq!(server.get("/v1/groups/BBBBBBBBBBBBBBBB").json()["contacts"], json!([]));
    wait_until_cleared(&server.db);
    assert_eq!(sender(&server), Value::Null);
    assert_eq!(
        number(&server, "SELECT count(*) FROM messages WHERE contact_pk IS NOT NULL"),
        0
    );
    assert_eq!(number(&server, "SELECT count(*) FROM members"), 0);
    assert_sound(&server.db);
}

#[test]
fn what_is_deleted_can_be_imported_again_at_once() {
    let (server, ()) = midway(|server| {
        assert_eq!(server.delete("/v1/groups/BBBBBBBBBBBBBBBB").status, 204);
        assert_eq!(server.delete("/v1/contacts/AAAAAAAAAAAAAAAA").status, 204);
    });
    import(&server, &lines());
    wait_until_cleared(&server.db);
    let there = number(&server, "SELECT count(*) FROM messages");
    assert_eq!(there, i64::try_from(MESSAGES).unwrap());
    let message = server.get("/v1/messages/m000000000000000").json();
    assert_eq!(message["contact"]["username"], "Hector");
    assert_sound(&server.db);
}

#[test]
fn the_pages_of_what_was_cleared_away_are_used_again() {
    let server = filled();
    // The index of words keeps what was deleted until it merges it away: after some rounds it has done so.
    let pages: Vec<i64> = (0..10)
        .map(|_| {
            assert_eq!(server.delete("/v1/groups/BBBBBBBBBBBBBBBB").status, 204);
            assert_eq!(server.delete("/v1/contacts/AAAAAAAAAAAAAAAA").status, 204);
            wait_until_cleared(&server.db);
            import(&server, &lines());
            number(&server, "PRAGMA page_count")
        })
        .collect();
    assert!(pages[9] <= pages[4] + pages[4] / 10, "{pages:?}");
}
