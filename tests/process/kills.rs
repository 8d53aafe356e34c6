//! `kill -9` under load. Every acknowledged request took effect completely; an unacknowledged one completely or not at
//! all.
//!
//! `GROUPS_KILLS` sets the number of kills (default 50). `GROUPS_GROUPS` sets how many groups of another account each
//! file starts with (default 0); if there are any, the file's integrity is checked only once, at the end.
//! `scripts/torture kills` runs the long version.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use test_support::env;
use test_support::integrity::assert_integrity;
use test_support::process::Folder;
use test_support::random::Random;

use crate::client::{Client, Response};
use crate::shadow::{Request, Shadow, choose, with_ids};

const WRITERS: usize = 32;

/// The most kills per database file: stored responses to keyed requests accumulate in it and slow each round down.
const KILLS_PER_FILE: usize = 250;

/// The longest wait for anything to happen.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The longest time from a start after a kill to the first response. A debug build next to other tests gets more.
const MAX_RECOVERY: Duration = match cfg!(debug_assertions) {
    true => TIMEOUT,
    false => Duration::from_secs(1),
};

/// A client that writes, and the state in which its objects must be.
struct Writer {
    /// The prefix of every name that it gives.
    name: String,
    /// How many names it has given.
    names: usize,
    shadow: Shadow,
    unanswered: Option<Sent>,
    /// The keyed request that the kill left without a response, to be retried, and whether it took effect.
    retry: Option<(Sent, bool)>,
    random: Random,
}

#[derive(Clone, Debug)]
struct Sent {
    request: Request,
    key: Option<String>,
}

impl Writer {
    fn new(file: usize, number: usize) -> Self {
        Writer {
            name: format!("w{number}"),
            names: 0,
            shadow: Shadow::new(),
            unanswered: None,
            retry: None,
            random: Random((file * WRITERS + number) as u64),
        }
    }

    /// Sends one request after another until the server is gone, and reports each response on `responses`.
    fn write(&mut self, url: &str, token: &str, responses: &Sender<()>) {
        let Ok(mut client) = Client::connect(url, token) else {
            return;
        };
        if let Some((sent, took_effect)) = self.retry.take() {
            let Some(response) = self.send(&mut client, sent) else {
                return;
            };
            assert_eq!(response.replayed, took_effect, "{response:?}");
        }
        loop {
            self.names += 1;
            let name = format!("{}x{}", self.name, self.names);
            let request = choose(&self.shadow, &mut self.random, name.clone());
            let keyed = request.http().0 == "POST" && self.random.below(2) == 0;
            let key = keyed.then_some(name);
            if self.send(&mut client, Sent { request, key }).is_none() {
                return;
            }
            responses.send(()).unwrap();
        }
    }

    /// Sends a request and, if it is acknowledged, applies it to the shadow.
    fn send(&mut self, client: &mut Client, sent: Sent) -> Option<Response> {
        let (method, path, body) = sent.request.http();
        self.unanswered = Some(sent);
        let key = self.unanswered.as_ref().and_then(|sent| sent.key.as_deref());
        let response = client.send(method, &path, key, body.as_ref()).ok()?;
        let sent = self.unanswered.take()?;
        assert!((200..300).contains(&response.status), "{sent:?}: {response:?}");
        let object = match response.text.is_empty() {
            true => Value::Null,
            false => response.json(),
        };
        if !response.replayed {
            sent.request.apply(&mut self.shadow, &object);
        }
        if let Some(id) = object["id"].as_str() {
            let known = &self.shadow[id];
            assert_eq!(with_ids(known["kind"].as_str().unwrap(), &object), *known, "{sent:?}");
        }
        Some(response)
    }

    /// Compares the writer's objects in the database with its shadow. A request without a response may have taken
    /// effect, but only as a whole.
    fn settle(&mut self, objects: &[&Value]) {
        let found: Shadow = objects
            .iter()
            .map(|object| {
                (
                    object["id"].as_str().unwrap().to_owned(),
                    with_ids(object["kind"].as_str().unwrap(), object),
                )
            })
            .collect();
        let mut context = "every request had a response".to_owned();
        if let Some(sent) = self.unanswered.take() {
            context = format!("no response to {sent:?}");
            let created = sent.request.find_created(objects);
            let mut after = self.shadow.clone();
            if created.is_some() || sent.request.http().0 != "POST" {
                sent.request.apply(&mut after, created.unwrap_or(&Value::Null));
            }
            if after == found {
                self.shadow = after;
            }
            if sent.key.is_some() {
                self.retry = Some((sent, created.is_some()));
            }
        }
        self.assert_found(&found, &context);
    }

    fn assert_found(&self, found: &Shadow, context: &str) {
        if self.shadow == *found {
            return;
        }
        let mut difference = String::new();
        for id in self.shadow.keys().chain(found.keys()) {
            let (expected, found) = (self.shadow.get(id), found.get(id));
            if expected != found {
                writeln!(difference, "{id}: expected {expected:?}\nfound {found:?}").unwrap();
            }
        }
        panic!("{}: {context}\n{difference}", self.name);
    }
}

/// The totals over all kills.
#[derive(Default)]
struct Totals {
    acknowledged: usize,
    /// The number of objects at the end.
    objects: usize,
    /// The time from each start to the first response.
    recovery: Vec<Duration>,
}

#[test]
fn everything_acknowledged_before_a_kill_is_intact_after_it() {
    let (kills, groups): (usize, usize) = (
        env::number("GROUPS_KILLS").unwrap_or(50),
        env::number("GROUPS_GROUPS").unwrap_or(0),
    );
    let mut totals = Totals::default();
    for file in 0..kills.div_ceil(KILLS_PER_FILE) {
        kill_repeatedly(
            file,
            KILLS_PER_FILE.min(kills - file * KILLS_PER_FILE),
            groups,
            &mut totals,
        );
    }
    totals.recovery.sort();
    let (median, slowest) = (totals.recovery[kills / 2], totals.recovery[kills - 1]);
    println!(
        "{kills} kills, {} requests acknowledged, lost 0, {} objects, recovery {median:?} (median), {slowest:?} (max)",
        totals.acknowledged, totals.objects
    );
    assert!(totals.acknowledged >= kills * 50, "{}", totals.acknowledged);
}

/// Kills the server of a new file `kills` times.
fn kill_repeatedly(file: usize, kills: usize, groups: usize, totals: &mut Totals) {
    let folder = Folder::new();
    seed(&folder, groups);
    let token = folder.succeed(&["token", "create"]);
    let mut writers: Vec<Writer> = (0..WRITERS).map(|number| Writer::new(file, number)).collect();
    let mut random = Random(file as u64);
    for kill in 1..=kills {
        let wal = std::fs::metadata(folder.path("groups.db-wal")).map_or(0, |found| found.len() >> 20);
        let began = Instant::now();
        let server = folder.serve(&["--log-level", "off"]);
        let mut client = Client::connect(&server.url, &token).unwrap();
        assert_eq!(client.get("/v1/groups").unwrap().status, 200);
        let recovery = began.elapsed();
        assert!(
            recovery < MAX_RECOVERY,
            "kill {kill} of file {file}: recovery took {recovery:?}, with a WAL of {wal} MiB"
        );
        totals.recovery.push(recovery);
        if kill > 1 {
            settle(&folder, &mut writers);
        }
        if groups == 0 {
            assert_integrity(&folder.path("groups.db"));
        }
        let (sender, responses) = channel();
        let wanted = random.below(400);
        std::thread::scope(|scope| {
            for writer in &mut writers {
                let (sender, url, token) = (sender.clone(), &server.url, &token);
                scope.spawn(move || writer.write(url, token, &sender));
            }
            for _ in 0..wanted {
                responses.recv_timeout(TIMEOUT).unwrap();
            }
            server.signal("KILL");
        });
        drop((server, sender));
        totals.acknowledged += wanted + responses.iter().count();
    }
    drop(folder.serve(&[]).stop());
    settle(&folder, &mut writers);
    assert_integrity(&folder.path("groups.db"));
    totals.objects += writers.iter().map(|writer| writer.shadow.len()).sum::<usize>();
}

/// Exports everything and has each writer check its own objects. Every object must belong to a writer.
fn settle(folder: &Folder, writers: &mut [Writer]) {
    let exported = folder.succeed(&["export", "-"]);
    let objects: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let by_id: BTreeMap<&str, &Value> = objects
        .iter()
        .map(|object| (object["id"].as_str().unwrap(), object))
        .collect();
    let mut by_writer: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for object in &objects {
        let named = ["contact_id", "group_id"].iter().find_map(|end| object[end].as_str());
        let named = named.map_or(object, |id| by_id[id]);
        let name = ["username", "name", "message"]
            .iter()
            .find_map(|name| named[name].as_str());
        by_writer
            .entry(name.unwrap().split('x').next().unwrap())
            .or_default()
            .push(object);
        assert_contacts_are_current(object, &by_id);
    }
    for writer in writers {
        writer.settle(&by_writer.remove(writer.name.as_str()).unwrap_or_default());
    }
    assert!(by_writer.is_empty(), "{by_writer:?}");
}

/// Asserts that the contacts embedded in a group or message equal the contacts themselves.
fn assert_contacts_are_current(object: &Value, by_id: &BTreeMap<&str, &Value>) {
    let members = object["contacts"].as_array().into_iter().flatten();
    for contact in members
        .chain(object.get("contact"))
        .filter(|contact| !contact.is_null())
    {
        let mut exported = contact.clone();
        exported["kind"] = json!("contact");
        assert_eq!(&exported, by_id[contact["id"].as_str().unwrap()], "{object}");
    }
}

/// Imports this many groups, each with 4 of 1,000 contacts, into another account of the file.
fn seed(folder: &Folder, groups: usize) {
    if groups == 0 {
        return;
    }
    let mut lines = std::io::BufWriter::new(std::fs::File::create(folder.path("lines")).unwrap());
    for contact in 0..1_000 {
        let line = json!({"kind": "contact", "id": format!("c{contact:015}"), "username": format!("user{contact}")});
        writeln!(lines, "{line}").unwrap();
    }
    for group in 0..groups {
        let contacts: Vec<String> = (0..4).map(|n| format!("c{:015}", (group * 7 + n) % 1_000)).collect();
        let (id, name) = (format!("g{group:015}"), format!("Group {group}"));
        let line = json!({"kind": "group", "id": id, "name": name, "contacts": contacts});
        writeln!(lines, "{line}").unwrap();
    }
    lines.flush().unwrap();
    let import = folder
        .command(&["import", "--account", "seeded", "lines"])
        .output()
        .unwrap();
    assert!(import.status.success(), "{}", String::from_utf8_lossy(&import.stderr));
}

#[test]
fn a_purge_resumes_after_being_killed_midway() {
    let folder = Folder::new();
    let token = folder.succeed(&["token", "create"]);
    let group = r#"{"kind":"group","id":"BBBBBBBBBBBBBBBB","name":"x","conversation_id":"CCCCCCCCCCCCCCCC"}"#;
    let message = |n: usize| {
        format!(r#"{{"kind":"message","id":"m{n:015}","conversation_id":"CCCCCCCCCCCCCCCC","message":"word{n}"}}"#)
    };
    let lines: Vec<String> = std::iter::once(group.to_owned())
        .chain((0..5_000).map(message))
        .collect();
    std::fs::write(folder.path("lines"), lines.join("\n")).unwrap();
    folder.succeed(&["import", "lines"]);
    let count = |table: &str| -> i64 {
        let conn = rusqlite::Connection::open(folder.path("groups.db")).unwrap();
        conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
            .unwrap()
    };
    let server = folder.serve(&[]);
    let mut client = Client::connect(&server.url, &token).unwrap();
    let response = client
        .send("DELETE", "/v1/groups/BBBBBBBBBBBBBBBB", None, None)
        .unwrap();
    assert_eq!(response.status, 204, "{response:?}");
    server.signal("KILL");
    drop(server);
    let mut left = count("messages");
    assert!(
        left > 0 && count("deleted_conversations") == 1,
        "the purge was complete before the kill"
    );
    while left > 0 {
        let server = folder.serve(&[]);
        while count("messages") == left && count("deleted_conversations") == 1 {
            std::thread::yield_now();
        }
        server.signal("KILL");
        drop(server);
        let now = count("messages");
        assert!(now < left);
        left = now;
    }
    let server = folder.serve(&[]);
    let began = std::time::Instant::now();
    while count("deleted_conversations") > 0 {
        assert!(began.elapsed().as_secs() < 20);
    }
    drop(server.stop());
    let conn = rusqlite::Connection::open(folder.path("groups.db")).unwrap();
    let checked: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(checked, "ok");
}
