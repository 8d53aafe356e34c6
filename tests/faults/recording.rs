//! Records a run of the server, in which the power will be cut. Clients write concurrently, each to an account of its
//! own; the recording has their acknowledgements and what each could see after them. Maintenance tasks, checkpoints,
//! restarts of the WAL, commands and a restart of the server happen on the way.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fault_vfs::{Event, Interceptor};
use groups_server::store::{Missing, Session};
use serde_json::{Value, json};
use test_support::random::Random;

use crate::harness::{Request, TIMEOUT, TestServer, folder, new_token, sibling, snapshot};

pub const CLIENTS: usize = 4;

/// How many requests a client sends in one burst.
const BURST: usize = 8;

/// How many bursts are followed by a command.
const ROUNDS: usize = 7;

/// The meaning of a mark in the recording. The mark is the note's index.
#[derive(Clone, Copy, Debug)]
pub enum Note {
    Sent(usize),
    Acknowledged(usize),
    /// Commands have created this many tokens.
    Tokens(usize),
}

pub struct Recording {
    pub events: Vec<Event>,
    pub notes: Vec<Note>,
    /// What each client could see before its first request and after each one.
    pub views: Vec<Vec<String>>,
}

pub fn account(client: usize) -> String {
    format!("account {client}")
}

struct Recorder {
    interceptor: Arc<Interceptor>,
    notes: Mutex<Vec<Note>>,
    db: PathBuf,
}

impl Recorder {
    fn note(&self, note: Note) {
        let mut notes = self.notes.lock().unwrap();
        self.interceptor.mark(notes.len() as u64);
        notes.push(note);
    }
}

pub fn record(seed: u64) -> Recording {
    let folder = folder();
    let interceptor = Interceptor::on(folder.path());
    // Long enough that more requests arrive during a sync, and are committed together.
    interceptor.mock_syncs(Duration::from_micros(300));
    interceptor.start_recording();
    let recorder = Recorder {
        interceptor,
        notes: Mutex::default(),
        db: folder.path().join("groups.db"),
    };
    let mut clients: Vec<Client> = Vec::new();
    for index in 0..CLIENTS {
        let token = new_token(&recorder.db, &account(index)).unwrap();
        recorder.note(Note::Tokens(index + 1));
        clients.push(Client::new(index, token, seed));
    }
    let server = TestServer::start(&recorder.db).unwrap();
    for round in 0..ROUNDS {
        burst(&recorder, &server, &mut clients);
        // A command next to the server checkpoints, so the next write restarts the WAL.
        new_token(&recorder.db, "another").unwrap();
        recorder.note(Note::Tokens(CLIENTS + 1 + round));
    }
    burst(&recorder, &server, &mut clients);
    wait_until_wal_is_truncated(&recorder.db);
    burst(&recorder, &server, &mut clients);
    server.stop().unwrap();
    let server = TestServer::start(&recorder.db).unwrap();
    burst(&recorder, &server, &mut clients);
    server.stop().unwrap();
    Recording {
        events: recorder.interceptor.stop_recording(),
        notes: recorder.notes.into_inner().unwrap(),
        views: clients.into_iter().map(|client| client.views).collect(),
    }
}

fn burst(recorder: &Recorder, server: &TestServer, clients: &mut [Client]) {
    std::thread::scope(|scope| {
        for client in clients {
            scope.spawn(move || {
                let mut session = Session::open(&recorder.db, Missing::Refuse).unwrap();
                for _ in 0..BURST {
                    client.step(recorder, server, &mut session);
                }
            });
        }
    });
}

fn wait_until_wal_is_truncated(db: &Path) {
    let deadline = Instant::now() + TIMEOUT;
    while std::fs::metadata(sibling(db, "-wal")).unwrap().len() > 0 {
        assert!(Instant::now() < deadline, "the WAL is not truncated");
        std::thread::sleep(Duration::from_millis(10));
    }
}

struct Client {
    index: usize,
    token: String,
    random: Random,
    views: Vec<String>,
    last_keyed: Option<Request>,
    created: usize,
}

/// The objects that a client sees, by kind.
type Objects = BTreeMap<String, Vec<Value>>;

impl Client {
    fn new(index: usize, token: String, seed: u64) -> Self {
        Client {
            index,
            token,
            random: Random(seed ^ (index as u64) << 32),
            views: vec![String::new()],
            last_keyed: None,
            created: 0,
        }
    }

    /// Sends a request, and checks what is visible after it against the response.
    fn step(&mut self, recorder: &Recorder, server: &TestServer, session: &mut Session) {
        let request = self.request();
        recorder.note(Note::Sent(self.index));
        let (status, body) = server.send(&request).expect("a response");
        recorder.note(Note::Acknowledged(self.index));
        assert!(status < 500, "{request:?}: {status} {body}");
        let now = snapshot(session, &account(self.index));
        let replayed = self
            .last_keyed
            .as_ref()
            .is_some_and(|last| last.key == request.key && request.key.is_some());
        if status < 300 && body["id"].is_string() && !replayed {
            let visible = objects(&now).into_values().flatten().any(|object| object == body);
            assert!(visible, "{request:?} returned {status} {body}, which is not visible");
        }
        if request.key.is_some() {
            self.last_keyed = Some(request);
        } else if status >= 400 {
            assert_eq!(
                Some(&now),
                self.views.last(),
                "{request:?} was refused but changed something"
            );
        }
        self.views.push(now);
    }

    fn request(&mut self) -> Request {
        if self.random.percent(4)
            && let Some(last) = &self.last_keyed
        {
            return last.clone();
        }
        let objects = objects(self.views.last().unwrap());
        let choice = self.random.below(100);
        let (method, path, body) = self
            .choose(choice, &objects)
            .unwrap_or_else(|| self.new_group(&objects));
        self.created += 1;
        let keyed = method == "POST" && self.random.percent(30);
        Request {
            token: self.token.clone(),
            method,
            path,
            key: keyed.then(|| format!("key-{}-{}", self.index, self.created)),
            body,
        }
    }

    /// The request for a choice from 0 to 99; `None` if the object that it needs does not exist.
    fn choose(&mut self, choice: usize, objects: &Objects) -> Option<Chosen> {
        let mut pick = |kind: &str| self.random.pick(objects.get(kind)?).cloned();
        let id = |object: &Value| object["id"].as_str().unwrap().to_owned();
        Some(match choice {
            0..15 => return None,
            15..22 => post("/v1/contacts", json!({"username": self.username()})),
            22..52 => {
                let (conversation, group) = (pick("conversation")?, pick("group"));
                let mut body = json!({"conversation_id": conversation["id"], "message": self.text()});
                if let Some(group) = group.filter(|group| group["conversation_id"] == conversation["id"]) {
                    body["contact_id"] = group["contacts"][0]["id"].clone();
                }
                post("/v1/messages", body)
            }
            52..60 => {
                let path = format!("/v1/groups/{}", id(&pick("group")?));
                let body = json!({"description": self.text(), "contacts": self.members(objects)});
                ("PUT", path, Some(body))
            }
            60..64 => {
                let path = format!("/v1/groups/{}/contacts/{}", id(&pick("group")?), id(&pick("contact")?));
                ("PUT", path, None)
            }
            64..68 => {
                let group = pick("group")?;
                let member = group["contacts"].as_array()?.first()?.clone();
                delete(format!("/v1/groups/{}/contacts/{}", id(&group), id(&member)))
            }
            68..74 => {
                let path = format!("/v1/messages/{}", id(&pick("message")?));
                let body = json!({"message": self.text(), "reactions": {"red": ["Kate"]}});
                ("PUT", path, Some(body))
            }
            74..78 => delete(format!("/v1/messages/{}", id(&pick("message")?))),
            78..83 => delete(format!("/v1/groups/{}", id(&pick("group")?))),
            83..87 => delete(format!("/v1/contacts/{}", id(&pick("contact")?))),
            87..90 => delete(format!("/v1/conversations/{}", id(&pick("conversation")?))),
            90..94 => post("/v1/conversations", json!({"group_id": pick("group")?["id"]})),
            94..97 => {
                let path = format!("/v1/conversations/{}", id(&pick("conversation")?));
                let body = json!({"is_pinned": true, "last_opened_at": 1_700_000_000});
                ("PUT", path, Some(body))
            }
            97..98 => post("/v1/contacts", json!({"username": pick("contact")?["username"]})),
            // Refused after the group and a contact have been created.
            _ => {
                let contacts = json!([{"username": self.username()}, "AAAAAAAAAAAAAAAA"]);
                post("/v1/groups", json!({"name": "none", "contacts": contacts}))
            }
        })
    }

    fn new_group(&mut self, objects: &Objects) -> Chosen {
        let name = format!("group {}", self.created);
        post("/v1/groups", json!({"name": name, "contacts": self.members(objects)}))
    }

    /// Existing contacts and new ones.
    fn members(&mut self, objects: &Objects) -> Vec<Value> {
        let mut members = Vec::new();
        for _ in 0..self.random.below(4) {
            let known = objects.get("contact").and_then(|contacts| self.random.pick(contacts));
            members.push(match known {
                Some(contact) if self.random.percent(60) => contact["id"].clone(),
                _ => json!({"username": self.username()}),
            });
        }
        members
    }

    fn username(&mut self) -> String {
        format!("user{}", self.random.below(1_000_000))
    }

    /// Mostly short text; some of it spans several database pages.
    fn text(&mut self) -> String {
        let words = if self.random.percent(8) {
            1_200
        } else {
            1 + self.random.below(12)
        };
        let words: Vec<String> = (0..words).map(|_| format!("w{}", self.random.below(500))).collect();
        words.join(" ")
    }
}

/// Method, path and body.
type Chosen = (&'static str, String, Option<Value>);

fn post(path: &str, body: Value) -> Chosen {
    ("POST", path.to_owned(), Some(body))
}

fn delete(path: String) -> Chosen {
    ("DELETE", path, None)
}

fn objects(snapshot: &str) -> Objects {
    let mut objects = Objects::new();
    for line in snapshot.lines().filter(|line| line.starts_with('{')) {
        let mut object: Value = serde_json::from_str(line).unwrap();
        let kind = object.as_object_mut().unwrap().remove("kind").unwrap();
        objects
            .entry(kind.as_str().unwrap().to_owned())
            .or_default()
            .push(object);
    }
    objects
}
