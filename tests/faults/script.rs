//! One fixed script of requests to every resource, each with the facts that it makes or unmakes, and what may be found in
//! the file after a run in which some failed.

use std::collections::BTreeMap;
use std::path::Path;

use groups_server::store::{Missing, Session};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::harness::{Request, Running, faults, snapshot};

const ACCOUNT: &str = "default";

struct Step {
    method: &'static str,
    /// `{label}` in it and in the body stands for the id that the step of this label has made.
    path: &'static str,
    body: Option<Value>,
    key: Option<&'static str>,
    label: &'static str,
    status: u16,
    makes: &'static [&'static str],
    unmakes: &'static [&'static str],
}

fn step(method: &'static str, path: &'static str, body: Value, status: u16) -> Step {
    Step {
        method,
        path,
        body: (!body.is_null()).then_some(body),
        key: None,
        label: "",
        status,
        makes: &[],
        unmakes: &[],
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

    fn makes(mut self, facts: &'static [&'static str]) -> Self {
        self.makes = facts;
        self
    }

    fn unmakes(mut self, facts: &'static [&'static str]) -> Self {
        self.unmakes = facts;
        self
    }
}

/// The first fact of each tells whether it took place: no other step touches it.
fn steps() -> Vec<Step> {
    let null = Value::Null;
    let long = "long ".repeat(1_900);
    let ghost = json!({"name": "Ghost", "contacts": [{"username": "ghost"}, "AAAAAAAAAAAAAAAA"]});
    vec![
        step("POST", "/v1/contacts", json!({"username": "kate"}), 201)
            .label("kate")
            .makes(&["contact kate", "conversation of kate"]),
        step(
            "POST",
            "/v1/groups",
            json!({"name": "Plaza", "contacts": [{"username": "hector"}, "{kate}"]}),
            201,
        )
        .label("plaza")
        .key("one")
        .makes(&[
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
        .makes(&[
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
        .makes(&["Plaza is world-renowned"]),
        step(
            "PUT",
            "/v1/conversations/{plaza.conversation}",
            json!({"is_pinned": true}),
            200,
        )
        .makes(&["Plaza is pinned"]),
        step("POST", "/v1/conversations", json!({"group_id": "{plaza}"}), 409),
        // Refused in the middle, when the group and a contact are there already.
        step("POST", "/v1/groups", ghost.clone(), 400),
        step("POST", "/v1/groups", ghost, 400)
            .key("three")
            .makes(&["key three"]),
        step("GET", "/v1/groups?query=plaza", null.clone(), 200),
        step("POST", "/v1/contacts", json!({"username": "cliff"}), 201)
            .label("cliff")
            .makes(&["contact cliff", "conversation of cliff"]),
        step("PUT", "/v1/groups/{plaza}/contacts/{cliff}", null.clone(), 204).makes(&["cliff in Plaza"]),
        step(
            "PUT",
            "/v1/messages/{hello}",
            json!({"reactions": {"red": ["kate"]}}),
            200,
        )
        .makes(&["hello has reactions"]),
        step("DELETE", "/v1/groups/{plaza}/contacts/{kate}", null.clone(), 204).unmakes(&["kate in Plaza"]),
        step(
            "POST",
            "/v1/messages",
            json!({"conversation_id": "{plaza.conversation}", "message": long}),
            201,
        )
        .key("two")
        .makes(&["message long in Plaza", "Plaza is active", "key two"]),
        step(
            "POST",
            "/v1/groups",
            json!({"name": "Home", "contacts": [{"username": "cedric"}]}),
            201,
        )
        .label("home")
        .makes(&[
            "group Home",
            "conversation of Home",
            "cedric in Home",
            "contact cedric",
            "conversation of cedric",
        ]),
        step("DELETE", "/v1/groups/{home}", null.clone(), 204).unmakes(&[
            "group Home",
            "conversation of Home",
            "cedric in Home",
        ]),
        step("GET", "/v1/groups/{plaza}/contacts", null.clone(), 200),
        step("DELETE", "/v1/contacts/{cliff}", null, 204).unmakes(&[
            "contact cliff",
            "conversation of cliff",
            "cliff in Plaza",
        ]),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It took place or, as it should be, was refused.
    Done,
    /// Nothing of it may be found: there was no space for it, or it was not sent for want of an id.
    Nothing,
    /// A fault of ours: it may have taken place.
    Unknown,
}

/// A run of the script.
pub struct Run {
    token: String,
    outcomes: Vec<(Step, Option<Request>, Outcome)>,
}

impl Run {
    /// Sends the requests one after the other. `after` is called after each with its status, where there is an answer.
    pub fn of(server: &Running, token: &str, mut after: impl FnMut(&Request, Option<u16>)) -> Self {
        let mut ids = BTreeMap::new();
        let mut outcomes = Vec::new();
        for step in steps() {
            let Some(request) = request(&step, token, &ids) else {
                outcomes.push((step, None, Outcome::Nothing));
                continue;
            };
            let answer = server.send(&request);
            after(&request, answer.as_ref().map(|answer| answer.0));
            let outcome = match &answer {
                Some((status, body)) if *status == step.status => {
                    ids.insert(step.label.to_owned(), body["id"].clone());
                    ids.insert(format!("{}.conversation", step.label), body["conversation_id"].clone());
                    Outcome::Done
                }
                Some((507, _)) => Outcome::Nothing,
                Some((500.., _)) | None => Outcome::Unknown,
                Some((status, body)) => panic!("{request:?} was answered {status} {body}"),
            };
            outcomes.push((step, Some(request), outcome));
        }
        Run {
            token: token.to_owned(),
            outcomes,
        }
    }

    /// No answer at all to any request: the server did not start.
    pub fn none(token: &str) -> Self {
        Run {
            token: token.to_owned(),
            outcomes: Vec::new(),
        }
    }

    /// How many requests met a fault of ours.
    pub fn unknown(&self) -> usize {
        let outcomes = self.outcomes.iter();
        outcomes.filter(|(_, _, outcome)| *outcome == Outcome::Unknown).count()
    }

    /// Holds the file against the answers, then starts a server on it, which serves, and to which the requests with a
    /// key are sent again: their effect is there once.
    pub fn check(&self, db: &Path) {
        let mut expected = self.expected(&facts(db));
        assert_eq!(expected, facts(db), "what the answers say, and what is there");
        let server = Running::start(db).unwrap();
        for (step, request, outcome) in &self.outcomes {
            if step.key.is_none() {
                continue;
            }
            let Some(request) = request else { continue };
            let (status, body) = server.send(request).unwrap();
            assert_eq!(status, step.status, "{body}");
            if *outcome != Outcome::Done && !expected.contains(&step.makes[0].to_owned()) {
                apply(&mut expected, step);
            }
        }
        assert_eq!(expected, facts(db), "each key's effect is there once");
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
        assert_eq!(faults(&conn), None);
    }

    /// What must be found: with each request of which the outcome is unknown either whole or not at all, as its first
    /// fact tells.
    fn expected(&self, found: &[String]) -> Vec<String> {
        let mut expected = Vec::new();
        for (step, _, outcome) in &self.outcomes {
            let has = |fact: Option<&&str>| fact.map(|fact| found.contains(&(*fact).to_owned()));
            let took_place = match outcome {
                Outcome::Done => true,
                Outcome::Nothing => false,
                Outcome::Unknown => has(step.makes.first()) == Some(true) || has(step.unmakes.first()) == Some(false),
            };
            if took_place {
                apply(&mut expected, step);
            }
        }
        expected
    }
}

fn apply(facts: &mut Vec<String>, step: &Step) {
    facts.retain(|fact| !step.unmakes.contains(&fact.as_str()));
    for fact in step.makes {
        if !facts.iter().any(|other| other == fact) {
            facts.push((*fact).to_owned());
        }
    }
    facts.sort_unstable();
}

/// None where an id in it is not known.
fn request(step: &Step, token: &str, ids: &BTreeMap<String, Value>) -> Option<Request> {
    let fill = |text: &str| {
        let filled = ids.iter().fold(text.to_owned(), |text, (label, id)| {
            text.replace(&format!("{{{label}}}"), id.as_str().unwrap_or("{}"))
        });
        let left = ["{kate", "{plaza", "{hello", "{cliff", "{home"];
        (!left.iter().any(|label| filled.contains(label))).then_some(filled)
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

/// What is to be told of the file, each as often as it is there.
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
                tell(&mut facts, &line["last_active_at"], &text("username"), "is active");
            }
            Some("group") => {
                names.insert(text("id"), text("name"));
                facts.push(format!("group {}", text("name")));
                tell(&mut facts, &line["description"], &text("name"), "is world-renowned");
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
                // A contact's own is told of the contact.
                tell(&mut facts, &line["last_active_at"], &of, "is active");
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

fn tell(facts: &mut Vec<String>, property: &Value, of: &str, what: &str) {
    if !property.is_null() {
        facts.push(format!("{of} {what}"));
    }
}
