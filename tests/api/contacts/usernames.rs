//! Usernames: unique per account, ignoring ASCII case.

use serde_json::{Value, json};

use super::fixtures::{all_contacts, contact_path, kate, send};
use crate::harness::{TestServer, concurrently, encode, text};

#[test]
fn a_taken_username_is_a_conflict_ignoring_ascii_case_only() {
    let server = TestServer::start();
    let zoe = server.create_contact("zoë");
    let kate = server.post("/v1/contacts", &kate()).json();
    let made_with_a_group = server.post("/v1/groups", &json!({"name": "x", "contacts": [{"username": "Peter"}]}));
    assert_eq!(made_with_a_group.status, 201);
    let count = all_contacts(&server).len();
    for taken in [
        "KateMcCallister",
        "katemccallister",
        "KATEMCCALLISTER",
        "pETER",
        "ZOë",
        "zoë",
    ] {
        for form in [false, true] {
            let body = json!({"username": taken, "display_name": "other"});
            let created = send(&server, "POST", "/v1/contacts", &body, form);
            assert_eq!(created.expect_error(409, "conflict"), "username", "{taken}");
        }
    }
    assert_eq!(all_contacts(&server).len(), count);
    for taken in ["KateMcCallister", "kATEMcCallister", "peter"] {
        for (method, form) in [("PUT", false), ("PATCH", true)] {
            let body = json!({"username": taken, "display_name": "other", "phone_number": "7"});
            let changed = send(&server, method, &contact_path(&zoe), &body, form);
            assert_eq!(changed.expect_error(409, "conflict"), "username", "{taken}");
        }
    }
    assert_eq!(server.get(&contact_path(&zoe)).json(), zoe, "nothing changed");
    assert_eq!(server.get(&contact_path(&kate)).json(), kate, "nothing changed");
    for free in ["ZOË", "zoe", "zoë2", "ﬀ", "FF", "ı", "i", "k", "\u{212a}"] {
        server.create_contact(free);
    }
    let own = server.put(&contact_path(&kate), &json!({"username": "KATEmccallister"}));
    assert_eq!((own.status, &own.json()["username"]), (200, &json!("KATEmccallister")));
    let renamed = server.put(&contact_path(&kate), &json!({"username": "Catherine"}));
    assert_eq!(renamed.status, 200);
    server.create_contact("katemccallister");
}

#[test]
fn a_username_is_unique_only_within_its_account() {
    let server = TestServer::start();
    let me = server.create_account("me");
    let theirs = server.create_contact("Kate");
    let post = || {
        server
            .request("POST", "/v1/contacts")
            .token(&me)
            .json(&json!({"username": "kate"}))
            .send()
    };
    let mine = post();
    assert_eq!(mine.status, 201, "{}", mine.text);
    let mine = mine.json();
    assert_ne!(mine["id"], theirs["id"]);
    assert_eq!(post().expect_error(409, "conflict"), "username");
    for query in ["", "?username=KATE", "?query=kat", "?username=kate&query=kate"] {
        let path = format!("/v1/contacts{query}");
        assert_eq!(server.get(&path).json()["data"], json!([theirs]), "{query}");
        let own = server.request("GET", &path).token(&me).send().json();
        assert_eq!(own["data"], json!([mine]), "{query}");
    }
    let group = json!({"name": "x", "contacts": [{"username": "KATE"}]});
    let group = server
        .request("POST", "/v1/groups")
        .token(&me)
        .json(&group)
        .send()
        .json();
    assert_eq!(group["contacts"], json!([mine]));
}

#[test]
fn concurrent_requests_for_a_username_succeed_exactly_once() {
    let server = TestServer::start();
    let others: Vec<Value> = (0..8).map(|n| server.create_contact(&format!("u{n}"))).collect();
    let responses = concurrently(16, |n| match n % 2 {
        0 => server.post(
            "/v1/contacts",
            &json!({"username": if n.is_multiple_of(4) { "Kate" } else { "kATE" }}),
        ),
        _ => server.put(&contact_path(&others[n / 2]), &json!({"username": "KATE"})),
    });
    let (won, lost): (Vec<_>, Vec<_>) = responses.into_iter().partition(|response| response.status < 300);
    for response in lost {
        assert_eq!(response.expect_error(409, "conflict"), "username");
    }
    assert_eq!(won.len(), 1);
    let list = server.get("/v1/contacts?username=kate").json();
    assert_eq!(list["data"], json!([won[0].json()]));
}

#[test]
fn the_username_filter_returns_the_contact_with_exactly_that_username() {
    let server = TestServer::start();
    let kate = server.post("/v1/contacts", &kate()).json();
    let zoe = server.create_contact("Zoë");
    let odd = server.create_contact("100%_a*b\"c'd&e=f");
    server.create_contact("Kate");
    let listed = |query: &str| server.get(&format!("/v1/contacts?{query}")).json()["data"].clone();
    for name in ["KateMcCallister", "katemccallister", "KATEMCCALLISTER"] {
        assert_eq!(listed(&format!("username={name}")), json!([kate]));
    }
    assert_eq!(listed(&format!("username={}", encode("zOë"))), json!([zoe]));
    assert_eq!(
        listed(&format!("username={}", encode("100%_A*B\"c'd&e=f"))),
        json!([odd])
    );
    for none in ["KateMc", "KateMcCallister2", "ZOË", "zoe", "100%", "%", "*", "nobody"] {
        assert_eq!(listed(&format!("username={}", encode(none))), json!([]), "{none}");
    }
    let cursor = |name: &str, contact: &Value| listed(&format!("username=kate&{name}={}", text(&contact["id"])));
    let plain_kate = listed("username=kate");
    assert_eq!(plain_kate.as_array().unwrap().len(), 1);
    assert_eq!(cursor("starting_after", &plain_kate[0]), json!([]));
    assert_eq!(cursor("ending_before", &plain_kate[0]), json!([]));
    assert_eq!(
        cursor("ending_before", &zoe),
        plain_kate,
        "the match is newer than the cursor"
    );
    assert_eq!(cursor("starting_after", &zoe), json!([]));
    let renamed = server
        .put(&contact_path(&kate), &json!({"username": "Catherine"}))
        .json();
    assert_eq!(listed("username=katemccallister"), json!([]));
    assert_eq!(listed("username=catherine"), json!([renamed]));
}

#[test]
fn a_deleted_contacts_username_can_be_reused_by_an_unrelated_contact() {
    let server = TestServer::start();
    let old = server.post("/v1/contacts", &kate()).json();
    let group = server.create_group(&json!({"name": "x", "contacts": [old["id"]]}));
    server.delete(&contact_path(&old));
    let new = server.create_contact("katemccallister");
    for property in ["id", "conversation_id"] {
        assert_ne!(new[property], old[property]);
    }
    for property in ["phone_number", "avatar_url", "display_name", "last_active_at"] {
        assert_eq!(new[property], Value::Null);
    }
    assert_eq!(
        server.get("/v1/contacts?username=KateMcCallister").json()["data"],
        json!([new])
    );
    assert_eq!(server.get(&format!("/v1/groups/{group}")).json()["contacts"], json!([]));
    server.get(&contact_path(&old)).expect_error(404, "not_found");
    server.delete(&contact_path(&new));
    let by_group = server.put(
        &format!("/v1/groups/{group}"),
        &json!({"contacts": [{"username": "KateMcCallister", "phone_number": "2"}]}),
    );
    assert_eq!(by_group.json()["contacts"][0]["phone_number"], "2");
}
