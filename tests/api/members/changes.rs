//! Adding, removing and replacing members.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::fixtures::{add, assert_no_content, create_contacts, members, remove};
use crate::harness::{ABSENT_ID, TestServer, text};

#[test]
fn a_member_is_added_once_at_the_end_and_keeps_its_position() {
    let server = TestServer::start();
    let ids = create_contacts(&server, ["a", "b", "c", "d"]);
    let [a, b, c, d] = [0, 1, 2, 3].map(|at| ids[at].as_str());
    let group = server.create_group(&json!({"name": "x", "contacts": [c, b]}));
    assert_no_content(&add(&server, &group, d));
    assert_eq!(members(&server, &group), [c, b, d]);
    assert_no_content(&add(&server, &group, a));
    assert_eq!(members(&server, &group), [c, b, d, a]);
    for again in [c, b, d, a] {
        assert_no_content(&add(&server, &group, again));
        assert_no_content(&add(&server, &group, &again.to_uppercase()));
        assert_eq!(members(&server, &group), [c, b, d, a]);
    }
    let empty = server.create_group(&json!({"name": "y"}));
    assert_no_content(&add(&server, &empty.to_lowercase(), b));
    assert_eq!(
        members(&server, &empty),
        [b],
        "a contact can be in any number of groups"
    );
    assert_eq!(members(&server, &group), [c, b, d, a]);
}

#[test]
fn removing_a_member_leaves_the_others_and_adding_it_back_appends_it() {
    let server = TestServer::start();
    let ids = create_contacts(&server, ["a", "b", "c"]);
    let [a, b, c] = [0, 1, 2].map(|at| ids[at].as_str());
    let group = server.create_group(&json!({"name": "x", "contacts": [a, b, c]}));
    let other = server.create_group(&json!({"name": "y", "contacts": [a, b, c]}));
    assert_no_content(&remove(&server, &group, a));
    assert_eq!(members(&server, &group), [b, c]);
    assert_eq!(remove(&server, &group, a).expect_error(404, "not_found"), Value::Null);
    assert_eq!(
        server.get(&format!("/v1/contacts/{a}")).status,
        200,
        "the contact itself remains"
    );
    assert_no_content(&add(&server, &group, a));
    assert_eq!(members(&server, &group), [b, c, a]);
    assert_no_content(&remove(&server, &group, &c.to_lowercase()));
    assert_no_content(&add(&server, &group, c));
    assert_eq!(members(&server, &group), [b, a, c]);
    for all in [c, b, a] {
        assert_no_content(&remove(&server, &group, all));
    }
    assert_eq!(members(&server, &group), Vec::<String>::new());
    assert_no_content(&add(&server, &group, b));
    assert_eq!(members(&server, &group), [b]);
    assert_eq!(members(&server, &other), [a, b, c], "the other group is unchanged");
}

#[test]
fn members_are_added_and_removed_correctly_after_the_membership_was_replaced() {
    let server = TestServer::start();
    let ids = create_contacts(&server, ["a", "b", "c", "d"]);
    let [a, b, c, d] = [0, 1, 2, 3].map(|at| ids[at].as_str());
    let group = server.create_group(&json!({"name": "x", "contacts": [a, b]}));
    assert_no_content(&add(&server, &group, c));
    let path = format!("/v1/groups/{group}");
    assert_eq!(server.put(&path, &json!({"contacts": [c, a]})).status, 200);
    assert_eq!(members(&server, &group), [c, a]);
    remove(&server, &group, b).expect_error(404, "not_found");
    assert_no_content(&add(&server, &group, b));
    assert_no_content(&add(&server, &group, c));
    assert_eq!(members(&server, &group), [c, a, b]);
    let body = json!({"contacts": [{"username": "D"}, d, b, {"username": "new"}, c]});
    let replaced = server.put(&path, &body).json();
    let new = text(&replaced["contacts"][2]["id"]);
    assert_eq!(members(&server, &group), [d, b, &new, c]);
    assert_no_content(&remove(&server, &group, &new));
    assert_no_content(&add(&server, &group, a));
    assert_eq!(members(&server, &group), [d, b, c, a]);
    assert_eq!(server.put(&path, &json!({"name": "renamed"})).status, 200);
    assert_eq!(members(&server, &group), [d, b, c, a]);
    assert_eq!(server.put(&path, &json!({"contacts": []})).status, 200);
    assert_no_content(&add(&server, &group, d));
    assert_eq!(members(&server, &group), [d]);
    // Sending back a retrieved group changes no position.
    assert_no_content(&add(&server, &group, a));
    let read = server.get(&path);
    assert_eq!(server.put(&path, &read.json()).text, read.text);
    let server = server.restart();
    assert_eq!(members(&server, &group), [d, a]);
}

#[test]
fn a_nonexistent_group_contact_or_member_is_not_found() {
    let server = TestServer::start();
    let ids = create_contacts(&server, ["member", "other", "gone"]);
    let [member, other, gone] = [0, 1, 2].map(|at| ids[at].as_str());
    let group = server.create_group(&json!({"name": "x", "contacts": [gone, member]}));
    let gone_group = server.create_group(&json!({"name": "x", "contacts": [member]}));
    server.delete(&format!("/v1/contacts/{gone}"));
    server.delete(&format!("/v1/groups/{gone_group}"));
    for (methods, path) in [
        ("GET", format!("{ABSENT_ID}/contacts")),
        ("GET", format!("{gone_group}/contacts")),
        ("GET", format!("{member}/contacts")),
        ("GET", "x/contacts".to_owned()),
        ("PUT DELETE", format!("{ABSENT_ID}/contacts/{member}")),
        ("PUT DELETE", format!("{gone_group}/contacts/{member}")),
        ("PUT DELETE", format!("{member}/contacts/{group}")),
        ("PUT DELETE", format!("{group}/contacts/{ABSENT_ID}")),
        ("PUT DELETE", format!("{group}/contacts/{gone}")),
        ("PUT DELETE", format!("{group}/contacts/{group}")),
        ("PUT DELETE", format!("{group}/contacts/member")),
        ("PUT DELETE", format!("{group}/contacts/%ff")),
        ("DELETE", format!("{group}/contacts/{other}")),
        ("PUT", format!("{group}/contacts/{member}/x")),
    ] {
        for method in methods.split(' ') {
            let response = server.request(method, &format!("/v1/groups/{path}")).send();
            assert_eq!(response.expect_error(404, "not_found"), Value::Null, "{method} {path}");
        }
    }
    for (method, path, allow) in [
        ("POST", format!("/v1/groups/{group}/contacts"), "GET, HEAD"),
        ("GET", format!("/v1/groups/{group}/contacts/{member}"), "PUT, DELETE"),
        ("PATCH", format!("/v1/groups/{group}/contacts/{member}"), "PUT, DELETE"),
    ] {
        let response = server.request(method, &path).send();
        response.expect_error(405, "method_not_allowed");
        assert_eq!(response.header("allow"), Some(allow), "{method} {path}");
    }
    assert_eq!(members(&server, &group), [member], "nothing changed");
}

#[derive(Clone, Debug)]
enum Step {
    Add(usize),
    Remove(usize),
    Replace(Vec<usize>),
    /// Deletes the contact and replaces it in the pool with a new one of the same username.
    DeleteContact(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let contact = || 0..7_usize;
    let step = prop_oneof![
        6 => contact().prop_map(Step::Add),
        4 => contact().prop_map(Step::Remove),
        1 => proptest::collection::vec(contact(), 0..9).prop_map(Step::Replace),
        1 => contact().prop_map(Step::DeleteContact),
    ];
    proptest::collection::vec(step, 1..25)
}

#[test]
fn the_list_matches_the_model_after_any_sequence_of_changes() {
    let server = TestServer::start();
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let pool = std::cell::RefCell::new(create_contacts(&server, names));
    proptest!(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() }, |(steps in steps())| {
        let mut pool = pool.borrow_mut();
        let group = server.create_group(&json!({"name": "x"}));
        let mut model: Vec<String> = Vec::new();
        for step in steps {
            match step {
                Step::Add(contact) => {
                    assert_no_content(&add(&server, &group, &pool[contact]));
                    if !model.contains(&pool[contact]) {
                        model.push(pool[contact].clone());
                    }
                }
                Step::Remove(contact) => {
                    let position = model.iter().position(|id| *id == pool[contact]);
                    let response = remove(&server, &group, &pool[contact]);
                    prop_assert_eq!(response.status, if position.is_some() { 204 } else { 404 });
                    position.map(|position| model.remove(position));
                }
                Step::Replace(all) => {
                    let all: Vec<&String> = all.iter().map(|contact| &pool[*contact]).collect();
                    prop_assert_eq!(server.put(&format!("/v1/groups/{group}"), &json!({"contacts": all})).status, 200);
                    model.clear();
                    for id in all {
                        if !model.contains(id) {
                            model.push(id.clone());
                        }
                    }
                }
                Step::DeleteContact(contact) => {
                    prop_assert_eq!(server.delete(&format!("/v1/contacts/{}", pool[contact])).status, 204);
                    model.retain(|id| *id != pool[contact]);
                    pool[contact] = text(&server.create_contact(names[contact])["id"]);
                }
            }
            prop_assert_eq!(&members(&server, &group), &model);
        }
        let path = format!("/v1/groups/{group}/contacts?");
        for limit in 1..=model.len() + 1 {
            prop_assert_eq!(&server.walk(&path, limit, None), &model);
            if let Some((last, before)) = model.split_last() {
                prop_assert_eq!(&server.walk(&path, limit, Some(last)), before);
            }
        }
    });
}
