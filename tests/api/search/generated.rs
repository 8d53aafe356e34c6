//! Generated texts and queries, compared with a reference implementation.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::fixtures::search;
use crate::harness::{Response, TestServer, assert_integrity, encode, text};

/// The words of a generated text. Only exact enough for the alphabet of `small_text`.
fn words_of(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in text.chars() {
        match c {
            '\u{301}' => {}
            'é' | 'É' | 'E' => words.last_mut().unwrap().push('e'),
            c if c.is_ascii_alphanumeric() => words.last_mut().unwrap().push(c.to_ascii_lowercase()),
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a text contains a phrase, whose last word may be a prefix.
fn has_phrase(text: &str, phrase: &[String]) -> bool {
    let Some((last, first)) = phrase.split_last() else {
        return true;
    };
    let begins = |words: &[String]| words[..first.len()] == *first && words[first.len()].starts_with(last.as_str());
    words_of(text).windows(phrase.len()).any(begins)
}

/// The reference implementation of a search.
fn matches_query(texts: &[String], query: &str) -> bool {
    query
        .split_whitespace()
        .all(|word| texts.iter().any(|text| has_phrase(text, &words_of(word))) || words_of(word).is_empty())
}

/// A text of few letters, so texts and queries often match. Never only white space.
fn small_text(longest: usize) -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        8 => prop::sample::select(vec!["a", "b", "A", "e", "é", "e\u{301}", "É", "1"]),
        3 => Just(" "),
        2 => prop::sample::select(vec!["-", "\"", "*", ":", "(", ")", "_", "AND", "'", "👍", "\u{301}", "{", "^", "\n"]),
    ];
    proptest::collection::vec(letter, 1..longest).prop_map(|letters| match letters.concat() {
        blank if blank.trim().is_empty() => "-".to_owned(),
        text => text,
    })
}

/// A change of an account's objects. Positions are modulo their number.
#[derive(Clone, Debug)]
enum Step {
    Create(String, Option<String>),
    Change(usize, String),
    Delete(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (small_text(10), proptest::option::of(small_text(10))).prop_map(|(one, other)| Step::Create(one, other)),
        2 => (any::<usize>(), small_text(10)).prop_map(|(position, text)| Step::Change(position, text)),
        1 => any::<usize>().prop_map(Step::Delete),
    ];
    proptest::collection::vec(step, 1..14)
}

/// An expected object: its id, its texts and, for a message, which of two conversations it is in.
struct Model {
    id: String,
    texts: Vec<String>,
    conversation: usize,
}

/// A new account with objects of one kind, and the models of them, newest first.
struct Account<'a> {
    server: &'a TestServer,
    token: String,
    kind: &'a str,
    conversations: Vec<String>,
    models: Vec<Model>,
}

impl<'a> Account<'a> {
    fn new(server: &'a TestServer, name: &str, kind: &'a str) -> Self {
        let token = server.create_account(name);
        let conversation = |name: &str| {
            let group = server.create_as(&token, "/v1/groups", &json!({"name": name}));
            text(&group["conversation_id"])
        };
        Account {
            server,
            kind,
            conversations: ["_", "."].map(conversation).into(),
            token,
            models: Vec::new(),
        }
    }

    fn list(&self) -> String {
        format!("/v1/{}", self.kind)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Response {
        self.server.request(method, path).token(&self.token).json(body).send()
    }

    /// Runs the step with number `n` on the server and on the models.
    fn run(&mut self, n: usize, step: &Step) -> Result<(), TestCaseError> {
        // Usernames are unique and contain no white space.
        let username = |text: &str| format!("{n}.{}", text.split_whitespace().collect::<String>());
        match step {
            Step::Create(one, other) => {
                let optional = other.clone();
                let (body, first) = match self.kind {
                    "groups" => (
                        json!({"name": one.replace('\n', " "), "description": optional}),
                        one.clone(),
                    ),
                    "contacts" => (
                        json!({"username": username(one), "display_name": optional}),
                        username(one),
                    ),
                    _ => (
                        json!({"conversation_id": self.conversations[n % 2], "message": one}),
                        one.clone(),
                    ),
                };
                let created = self.send("POST", &self.list(), &body);
                prop_assert_eq!(created.status, 201, "{}", created.text);
                let mut texts = vec![first];
                texts.extend(optional.filter(|_| self.kind != "messages"));
                let model = Model {
                    id: text(&created.json()["id"]),
                    texts,
                    conversation: n % 2,
                };
                self.models.insert(0, model);
            }
            Step::Change(position, changed) if !self.models.is_empty() => {
                let position = position % self.models.len();
                let (property, changed) = match self.kind {
                    "groups" => ("name", changed.replace('\n', " ")),
                    "contacts" => ("username", username(changed)),
                    _ => ("message", changed.clone()),
                };
                let path = format!("{}/{}", self.list(), self.models[position].id);
                let response = self.send("PATCH", &path, &json!({property: changed}));
                prop_assert_eq!(response.status, 200, "{}", response.text);
                self.models[position].texts[0] = changed;
            }
            Step::Delete(position) if !self.models.is_empty() => {
                let model = self.models.remove(position % self.models.len());
                let path = format!("{}/{}", self.list(), model.id);
                prop_assert_eq!(self.send("DELETE", &path, &json!({})).status, 204);
            }
            Step::Change(..) | Step::Delete(_) => {}
        }
        Ok(())
    }

    /// Asserts that a query finds what the reference implementation finds: in the whole list and, for messages, in each
    /// conversation.
    fn compare(&self, query: &str) -> Result<(), TestCaseError> {
        let list = self.list();
        if words_of(query).is_empty() {
            let path = format!("{list}?query={}", encode(query));
            let rejected = self.server.request("GET", &path).token(&self.token).send();
            prop_assert_eq!(rejected.expect_error(400, "parameter_invalid"), "query");
            return Ok(());
        }
        let expected = |conversation: Option<usize>| -> Vec<String> {
            let is_match = |model: &&Model| {
                matches_query(&model.texts, query) && conversation.is_none_or(|wanted| wanted == model.conversation)
            };
            let matching = self.models.iter().filter(is_match);
            matching.map(|model| model.id.clone()).collect()
        };
        let found = search(self.server, &self.token, &format!("{list}?"), query);
        prop_assert_eq!(found, expected(None), "{:?} in {}", query, self.kind);
        if self.kind == "messages" {
            for (at, conversation) in self.conversations.iter().enumerate() {
                let list = format!("{list}?conversation_id={conversation}&");
                let found = search(self.server, &self.token, &list, query);
                prop_assert_eq!(found, expected(Some(at)), "{:?}", query);
            }
        }
        Ok(())
    }
}

#[test]
fn generated_queries_find_what_a_reference_implementation_finds() {
    let server = TestServer::start();
    let count = std::cell::Cell::new(0);
    let queries = proptest::collection::vec(small_text(6), 10);
    proptest!(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() }, |(steps in steps(), queries in queries)| {
        for kind in ["groups", "contacts", "messages"] {
            count.set(count.get() + 1);
            let mut account = Account::new(&server, &format!("account {}", count.get()), kind);
            for (n, step) in steps.iter().enumerate() {
                account.run(n, step)?;
            }
            for query in &queries {
                account.compare(query)?;
            }
        }
    });
    assert_integrity(&server.db);
}
