//! The `contact_id` filter of groups.

use serde_json::{Value, json};

use super::fixtures::{add, assert_no_content, create_contacts, remove};
use crate::harness::{ABSENT_ID, TestServer, text};

/// Whether the group with number `n` matches the other filters.
fn fits(n: usize, archived: Option<bool>, query: Option<&str>) -> bool {
    let matches_query = match query {
        None => true,
        Some("plaza") => n.is_multiple_of(2),
        Some("bus+night") => n % 2 == 1,
        Some("number3") => n == 3,
        Some(_) => false,
    };
    matches_query && archived.is_none_or(|archived| (n % 4 >= 2) == archived)
}

#[test]
fn the_contact_filter_follows_memberships_in_combination_with_every_other_filter() {
    let server = TestServer::start();
    let all = create_contacts(&server, ["kate", "peter"]);
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
    let check = |contact: &str, member_of: &[usize], state: &str| {
        for archived in [None, Some(true), Some(false)] {
            for query in [None, Some("plaza"), Some("bus+night"), Some("number3"), Some("nothing")] {
                let fits = |n: &usize| fits(*n, archived, query);
                let fitting: Vec<usize> = (0..8).rev().filter(|n| member_of.contains(n)).filter(fits).collect();
                let expected: Vec<String> = fitting.iter().map(|n| groups[*n].clone()).collect();
                let archived = archived.map_or_else(String::new, |archived| format!("&archived={archived}"));
                let query = query.map_or_else(String::new, |query| format!("&query={query}"));
                let path = format!("/v1/groups?contact_id={contact}{archived}{query}");
                for limit in [1, 2, 100] {
                    assert_eq!(server.walk(&path, limit, None), expected, "{state}: {path}");
                }
                let newer = fitting.iter().filter(|n| **n > 3).map(|n| groups[*n].clone());
                let newer: Vec<String> = newer.collect();
                assert_eq!(server.walk(&path, 2, Some(&groups[3])), newer, "{state}: {path}");
            }
        }
    };
    check(peter, &[0, 1, 2, 3, 4, 5, 6, 7], "as the groups were created");
    check(kate, &[], "in no group");
    for n in [6, 0, 3, 1, 7] {
        assert_no_content(&add(&server, &groups[n], kate));
    }
    check(kate, &[0, 1, 3, 6, 7], "added");
    check(&kate.to_uppercase(), &[0, 1, 3, 6, 7], "in another letter case");
    assert_no_content(&remove(&server, &groups[3], kate));
    assert_no_content(&remove(&server, &groups[7], kate));
    check(kate, &[0, 1, 6], "after removal from two");
    let replace = |n: usize, members: Value| {
        let response = server.put(&format!("/v1/groups/{}", groups[n]), &json!({"contacts": members}));
        assert_eq!(response.status, 200);
    };
    replace(1, json!([peter]));
    replace(2, json!([{"username": "KATE"}, peter]));
    check(kate, &[0, 2, 6], "after replacements");
    check(peter, &[0, 1, 2, 3, 4, 5, 6, 7], "still in all");
    server.delete(&format!("/v1/groups/{}", groups[0]));
    check(kate, &[2, 6], "after one group was deleted");
    server.delete(&format!("/v1/contacts/{peter}"));
    for filter in ["", "&archived=true", "&query=plaza", "&archived=false&query=plaza"] {
        let gone = server.get(&format!("/v1/groups?contact_id={peter}{filter}"));
        assert_eq!(gone.expect_error(400, "parameter_invalid"), "contact_id");
    }
    check(kate, &[2, 6], "after another contact was deleted");
    let again = text(&server.create_contact("peter")["id"]);
    check(&again, &[], "a new contact of the same username");
}

#[test]
fn an_invalid_contact_filter_is_rejected() {
    let server = TestServer::start();
    let group = server.create_group(&json!({"name": "x", "contacts": [{"username": "a"}]}));
    for invalid in [ABSENT_ID, "x", "", "a", &group] {
        for filter in ["", "&archived=true", "&query=x"] {
            let response = server.get(&format!("/v1/groups?contact_id={invalid}{filter}"));
            assert_eq!(
                response.expect_error(400, "parameter_invalid"),
                "contact_id",
                "{invalid}"
            );
        }
    }
}
