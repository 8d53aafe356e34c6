//! Listing and searching contacts.

use serde_json::{Value, json};

use super::fixtures::contact_path;
use crate::harness::{TestServer, encode, ids, text};

#[test]
fn query_finds_contacts_by_words_and_word_prefixes() {
    let server = TestServer::start();
    let make = |username: &str, display_name: Value, phone_number: Value| {
        let body = json!({"username": username, "display_name": display_name, "phone_number": phone_number});
        text(&server.post("/v1/contacts", &body).json()["id"])
    };
    let kate = make("KateMcCallister", json!("Kate McCallister"), json!("+1 555 0123"));
    let zoe = make("zoë_92", json!("Zoë de l'Été"), json!("+49-30-555"));
    let peter = make("peter.pan", json!("Peter-Paul Kater"), Value::Null);
    let bare = make("solo", Value::Null, Value::Null);
    let both = vec![peter.clone(), kate.clone()];
    let listed = |query: &str| ids(&server.get(&format!("/v1/contacts?query={}", encode(query))).json());
    for (query, expected) in [
        ("kate", both.clone()),
        ("KATE", both.clone()),
        ("kat", both),
        ("k", vec![peter.clone(), kate.clone()]),
        ("katem", vec![kate.clone()]),
        ("ate", vec![]),
        ("callister", vec![]),
        ("mccallister", vec![kate.clone()]),
        ("kate 0123", vec![kate.clone()]),
        ("0123 KATE", vec![kate.clone()]),
        ("kate nobody", vec![]),
        ("555", vec![zoe.clone(), kate.clone()]),
        ("+1", vec![kate.clone()]),
        ("+1 555", vec![kate.clone()]),
        ("49-30", vec![zoe.clone()]),
        ("30-49", vec![]),
        ("zoe", vec![zoe.clone()]),
        ("ZOË ete", vec![zoe.clone()]),
        ("été", vec![zoe.clone()]),
        ("zoë_92", vec![zoe.clone()]),
        ("peter-p", vec![peter.clone()]),
        ("pan - paul", vec![peter.clone()]),
        ("\"peter\" AND pan", vec![]),
        ("pan* ", vec![peter.clone()]),
        ("NOT pan", vec![]),
        ("(solo)", vec![bare.clone()]),
        ("username:solo", vec![]),
        ("a1", vec![]),
        ("null", vec![]),
    ] {
        assert_eq!(listed(query), expected, "{query}");
    }
    let sixteen = "kate ".repeat(16);
    assert_eq!(listed(&sixteen).len(), 2);
    let path = format!("/v1/contacts/{kate}");
    server.put(&path, &json!({"display_name": null, "username": "Catherine"}));
    assert_eq!(listed("kate"), [peter.as_str()], "the former names no longer match");
    assert_eq!(listed("cath 555"), [kate.as_str()]);
    server.put(&path, &json!({"phone_number": "42"}));
    assert_eq!((listed("555"), listed("42")), (vec![zoe], vec![kate.clone()]));
    server.delete(&path);
    assert_eq!(listed("cath"), Vec::<String>::new());
    let named = server.get("/v1/contacts?query=pan&username=PETER.pan").json();
    assert_eq!(ids(&named), [peter]);
    assert_eq!(
        server.get("/v1/contacts?query=pan&username=solo").json()["data"],
        json!([])
    );
}

#[test]
fn contacts_are_paged_newest_first_in_both_directions_with_every_filter() {
    let server = TestServer::start();
    let mut kept = Vec::new();
    for n in 0..13 {
        let name = if n % 3 == 0 { "Kate Even" } else { "Odd One" };
        let body = json!({"username": format!("u{n}"), "display_name": name});
        let created = server.post("/v1/contacts", &body).json();
        match n % 5 {
            4 => assert_eq!(server.delete(&contact_path(&created)).status, 204),
            _ => kept.push((text(&created["id"]), n)),
        }
    }
    kept.reverse();
    let of = |wanted: &dyn Fn(usize) -> bool| -> Vec<String> {
        let kept = kept.iter().filter(|(_, n)| wanted(*n));
        kept.map(|(id, _)| id.clone()).collect()
    };
    let default = server.get("/v1/contacts").json();
    assert_eq!(
        (ids(&default), &default["has_more"]),
        (of(&|_| true)[..10].to_vec(), &json!(true))
    );
    for (filter, expected) in [
        ("/v1/contacts?", of(&|_| true)),
        ("/v1/contacts?query=kate", of(&|n| n % 3 == 0)),
        ("/v1/contacts?query=o+ODD", of(&|n| n % 3 != 0)),
        ("/v1/contacts?query=u1", of(&|n| n == 1 || n >= 10)),
        ("/v1/contacts?username=U3", of(&|n| n == 3)),
        ("/v1/contacts?username=u3&query=even", of(&|n| n == 3)),
        ("/v1/contacts?username=u3&query=odd", Vec::new()),
        ("/v1/contacts?query=nobody", Vec::new()),
    ] {
        for limit in (1..=expected.len() + 1).chain([100]) {
            assert_eq!(server.walk(filter, limit, None), expected, "{filter} {limit}");
            // The cursor does not have to match the filter.
            for (last, _) in kept.iter().rev().take(3) {
                let position = kept.iter().position(|(id, _)| id == last).unwrap();
                let newer: Vec<&str> = kept[..position].iter().map(|(id, _)| id.as_str()).collect();
                let mut before = expected.clone();
                before.retain(|id| newer.contains(&id.as_str()));
                assert_eq!(server.walk(filter, limit, Some(last)), before, "{filter} {limit}");
            }
        }
    }
}

#[test]
fn contacts_created_by_a_group_are_listed_with_the_others() {
    let server = TestServer::start();
    let first = server.create_contact("first");
    let body = json!({"name": "x", "contacts": [{"username": "a"}, {"username": "FIRST"}, {"username": "b"}]});
    let group = server.post("/v1/groups", &body).json();
    let [a, known, b] = [0, 1, 2].map(|at| group["contacts"][at].clone());
    assert_eq!(known, first);
    assert_eq!(server.get("/v1/contacts").json()["data"], json!([b, a, first]));
    assert_eq!(server.get(&contact_path(&a)).json(), a);
}
