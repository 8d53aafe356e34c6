//! The index follows every change, whether or not it is up to date.

use serde_json::{Value, json};

use super::fixtures::{SearchServer, search};
use crate::harness::{TestServer, assert_integrity, ids, text};

#[test]
fn updates_and_deletions_are_reflected() {
    let fixture = SearchServer::start();
    let SearchServer {
        server, conversation, ..
    } = &fixture;
    let message = json!({"conversation_id": conversation, "message": "before"});
    for (list, created, changed) in [
        ("/v1/groups", json!({"name": "before"}), "name"),
        (
            "/v1/groups",
            json!({"name": "x", "description": "before"}),
            "description",
        ),
        ("/v1/contacts", json!({"username": "before"}), "username"),
        (
            "/v1/contacts",
            json!({"username": "x", "display_name": "before"}),
            "display_name",
        ),
        (
            "/v1/contacts",
            json!({"username": "y", "phone_number": "before"}),
            "phone_number",
        ),
        ("/v1/messages", message, "message"),
    ] {
        let found = |query: &str| search(server, &server.token, &format!("{list}?"), query);
        let id = text(&server.create(list, &created)["id"]);
        let path = format!("{list}/{id}");
        assert_eq!(
            [found("before"), found("after")],
            [vec![id.clone()], vec![]],
            "{list} {changed}"
        );
        for (value, matching) in [
            ("after", ["after", "aft"]),
            ("before-after", ["before", "after"]),
            ("Äfter", ["after", "ÄFTER"]),
        ] {
            assert_eq!(server.put(&path, &json!({changed: value})).status, 200);
            for query in matching {
                assert_eq!(found(query), [id.as_str()], "{list} {changed} {query}");
            }
            assert_eq!(
                found("before").len(),
                usize::from(value.starts_with("before")),
                "{list} {changed}"
            );
        }
        if let "description" | "display_name" | "phone_number" = changed {
            assert_eq!(server.put(&path, &json!({changed: null})).status, 200);
            assert_eq!(found("after"), [""; 0]);
            assert_eq!(server.put(&path, &json!({changed: "after"})).status, 200);
            assert_eq!(found("after"), [id.as_str()]);
        }
        assert_eq!(server.delete(&path).status, 204);
        assert_eq!(found("after"), [""; 0], "{list} {changed}");
    }
    assert_integrity(&server.db);
}

#[test]
fn words_longer_than_an_index_term_can_be_found_updated_and_deleted() {
    let fixture = SearchServer::start();
    let SearchServer {
        server, conversation, ..
    } = &fixture;
    let word = "𐐷".repeat(10_000);
    let body = json!({"conversation_id": conversation, "message": word});
    let path = format!("/v1/messages/{}", text(&server.create("/v1/messages", &body)["id"]));
    let found = |query: &str| search(server, &server.token, "/v1/messages?", query).len();
    assert_eq!([found("𐐷"), found(&"𐐷".repeat(255)), found("x")], [1, 1, 0]);
    let changed = format!("x {}", "語".repeat(9_998));
    assert_eq!(server.put(&path, &json!({"message": changed})).status, 200);
    assert_eq!([found("𐐷"), found("x"), found("語語")], [0, 1, 1]);
    assert_integrity(&server.db);
    assert_eq!(server.delete(&path).status, 204);
    assert_eq!([found("𐐷"), found("x"), found("語語")], [0, 0, 0]);
    assert_integrity(&server.db);
}

/// The number of rows that await indexing.
fn unindexed_rows(server: &TestServer) -> i64 {
    server.query_value("SELECT count(*) FROM unindexed")
}

#[test]
fn a_search_reflects_writes_updates_and_deletions_at_once() {
    let server = TestServer::start();
    let conversation = server.create("/v1/groups", &json!({"name": "_"}))["conversation_id"].clone();
    let mut times_pending = 0;
    for n in 0.. {
        let kept = format!("kept{n} Crème");
        let bodies = [
            ("/v1/groups", "name", json!({"name": kept})),
            (
                "/v1/contacts",
                "display_name",
                json!({"username": format!("u{n}"), "display_name": kept}),
            ),
            (
                "/v1/messages",
                "message",
                json!({"conversation_id": conversation, "message": kept}),
            ),
        ];
        for (list, property, body) in &bodies {
            let find = |query: &str| search(&server, &server.token, &format!("{list}?"), query);
            let first = text(&server.create(list, body)["id"]);
            assert_eq!(find(&format!("KEPT{n} creme")), [first.as_str()]);
            let path = format!("{list}/{first}");
            assert_eq!(
                server.put(&path, &json!({*property: format!("other{n} Crème")})).status,
                200
            );
            assert_eq!(find(&format!("kept{n}")), [""; 0]);
            assert_eq!(find(&format!("othe r{n}")), [""; 0]);
            assert_eq!(find(&format!("cr other{n}")), [first.as_str()]);
            assert_eq!(server.delete(&path).status, 204);
            assert_eq!(find(&format!("other{n}")), [""; 0]);
        }
        times_pending += i32::from(unindexed_rows(&server) > 0);
        if times_pending == 5 {
            break;
        }
        assert!(n < 1_000, "indexing is never pending");
    }
    assert_integrity(&server.db);
}

#[test]
fn a_page_combines_indexed_rows_with_rows_that_await_indexing() {
    let server = TestServer::start();
    let mut all: Vec<String> = (0..30)
        .map(|n| server.create_group(&json!({"name": format!("Hotel {n}")})))
        .collect();
    all.reverse();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while unindexed_rows(&server) > 0 {
        assert!(std::time::Instant::now() < deadline, "the rows are not indexed");
        std::thread::yield_now();
    }
    let mut mixed = 0;
    while mixed < 5 {
        assert!(std::time::Instant::now() < deadline, "indexing is never pending");
        // Old and new rows await indexing among indexed ones.
        for at in [3, 17] {
            let path = format!("/v1/groups/{}", all[at]);
            assert_eq!(
                server
                    .put(&path, &json!({"name": format!("Hotel {}", all.len())}))
                    .status,
                200
            );
        }
        all.insert(0, server.create_group(&json!({"name": "Hotel"})));
        let before = unindexed_rows(&server);
        assert_eq!(server.walk("/v1/groups?query=hotel&", 4, None), all);
        mixed += i32::from(before > 0);
    }
}

#[test]
fn few_rows_await_indexing_however_many_are_written() {
    let server = TestServer::start();
    for n in 0..5 {
        let contacts: Vec<Value> = (0..900).map(|m| json!({"username": format!("user{n}x{m}")})).collect();
        server.create_group(&json!({"name": "many", "contacts": contacts}));
        // Indexed after the response and before the next write.
        server.create_group(&json!({"name": "next"}));
        assert!(
            unindexed_rows(&server) < 1_000,
            "{} rows await indexing",
            unindexed_rows(&server)
        );
    }
    assert_eq!(
        ids(&server.get("/v1/contacts?query=user4x899&limit=100").json()).len(),
        1
    );
    assert_integrity(&server.db);
}
