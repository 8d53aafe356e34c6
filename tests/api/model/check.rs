//! The server beside the model: each request on both, and all that there is at the end.

use std::path::Path;
use std::time::Duration;

use groups_server::store::import::Existing;
use groups_server::store::{Missing, Session};
use groups_server::transfer;
use groups_server::types::time::Timestamp;
use rusqlite::Connection;
use serde_json::Value;

use super::answers::{Call, Expected, Given};
use super::objects::{Kind, Model};
use super::requests::{form, target};
use crate::harness::{Answer, TestServer, assert_sound, export, ids, wait_until_cleared};

/// Nothing is waited for longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// An account: on the server by its name and token, and as the model has it.
pub struct Account {
    pub name: String,
    pub token: String,
    pub model: Model,
}

impl Account {
    pub fn new(server: &TestServer, name: String) -> Self {
        Account {
            token: server.account(&name),
            name,
            model: Model::default(),
        }
    }

    /// Runs a request on the server and on the model, and compares.
    pub fn run(&mut self, server: &TestServer, call: &Call) -> Value {
        let sent = Timestamp::now().seconds();
        let answer = send(server, &self.token, call);
        let given = Given {
            request: described(call),
            status: answer.status,
            body: serde_json::from_str(&answer.text).unwrap_or_default(),
            text: answer.text.clone(),
            sent,
            answered: Timestamp::now().seconds(),
        };
        match self.model.answer(call, &given) {
            Expected::Done(status, text) => compare_done(call, &answer, status, &text),
            Expected::Refused(faults) => {
                let told = (
                    answer.status,
                    given.body["code"].as_str(),
                    given.body["param"].as_str().map(str::to_owned),
                );
                let fault = faults.0.iter().find(|(status, code, param)| {
                    (*status, Some(*code), param.as_deref()) == (told.0, told.1, told.2.as_deref())
                });
                let Some((status, code, _)) = fault else {
                    panic!(
                        "{}: {:?} should be told, but: {} {}",
                        given.request, faults.0, answer.status, answer.text
                    );
                };
                answer.expect_error(*status, code);
            }
        }
        given.body
    }

    /// Walks a list to its end, page by page, by the cursors that the server answers; tells what is in it.
    fn walk(&mut self, server: &TestServer, path: &[&str], filters: &[(&'static str, &str)]) -> Vec<String> {
        let mut call = Call::new("GET", path);
        call.query.push(("limit", "7".to_owned()));
        let filters = filters.iter().map(|(name, value)| (*name, (*value).to_owned()));
        call.query.extend(filters);
        let first = call.query.len();
        let mut seen = Vec::new();
        loop {
            let list = self.run(server, &call);
            seen.extend(ids(&list));
            if list["has_more"] == false {
                return seen;
            }
            call.query.truncate(first);
            call.query.push(("starting_after", seen.last().unwrap().clone()));
        }
    }

    /// Walks a list back from its last object to its first.
    fn walk_back(&mut self, server: &TestServer, path: &[&str], last: &str) -> Vec<String> {
        let mut seen = vec![last.to_owned()];
        loop {
            let mut call = Call::new("GET", path);
            call.query.push(("ending_before", seen[0].clone()));
            let list = self.run(server, &call);
            seen.splice(0..0, ids(&list));
            if list["has_more"] == false {
                return seen;
            }
        }
    }

    /// Walks every list.
    fn compare_lists(&mut self, server: &TestServer) {
        for kind in Kind::ALL {
            let mut all = self.model.ids(kind);
            all.reverse();
            assert_eq!(self.walk(server, &[kind.path()], &[]), all);
            if let Some(last) = all.last() {
                assert_eq!(self.walk_back(server, &[kind.path()], last), all);
            }
        }
        for (kind, flag) in [
            (Kind::Group, "archived"),
            (Kind::Conversation, "archived"),
            (Kind::Conversation, "muted"),
            (Kind::Conversation, "pinned"),
        ] {
            for value in ["true", "false"] {
                self.walk(server, &[kind.path()], &[(flag, value)]);
            }
        }
        for word in ["plaza", "zo", "new", "foo-b", "c"] {
            for kind in [Kind::Contact, Kind::Group, Kind::Message] {
                self.walk(server, &[kind.path()], &[("query", word)]);
            }
        }
        for group in self.model.ids(Kind::Group) {
            self.walk(server, &["groups", &group, "contacts"], &[]);
        }
        for contact in self.model.ids(Kind::Contact) {
            self.walk(server, &["groups"], &[("contact_id", &contact)]);
        }
        for conversation in self.model.ids(Kind::Conversation) {
            self.walk(server, &["messages"], &[("conversation_id", &conversation)]);
        }
    }

    /// Walks every list, and asks for everything that is gone.
    pub fn compare_all(&mut self, server: &TestServer) {
        self.compare_lists(server);
        for (kind, id) in self.model.gone.clone() {
            self.run(server, &Call::new("GET", &[kind.path(), &id]));
        }
    }

    /// Imports an export into the file of `other`, which must then answer the same.
    pub fn compare_transferred(&mut self, server: &TestServer, other: &TestServer) {
        let lines = export(&server.db, &self.name);
        let mut session = Session::open(&other.db, Missing::Refuse).unwrap();
        transfer::import(
            &mut session,
            &self.name,
            &mut lines.as_bytes(),
            Existing::Refuse,
            |_| {},
        )
        .unwrap();
        assert_eq!(export(&other.db, &self.name), lines);
        let token = std::mem::replace(&mut self.token, other.account(&self.name));
        self.compare_lists(other);
        self.token = token;
    }
}

fn send(server: &TestServer, token: &str, call: &Call) -> Answer {
    let request = server.request(call.method, &target(call)).token(token);
    let takes_body = matches!(call.method, "POST" | "PATCH") || (call.method == "PUT" && call.path.len() == 2);
    let form = if call.form { form(&call.body) } else { None };
    match (takes_body, form) {
        (false, _) => request.send(),
        (true, Some(form)) => request.form(&form).send(),
        (true, None) => request.json(&Value::Object(call.body.clone())).send(),
    }
}

/// A request as one line.
fn described(call: &Call) -> String {
    let body = Value::Object(call.body.clone()).to_string();
    format!("{} {} {body:.500}", call.method, target(call))
}

fn compare_done(call: &Call, answer: &Answer, status: u16, text: &str) {
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (status, text),
        "{}",
        described(call)
    );
    let kind = (status != 204).then_some("application/json");
    assert_eq!(answer.header("content-type"), kind);
    let location = (status == 201).then(|| {
        let body = answer.json();
        format!("/v1/{}/{}", call.path[0], body["id"].as_str().unwrap())
    });
    assert_eq!(answer.header("location"), location.as_deref());
}

/// Asserts that SQLite finds nothing wrong with a file, that the words to be found by are those of the texts, and that
/// what was deleted is cleared away in the end.
pub fn check_file(db: &Path) {
    let conn = Connection::open(db).unwrap();
    conn.busy_timeout(PATIENCE).unwrap();
    let count = |sql: &str| -> i64 { conn.query_row(sql, [], |row| row.get(0)).unwrap() };
    wait_until_cleared(db);
    let left = "SELECT (SELECT count(*) FROM messages WHERE conversation_pk NOT IN (SELECT pk FROM conversations))
        + (SELECT count(*) FROM messages WHERE contact_pk > 0 AND contact_pk NOT IN (SELECT pk FROM contacts))
        + (SELECT count(*) FROM members WHERE contact_pk NOT IN (SELECT pk FROM contacts))
        + (SELECT count(*) FROM members WHERE group_pk NOT IN (SELECT pk FROM groups))";
    assert_eq!(count(left), 0, "rows are left of what is gone");
    assert_sound(db);
}
