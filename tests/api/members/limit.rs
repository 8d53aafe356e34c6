//! The limit on the members of a group.

use serde_json::{Value, json};

use super::fixtures::{add, assert_no_content, create_contacts, members, remove, server_with_limit};
use crate::harness::{TestServer, bulk_messages, ids, text};

#[test]
fn a_group_accepts_no_more_members_than_the_limit() {
    let server = server_with_limit(3);
    let ids = create_contacts(&server, ["a", "b", "c", "d", "e"]);
    let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|at| ids[at].as_str());
    let group = server.create_group(&json!({"name": "x", "contacts": [a, b]}));
    assert_no_content(&add(&server, &group, c));
    let rejected = || {
        for over in [d, e] {
            let response = add(&server, &group, over);
            assert_eq!(response.expect_error(400, "parameter_invalid"), "contacts");
        }
    };
    rejected();
    for member in [a, b, c] {
        assert_no_content(&add(&server, &group, member));
    }
    assert_eq!(members(&server, &group), [a, b, c]);
    assert_no_content(&remove(&server, &group, b));
    assert_no_content(&add(&server, &group, d));
    assert_full(&server, &group, e, &[a, c, d]);
    // A deleted contact makes room at once, although much is purged before its membership is.
    let path = format!("/v1/contacts/{a}");
    bulk_messages(&server, &server.get(&path).json(), &Value::Null);
    server.delete(&path);
    assert_no_content(&add(&server, &group, e));
    let left: usize = server.query_value("SELECT count(*) FROM deleted_conversations");
    assert!(left > 0, "the purge finished first");
    assert_full(&server, &group, b, &[c, d, e]);
    let over = server.put(&format!("/v1/groups/{group}"), &json!({"contacts": [b, c, d, e]}));
    assert_eq!(over.expect_error(400, "parameter_invalid"), "contacts");
    assert_eq!(members(&server, &group), [c, d, e]);
    assert_eq!(
        server
            .put(&format!("/v1/groups/{group}"), &json!({"contacts": [b]}))
            .status,
        200
    );
    assert_no_content(&add(&server, &group, c));
    assert_no_content(&add(&server, &group, d));
    assert_full(&server, &group, e, &[b, c, d]);
}

/// Asserts that a group rejects another member and is unchanged.
#[track_caller]
fn assert_full(server: &TestServer, group: &str, over: &str, expected: &[&str]) {
    let response = add(server, group, over);
    assert_eq!(response.expect_error(400, "parameter_invalid"), "contacts");
    assert_eq!(members(server, group), expected);
}

#[test]
fn a_group_of_a_thousand_is_paged_and_accepts_no_more_members() {
    let server = TestServer::start();
    let names: Vec<Value> = (0..1_000).map(|n| json!({"username": format!("u{n}")})).collect();
    let body = json!({"name": "x", "contacts": names});
    let group = server.post("/v1/groups", &body).json();
    let expected: Vec<String> = group["contacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| text(&c["id"]))
        .collect();
    assert_eq!(expected.len(), 1_000);
    let id = text(&group["id"]);
    let path = format!("/v1/groups/{id}/contacts?");
    assert_eq!(server.walk(&path, 100, None), expected);
    assert_eq!(server.walk(&path, 77, Some(&expected[999])), expected[..999]);
    let over = text(&server.create_contact("over")["id"]);
    assert_eq!(
        add(&server, &id, &over).expect_error(400, "parameter_invalid"),
        "contacts"
    );
    assert_no_content(&remove(&server, &id, &expected[0]));
    assert_no_content(&add(&server, &id, &over));
    let last = server.get(&format!("{path}starting_after={}", expected[999])).json();
    assert_eq!(ids(&last), [over]);
}
