//! Compares the server with the model: each request as it runs, and everything there is at the end of a sequence.

use groups_server::store::import::Existing;
use groups_server::types::time::Timestamp;
use serde_json::Value;

use super::requests::{form, target};
use super::responses::{Call, Expected, Observed};
use super::state::{Kind, Model};
use crate::harness::{Response, TestServer, assert_integrity, export, ids, import, wait_until_purged};

/// An account on the server, and its model.
pub struct Account {
    pub name: String,
    pub token: String,
    pub model: Model,
}

impl Account {
    pub fn new(server: &TestServer, name: String) -> Self {
        Account {
            token: server.create_account(&name),
            name,
            model: Model::default(),
        }
    }

    /// Runs a request on the server and on the model, compares the responses, and returns the server's body.
    pub fn run(&mut self, server: &TestServer, call: &Call) -> Value {
        let sent_at = Timestamp::now().seconds();
        let response = send(server, &self.token, call);
        let observed = Observed {
            request: described(call),
            status: response.status,
            body: serde_json::from_str(&response.text).unwrap_or_default(),
            text: response.text.clone(),
            sent_at,
            received_at: Timestamp::now().seconds(),
        };
        match self.model.respond(call, &observed) {
            Expected::Success(status, text) => assert_success(call, &response, status, &text),
            Expected::Error(errors) => {
                let received = (
                    response.status,
                    observed.body["code"].as_str(),
                    observed.body["param"].as_str().map(str::to_owned),
                );
                let error = errors.0.iter().find(|(status, code, param)| {
                    (*status, Some(*code), param.as_deref()) == (received.0, received.1, received.2.as_deref())
                });
                let Some((status, code, _)) = error else {
                    panic!(
                        "{}: expected one of {:?}, received: {} {}",
                        observed.request, errors.0, response.status, response.text
                    );
                };
                response.expect_error(*status, code);
            }
        }
        observed.body
    }

    /// Walks a list page by page to its end, and returns the ids in it.
    fn walk(&mut self, server: &TestServer, path: &[&str], filters: &[(&'static str, &str)]) -> Vec<String> {
        let mut call = Call::new("GET", path);
        call.query.push(("limit", "7".to_owned()));
        let filters = filters.iter().map(|(name, value)| (*name, (*value).to_owned()));
        call.query.extend(filters);
        let without_cursor = call.query.len();
        let mut seen = Vec::new();
        loop {
            let list = self.run(server, &call);
            seen.extend(ids(&list));
            if list["has_more"] == false {
                return seen;
            }
            call.query.truncate(without_cursor);
            call.query.push(("starting_after", seen.last().unwrap().clone()));
        }
    }

    /// Walks a list backwards from its last object, and returns the ids in the list's order.
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

    /// Walks every list, with every filter.
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

    /// Walks every list, and requests everything that was deleted.
    pub fn compare_all(&mut self, server: &TestServer) {
        self.compare_lists(server);
        for (kind, id) in self.model.deleted.clone() {
            self.run(server, &Call::new("GET", &[kind.path(), &id]));
        }
    }

    /// Imports the account's export into the file of `other`, which must then give the same responses.
    pub fn compare_imported(&mut self, server: &TestServer, other: &TestServer) {
        let lines = export(&server.db, &self.name);
        import(&other.db, &self.name, &lines, Existing::Refuse).unwrap();
        assert_eq!(export(&other.db, &self.name), lines);
        let token = std::mem::replace(&mut self.token, other.create_account(&self.name));
        self.compare_lists(other);
        self.token = token;
    }
}

/// Sends a request with the body that it takes, if any.
fn send(server: &TestServer, token: &str, call: &Call) -> Response {
    let request = server.request(call.method, &target(call)).token(token);
    let takes_body = matches!(call.method, "POST" | "PATCH") || (call.method == "PUT" && call.path.len() == 2);
    let form = if call.form { form(&call.body) } else { None };
    match (takes_body, form) {
        (false, _) => request.send(),
        (true, Some(form)) => request.form(&form).send(),
        (true, None) => request.json(&Value::Object(call.body.clone())).send(),
    }
}

/// Describes a request in one line.
fn described(call: &Call) -> String {
    let body = Value::Object(call.body.clone()).to_string();
    format!("{} {} {body:.500}", call.method, target(call))
}

fn assert_success(call: &Call, response: &Response, status: u16, text: &str) {
    assert_eq!(
        (response.status, response.text.as_str()),
        (status, text),
        "{}",
        described(call)
    );
    let kind = (status != 204).then_some("application/json");
    assert_eq!(response.header("content-type"), kind);
    let location = (status == 201).then(|| {
        let body = response.json();
        format!("/v1/{}/{}", call.path[0], body["id"].as_str().unwrap())
    });
    assert_eq!(response.header("location"), location.as_deref());
}

/// Asserts that a file is intact, its search index included, and that the purge leaves no row of anything deleted.
pub fn check_file(server: &TestServer) {
    wait_until_purged(&server.db);
    let left = "SELECT (SELECT count(*) FROM messages WHERE conversation_pk NOT IN (SELECT pk FROM conversations))
        + (SELECT count(*) FROM messages WHERE contact_pk > 0 AND contact_pk NOT IN (SELECT pk FROM contacts))
        + (SELECT count(*) FROM members WHERE contact_pk NOT IN (SELECT pk FROM contacts))
        + (SELECT count(*) FROM members WHERE group_pk NOT IN (SELECT pk FROM groups))";
    assert_eq!(server.query_value::<i64>(left), 0, "rows of deleted objects are left");
    assert_integrity(&server.db);
}
