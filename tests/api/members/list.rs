//! Listing members.

use serde_json::{Value, json};

use super::fixtures::{add, assert_no_content, create_contacts, create_many_contacts, remove};
use crate::harness::{TestServer, ids, text};

#[test]
fn members_are_listed_as_contacts_in_the_groups_order() {
    let server = TestServer::start();
    let body = json!({"name": "x", "contacts": [
        {"username": "c", "display_name": "C.", "phone_number": "1", "avatar_url": "https://a/b"},
        {"username": "a"},
        {"username": "b"},
    ]});
    let group = server.post("/v1/groups", &body).json();
    let path = format!("/v1/groups/{}/contacts", text(&group["id"]));
    let response = server.get(&path);
    assert_eq!(
        (response.status, response.header("content-type")),
        (200, Some("application/json"))
    );
    assert_eq!(response.json(), json!({"has_more": false, "data": group["contacts"]}));
    let usernames: Vec<&Value> = group["contacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["username"])
        .collect();
    assert_eq!(usernames, ["c", "a", "b"]);
    let group = server.get(&format!("/v1/groups/{}", text(&group["id"]))).text;
    let array = group.split_once("\"contacts\":").unwrap().1;
    let array = &array[..=array.find(']').unwrap()];
    assert_eq!(response.text, format!("{{\"has_more\":false,\"data\":{array}}}"));
    let head = server.request("HEAD", &path).send();
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    let empty = server.create_group(&json!({"name": "empty"}));
    assert_eq!(
        server.get(&format!("/v1/groups/{empty}/contacts")).json(),
        json!({"has_more": false, "data": []})
    );
}

#[test]
fn members_are_paged_in_both_directions_by_contact_id() {
    let server = TestServer::start();
    // The order of creation differs from the order of membership.
    let created = create_many_contacts(&server, 13);
    let mut expected = created.clone();
    expected.sort_unstable_by_key(|id| id.to_lowercase());
    let group = server.create_group(&json!({"name": "x", "contacts": expected}));
    server.create_group(&json!({"name": "y", "contacts": created}));
    let path = format!("/v1/groups/{group}/contacts");
    let default = server.get(&path).json();
    assert_eq!(
        (ids(&default), &default["has_more"]),
        (expected[..10].to_vec(), &json!(true))
    );
    for limit in (1..=14).chain([100]) {
        assert_eq!(server.walk(&format!("{path}?"), limit, None), expected, "{limit}");
        for (position, id) in expected.iter().enumerate() {
            let id = if position % 2 == 0 {
                id.clone()
            } else {
                id.to_uppercase()
            };
            assert_eq!(
                server.walk(&format!("{path}?"), limit, Some(&id)),
                expected[..position],
                "{limit}"
            );
            let after = server.get(&format!("{path}?limit={limit}&starting_after={id}")).json();
            let end = (position + 1 + limit).min(13);
            assert_eq!(ids(&after), expected[position + 1..end], "{limit}");
            assert_eq!(after["has_more"], end < 13);
            let before = server.get(&format!("{path}?limit={limit}&ending_before={id}")).json();
            let start = position.saturating_sub(limit);
            assert_eq!(ids(&before), expected[start..position], "{limit}");
            assert_eq!(before["has_more"], start > 0);
        }
    }
}

#[test]
fn a_cursor_that_is_not_a_member_and_an_invalid_limit_are_rejected() {
    let server = TestServer::start();
    let ids = create_contacts(&server, ["member", "other", "gone", "removed"]);
    let [member, other, gone, removed] = [0, 1, 2, 3].map(|at| ids[at].as_str());
    let group = server.create_group(&json!({"name": "x", "contacts": [member, gone, removed]}));
    let path = format!("/v1/groups/{group}/contacts");
    for member in [gone, removed] {
        assert_eq!(server.get(&format!("{path}?starting_after={member}")).status, 200);
    }
    server.delete(&format!("/v1/contacts/{gone}"));
    assert_no_content(&remove(&server, &group, removed));
    for cursor in ["starting_after", "ending_before"] {
        for invalid in [other, gone, removed, &group, "AAAAAAAAAAAAAAAA", "x", ""] {
            let response = server.get(&format!("{path}?{cursor}={invalid}"));
            assert_eq!(response.expect_error(400, "parameter_invalid"), cursor, "{invalid}");
        }
    }
    let both = server.get(&format!("{path}?starting_after={member}&ending_before={member}"));
    both.expect_error(400, "parameter_invalid");
    for limit in ["0", "101", "ten", ""] {
        let response = server.get(&format!("{path}?limit={limit}"));
        assert_eq!(response.expect_error(400, "parameter_invalid"), "limit");
    }
    for unknown in ["query=x", "username=member", "archived=true"] {
        server
            .get(&format!("{path}?{unknown}"))
            .expect_error(400, "parameter_unknown");
    }
}

#[test]
fn a_walk_along_the_members_continues_while_members_come_and_go() {
    let server = TestServer::start();
    let all = create_many_contacts(&server, 40);
    let group = server.create_group(&json!({"name": "x", "contacts": all[..30]}));
    let path = format!("/v1/groups/{group}/contacts?limit=4");
    let mut seen: Vec<String> = Vec::new();
    for turn in 0.. {
        let cursor = seen
            .last()
            .map_or_else(String::new, |last| format!("&starting_after={last}"));
        let list = server.get(&format!("{path}{cursor}")).json();
        seen.extend(ids(&list));
        if list["has_more"] == false {
            break;
        }
        // Remove one that was passed and one that is ahead, and add another.
        if turn < 5 {
            assert_no_content(&remove(&server, &group, &all[turn]));
            assert_no_content(&remove(&server, &group, &all[29 - turn]));
            assert_no_content(&add(&server, &group, &all[30 + turn]));
        }
    }
    let expected: Vec<String> = all[..25].iter().chain(&all[30..35]).cloned().collect();
    assert_eq!(seen, expected);
}
