//! Two accounts against each other: another's object answers exactly as one that does not exist.

use std::collections::{BTreeMap, BTreeSet};

use groups_server::api;
use groups_server::store::tokens::NewToken;
use groups_server::types::time::Timestamp;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, fill, ids, text};

const ABSENT: &str = "AAAAAAAAAAAAAAAA";

#[test]
fn another_account_s_object_answers_as_an_absent_one_wherever_a_path_names_it() {
    let server = TestServer::start();
    let me = server.account("me");
    let absent = ABSENT.to_owned();
    for route in api::routes().into_iter().flatten() {
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
            assert_eq!(of_theirs.seen().replace(&theirs[place].1, &absent), of_none.seen());
        }
        let kept = server.request("GET", &fill(route.path, &theirs)).send();
        assert!(kept.status == 200 || kept.status == 405, "{}", kept.text);
    }
}

/// A parameter that names an object, as a query has it, and a body with it.
type Naming = (&'static str, fn(&str) -> Value);

const NAMING: [Naming; 9] = [
    ("id", |id| json!({"id": id})),
    ("contact_id", |id| json!({"contact_id": id})),
    ("conversation_id", |id| json!({"conversation_id": id})),
    ("group_id", |id| json!({"group_id": id})),
    ("pinned_message_id", |id| json!({"pinned_message_id": id})),
    ("starting_after", |id| json!({"starting_after": id})),
    ("ending_before", |id| json!({"ending_before": id})),
    ("contacts[]", |id| json!({"contacts": [id]})),
    ("contacts[][id]", |id| json!({"contacts": [{"id": id}]})),
];

/// A group, its member, its conversation and a message there, all new.
fn family(server: &TestServer, token: &str) -> [Value; 4] {
    let send = |method: &str, path: &str, body: Value| {
        let request = server.request(method, path).token(token);
        request.json(&body).send().json()
    };
    let group = send(
        "POST",
        "/v1/groups",
        json!({"name": "x", "contacts": [{"username": "member"}]}),
    );
    let message = json!({"conversation_id": group["conversation_id"], "message": "x"});
    let message = send("POST", "/v1/messages", message);
    let conversation = format!("/v1/conversations/{}", text(&group["conversation_id"]));
    let contact = group["contacts"][0].clone();
    [group, contact, send("GET", &conversation, json!({})), message]
}

/// Every route, with every parameter that names an object, in its query and in its body, alone and with all that the
/// route requires; objects of every kind.
#[test]
fn another_account_s_object_answers_as_an_absent_one_wherever_a_parameter_names_it() {
    let server = TestServer::start();
    let (mine, theirs) = (
        family(&server, &server.token),
        family(&server, &server.account("other")),
    );
    for name in mine.iter().flat_map(|object| object.as_object().unwrap().keys()) {
        let named = NAMING.iter().any(|(naming, _)| naming == name);
        assert!(named || !name.ends_with("_id"), "{name} names an object");
    }
    let mut taken = BTreeSet::new();
    for route in api::routes().into_iter().flatten() {
        let bodies = match route.method.as_str() {
            "POST" => vec![json!({}), server.required(route.path)],
            _ => vec![json!({})],
        };
        let places = ["groups", "contacts", "conversations", "messages"];
        let place = places
            .iter()
            .position(|place| route.path.split('/').nth(2) == Some(place));
        let of = |place: usize| text(&mine[place]["id"]);
        let path = fill(route.path, &[(":id", of(place.unwrap())), (":contact_id", of(1))]);
        for (name, body) in NAMING {
            let ask = |id: &str| {
                let query = server.request(route.method.as_str(), &format!("{path}?{name}={id}"));
                let with = |rest: &Value| {
                    let mut whole = rest.clone();
                    let body = body(id).as_object().unwrap().clone();
                    whole.as_object_mut().unwrap().extend(body);
                    server.request(route.method.as_str(), &path).json(&whole)
                };
                let requests = std::iter::once(query).chain(bodies.iter().map(with));
                let answers = requests.map(|request| request.header("x-request-id", "same").send());
                answers.collect::<Vec<_>>()
            };
            let of_none = ask(ABSENT);
            for (theirs, mine) in theirs.iter().zip(&mine) {
                let id = text(&theirs["id"]);
                for (of_theirs, of_none) in ask(&id).iter().zip(&of_none) {
                    let told = format!("{} {} {name}", route.method, route.path);
                    assert!((400..500).contains(&of_none.status), "{told}: {}", of_none.text);
                    assert_eq!(of_theirs.seen().replace(&id, ABSENT), of_none.seen(), "{told}");
                }
                let of_mine = ask(&text(&mine["id"]));
                if of_mine
                    .iter()
                    .zip(&of_none)
                    .any(|(mine, none)| mine.status != none.status)
                {
                    taken.insert(name);
                }
            }
        }
    }
    assert_eq!(taken.len(), NAMING.len(), "an id of one's own is taken: {taken:?}");
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

/// Every list, with each filter that lets such objects in.
#[test]
fn a_list_has_the_account_s_own_objects_alone() {
    let server = TestServer::start();
    let me = server.account("me");
    let (mine, theirs) = (family(&server, &me), family(&server, &server.token));
    let has = |answer: &Answer, object: &Value| answer.text.contains(&text(&object["id"]));
    let mut shown = 0;
    for route in api::routes().into_iter().flatten() {
        if route.method != "GET" || route.path.contains(':') {
            continue;
        }
        for filter in [
            "",
            "archived=false",
            "muted=false",
            "pinned=false",
            "username=member",
            "query=x",
        ] {
            let path = format!("{}?{filter}", route.path);
            let answer = server.request("GET", &path).token(&me).send();
            if answer.status == 400 {
                answer.expect_error(400, "parameter_unknown");
                continue;
            }
            assert!(
                !theirs.iter().any(|object| has(&answer, object)),
                "{path}: {}",
                answer.text
            );
            shown += usize::from(mine.iter().any(|object| has(&answer, object)));
        }
    }
    assert!(shown >= 11, "{shown}");
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
    let mut refused = BTreeMap::new();
    let mut asked = 0;
    for route in api::routes().into_iter().flatten() {
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
                            "absent" => ABSENT.to_owned(),
                            "malformed" => "..%2fx".to_owned(),
                            _ => server.variables(&other, route.path)[place].1.clone(),
                        };
                    }
                    let request = server
                        .request(route.method.as_str(), &fill(route.path, &variables))
                        .anonymous()
                        .header("x-request-id", "same");
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
                        "expired" | "revoked" | "none" => {
                            assert_eq!(answer.status, 401, "{told}");
                            let first = refused.entry(caller).or_insert_with(|| answer.seen());
                            assert_eq!(answer.seen(), *first, "{told}");
                        }
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
    assert_eq!(refused["expired"], refused["revoked"]);
}
