//! Accounts are isolated: a response about another account's object is the one about an object that does not exist.

use std::collections::{BTreeMap, BTreeSet};

use groups_server::api;
use groups_server::store::tokens::NewToken;
use groups_server::types::time::Timestamp;
use serde_json::{Value, json};

use crate::harness::{ABSENT_ID, Response, TestServer, expand, ids, text};

#[test]
fn another_accounts_object_in_a_path_is_indistinguishable_from_an_absent_one() {
    let server = TestServer::start();
    let own = server.create_account("own");
    let absent = ABSENT_ID.to_owned();
    for route in api::routes().into_iter().flatten() {
        let theirs = server.path_parameters(&server.token, route.path);
        for position in 0..theirs.len() {
            let parameters = server.path_parameters(&own, route.path);
            let request_with = |id: &String| {
                let mut parameters = parameters.clone();
                parameters[position].1.clone_from(id);
                let path = expand(route.path, &parameters);
                let request = server.request(route.method.as_str(), &path).token(&own);
                request.header("x-request-id", "same").send()
            };
            let (foreign, none) = (request_with(&theirs[position].1), request_with(&absent));
            assert_eq!(
                foreign.expect_error(404, "not_found"),
                none.expect_error(404, "not_found")
            );
            assert_eq!(
                foreign.observable().replace(&theirs[position].1, &absent),
                none.observable()
            );
        }
        let kept = server.request("GET", &expand(route.path, &theirs)).send();
        assert!(kept.status == 200 || kept.status == 405, "{}", kept.text);
    }
}

/// A parameter that refers to an object: its name in a query, and a body with it.
type IdParameter = (&'static str, fn(&str) -> Value);

const ID_PARAMETERS: [IdParameter; 9] = [
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

/// Creates a group with a member and a message, and returns the group, the member, the conversation and the message.
fn create_related_objects(server: &TestServer, token: &str) -> [Value; 4] {
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

/// Tries objects of every kind on every route, in every parameter that refers to an object: in the query, in the body
/// alone, and in the body with all required parameters.
#[test]
fn another_accounts_object_in_a_parameter_is_indistinguishable_from_an_absent_one() {
    let server = TestServer::start();
    let (mine, theirs) = (
        create_related_objects(&server, &server.token),
        create_related_objects(&server, &server.create_account("other")),
    );
    for name in mine.iter().flat_map(|object| object.as_object().unwrap().keys()) {
        let tried = ID_PARAMETERS.iter().any(|(tried, _)| tried == name);
        assert!(tried || !name.ends_with("_id"), "{name} is not in ID_PARAMETERS");
    }
    let mut accepted = BTreeSet::new();
    for route in api::routes().into_iter().flatten() {
        let bodies = match route.method.as_str() {
            "POST" => vec![json!({}), server.minimal_body(route.path)],
            _ => vec![json!({})],
        };
        let resources = ["groups", "contacts", "conversations", "messages"];
        let resource = resources
            .iter()
            .position(|resource| route.path.split('/').nth(2) == Some(resource));
        let own_id = |index: usize| text(&mine[index]["id"]);
        let path = expand(
            route.path,
            &[(":id", own_id(resource.unwrap())), (":contact_id", own_id(1))],
        );
        for (name, body) in ID_PARAMETERS {
            let request_with = |id: &str| {
                let query = server.request(route.method.as_str(), &format!("{path}?{name}={id}"));
                let added_to = |rest: &Value| {
                    let mut whole = rest.clone();
                    let body = body(id).as_object().unwrap().clone();
                    whole.as_object_mut().unwrap().extend(body);
                    server.request(route.method.as_str(), &path).json(&whole)
                };
                let requests = std::iter::once(query).chain(bodies.iter().map(added_to));
                let responses = requests.map(|request| request.header("x-request-id", "same").send());
                responses.collect::<Vec<_>>()
            };
            let absent = request_with(ABSENT_ID);
            for (theirs, mine) in theirs.iter().zip(&mine) {
                let id = text(&theirs["id"]);
                for (foreign, absent) in request_with(&id).iter().zip(&absent) {
                    let context = format!("{} {} {name}", route.method, route.path);
                    assert!((400..500).contains(&absent.status), "{context}: {}", absent.text);
                    assert_eq!(
                        foreign.observable().replace(&id, ABSENT_ID),
                        absent.observable(),
                        "{context}"
                    );
                }
                let own = request_with(&text(&mine["id"]));
                if own.iter().zip(&absent).any(|(own, absent)| own.status != absent.status) {
                    accepted.insert(name);
                }
            }
        }
    }
    assert_eq!(
        accepted.len(),
        ID_PARAMETERS.len(),
        "only these accept the account's own ids: {accepted:?}"
    );
}

#[test]
fn another_accounts_ids_are_rejected_as_cursors_and_as_contacts() {
    let server = TestServer::start();
    let theirs = server
        .post(
            "/v1/groups",
            &json!({"name": "theirs", "contacts": [{"username": "Hector"}]}),
        )
        .json();
    let (group, contact) = (theirs["id"].as_str().unwrap(), &theirs["contacts"][0]);
    let me = server.create_account("me");
    let response = server
        .request("GET", &format!("/v1/groups?starting_after={group}"))
        .token(&me)
        .send();
    assert_eq!(response.expect_error(400, "parameter_invalid"), "starting_after");
    let body = json!({"name": "mine", "contacts": [contact["id"]]});
    let response = server.request("POST", "/v1/groups").token(&me).json(&body).send();
    assert_eq!(response.expect_error(400, "parameter_invalid"), "contacts[0]");
    let body = json!({"name": "mine", "contacts": [{"username": "Hector"}]});
    let mine = server
        .request("POST", "/v1/groups")
        .token(&me)
        .json(&body)
        .send()
        .json();
    assert_ne!(
        mine["contacts"][0]["id"], contact["id"],
        "a username is unique only within its account"
    );
}

#[test]
fn each_account_lists_only_its_own_groups() {
    let server = TestServer::start();
    let me = server.create_account("me");
    let mut mine = Vec::new();
    let mut theirs = Vec::new();
    for n in 0..6 {
        theirs.insert(0, server.create_group(&json!({"name": n.to_string()})));
        let response = server
            .request("POST", "/v1/groups")
            .token(&me)
            .form("name=x")
            .send()
            .json();
        mine.insert(0, response["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids(&server.get("/v1/groups").json()), theirs);
    let listed = server.request("GET", "/v1/groups?limit=6").token(&me).send().json();
    assert_eq!((ids(&listed), &listed["has_more"]), (mine, &json!(false)));
}

/// Tries every list with each filter that the objects match.
#[test]
fn a_list_contains_only_the_accounts_own_objects() {
    let server = TestServer::start();
    let me = server.create_account("me");
    let (mine, theirs) = (
        create_related_objects(&server, &me),
        create_related_objects(&server, &server.token),
    );
    let contains = |response: &Response, object: &Value| response.text.contains(&text(&object["id"]));
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
            let response = server.request("GET", &path).token(&me).send();
            if response.status == 400 {
                response.expect_error(400, "parameter_unknown");
                continue;
            }
            assert!(
                !theirs.iter().any(|object| contains(&response, object)),
                "{path}: {}",
                response.text
            );
            shown += usize::from(mine.iter().any(|object| contains(&response, object)));
        }
    }
    assert!(shown >= 11, "{shown}");
}

/// Every kind of caller, with its token.
fn create_callers(server: &TestServer, own: &str, other: &str) -> [(&'static str, Option<String>); 6] {
    let token_with = |change: &dyn Fn(&mut NewToken)| {
        let mut new = NewToken::full("own");
        change(&mut new);
        server.create_token(&new)
    };
    let read_only = token_with(&|new| new.read_only = true);
    let expired = token_with(&|new| new.expires_at = Some(Timestamp::now()));
    let revoked = token_with(&|new| new.name = Some("to be revoked".to_owned()));
    let sql = "UPDATE tokens SET revoked_at = 1 WHERE name = 'to be revoked'";
    assert_eq!(server.execute(sql), 1);
    [
        ("own", Some(own.to_owned())),
        ("other", Some(other.to_owned())),
        ("read-only", Some(read_only)),
        ("expired", Some(expired)),
        ("revoked", Some(revoked)),
        ("none", None),
    ]
}

/// Tries every route with every kind of id at each position of its path, as every kind of caller.
#[test]
fn every_route_enforces_the_same_access_rules() {
    let server = TestServer::start();
    let (own, other) = (server.create_account("own"), server.create_account("other"));
    let callers = create_callers(&server, &own, &other);
    let mut rejected = BTreeMap::new();
    let mut requests = 0;
    for route in api::routes().into_iter().flatten() {
        let writes = route.method != "GET";
        let positions = server.path_parameters(&own, route.path).len();
        // The account's own ids in all positions, or another id in one of them.
        for position in std::iter::once(None).chain((0..positions).map(Some)) {
            for id in ["another account's", "absent", "malformed"] {
                let all_own = position.is_none();
                for (caller, token) in &callers {
                    let mut parameters = server.path_parameters(&own, route.path);
                    if let Some(position) = position {
                        parameters[position].1 = match id {
                            "absent" => ABSENT_ID.to_owned(),
                            "malformed" => "..%2fx".to_owned(),
                            _ => server.path_parameters(&other, route.path)[position].1.clone(),
                        };
                    }
                    let request = server
                        .request(route.method.as_str(), &expand(route.path, &parameters))
                        .anonymous()
                        .header("x-request-id", "same");
                    let request = match token {
                        Some(token) => request.token(token),
                        None => request,
                    };
                    let response = request.send();
                    let context = format!(
                        "{} {} {caller} {position:?} {id}: {}",
                        route.method, route.path, response.text
                    );
                    match *caller {
                        "expired" | "revoked" | "none" => {
                            assert_eq!(response.status, 401, "{context}");
                            let first = rejected.entry(*caller).or_insert_with(|| response.observable());
                            assert_eq!(response.observable(), *first, "{context}");
                        }
                        "read-only" if writes => assert_eq!(response.status, 403, "{context}"),
                        // A POST without its required parameters fails for that reason alone.
                        _ if route.method == "POST" => assert_eq!(response.status, 400, "{context}"),
                        "own" | "read-only" if all_own => assert!(response.status < 300, "{context}"),
                        "other" if positions == 0 => assert!(response.status < 300, "{context}"),
                        // With its own id in the only position, the other account requests its own object.
                        "other" if positions == 1 && !all_own && id == "another account's" => {
                            assert!(response.status < 300, "{context}");
                        }
                        _ => assert_eq!(response.status, 404, "{context}"),
                    }
                    requests += 1;
                }
            }
        }
    }
    assert!(requests > 500, "only {requests} requests were made");
    assert_eq!(rejected["expired"], rejected["revoked"]);
}
