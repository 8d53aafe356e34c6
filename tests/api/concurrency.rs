//! Many clients at once.

use std::collections::HashSet;

use serde_json::json;

use crate::harness::{TestServer, ids};

/// Every object of the list, newest first.
fn all(server: &TestServer) -> Vec<String> {
    let mut seen = Vec::new();
    let mut query = "limit=100".to_owned();
    loop {
        let list = server.get(&format!("/v1/groups?{query}")).json();
        seen.extend(ids(&list));
        if list["has_more"] == false {
            return seen;
        }
        query = format!("limit=100&starting_after={}", seen.last().unwrap());
    }
}

#[test]
fn every_acknowledged_group_is_there_once_and_each_writer_s_in_its_order() {
    let server = TestServer::start();
    let (writers, each) = (32, 25);
    let acknowledged: Vec<Vec<String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..writers)
            .map(|writer| {
                let server = &server;
                scope.spawn(move || {
                    let body = |n| json!({"name": format!("{writer} {n}"), "contacts": [{"username": "Hector"}, {"username": format!("u{writer}")}]});
                    (0..each).map(|n| server.group(&body(n))).collect()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let check = |server: &TestServer| {
        let mut there = all(server);
        there.reverse();
        assert_eq!(there.len(), writers * each);
        assert_eq!(there.iter().collect::<HashSet<_>>().len(), there.len());
        for ids in &acknowledged {
            let own: Vec<&String> = there.iter().filter(|id| ids.contains(id)).collect();
            assert_eq!(own, ids.iter().collect::<Vec<_>>());
        }
    };
    check(&server);
    let hectors: HashSet<String> = all(&server)
        .iter()
        .map(|id| {
            server.get(&format!("/v1/groups/{id}")).json()["contacts"][0]["id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(hectors.len(), 1, "a user name that many ask for at once is made once");
    check(&server.restart());
}

#[test]
fn refused_writes_between_others_leave_nothing_and_take_nobody_with_them() {
    let server = TestServer::start();
    std::thread::scope(|scope| {
        for writer in 0..16 {
            let server = &server;
            scope.spawn(move || {
                for n in 0..20 {
                    let ghost = format!("ghost{writer}x{n}");
                    let refused = json!({"name": "x", "contacts": [{"username": ghost}, "AAAAAAAAAAAAAAAA"]});
                    server
                        .post("/v1/groups", &refused)
                        .expect_error(400, "parameter_invalid");
                    server.group(&json!({"name": "kept", "contacts": [{"username": "real"}]}));
                }
            });
        }
    });
    assert_eq!(all(&server).len(), 16 * 20);
    let contacts: i64 = rusqlite::Connection::open(&server.db)
        .unwrap()
        .query_row("SELECT count(*) FROM contacts", [], |row| row.get(0))
        .unwrap();
    assert_eq!(contacts, 1);
}

#[test]
fn readers_see_each_group_whole_while_its_members_change() {
    let server = TestServer::start();
    let members =
        |range: std::ops::Range<usize>| -> Vec<_> { range.map(|n| json!({"username": format!("u{n}")})).collect() };
    let id = server.group(&json!({"name": "x", "contacts": members(0..20)}));
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
