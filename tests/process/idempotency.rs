//! Requests with an `Idempotency-Key`, retried at random and across kills, take effect once.
//!
//! `GROUPS_KEYED` sets the number of requests (default 200). `scripts/torture idempotency` runs the long version.

use std::sync::Mutex;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use serde_json::{Value, json};
use test_support::env;
use test_support::process::Folder;
use test_support::random::Random;

use crate::client::Client;

const CLIENTS: usize = 16;

/// How many requests complete between two kills.
const REQUESTS_PER_KILL: usize = 20;

/// How many of its latest requests a client may retry.
const RETRIABLE: usize = 50;

/// A client that sends each request until it gets a response, and retries earlier ones at random.
struct Retrier<'a> {
    number: usize,
    url: &'a Mutex<String>,
    token: &'a str,
    /// A conversation to send messages to.
    conversation: &'a Value,
    client: Option<Client>,
    random: Random,
}

impl Retrier<'_> {
    fn run(mut self, requests: usize, done: &Sender<()>) {
        let mut responses: Vec<(usize, String)> = Vec::new();
        for request in 0..requests {
            let response = self.send_until_response(request);
            responses.push((request, response));
            if responses.len() > RETRIABLE {
                responses.remove(0);
            }
            for _ in 0..=self.random.below(2) {
                let (earlier, first) = &responses[self.random.below(responses.len())];
                assert_eq!(self.send_until_response(*earlier), *first);
            }
            done.send(()).unwrap();
        }
    }

    fn send_until_response(&mut self, request: usize) -> String {
        let name = name(self.number, request);
        let (path, body) = match request % 3 {
            0 => (
                "/v1/groups",
                json!({"name": name, "contacts": [{"username": format!("of-{name}")}]}),
            ),
            1 => ("/v1/contacts", json!({"username": name})),
            _ => (
                "/v1/messages",
                json!({"conversation_id": self.conversation, "message": name}),
            ),
        };
        loop {
            let client = self.client.take();
            let client = client.or_else(|| Client::connect(&self.url.lock().unwrap(), self.token).ok());
            let Some(mut client) = client else {
                // The next server is still starting.
                std::thread::sleep(Duration::from_millis(1));
                continue;
            };
            if let Ok(response) = client.send("POST", path, Some(&name), Some(&body)) {
                assert_eq!(response.status, 201, "{response:?}");
                self.client = Some(client);
                return response.text;
            }
        }
    }
}

/// The key of a client's request, and the name of the object that it creates.
fn name(client: usize, request: usize) -> String {
    format!("c{client}x{request}")
}

#[test]
fn keyed_requests_retried_across_kills_take_effect_once() {
    let requests = env::number("GROUPS_KEYED").unwrap_or(200);
    let folder = Folder::new();
    let token = folder.succeed(&["token", "create"]);
    let serve = || folder.serve(&["--log-level", "off"]);
    let mut server = serve();
    let mut client = Client::connect(&server.url, &token).unwrap();
    let contact = client
        .send("POST", "/v1/contacts", None, Some(&json!({"username": "c"})))
        .unwrap();
    let contact = contact.json();
    let url = Mutex::new(server.url.clone());
    let (sender, done) = channel();
    let share = |client| requests / CLIENTS + usize::from(client < requests % CLIENTS);
    let mut kills = 0;
    std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let retrier = Retrier {
                number,
                url: &url,
                token: &token,
                conversation: &contact["conversation_id"],
                client: None,
                random: Random(number as u64),
            };
            let sender = sender.clone();
            scope.spawn(move || retrier.run(share(number), &sender));
        }
        drop(sender);
        for completed in 1.. {
            match done.recv_timeout(Duration::from_secs(20)) {
                Ok(()) if completed % REQUESTS_PER_KILL > 0 => {}
                Ok(()) => {
                    server.signal("KILL");
                    kills += 1;
                    server = serve();
                    *url.lock().unwrap() = server.url.clone();
                }
                // All clients have finished.
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the clients are stuck"),
            }
        }
    });
    drop(server.stop());
    let mut expected = vec!["c".to_owned()];
    for (client, request) in (0..CLIENTS).flat_map(|client| (0..share(client)).map(move |request| (client, request))) {
        let name = name(client, request);
        if request % 3 == 0 {
            expected.push(format!("of-{name}"));
        }
        expected.push(name);
    }
    expected.sort();
    assert_eq!(names(&folder), expected);
    println!("{requests} keyed requests, each retried, across {kills} kills");
}

/// The names of all objects except conversations, sorted.
fn names(folder: &Folder) -> Vec<String> {
    let exported = folder.succeed(&["export", "-"]);
    let objects = exported
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let name = |object: &Value| {
        let properties = ["username", "name", "message"].iter();
        properties
            .filter_map(|name| object[name].as_str())
            .next()
            .map(str::to_owned)
    };
    let mut names: Vec<String> = objects.filter_map(|object| name(&object)).collect();
    names.sort();
    names
}
