//! Pagination: whatever is created and deleted, walking a list returns every remaining object exactly once.

use proptest::prelude::*;
use serde_json::json;

use crate::harness::{TestServer, ids};

#[test]
fn a_page_has_ten_objects_by_default_newest_first() {
    let server = TestServer::start();
    let mut groups: Vec<String> = (0..12)
        .map(|n| server.create_group(&json!({"name": n.to_string()})))
        .collect();
    groups.reverse();
    let page = |query: &str| server.get(&format!("/v1/groups{query}")).json();
    let first = page("");
    assert_eq!((ids(&first), &first["has_more"]), (groups[..10].to_vec(), &json!(true)));
    let rest = page(&format!("?starting_after={}", groups[9]));
    assert_eq!((ids(&rest), &rest["has_more"]), (groups[10..].to_vec(), &json!(false)));
    let exact = page("?limit=12");
    assert_eq!((ids(&exact), &exact["has_more"]), (groups.clone(), &json!(false)));
    let before = page(&format!("?limit=3&ending_before={}", groups[5]));
    assert_eq!(
        (ids(&before), &before["has_more"]),
        (groups[2..5].to_vec(), &json!(true))
    );
    let newest = page(&format!("?limit=3&ending_before={}", groups[3]));
    assert_eq!(
        (ids(&newest), &newest["has_more"]),
        (groups[..3].to_vec(), &json!(false))
    );
    let none = page(&format!("?ending_before={}", groups[0]));
    assert_eq!((ids(&none), &none["has_more"]), (Vec::new(), &json!(false)));
    let past = page(&format!("?starting_after={}", groups[11]));
    assert_eq!((ids(&past), &past["has_more"]), (Vec::new(), &json!(false)));
}

#[derive(Clone, Debug)]
enum Step {
    Create,
    /// Deletes the object at this position, modulo their number.
    Delete(usize),
    /// Archives the object at this position, modulo their number.
    Archive(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => Just(Step::Create),
        2 => any::<usize>().prop_map(Step::Delete),
        2 => any::<usize>().prop_map(Step::Archive),
    ];
    proptest::collection::vec(step, 1..40)
}

/// The expected groups, oldest first: the id, and whether the group is archived.
type Model = Vec<(String, bool)>;

fn run(server: &TestServer, token: &str, step: &Step, model: &mut Model) {
    let index_of = |position: usize, model: &Model| (!model.is_empty()).then(|| position % model.len());
    match step {
        Step::Create => {
            let response = server
                .request("POST", "/v1/groups")
                .token(token)
                .json(&json!({"name": "x"}))
                .send();
            model.push((response.json()["id"].as_str().unwrap().to_owned(), false));
        }
        Step::Delete(position) => {
            if let Some(index) = index_of(*position, model) {
                let (id, _) = model.remove(index);
                assert_eq!(
                    server
                        .request("DELETE", &format!("/v1/groups/{id}"))
                        .token(token)
                        .send()
                        .status,
                    204
                );
            }
        }
        Step::Archive(position) => {
            if let Some(index) = index_of(*position, model) {
                model[index].1 = true;
                let path = format!("/v1/groups/{}", model[index].0);
                assert_eq!(
                    server
                        .request("PUT", &path)
                        .token(token)
                        .form("archived_at=1")
                        .send()
                        .status,
                    200
                );
            }
        }
    }
}

#[test]
fn walking_in_either_direction_returns_every_remaining_object_exactly_once() {
    let server = TestServer::start();
    let count = std::cell::Cell::new(0);
    proptest!(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() }, |(steps in steps())| {
        count.set(count.get() + 1);
        let token = server.create_account(&format!("account {}", count.get()));
        let mut model = Model::new();
        for step in &steps {
            run(&server, &token, step, &mut model);
        }
        for (filter, wanted) in [("", None), ("&archived=true", Some(true)), ("&archived=false", Some(false))] {
            let all: Vec<String> = model.iter().rev().map(|(id, _)| id.clone()).collect();
            let expected: Vec<String> = model.iter().rev().filter(|(_, archived)| wanted.is_none_or(|wanted| wanted == *archived)).map(|(id, _)| id.clone()).collect();
            let list = format!("/v1/groups?{filter}");
            for limit in (1..=model.len() + 1).chain([100]) {
                prop_assert_eq!(&server.walk_as(&token, &list, limit, None), &expected);
                // The cursor is the oldest object of all, whether or not the filter matches it.
                if let Some(oldest) = all.last() {
                    let mut before = expected.clone();
                    before.retain(|id| id != oldest);
                    prop_assert_eq!(server.walk_as(&token, &list, limit, Some(oldest)), before);
                }
            }
        }
    });
}

#[test]
fn a_walk_continues_while_objects_are_created_and_deleted() {
    let server = TestServer::start();
    let groups: Vec<String> = (0..60)
        .map(|n| server.create_group(&json!({"name": n.to_string()})))
        .collect();
    let mut seen = Vec::new();
    let mut cursor = String::new();
    for turn in 0.. {
        let list = server.get(&format!("/v1/groups?limit=7{cursor}")).json();
        let page = ids(&list);
        seen.extend(page.clone());
        cursor = format!("&starting_after={}", page.last().unwrap());
        server.create_group(&json!({"name": "newer"}));
        // Delete one that is still ahead. Those with even numbers remain throughout.
        server.delete(&format!("/v1/groups/{}", groups[1 + 2 * turn]));
        if list["has_more"] == false {
            break;
        }
    }
    let remaining: Vec<&String> = groups
        .iter()
        .rev()
        .filter(|id| groups.iter().position(|other| other == *id).unwrap() % 2 == 0)
        .collect();
    let seen_remaining: Vec<&String> = seen.iter().filter(|id| remaining.contains(id)).collect();
    assert_eq!(seen_remaining, remaining);
}
