//! Two accounts against each other: another's object answers exactly as one that does not exist.

use groups_server::http;
use groups_server::store::tokens::NewToken;
use groups_server::types::time::Timestamp;
use serde_json::json;

use crate::harness::{TestServer, fill, ids};

#[test]
fn another_account_s_object_answers_as_an_absent_one_wherever_a_path_names_it() {
    let server = TestServer::start();
    let me = server.account("me");
    let absent = "AAAAAAAAAAAAAAAA".to_owned();
    for route in http::routes().into_iter().flatten() {
        let theirs = server.variables(&server.token, route.path);
        for place in 0..theirs.len() {
            let mine = server.variables(&me, route.path);
            let ask = |id: &String| {
                let mut variables = mine.clone();
                variables[place].1.clone_from(id);
                let path = fill(route.path, &variables);
                let request = server.request(route.method.as_str(), &path).token(&me);
                request.header("x-request-id", "same").send()
            };
            let (of_theirs, of_none) = (ask(&theirs[place].1), ask(&absent));
            assert_eq!(
                of_theirs.expect_error(404, "not_found"),
                of_none.expect_error(404, "not_found")
            );
            assert_eq!(of_theirs.text.replace(&theirs[place].1, &absent), of_none.text);
            let headers = |answer: &crate::harness::Answer| {
                let mut headers = answer.headers.clone();
                headers.remove("date");
                headers
            };
            assert_eq!(headers(&of_theirs), headers(&of_none));
        }
        let kept = server.request("GET", &fill(route.path, &theirs)).send();
        assert!(kept.status == 200 || kept.status == 405, "{}", kept.text);
    }
}

#[test]
fn another_account_s_ids_are_no_cursors_and_no_contacts() {
    let server = TestServer::start();
    let theirs = server
        .post(
            "/v1/groups",
            &json!({"name": "theirs", "contacts": [{"username": "Hector"}]}),
        )
        .json();
    let (group, contact) = (theirs["id"].as_str().unwrap(), &theirs["contacts"][0]);
    let me = server.account("me");
    let answer = server
        .request("GET", &format!("/v1/groups?starting_after={group}"))
        .token(&me)
        .send();
    assert_eq!(answer.expect_error(400, "parameter_invalid"), "starting_after");
    let body = json!({"name": "mine", "contacts": [contact["id"]]});
    let answer = server.request("POST", "/v1/groups").token(&me).json(&body).send();
    assert_eq!(answer.expect_error(400, "parameter_invalid"), "contacts[0]");
    let body = json!({"name": "mine", "contacts": [{"username": "Hector"}]});
    let mine = server
        .request("POST", "/v1/groups")
        .token(&me)
        .json(&body)
        .send()
        .json();
    assert_ne!(
        mine["contacts"][0]["id"], contact["id"],
        "a user name is unique in an account"
    );
}

#[test]
fn each_account_lists_its_own_groups() {
    let server = TestServer::start();
    let me = server.account("me");
    let mut mine = Vec::new();
    let mut theirs = Vec::new();
    for n in 0..6 {
        theirs.insert(0, server.group(&json!({"name": n.to_string()})));
        let answer = server
            .request("POST", "/v1/groups")
            .token(&me)
            .form("name=x")
            .send()
            .json();
        mine.insert(0, answer["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids(&server.get("/v1/groups").json()), theirs);
    let listed = server.request("GET", "/v1/groups?limit=6").token(&me).send().json();
    assert_eq!((ids(&listed), &listed["has_more"]), (mine, &json!(false)));
}

/// Every route, with every kind of id in each place of its path, asked by every kind of caller.
#[test]
fn who_asks_for_what_is_answered_the_same_way_on_every_route() {
    let server = TestServer::start();
    let (own, other) = (server.account("own"), server.account("other"));
    let with = |change: &dyn Fn(&mut NewToken)| {
        let mut new = NewToken::full("own");
        change(&mut new);
        server.token(&new)
    };
    let read_only = with(&|new| new.read_only = true);
    let expired = with(&|new| new.expires_at = Some(Timestamp::now()));
    let revoked = with(&|new| new.name = Some("to be revoked".to_owned()));
    let revoke = rusqlite::Connection::open(&server.db).unwrap();
    let revoked_now = revoke.execute("UPDATE tokens SET revoked_at = 1 WHERE name = 'to be revoked'", []);
    assert_eq!(revoked_now.unwrap(), 1);
    let mut asked = 0;
    for route in http::routes().into_iter().flatten() {
        let writes = route.method != "GET";
        let places = server.variables(&own, route.path).len();
        // No place is changed, or one of them.
        for place in std::iter::once(None).chain((0..places).map(Some)) {
            for id in ["another account's", "absent", "malformed"] {
                let found = place.is_none();
                for (caller, token) in [
                    ("own", Some(&own)),
                    ("other", Some(&other)),
                    ("read-only", Some(&read_only)),
                    ("expired", Some(&expired)),
                    ("revoked", Some(&revoked)),
                    ("none", None),
                ] {
                    let mut variables = server.variables(&own, route.path);
                    if let Some(place) = place {
                        variables[place].1 = match id {
                            "absent" => "AAAAAAAAAAAAAAAA".to_owned(),
                            "malformed" => "..%2fx".to_owned(),
                            _ => server.variables(&other, route.path)[place].1.clone(),
                        };
                    }
                    let request = server
                        .request(route.method.as_str(), &fill(route.path, &variables))
                        .anonymous();
                    let request = match token {
                        Some(token) => request.token(token),
                        None => request,
                    };
                    let answer = request.send();
                    let told = format!(
                        "{} {} {caller} {place:?} {id}: {}",
                        route.method, route.path, answer.text
                    );
                    match caller {
                        "expired" | "revoked" | "none" => assert_eq!(answer.status, 401, "{told}"),
                        "read-only" if writes => assert_eq!(answer.status, 403, "{told}"),
                        // Without its parameters a POST is refused for these alone.
                        _ if route.method == "POST" => assert_eq!(answer.status, 400, "{told}"),
                        "own" | "read-only" if found => assert!(answer.status < 300, "{told}"),
                        "other" if places == 0 => assert!(answer.status < 300, "{told}"),
                        // The other account asks for its own object only where that is the one place there is.
                        "other" if places == 1 && !found && id == "another account's" => {
                            assert!(answer.status < 300, "{told}");
                        }
                        _ => assert_eq!(answer.status, 404, "{told}"),
                    }
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 500, "only {asked} were asked");
}
