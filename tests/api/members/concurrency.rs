//! Concurrent changes of a membership.

use std::collections::HashSet;

use serde_json::json;

use super::fixtures::{add, assert_no_content, create_many_contacts, members, remove, server_with_limit};
use crate::harness::{TestServer, concurrently, ids, text};

#[test]
fn concurrently_added_members_are_each_present_exactly_once() {
    let server = TestServer::start();
    let (writers, each) = (24, 3);
    let contacts = create_many_contacts(&server, writers * each);
    let first = text(&server.create_contact("first")["id"]);
    let group = server.create_group(&json!({"name": "x", "contacts": [first]}));
    concurrently(writers, |writer| {
        for id in &contacts[writer * each..(writer + 1) * each] {
            assert_no_content(&add(&server, &group, id));
            // All threads add this one.
            assert_no_content(&add(&server, &group, &contacts[0]));
        }
    });
    let present = members(&server, &group);
    assert_eq!(present[0], first);
    assert_eq!(present.len(), 1 + contacts.len());
    let unique: HashSet<&String> = present.iter().collect();
    assert!(unique.len() == present.len() && contacts.iter().all(|id| unique.contains(id)));
    for own in contacts.chunks(each).skip(1) {
        let own_order: Vec<&String> = present.iter().filter(|id| own.contains(id)).collect();
        assert_eq!(
            own_order,
            own.iter().collect::<Vec<_>>(),
            "each thread's members keep its order"
        );
    }
    let server = server.restart();
    assert_eq!(members(&server, &group), present);
}

#[test]
fn concurrent_additions_fill_a_group_exactly_to_its_limit() {
    let server = server_with_limit(20);
    let contacts = create_many_contacts(&server, 48);
    let group = server.create_group(&json!({"name": "x", "contacts": contacts[..4]}));
    let responses = concurrently(44, |n| add(&server, &group, &contacts[4 + n]));
    let mut added: Vec<&String> = contacts[..4].iter().collect();
    for (response, id) in responses.iter().zip(&contacts[4..]) {
        match response.status {
            204 => added.push(id),
            _ => assert_eq!(response.expect_error(400, "parameter_invalid"), "contacts"),
        }
    }
    let present = members(&server, &group);
    assert_eq!((added.len(), present.len()), (20, 20));
    assert!(
        added.iter().all(|id| present.contains(id)),
        "every acknowledged member is present"
    );
}

#[test]
fn concurrent_additions_and_removals_leave_what_their_responses_say() {
    let server = server_with_limit(25);
    let contacts = create_many_contacts(&server, 30);
    let group = server.create_group(&json!({"name": "x", "contacts": contacts[..15]}));
    // Each contact has its own thread, whose last acknowledged change must hold. All share the group's limit.
    let outcomes = concurrently(30, |n| {
        let mut is_in = n < 15;
        for turn in 0..8 {
            if turn % 3 == 2 {
                is_in |= add(&server, &group, &contacts[n]).status == 204;
            } else if is_in {
                assert_no_content(&remove(&server, &group, &contacts[n]));
                is_in = false;
            } else {
                remove(&server, &group, &contacts[n]).expect_error(404, "not_found");
                let added = add(&server, &group, &contacts[n]);
                is_in = added.status == 204;
                assert!(is_in || added.expect_error(400, "parameter_invalid") == "contacts");
            }
            let list = server.get(&format!("/v1/groups/{group}/contacts?limit=100")).json();
            let present = ids(&list);
            assert_eq!(present.contains(&contacts[n]), is_in);
            assert!(present.len() <= 25);
            assert_eq!(present.iter().collect::<HashSet<_>>().len(), present.len());
        }
        is_in
    });
    let present: HashSet<String> = members(&server, &group).into_iter().collect();
    let expected: HashSet<String> = contacts
        .iter()
        .zip(outcomes)
        .filter(|(_, is_in)| *is_in)
        .map(|(id, _)| id.clone())
        .collect();
    assert_eq!(present, expected);
    for (n, id) in contacts.iter().enumerate() {
        let groups = server.get(&format!("/v1/groups?contact_id={id}")).json();
        assert_eq!(!ids(&groups).is_empty(), present.contains(id), "{n}");
    }
}

#[test]
fn a_membership_stays_consistent_while_it_is_replaced_and_contacts_are_deleted() {
    let server = server_with_limit(12);
    let contacts = create_many_contacts(&server, 24);
    let group = server.create_group(&json!({"name": "x"}));
    let path = format!("/v1/groups/{group}");
    concurrently(12, |n| {
        for turn in 0..6 {
            let id = &contacts[n];
            match n % 3 {
                0 => assert!([204, 400].contains(&add(&server, &group, id).status)),
                1 => {
                    let replaced = server.put(&path, &json!({"contacts": contacts[n..n + 6]}));
                    assert_eq!(replaced.status, 200, "{}", replaced.text);
                    let returned = replaced.json()["contacts"].as_array().unwrap().clone();
                    let present: Vec<String> = returned.iter().map(|contact| text(&contact["id"])).collect();
                    assert_eq!(
                        present,
                        contacts[n..n + 6],
                        "a replaced membership has no other members"
                    );
                }
                _ => {
                    let own = text(&server.create_contact(&format!("own{n}x{turn}"))["id"]);
                    let added = add(&server, &group, &own);
                    assert!([204, 400].contains(&added.status));
                    assert_eq!(server.delete(&format!("/v1/contacts/{own}")).status, 204);
                    add(&server, &group, &own).expect_error(404, "not_found");
                    remove(&server, &group, &own).expect_error(404, "not_found");
                }
            }
            let list = server.get(&format!("{path}/contacts?limit=100")).json();
            let present = ids(&list);
            assert!(present.len() <= 12, "{}", present.len());
            assert_eq!(present.iter().collect::<HashSet<_>>().len(), present.len());
        }
    });
    let present = members(&server, &group);
    assert!(
        present.iter().all(|id| contacts.contains(id)),
        "deleted contacts are not members"
    );
    assert!(present.len() >= 6, "{}", present.len());
}
