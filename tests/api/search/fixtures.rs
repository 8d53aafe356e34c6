//! What the tests of searches share.

use std::cell::Cell;

use serde_json::{Value, json};

use crate::harness::{TestServer, encode, ids, text};

/// The ids that a search in a list returns. They must fit on one page.
#[track_caller]
pub fn search(server: &TestServer, token: &str, list: &str, query: &str) -> Vec<String> {
    let path = format!("{list}limit=100&query={}", encode(query));
    let response = server.request("GET", &path).token(token).send();
    assert_eq!(response.status, 200, "{list} {query:?}: {}", response.text);
    assert_eq!(response.json()["has_more"], false);
    ids(&response.json())
}

/// A server on which a text is searched for in one object of each kind.
pub struct SearchServer {
    pub server: TestServer,
    pub conversation: Value,
    contacts: Cell<usize>,
}

impl SearchServer {
    pub fn start() -> Self {
        let server = TestServer::start();
        let conversation = server.create("/v1/groups", &json!({"name": "_"}))["conversation_id"].clone();
        SearchServer {
            server,
            conversation,
            contacts: Cell::new(0),
        }
    }

    /// A new username of punctuation alone, which contains no search term.
    fn username_without_terms(&self) -> String {
        let number = self.contacts.replace(self.contacts.get() + 1);
        format!("{number:012b}").replace('0', "_").replace('1', "-")
    }

    /// Creates a group, a contact and a message that contain the text. Returns the list and the id of each.
    fn create(&self, content: &str) -> [(&'static str, String); 3] {
        let username = self.username_without_terms();
        let bodies = [
            ("/v1/groups", json!({"name": "_", "description": content})),
            ("/v1/contacts", json!({"username": username, "display_name": content})),
            (
                "/v1/messages",
                json!({"conversation_id": self.conversation, "message": content}),
            ),
        ];
        bodies.map(|(path, body)| (path, text(&self.server.create(path, &body)["id"])))
    }

    /// Asserts which queries find a text, in an object of each kind, and deletes the objects again.
    #[track_caller]
    pub fn expect(&self, content: &str, matching: &[&str], not_matching: &[&str]) {
        let objects = self.create(content);
        let in_conversation = format!("/v1/messages?conversation_id={}&", text(&self.conversation));
        for (path, id) in &objects {
            let all = format!("{path}?");
            let lists = if *path == "/v1/messages" {
                vec![&all, &in_conversation]
            } else {
                vec![&all]
            };
            for list in lists {
                let found = |query: &str| search(&self.server, &self.server.token, list, query);
                for query in matching {
                    assert_eq!(found(query), [id.as_str()], "{list} {query:?} in {content:?}");
                }
                for query in not_matching {
                    assert_eq!(found(query), [""; 0], "{list} {query:?} in {content:?}");
                }
            }
            assert_eq!(self.server.delete(&format!("{path}/{id}")).status, 204);
        }
    }
}
