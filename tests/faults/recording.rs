//! A run of the server to be cut: clients that write at once, each to an account of its own, with their acknowledgements
//! and what each could see after them; chores, checkpoints, a log that begins anew, commands beside it, a new start.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fault_vfs::{Event, Tap};
use groups_server::store::{Missing, Session};
use serde_json::{Value, json};

use crate::harness::{PATIENCE, Random, Request, Running, beside, folder, new_token, snapshot};

pub const CLIENTS: usize = 4;

/// Requests of a client between two pauses.
const BURST: usize = 8;

/// Bursts with a command after each.
const ROUNDS: usize = 7;

/// What a mark in the recording says, by the index that it has.
#[derive(Clone, Copy, Debug)]
pub enum Note {
    Sent(usize),
    Acknowledged(usize),
    /// Commands have made tokens: so many.
    Tokens(usize),
}

pub struct Recording {
    pub events: Vec<Event>,
    pub notes: Vec<Note>,
    /// What each client could see after each of its requests, the first before them.
    pub seen: Vec<Vec<String>>,
}

pub fn account(client: usize) -> String {
    format!("account {client}")
}

struct Recorder {
    tap: Arc<Tap>,
    notes: Mutex<Vec<Note>>,
    db: PathBuf,
}

impl Recorder {
    fn note(&self, note: Note) {
        let mut notes = self.notes.lock().unwrap();
        self.tap.mark(notes.len() as u64);
        notes.push(note);
    }
}

pub fn make(seed: u64) -> Recording {
    let folder = folder();
    let tap = Tap::on(folder.path());
    // So long that requests come meanwhile and are committed together.
    tap.mock_syncs(Duration::from_micros(300));
    tap.record();
    let recorder = Recorder {
        tap,
        notes: Mutex::default(),
        db: folder.path().join("groups.db"),
    };
    let mut clients: Vec<Client> = Vec::new();
    for index in 0..CLIENTS {
        let token = new_token(&recorder.db, &account(index)).unwrap();
        recorder.note(Note::Tokens(index + 1));
        clients.push(Client::new(index, token, seed));
    }
    let server = Running::start(&recorder.db).unwrap();
    for round in 0..ROUNDS {
        burst(&recorder, &server, &mut clients);
        // A command beside the server moves the log, and the next write begins it anew.
        new_token(&recorder.db, "another").unwrap();
        recorder.note(Note::Tokens(CLIENTS + 1 + round));
    }
    burst(&recorder, &server, &mut clients);
    wait_until_log_is_cut(&recorder.db);
    burst(&recorder, &server, &mut clients);
    server.stop().unwrap();
    let server = Running::start(&recorder.db).unwrap();
    burst(&recorder, &server, &mut clients);
    server.stop().unwrap();
    Recording {
        events: recorder.tap.recorded(),
        notes: recorder.notes.into_inner().unwrap(),
        seen: clients.into_iter().map(|client| client.seen).collect(),
    }
}

fn burst(recorder: &Recorder, server: &Running, clients: &mut [Client]) {
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

fn wait_until_log_is_cut(db: &Path) {
    let deadline = Instant::now() + PATIENCE;
    while std::fs::metadata(beside(db, "-wal")).unwrap().len() > 0 {
        assert!(Instant::now() < deadline, "the log is not cut");
        std::thread::sleep(Duration::from_millis(10));
    }
}

struct Client {
    index: usize,
    token: String,
    random: Random,
    seen: Vec<String>,
    last_keyed: Option<Request>,
    made: usize,
}

/// The objects that a client can see, by kind.
type Objects = BTreeMap<String, Vec<Value>>;

impl Client {
    fn new(index: usize, token: String, seed: u64) -> Self {
        Client {
            index,
            token,
            random: Random(seed ^ (index as u64) << 32),
            seen: vec![String::new()],
            last_keyed: None,
            made: 0,
        }
    }

    /// Sends a request and holds what can be seen after it against the answer.
    fn step(&mut self, recorder: &Recorder, server: &Running, session: &mut Session) {
        let request = self.request();
        recorder.note(Note::Sent(self.index));
        let (status, body) = server.send(&request).expect("an answer");
        recorder.note(Note::Acknowledged(self.index));
        assert!(status < 500, "{request:?}: {status} {body}");
        let now = snapshot(session, &account(self.index));
        let replayed = self
            .last_keyed
            .as_ref()
            .is_some_and(|last| last.key == request.key && request.key.is_some());
        if status < 300 && body["id"].is_string() && !replayed {
            let shown = objects(&now).into_values().flatten().any(|object| object == body);
            assert!(shown, "{request:?} was answered {status} {body} and cannot be seen");
        }
        if request.key.is_some() {
            self.last_keyed = Some(request);
        } else if status >= 400 {
            assert_eq!(
                Some(&now),
                self.seen.last(),
                "{request:?} was refused and has changed something"
            );
        }
        self.seen.push(now);
    }

    fn request(&mut self) -> Request {
        if self.random.percent(4)
            && let Some(last) = &self.last_keyed
        {
            return last.clone();
        }
        let objects = objects(self.seen.last().unwrap());
        let choice = self.random.below(100);
        let (method, path, body) = self
            .choose(choice, &objects)
            .unwrap_or_else(|| self.new_group(&objects));
        self.made += 1;
        let keyed = method == "POST" && self.random.percent(30);
        Request {
            token: self.token.clone(),
            method,
            path,
            key: keyed.then(|| format!("key-{}-{}", self.index, self.made)),
            body,
        }
    }

    /// None where there is nothing to do it to.
    fn choose(&mut self, choice: usize, objects: &Objects) -> Option<Chosen> {
        let mut pick = |kind: &str| self.random.pick(objects.get(kind)?).cloned();
        let id = |object: &Value| object["id"].as_str().unwrap().to_owned();
        Some(match choice {
            0..15 => return None,
            15..22 => (
                "POST",
                "/v1/contacts".to_owned(),
                Some(json!({"username": self.username()})),
            ),
            22..52 => {
                let (conversation, group) = (pick("conversation")?, pick("group"));
                let mut body = json!({"conversation_id": conversation["id"], "message": self.text()});
                if let Some(group) = group.filter(|group| group["conversation_id"] == conversation["id"]) {
                    body["contact_id"] = group["contacts"][0]["id"].clone();
                }
                ("POST", "/v1/messages".to_owned(), Some(body))
            }
            52..60 => {
                let path = format!("/v1/groups/{}", id(&pick("group")?));
                (
                    "PUT",
                    path,
                    Some(json!({"description": self.text(), "contacts": self.members(objects)})),
                )
            }
            60..64 => {
                let path = format!("/v1/groups/{}/contacts/{}", id(&pick("group")?), id(&pick("contact")?));
                ("PUT", path, None)
            }
            64..68 => {
                let group = pick("group")?;
                let member = group["contacts"].as_array()?.first()?.clone();
                (
                    "DELETE",
                    format!("/v1/groups/{}/contacts/{}", id(&group), id(&member)),
                    None,
                )
            }
            68..74 => {
                let path = format!("/v1/messages/{}", id(&pick("message")?));
                (
                    "PUT",
                    path,
                    Some(json!({"message": self.text(), "reactions": {"red": ["Kate"]}})),
                )
            }
            74..78 => ("DELETE", format!("/v1/messages/{}", id(&pick("message")?)), None),
            78..83 => ("DELETE", format!("/v1/groups/{}", id(&pick("group")?)), None),
            83..87 => ("DELETE", format!("/v1/contacts/{}", id(&pick("contact")?)), None),
            87..90 => (
                "DELETE",
                format!("/v1/conversations/{}", id(&pick("conversation")?)),
                None,
            ),
            90..94 => {
                let body = json!({"group_id": pick("group")?["id"]});
                ("POST", "/v1/conversations".to_owned(), Some(body))
            }
            94..97 => {
                let path = format!("/v1/conversations/{}", id(&pick("conversation")?));
                (
                    "PUT",
                    path,
                    Some(json!({"is_pinned": true, "last_opened_at": 1_700_000_000})),
                )
            }
            97..98 => {
                let body = json!({"username": pick("contact")?["username"]});
                ("POST", "/v1/contacts".to_owned(), Some(body))
            }
            // Refused when the group and a contact are there already.
            _ => {
                let contacts = json!([{"username": self.username()}, "AAAAAAAAAAAAAAAA"]);
                (
                    "POST",
                    "/v1/groups".to_owned(),
                    Some(json!({"name": "none", "contacts": contacts})),
                )
            }
        })
    }

    fn new_group(&mut self, objects: &Objects) -> Chosen {
        let body = json!({"name": format!("group {}", self.made), "contacts": self.members(objects)});
        ("POST", "/v1/groups".to_owned(), Some(body))
    }

    /// Some contacts that are there and some that are not.
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

    /// Mostly short; some go over several pages.
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

type Chosen = (&'static str, String, Option<Value>);

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
