//! Lists against a model: whatever is made and deleted, walking sees every object that stayed exactly once.

use proptest::prelude::*;
use serde_json::json;

use crate::harness::{TestServer, ids};

#[test]
fn a_page_has_ten_objects_unless_told_otherwise_newest_first() {
    let server = TestServer::start();
    let mut groups: Vec<String> = (0..12).map(|n| server.group(&json!({"name": n.to_string()}))).collect();
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
    /// Deletes the object at this place of those there are, counted round.
    Delete(usize),
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

/// A group of the model: its id and whether it is archived.
type Model = Vec<(String, bool)>;

fn run(server: &TestServer, token: &str, step: &Step, model: &mut Model) {
    let at = |place: usize, model: &Model| (!model.is_empty()).then(|| place % model.len());
    match step {
        Step::Create => {
            let answer = server
                .request("POST", "/v1/groups")
                .token(token)
                .json(&json!({"name": "x"}))
                .send();
            model.push((answer.json()["id"].as_str().unwrap().to_owned(), false));
        }
        Step::Delete(place) => {
            if let Some(index) = at(*place, model) {
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
        Step::Archive(place) => {
            if let Some(index) = at(*place, model) {
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

/// Walks the list from one end to the other, page by page.
fn walk(
    server: &TestServer,
    token: &str,
    filter: &str,
    limit: usize,
    forward: bool,
    last: Option<&String>,
) -> Vec<String> {
    let mut seen = Vec::new();
    let mut cursor = match (forward, last) {
        (true, _) => String::new(),
        (false, Some(oldest)) => format!("&ending_before={oldest}"),
        (false, None) => return seen,
    };
    loop {
        let list = server
            .request("GET", &format!("/v1/groups?limit={limit}{filter}{cursor}"))
            .token(token)
            .send()
            .json();
        let page = ids(&list);
        assert!(page.len() <= limit);
        assert!(
            page.iter().all(|id| !seen.contains(id)),
            "a page begins after the one before"
        );
        let more = list["has_more"] == true;
        assert!(!more || page.len() == limit, "a page before the last is full");
        if forward {
            seen.extend(page.iter().cloned());
        } else {
            seen.splice(0..0, page.iter().cloned());
        }
        if !more {
            return seen;
        }
        cursor = match forward {
            true => format!("&starting_after={}", page.last().unwrap()),
            false => format!("&ending_before={}", page[0]),
        };
    }
}

#[test]
fn walking_either_way_sees_every_object_that_stayed_exactly_once() {
    let server = TestServer::start();
    let count = std::cell::Cell::new(0);
    proptest!(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() }, |(steps in steps())| {
        count.set(count.get() + 1);
        let token = server.account(&format!("account {}", count.get()));
        let mut model = Model::new();
        for step in &steps {
            run(&server, &token, step, &mut model);
        }
        for (filter, wanted) in [("", None), ("&archived=true", Some(true)), ("&archived=false", Some(false))] {
            let there: Vec<String> = model.iter().rev().map(|(id, _)| id.clone()).collect();
            let expected: Vec<String> = model.iter().rev().filter(|(_, archived)| wanted.is_none_or(|wanted| wanted == *archived)).map(|(id, _)| id.clone()).collect();
            for limit in (1..=model.len() + 1).chain([100]) {
                prop_assert_eq!(&walk(&server, &token, filter, limit, true, None), &expected);
                // The oldest object of all is the cursor, whether the filter shows it or not.
                let mut before: Vec<String> = expected.clone();
                before.retain(|id| Some(id) != there.last());
                prop_assert_eq!(walk(&server, &token, filter, limit, false, there.last()), before);
            }
        }
    });
}

#[test]
fn a_walk_goes_on_while_others_create_and_delete() {
    let server = TestServer::start();
    let groups: Vec<String> = (0..60).map(|n| server.group(&json!({"name": n.to_string()}))).collect();
    let mut seen = Vec::new();
    let mut cursor = String::new();
    for turn in 0.. {
        let list = server.get(&format!("/v1/groups?limit=7{cursor}")).json();
        let page = ids(&list);
        seen.extend(page.clone());
        cursor = format!("&starting_after={}", page.last().unwrap());
        server.group(&json!({"name": "newer"}));
        // One that is still to come goes; the even ones stay throughout.
        server.delete(&format!("/v1/groups/{}", groups[1 + 2 * turn]));
        if list["has_more"] == false {
            break;
        }
    }
    let stayed: Vec<&String> = groups
        .iter()
        .rev()
        .step_by(1)
        .filter(|id| groups.iter().position(|other| other == *id).unwrap() % 2 == 0)
        .collect();
    let seen_of_those: Vec<&String> = seen.iter().filter(|id| stayed.contains(id)).collect();
    assert_eq!(seen_of_those, stayed);
}
