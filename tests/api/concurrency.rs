//! Many concurrent clients.

use std::collections::HashSet;

use serde_json::json;

use crate::harness::{ABSENT_ID, TestServer, concurrently, text};

#[test]
fn every_acknowledged_group_is_stored_once_and_in_its_writers_order() {
    let server = TestServer::start();
    let (writers, each) = (32, 25);
    let acknowledged: Vec<Vec<String>> = concurrently(writers, |writer| {
        let members = json!([{"username": "Hector"}, {"username": format!("u{writer}")}]);
        let body = |n| json!({"name": format!("{writer} {n}"), "contacts": members});
        (0..each).map(|n| server.create_group(&body(n))).collect()
    });
    let check = |server: &TestServer| {
        let mut stored = server.walk("/v1/groups?", 100, None);
        stored.reverse();
        assert_eq!(stored.len(), writers * each);
        assert_eq!(stored.iter().collect::<HashSet<_>>().len(), stored.len());
        for ids in &acknowledged {
            let own: Vec<&String> = stored.iter().filter(|id| ids.contains(id)).collect();
            assert_eq!(own, ids.iter().collect::<Vec<_>>());
        }
    };
    check(&server);
    let hectors: HashSet<String> = server
        .walk("/v1/groups?", 100, None)
        .iter()
        .map(|id| {
            let group = server.get(&format!("/v1/groups/{id}")).json();
            text(&group["contacts"][0]["id"])
        })
        .collect();
    assert_eq!(
        hectors.len(),
        1,
        "concurrent requests for one username create one contact"
    );
    check(&server.restart());
}

#[test]
fn rejected_writes_leave_nothing_behind_and_fail_no_others() {
    let server = TestServer::start();
    concurrently(16, |writer| {
        for n in 0..20 {
            let ghost = format!("ghost{writer}x{n}");
            let rejected = json!({"name": "x", "contacts": [{"username": ghost}, ABSENT_ID]});
            let response = server.post("/v1/groups", &rejected);
            response.expect_error(400, "parameter_invalid");
            server.create_group(&json!({"name": "kept", "contacts": [{"username": "real"}]}));
        }
    });
    assert_eq!(server.walk("/v1/groups?", 100, None).len(), 16 * 20);
    assert_eq!(server.query_value::<i64>("SELECT count(*) FROM contacts"), 1);
}

#[test]
fn readers_never_see_a_half_applied_update() {
    let server = TestServer::start();
    let members =
        |range: std::ops::Range<usize>| -> Vec<_> { range.map(|n| json!({"username": format!("u{n}")})).collect() };
    let id = server.create_group(&json!({"name": "x", "contacts": members(0..20)}));
    let path = format!("/v1/groups/{id}");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..60 {
                let (name, range) = if n % 2 == 0 { ("y", 5..25) } else { ("x", 0..20) };
                assert_eq!(
                    server
                        .put(&path, &json!({"name": name, "contacts": members(range)}))
                        .status,
                    200
                );
            }
        });
        while !writer.is_finished() {
            let group = server.get(&path).json();
            let first = &group["contacts"][0]["username"];
            assert_eq!(group["contacts"].as_array().unwrap().len(), 20);
            assert_eq!(first, if group["name"] == "x" { "u0" } else { "u5" });
        }
    });
}
