//! Pages of results, and queries combined with filters.

use serde_json::{Value, json};

use crate::harness::{TestServer, ids, text};

#[test]
fn results_are_paged_newest_first_in_both_directions() {
    let server = TestServer::start();
    let owners = [
        server.create("/v1/groups", &json!({"name": "_"})),
        server.create("/v1/contacts", &json!({"username": "_"})),
    ];
    let (mut all, mut shown) = ([const { Vec::new() }; 3], [const { Vec::new() }; 4]);
    all[0].push(text(&owners[0]["id"]));
    all[1].push(text(&owners[1]["id"]));
    for n in 0..15_usize {
        let matches = n * n % 7 < 3;
        let words = if matches {
            format!("plaza {n}")
        } else {
            format!("other {n}")
        };
        let owner = &owners[n % 2];
        for (kind, path, body) in [
            (0, "/v1/groups", json!({"name": words})),
            (
                1,
                "/v1/contacts",
                json!({"username": format!("u{n}"), "display_name": words}),
            ),
            (
                2,
                "/v1/messages",
                json!({"conversation_id": owner["conversation_id"], "message": words}),
            ),
        ] {
            let id = text(&server.create(path, &body)["id"]);
            all[kind].insert(0, id.clone());
            if matches {
                shown[kind].insert(0, id.clone());
                if kind == 2 && n % 2 == 0 {
                    shown[3].insert(0, id);
                }
            }
        }
    }
    let within = format!(
        "/v1/messages?conversation_id={}&query=plaza",
        text(&owners[0]["conversation_id"])
    );
    let lists = [
        "/v1/groups?query=plaza",
        "/v1/contacts?query=plaza",
        "/v1/messages?query=plaza",
        &within,
    ];
    for (kind, list) in lists.into_iter().enumerate() {
        assert!((2..12).contains(&shown[kind].len()));
        for limit in [1, 2, 3, 100] {
            server.assert_pages(&server.token, list, &all[kind.min(2)], &shown[kind], limit);
        }
    }
}

#[test]
fn a_query_combines_with_every_other_filter() {
    let server = TestServer::start();
    let members = ["hector", "cedric"].map(|username| {
        server.create(
            "/v1/contacts",
            &json!({"username": username, "display_name": "Concierge Plaza"}),
        )
    });
    let mut groups = Vec::new();
    for n in 0..16 {
        let (is_plaza, archived, has) = (n & 1 != 0, n & 2 != 0, [n & 4 != 0, n & 8 != 0]);
        let contacts: Vec<&Value> = members
            .iter()
            .zip(has)
            .filter(|(_, has)| *has)
            .map(|(member, _)| &member["id"])
            .collect();
        let name = if is_plaza { "Plaza Hotel" } else { "Elsewhere" };
        let id = text(&server.create("/v1/groups", &json!({"name": name, "contacts": contacts}))["id"]);
        if archived {
            server.put(&format!("/v1/groups/{id}"), &json!({"archived_at": 5}));
        }
        groups.insert(0, (id, is_plaza, archived, has));
    }
    let all: Vec<String> = groups.iter().map(|(id, ..)| id.clone()).collect();
    for query in ["", "&query=plaza", "&query=hotel+plaza", "&query=concierge"] {
        for archived in [None, Some(true), Some(false)] {
            for member in [None, Some(0), Some(1)] {
                let shown = groups.iter().filter(|(_, is_plaza, is_archived, has)| {
                    let by_query = query.is_empty() || *is_plaza && query != "&query=concierge";
                    by_query
                        && archived.is_none_or(|wanted| wanted == *is_archived)
                        && member.is_none_or(|member: usize| has[member])
                });
                let shown: Vec<String> = shown.map(|(id, ..)| id.clone()).collect();
                let archived = archived
                    .map(|archived| format!("&archived={archived}"))
                    .unwrap_or_default();
                let member = member
                    .map(|member| format!("&contact_id={}", text(&members[member]["id"])))
                    .unwrap_or_default();
                server.assert_pages(
                    &server.token,
                    &format!("/v1/groups?{archived}{member}{query}"),
                    &all,
                    &shown,
                    2,
                );
            }
        }
    }
    let unknown = server.get("/v1/groups?query=plaza&contact_id=AAAAAAAAAAAAAAAA");
    assert_eq!(unknown.expect_error(400, "parameter_invalid"), "contact_id");
    let found = |query: &str| ids(&server.get(&format!("/v1/contacts?{query}")).json());
    let [hector, cedric] = members.map(|member| text(&member["id"]));
    assert_eq!(found("query=plaza"), [cedric.as_str(), &hector]);
    assert_eq!(found("query=plaza&username=Hector"), [hector.as_str()]);
    assert_eq!(found("query=hec&username=HECTOR"), [hector.as_str()]);
    assert_eq!(
        found("query=hec&username=hec"),
        [""; 0],
        "the username filter is an exact match"
    );
    assert_eq!(found("query=hec&username=cedric"), [""; 0]);
}
