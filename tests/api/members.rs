//! A group's members, one at a time: their order, their pages, their bound, and many who add and remove at once.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::{Response, TestServer, bulk_messages, concurrently, config, ids, text};

/// New contacts, by id.
fn contacts(server: &TestServer, names: impl IntoIterator<Item = &'static str>) -> Vec<String> {
    let names = names.into_iter();
    names.map(|name| text(&server.create_contact(name)["id"])).collect()
}

/// New contacts with names of their own, by id, made by many at once.
fn many_contacts(server: &TestServer, count: usize) -> Vec<String> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|n| scope.spawn(move || text(&server.create_contact(&format!("u{n}"))["id"])))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// A server whose groups may have so many members.
fn bounded(most: usize) -> TestServer {
    let mut config = config();
    config.settings.max_group_contacts = most;
    TestServer::start_with(config)
}

fn put(server: &TestServer, group: &str, contact: &str) -> Response {
    server
        .request("PUT", &format!("/v1/groups/{group}/contacts/{contact}"))
        .send()
}

fn remove(server: &TestServer, group: &str, contact: &str) -> Response {
    server.delete(&format!("/v1/groups/{group}/contacts/{contact}"))
}

#[track_caller]
fn done(response: &Response) {
    assert_eq!(
        (
            response.status,
            response.text.as_str(),
            response.header("content-length")
        ),
        (204, "", None)
    );
}

/// The members, all on one page; asserts that the group itself tells the same.
#[track_caller]
fn members(server: &TestServer, group: &str) -> Vec<String> {
    let list = server.get(&format!("/v1/groups/{group}/contacts?limit=100")).json();
    assert_eq!(list["has_more"], false);
    assert_eq!(
        list["data"],
        server.get(&format!("/v1/groups/{group}")).json()["contacts"]
    );
    ids(&list)
}

#[test]
fn members_are_listed_as_contacts_in_the_group_s_order() {
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
fn a_member_is_added_at_the_end_once_and_stays_where_it_is() {
    let server = TestServer::start();
    let ids = contacts(&server, ["a", "b", "c", "d"]);
    let [a, b, c, d] = [0, 1, 2, 3].map(|at| ids[at].as_str());
    let group = server.create_group(&json!({"name": "x", "contacts": [c, b]}));
    done(&put(&server, &group, d));
    assert_eq!(members(&server, &group), [c, b, d]);
    done(&put(&server, &group, a));
    assert_eq!(members(&server, &group), [c, b, d, a]);
    for again in [c, b, d, a] {
        done(&put(&server, &group, again));
        done(&put(&server, &group, &again.to_uppercase()));
        assert_eq!(members(&server, &group), [c, b, d, a]);
    }
    let empty = server.create_group(&json!({"name": "y"}));
    done(&put(&server, &empty.to_lowercase(), b));
    assert_eq!(
        members(&server, &empty),
        [b],
        "a contact is in as many groups as it likes"
    );
    assert_eq!(members(&server, &group), [c, b, d, a]);
}

#[test]
fn a_member_is_removed_alone_and_comes_back_at_the_end() {
    let server = TestServer::start();
    let ids = contacts(&server, ["a", "b", "c"]);
    let [a, b, c] = [0, 1, 2].map(|at| ids[at].as_str());
    let group = server.create_group(&json!({"name": "x", "contacts": [a, b, c]}));
    let other = server.create_group(&json!({"name": "y", "contacts": [a, b, c]}));
    done(&remove(&server, &group, a));
    assert_eq!(members(&server, &group), [b, c]);
    assert_eq!(remove(&server, &group, a).expect_error(404, "not_found"), Value::Null);
    assert_eq!(
        server.get(&format!("/v1/contacts/{a}")).status,
        200,
        "the contact stays"
    );
    done(&put(&server, &group, a));
    assert_eq!(members(&server, &group), [b, c, a]);
    done(&remove(&server, &group, &c.to_lowercase()));
    done(&put(&server, &group, c));
    assert_eq!(members(&server, &group), [b, a, c]);
    for all in [c, b, a] {
        done(&remove(&server, &group, all));
    }
    assert_eq!(members(&server, &group), Vec::<String>::new());
    done(&put(&server, &group, b));
    assert_eq!(members(&server, &group), [b]);
    assert_eq!(members(&server, &other), [a, b, c], "the other group is as it was");
}

#[test]
fn a_membership_that_is_replaced_in_between_is_gone_on_from() {
    let server = TestServer::start();
    let ids = contacts(&server, ["a", "b", "c", "d"]);
    let [a, b, c, d] = [0, 1, 2, 3].map(|at| ids[at].as_str());
    let group = server.create_group(&json!({"name": "x", "contacts": [a, b]}));
    done(&put(&server, &group, c));
    let path = format!("/v1/groups/{group}");
    assert_eq!(server.put(&path, &json!({"contacts": [c, a]})).status, 200);
    assert_eq!(members(&server, &group), [c, a]);
    remove(&server, &group, b).expect_error(404, "not_found");
    done(&put(&server, &group, b));
    done(&put(&server, &group, c));
    assert_eq!(members(&server, &group), [c, a, b]);
    let body = json!({"contacts": [{"username": "D"}, d, b, {"username": "new"}, c]});
    let replaced = server.put(&path, &body).json();
    let new = text(&replaced["contacts"][2]["id"]);
    assert_eq!(members(&server, &group), [d, b, &new, c]);
    done(&remove(&server, &group, &new));
    done(&put(&server, &group, a));
    assert_eq!(members(&server, &group), [d, b, c, a]);
    assert_eq!(server.put(&path, &json!({"name": "renamed"})).status, 200);
    assert_eq!(members(&server, &group), [d, b, c, a]);
    assert_eq!(server.put(&path, &json!({"contacts": []})).status, 200);
    done(&put(&server, &group, d));
    assert_eq!(members(&server, &group), [d]);
    // A group that was read is sent back: nothing moves.
    done(&put(&server, &group, a));
    let read = server.get(&path);
    assert_eq!(server.put(&path, &read.json()).text, read.text);
    let server = server.restart();
    assert_eq!(members(&server, &group), [d, a]);
}

#[test]
fn what_is_no_group_no_contact_or_no_member_is_not_found() {
    let server = TestServer::start();
    let ids = contacts(&server, ["member", "other", "gone"]);
    let [member, other, gone] = [0, 1, 2].map(|at| ids[at].as_str());
    let group = server.create_group(&json!({"name": "x", "contacts": [gone, member]}));
    let gone_group = server.create_group(&json!({"name": "x", "contacts": [member]}));
    server.delete(&format!("/v1/contacts/{gone}"));
    server.delete(&format!("/v1/groups/{gone_group}"));
    let none = "AAAAAAAAAAAAAAAA";
    for (methods, path) in [
        ("GET", format!("{none}/contacts")),
        ("GET", format!("{gone_group}/contacts")),
        ("GET", format!("{member}/contacts")),
        ("GET", "x/contacts".to_owned()),
        ("PUT DELETE", format!("{none}/contacts/{member}")),
        ("PUT DELETE", format!("{gone_group}/contacts/{member}")),
        ("PUT DELETE", format!("{member}/contacts/{group}")),
        ("PUT DELETE", format!("{group}/contacts/{none}")),
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

#[test]
fn members_are_paged_both_ways_by_contact_id() {
    let server = TestServer::start();
    // Made in another order than they are members.
    let created = many_contacts(&server, 13);
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
        for (place, id) in expected.iter().enumerate() {
            let id = if place % 2 == 0 { id.clone() } else { id.to_uppercase() };
            assert_eq!(
                server.walk(&format!("{path}?"), limit, Some(&id)),
                expected[..place],
                "{limit}"
            );
            let after = server.get(&format!("{path}?limit={limit}&starting_after={id}")).json();
            let end = (place + 1 + limit).min(13);
            assert_eq!(ids(&after), expected[place + 1..end], "{limit}");
            assert_eq!(after["has_more"], end < 13);
            let before = server.get(&format!("{path}?limit={limit}&ending_before={id}")).json();
            let start = place.saturating_sub(limit);
            assert_eq!(ids(&before), expected[start..place], "{limit}");
            assert_eq!(before["has_more"], start > 0);
        }
    }
}

#[test]
fn a_cursor_that_is_no_member_or_a_wrong_limit_is_refused() {
    let server = TestServer::start();
    let ids = contacts(&server, ["member", "other", "gone", "removed"]);
    let [member, other, gone, removed] = [0, 1, 2, 3].map(|at| ids[at].as_str());
    let group = server.create_group(&json!({"name": "x", "contacts": [member, gone, removed]}));
    let path = format!("/v1/groups/{group}/contacts");
    for was in [gone, removed] {
        assert_eq!(server.get(&format!("{path}?starting_after={was}")).status, 200);
    }
    server.delete(&format!("/v1/contacts/{gone}"));
    done(&remove(&server, &group, removed));
    for cursor in ["starting_after", "ending_before"] {
        for none in [other, gone, removed, &group, "AAAAAAAAAAAAAAAA", "x", ""] {
            let response = server.get(&format!("{path}?{cursor}={none}"));
            assert_eq!(response.expect_error(400, "parameter_invalid"), cursor, "{none}");
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

#[derive(Clone, Debug)]
enum Step {
    Add(usize),
    Remove(usize),
    Replace(Vec<usize>),
    /// Deletes the contact; another takes its user name and its place among those to choose from.
    Forget(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || 0..7_usize;
    let step = prop_oneof![
        6 => who().prop_map(Step::Add),
        4 => who().prop_map(Step::Remove),
        1 => proptest::collection::vec(who(), 0..9).prop_map(Step::Replace),
        1 => who().prop_map(Step::Forget),
    ];
    proptest::collection::vec(step, 1..25)
}

#[test]
fn whatever_is_added_removed_and_replaced_the_list_is_as_a_model_has_it() {
    let server = TestServer::start();
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let pool = std::cell::RefCell::new(contacts(&server, names));
    proptest!(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() }, |(steps in steps())| {
        let mut pool = pool.borrow_mut();
        let group = server.create_group(&json!({"name": "x"}));
        let mut model: Vec<String> = Vec::new();
        for step in steps {
            match step {
                Step::Add(who) => {
                    done(&put(&server, &group, &pool[who]));
                    if !model.contains(&pool[who]) {
                        model.push(pool[who].clone());
                    }
                }
                Step::Remove(who) => {
                    let place = model.iter().position(|id| *id == pool[who]);
                    let response = remove(&server, &group, &pool[who]);
                    prop_assert_eq!(response.status, if place.is_some() { 204 } else { 404 });
                    place.map(|place| model.remove(place));
                }
                Step::Replace(all) => {
                    let all: Vec<&String> = all.iter().map(|who| &pool[*who]).collect();
                    prop_assert_eq!(server.put(&format!("/v1/groups/{group}"), &json!({"contacts": all})).status, 200);
                    model.clear();
                    for id in all {
                        if !model.contains(id) {
                            model.push(id.clone());
                        }
                    }
                }
                Step::Forget(who) => {
                    prop_assert_eq!(server.delete(&format!("/v1/contacts/{}", pool[who])).status, 204);
                    model.retain(|id| *id != pool[who]);
                    pool[who] = text(&server.create_contact(names[who])["id"]);
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

#[test]
fn a_group_takes_no_more_members_than_its_bound() {
    let server = bounded(3);
    let ids = contacts(&server, ["a", "b", "c", "d", "e"]);
    let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|at| ids[at].as_str());
    let group = server.create_group(&json!({"name": "x", "contacts": [a, b]}));
    done(&put(&server, &group, c));
    let refused = || {
        for over in [d, e] {
            let response = put(&server, &group, over);
            assert_eq!(response.expect_error(400, "parameter_invalid"), "contacts");
        }
    };
    refused();
    for member in [a, b, c] {
        done(&put(&server, &group, member));
    }
    assert_eq!(members(&server, &group), [a, b, c]);
    done(&remove(&server, &group, b));
    done(&put(&server, &group, d));
    refused_then(&server, &group, e, &[a, c, d]);
    // One who is deleted makes room at once, though much is to be cleared away before its membership is.
    let path = format!("/v1/contacts/{a}");
    bulk_messages(&server, &server.get(&path).json(), &Value::Null);
    server.delete(&path);
    done(&put(&server, &group, e));
    let conn = server.open_database();
    let left: usize = conn
        .query_row("SELECT count(*) FROM deleted_conversations", [], |row| row.get(0))
        .unwrap();
    assert!(left > 0, "there was time to clear away everything");
    refused_then(&server, &group, b, &[c, d, e]);
    let over = server.put(&format!("/v1/groups/{group}"), &json!({"contacts": [b, c, d, e]}));
    assert_eq!(over.expect_error(400, "parameter_invalid"), "contacts");
    assert_eq!(members(&server, &group), [c, d, e]);
    assert_eq!(
        server
            .put(&format!("/v1/groups/{group}"), &json!({"contacts": [b]}))
            .status,
        200
    );
    done(&put(&server, &group, c));
    done(&put(&server, &group, d));
    refused_then(&server, &group, e, &[b, c, d]);
}

/// Asserts that a group is full and stays as it is.
#[track_caller]
fn refused_then(server: &TestServer, group: &str, over: &str, there: &[&str]) {
    let response = put(server, group, over);
    assert_eq!(response.expect_error(400, "parameter_invalid"), "contacts");
    assert_eq!(members(server, group), there);
}

#[test]
fn a_group_of_a_thousand_is_paged_and_takes_nobody_more() {
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
        put(&server, &id, &over).expect_error(400, "parameter_invalid"),
        "contacts"
    );
    done(&remove(&server, &id, &expected[0]));
    done(&put(&server, &id, &over));
    let last = server.get(&format!("{path}starting_after={}", expected[999])).json();
    assert_eq!(ids(&last), [over]);
}

#[test]
fn all_whom_many_add_at_once_are_there_exactly_once() {
    let server = TestServer::start();
    let (writers, each) = (24, 3);
    let ids = many_contacts(&server, writers * each);
    let first = text(&server.create_contact("first")["id"]);
    let group = server.create_group(&json!({"name": "x", "contacts": [first]}));
    concurrently(writers, |writer| {
        for id in &ids[writer * each..(writer + 1) * each] {
            done(&put(&server, &group, id));
            // Others add the same ones.
            done(&put(&server, &group, &ids[0]));
        }
    });
    let there = members(&server, &group);
    assert_eq!(there[0], first);
    assert_eq!(there.len(), 1 + ids.len());
    let unique: HashSet<&String> = there.iter().collect();
    assert!(unique.len() == there.len() && ids.iter().all(|id| unique.contains(id)));
    for own in ids.chunks(each).skip(1) {
        let own_order: Vec<&String> = there.iter().filter(|id| own.contains(id)).collect();
        assert_eq!(own_order, own.iter().collect::<Vec<_>>(), "each writer's in its order");
    }
    let server = server.restart();
    assert_eq!(members(&server, &group), there);
}

#[test]
fn of_many_who_are_added_at_once_exactly_the_bound_many_get_in() {
    let server = bounded(20);
    let ids = many_contacts(&server, 48);
    let group = server.create_group(&json!({"name": "x", "contacts": ids[..4]}));
    let responses = concurrently(44, |n| put(&server, &group, &ids[4 + n]));
    let mut added: Vec<&String> = ids[..4].iter().collect();
    for (response, id) in responses.iter().zip(&ids[4..]) {
        match response.status {
            204 => added.push(id),
            _ => assert_eq!(response.expect_error(400, "parameter_invalid"), "contacts"),
        }
    }
    let there = members(&server, &group);
    assert_eq!((added.len(), there.len()), (20, 20));
    assert!(added.iter().all(|id| there.contains(id)), "who was told to be in is in");
}

#[test]
fn adders_and_removers_at_once_leave_what_their_answers_tell() {
    let server = bounded(25);
    let ids = many_contacts(&server, 30);
    let group = server.create_group(&json!({"name": "x", "contacts": ids[..15]}));
    // Each contact has one thread to itself, whose last answered change must stand; all share the group's bound.
    let ends = concurrently(30, |n| {
        let mut is_in = n < 15;
        for turn in 0..8 {
            if turn % 3 == 2 {
                is_in |= put(&server, &group, &ids[n]).status == 204;
            } else if is_in {
                done(&remove(&server, &group, &ids[n]));
                is_in = false;
            } else {
                remove(&server, &group, &ids[n]).expect_error(404, "not_found");
                let added = put(&server, &group, &ids[n]);
                is_in = added.status == 204;
                assert!(is_in || added.expect_error(400, "parameter_invalid") == "contacts");
            }
            let list = server.get(&format!("/v1/groups/{group}/contacts?limit=100")).json();
            let there = crate::harness::ids(&list);
            assert_eq!(there.contains(&ids[n]), is_in);
            assert!(there.len() <= 25);
            assert_eq!(there.iter().collect::<HashSet<_>>().len(), there.len());
        }
        is_in
    });
    let there: HashSet<String> = members(&server, &group).into_iter().collect();
    let expected: HashSet<String> = ids
        .iter()
        .zip(ends)
        .filter(|(_, is_in)| *is_in)
        .map(|(id, _)| id.clone())
        .collect();
    assert_eq!(there, expected);
    for (n, id) in ids.iter().enumerate() {
        let groups = server.get(&format!("/v1/groups?contact_id={id}")).json();
        assert_eq!(!crate::harness::ids(&groups).is_empty(), there.contains(id), "{n}");
    }
}

#[test]
fn memberships_replaced_and_contacts_deleted_while_others_are_added_stay_whole() {
    let server = bounded(12);
    let ids = many_contacts(&server, 24);
    let group = server.create_group(&json!({"name": "x"}));
    let path = format!("/v1/groups/{group}");
    concurrently(12, |n| {
        for turn in 0..6 {
            let id = &ids[n];
            match n % 3 {
                0 => assert!([204, 400].contains(&put(&server, &group, id).status)),
                1 => {
                    let replaced = server.put(&path, &json!({"contacts": ids[n..n + 6]}));
                    assert_eq!(replaced.status, 200, "{}", replaced.text);
                    let contacts = replaced.json()["contacts"].as_array().unwrap().clone();
                    let there: Vec<String> = contacts.iter().map(|contact| text(&contact["id"])).collect();
                    assert_eq!(
                        there,
                        ids[n..n + 6],
                        "nobody else is in a group in whose moment it was replaced"
                    );
                }
                _ => {
                    let own = text(&server.create_contact(&format!("own{n}x{turn}"))["id"]);
                    let added = put(&server, &group, &own);
                    assert!([204, 400].contains(&added.status));
                    assert_eq!(server.delete(&format!("/v1/contacts/{own}")).status, 204);
                    put(&server, &group, &own).expect_error(404, "not_found");
                    remove(&server, &group, &own).expect_error(404, "not_found");
                }
            }
            let list = server.get(&format!("{path}/contacts?limit=100")).json();
            let there = crate::harness::ids(&list);
            assert!(there.len() <= 12, "{}", there.len());
            assert_eq!(there.iter().collect::<HashSet<_>>().len(), there.len());
        }
    });
    let there = members(&server, &group);
    assert!(there.iter().all(|id| ids.contains(id)), "the deleted ones are gone");
    assert!(there.len() >= 6, "{}", there.len());
}

#[test]
fn the_groups_of_a_contact_follow_its_memberships_with_every_other_filter() {
    let server = TestServer::start();
    let all = contacts(&server, ["kate", "peter"]);
    let [kate, peter] = [0, 1].map(|at| all[at].as_str());
    let groups: Vec<String> = (0..8)
        .map(|n| {
            let name = if n % 2 == 0 { "Plaza Hotel" } else { "Night Bus" };
            let group =
                server.create_group(&json!({"name": name, "description": format!("number{n}"), "contacts": [peter]}));
            if n % 4 >= 2 {
                server.put(&format!("/v1/groups/{group}"), &json!({"archived_at": 1}));
            }
            group
        })
        .collect();
    let check = |of: &str, member_of: &[usize], what: &str| {
        for archived in [None, Some(true), Some(false)] {
            for words in [None, Some("plaza"), Some("bus+night"), Some("number3"), Some("nothing")] {
                let fits = |n: &usize| {
                    let words = match words {
                        None => true,
                        Some("plaza") => n.is_multiple_of(2),
                        Some("bus+night") => n % 2 == 1,
                        Some("number3") => *n == 3,
                        Some(_) => false,
                    };
                    words && archived.is_none_or(|archived| (n % 4 >= 2) == archived)
                };
                let fitting: Vec<usize> = (0..8).rev().filter(|n| member_of.contains(n)).filter(fits).collect();
                let expected: Vec<String> = fitting.iter().map(|n| groups[*n].clone()).collect();
                let archived = archived.map_or_else(String::new, |archived| format!("&archived={archived}"));
                let words = words.map_or_else(String::new, |words| format!("&query={words}"));
                let path = format!("/v1/groups?contact_id={of}{archived}{words}");
                for limit in [1, 2, 100] {
                    assert_eq!(server.walk(&path, limit, None), expected, "{what}: {path}");
                }
                let newer = fitting.iter().filter(|n| **n > 3).map(|n| groups[*n].clone());
                let newer: Vec<String> = newer.collect();
                assert_eq!(server.walk(&path, 2, Some(&groups[3])), newer, "{what}: {path}");
            }
        }
    };
    check(peter, &[0, 1, 2, 3, 4, 5, 6, 7], "made with the groups");
    check(kate, &[], "in none");
    for n in [6, 0, 3, 1, 7] {
        done(&put(&server, &groups[n], kate));
    }
    check(kate, &[0, 1, 3, 6, 7], "added");
    check(&kate.to_uppercase(), &[0, 1, 3, 6, 7], "in another letter case");
    done(&remove(&server, &groups[3], kate));
    done(&remove(&server, &groups[7], kate));
    check(kate, &[0, 1, 6], "removed from two");
    let replace = |n: usize, members: Value| {
        let response = server.put(&format!("/v1/groups/{}", groups[n]), &json!({"contacts": members}));
        assert_eq!(response.status, 200);
    };
    replace(1, json!([peter]));
    replace(2, json!([{"username": "KATE"}, peter]));
    check(kate, &[0, 2, 6], "replaced");
    check(peter, &[0, 1, 2, 3, 4, 5, 6, 7], "still in all");
    server.delete(&format!("/v1/groups/{}", groups[0]));
    check(kate, &[2, 6], "a group deleted");
    server.delete(&format!("/v1/contacts/{peter}"));
    for filter in ["", "&archived=true", "&query=plaza", "&archived=false&query=plaza"] {
        let gone = server.get(&format!("/v1/groups?contact_id={peter}{filter}"));
        assert_eq!(gone.expect_error(400, "parameter_invalid"), "contact_id");
    }
    check(kate, &[2, 6], "another contact deleted");
    let again = text(&server.create_contact("peter")["id"]);
    check(&again, &[], "of the same user name");
}

#[test]
fn a_contact_filter_that_names_no_contact_is_refused() {
    let server = TestServer::start();
    let group = server.create_group(&json!({"name": "x", "contacts": [{"username": "a"}]}));
    for none in ["AAAAAAAAAAAAAAAA", "x", "", "a", &group] {
        for filter in ["", "&archived=true", "&query=x"] {
            let response = server.get(&format!("/v1/groups?contact_id={none}{filter}"));
            assert_eq!(response.expect_error(400, "parameter_invalid"), "contact_id", "{none}");
        }
    }
}

#[test]
fn a_walk_along_the_members_goes_on_while_others_come_and_go() {
    let server = TestServer::start();
    let all = many_contacts(&server, 40);
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
        // One who has been passed goes, one who is still to come goes, and one more joins, for as long as there are.
        if turn < 5 {
            done(&remove(&server, &group, &all[turn]));
            done(&remove(&server, &group, &all[29 - turn]));
            done(&put(&server, &group, &all[30 + turn]));
        }
    }
    let expected: Vec<String> = all[..25].iter().chain(&all[30..35]).cloned().collect();
    assert_eq!(seen, expected);
}
