//! A fixed script of requests to every resource. Each request has the facts that it adds to the database or removes
//! from it, from which follows what the database may hold after a run in which some requests failed.

use std::collections::BTreeMap;
use std::path::Path;

use groups_server::store::{Missing, Session};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::harness::{Request, TestServer, integrity_problem, snapshot};

const ACCOUNT: &str = "default";

struct Step {
    method: &'static str,
    /// `{label}`, here and in the body, stands for the id of the object that the step with this label created.
    path: &'static str,
    body: Option<Value>,
    key: Option<&'static str>,
    label: &'static str,
    status: u16,
    adds: &'static [&'static str],
    removes: &'static [&'static str],
}

fn step(method: &'static str, path: &'static str, body: Value, status: u16) -> Step {
    Step {
        method,
        path,
        body: (!body.is_null()).then_some(body),
        key: None,
        label: "",
        status,
        adds: &[],
        removes: &[],
    }
}

impl Step {
    fn label(mut self, label: &'static str) -> Self {
        self.label = label;
        self
    }

    fn key(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }

    fn adds(mut self, facts: &'static [&'static str]) -> Self {
        self.adds = facts;
        self
    }

    fn removes(mut self, facts: &'static [&'static str]) -> Self {
        self.removes = facts;
        self
    }
}

/// The steps. The first fact of each shows whether it took effect, because no other step touches that fact.
fn steps() -> Vec<Step> {
    let parts = [creations_and_refusals(), membership_and_messages(), deletions()];
    parts.into_iter().flatten().collect()
}

fn creations_and_refusals() -> Vec<Step> {
    let ghost = json!({"name": "Ghost", "contacts": [{"username": "ghost"}, "AAAAAAAAAAAAAAAA"]});
    vec![
        step("POST", "/v1/contacts", json!({"username": "kate"}), 201)
            .label("kate")
            .adds(&["contact kate", "conversation of kate"]),
        step(
            "POST",
            "/v1/groups",
            json!({"name": "Plaza", "contacts": [{"username": "hector"}, "{kate}"]}),
            201,
        )
        .label("plaza")
        .key("one")
        .adds(&[
            "group Plaza",
            "conversation of Plaza",
            "kate in Plaza",
            "hector in Plaza",
            "contact hector",
            "conversation of hector",
            "key one",
        ]),
        step(
            "POST",
            "/v1/messages",
            json!({"conversation_id": "{plaza.conversation}", "message": "hello", "contact_id": "{kate}"}),
            201,
        )
        .label("hello")
        .adds(&[
            "message hello in Plaza",
            "hello by kate",
            "kate is active",
            "Plaza is active",
        ]),
        step(
            "PUT",
            "/v1/groups/{plaza}",
            json!({"description": "world-renowned"}),
            200,
        )
        .adds(&["Plaza is world-renowned"]),
        step(
            "PUT",
            "/v1/conversations/{plaza.conversation}",
            json!({"is_pinned": true}),
            200,
        )
        .adds(&["Plaza is pinned"]),
        step("POST", "/v1/conversations", json!({"group_id": "{plaza}"}), 409),
        // Refused after the group and a contact have been created.
        step("POST", "/v1/groups", ghost.clone(), 400),
        step("POST", "/v1/groups", ghost, 400).key("three").adds(&["key three"]),
        step("GET", "/v1/groups?query=plaza", Value::Null, 200),
    ]
}

fn membership_and_messages() -> Vec<Step> {
    let long = "long ".repeat(1_900);
    vec![
        step("POST", "/v1/contacts", json!({"username": "cliff"}), 201)
            .label("cliff")
            .adds(&["contact cliff", "conversation of cliff"]),
        step("PUT", "/v1/groups/{plaza}/contacts/{cliff}", Value::Null, 204).adds(&["cliff in Plaza"]),
        step(
            "PUT",
            "/v1/messages/{hello}",
            json!({"reactions": {"red": ["kate"]}}),
            200,
        )
        .adds(&["hello has reactions"]),
        step("DELETE", "/v1/groups/{plaza}/contacts/{kate}", Value::Null, 204).removes(&["kate in Plaza"]),
        step(
            "POST",
            "/v1/messages",
            json!({"conversation_id": "{plaza.conversation}", "message": long}),
            201,
        )
        .key("two")
        .adds(&["message long in Plaza", "Plaza is active", "key two"]),
    ]
}

fn deletions() -> Vec<Step> {
    vec![
        step(
            "POST",
            "/v1/groups",
            json!({"name": "Home", "contacts": [{"username": "cedric"}]}),
            201,
        )
        .label("home")
        .adds(&[
            "group Home",
            "conversation of Home",
            "cedric in Home",
            "contact cedric",
            "conversation of cedric",
        ]),
        step("DELETE", "/v1/groups/{home}", Value::Null, 204).removes(&[
            "group Home",
            "conversation of Home",
            "cedric in Home",
        ]),
        step("GET", "/v1/groups/{plaza}/contacts", Value::Null, 200),
        step("DELETE", "/v1/contacts/{cliff}", Value::Null, 204).removes(&[
            "contact cliff",
            "conversation of cliff",
            "cliff in Plaza",
        ]),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It had the expected status: it took effect or was rightly refused.
    AsExpected,
    /// It must not have taken effect: the disk was full, or it was not sent because an id was missing.
    NoEffect,
    /// The server failed: it may have taken effect.
    Unknown,
}

/// A run of the script.
pub struct Run {
    token: String,
    outcomes: Vec<(Step, Option<Request>, Outcome)>,
}

impl Run {
    /// Sends the requests one after another. Calls `after` after each with its status, or `None` if there was no
    /// response.
    pub fn of(server: &TestServer, token: &str, mut after: impl FnMut(&Request, Option<u16>)) -> Self {
        let mut ids = BTreeMap::new();
        let mut outcomes = Vec::new();
        for step in steps() {
            let Some(request) = request(&step, token, &ids) else {
                outcomes.push((step, None, Outcome::NoEffect));
                continue;
            };
            let response = server.send(&request);
            after(&request, response.as_ref().map(|response| response.0));
            let outcome = match &response {
                Some((status, body)) if *status == step.status => {
                    ids.insert(step.label.to_owned(), body["id"].clone());
                    ids.insert(format!("{}.conversation", step.label), body["conversation_id"].clone());
                    Outcome::AsExpected
                }
                Some((507, _)) => Outcome::NoEffect,
                Some((500.., _)) | None => Outcome::Unknown,
                Some((status, body)) => panic!("{request:?} returned {status} {body}"),
            };
            outcomes.push((step, Some(request), outcome));
        }
        Run {
            token: token.to_owned(),
            outcomes,
        }
    }

    /// A run without any response, because the server did not start.
    pub fn not_started(token: &str) -> Self {
        Run {
            token: token.to_owned(),
            outcomes: Vec::new(),
        }
    }

    /// How many requests have an unknown outcome.
    pub fn unknown_outcomes(&self) -> usize {
        let outcomes = self.outcomes.iter();
        outcomes.filter(|(_, _, outcome)| *outcome == Outcome::Unknown).count()
    }

    /// Checks the database against the responses. Then starts a server on it, which must work, and retries the keyed
    /// requests: each must have taken effect once.
    pub fn check(&self, db: &Path) {
        let mut expected = self.expected(&facts(db));
        assert_eq!(expected, facts(db), "the responses differ from the database");
        let server = TestServer::start(db).unwrap();
        for (step, request, outcome) in &self.outcomes {
            if step.key.is_none() {
                continue;
            }
            let Some(request) = request else { continue };
            let (status, body) = server.send(request).unwrap();
            assert_eq!(status, step.status, "{body}");
            if *outcome != Outcome::AsExpected && !expected.contains(&step.adds[0].to_owned()) {
                apply(&mut expected, step);
            }
        }
        assert_eq!(expected, facts(db), "a keyed request did not take effect exactly once");
        let more = Request {
            token: self.token.clone(),
            method: "POST",
            path: "/v1/contacts".to_owned(),
            key: None,
            body: Some(json!({"username": "more"})),
        };
        assert_eq!(server.send(&more).unwrap().0, 201);
        server.stop().unwrap();
        let conn = Connection::open(db).unwrap();
        assert_eq!(integrity_problem(&conn), None);
    }

    /// The facts that must be found. A request with an unknown outcome took effect completely or not at all, as its
    /// first fact shows.
    fn expected(&self, found: &[String]) -> Vec<String> {
        let mut expected = Vec::new();
        for (step, _, outcome) in &self.outcomes {
            let has = |fact: Option<&&str>| fact.map(|fact| found.contains(&(*fact).to_owned()));
            let took_effect = match outcome {
                Outcome::AsExpected => true,
                Outcome::NoEffect => false,
                Outcome::Unknown => has(step.adds.first()) == Some(true) || has(step.removes.first()) == Some(false),
            };
            if took_effect {
                apply(&mut expected, step);
            }
        }
        expected
    }
}

fn apply(facts: &mut Vec<String>, step: &Step) {
    facts.retain(|fact| !step.removes.contains(&fact.as_str()));
    for fact in step.adds {
        if !facts.iter().any(|other| other == fact) {
            facts.push((*fact).to_owned());
        }
    }
    facts.sort_unstable();
}

/// The request of a step; `None` if it needs an id that is not known.
fn request(step: &Step, token: &str, ids: &BTreeMap<String, Value>) -> Option<Request> {
    let fill = |text: &str| {
        let filled = ids.iter().fold(text.to_owned(), |text, (label, id)| {
            text.replace(&format!("{{{label}}}"), id.as_str().unwrap_or("{}"))
        });
        let labels = ["{kate", "{plaza", "{hello", "{cliff", "{home"];
        (!labels.iter().any(|label| filled.contains(label))).then_some(filled)
    };
    let body = match &step.body {
        Some(body) => Some(serde_json::from_str(&fill(&body.to_string())?).unwrap()),
        None => None,
    };
    Some(Request {
        token: token.to_owned(),
        method: step.method,
        path: fill(step.path)?,
        key: step.key.map(str::to_owned),
        body,
    })
}

/// All facts about a database, sorted.
pub fn facts(db: &Path) -> Vec<String> {
    let mut session = Session::open(db, Missing::Refuse).unwrap();
    let snapshot = snapshot(&mut session, ACCOUNT);
    let (mut facts, mut names) = (Vec::new(), BTreeMap::new());
    for line in snapshot.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |property: &str| line[property].as_str().unwrap_or_default().to_owned();
        match line["kind"].as_str() {
            Some("contact") => {
                names.insert(text("id"), text("username"));
                facts.push(format!("contact {}", text("username")));
                add_if_set(&mut facts, &line["last_active_at"], &text("username"), "is active");
            }
            Some("group") => {
                names.insert(text("id"), text("name"));
                facts.push(format!("group {}", text("name")));
                add_if_set(&mut facts, &line["description"], &text("name"), "is world-renowned");
                for member in line["contacts"].as_array().unwrap() {
                    facts.push(format!("{} in {}", member["username"].as_str().unwrap(), text("name")));
                }
            }
            Some("conversation") => {
                let of = names[&(text("group_id") + &text("contact_id"))].clone();
                facts.push(format!("conversation of {of}"));
                if line["is_pinned"] == true {
                    facts.push(format!("{of} is pinned"));
                }
                // The fact of a contact's conversation is the same as that of the contact.
                add_if_set(&mut facts, &line["last_active_at"], &of, "is active");
                names.insert(text("id"), of);
            }
            Some("message") => {
                let message = text("message").split(' ').next().unwrap().to_owned();
                facts.push(format!("message {message} in {}", names[&text("conversation_id")]));
                if let Some(by) = line["contact"]["username"].as_str() {
                    facts.push(format!("{message} by {by}"));
                }
                if line["reactions"] != json!([]) {
                    facts.push(format!("{message} has reactions"));
                }
            }
            _ => facts.push(format!("key {}", line[0].as_str().unwrap())),
        }
    }
    facts.sort_unstable();
    facts
}

fn add_if_set(facts: &mut Vec<String>, property: &Value, of: &str, what: &str) {
    if !property.is_null() {
        facts.push(format!("{of} {what}"));
    }
}
