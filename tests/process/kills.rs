//! `kill -9` under load: what was acknowledged is there and whole, what was not is there whole or not at all.
//!
//! `GROUPS_KILLS` kills instead of 50; `GROUPS_GROUPS` groups of another account in each file from the beginning, which
//! is then looked through at its end alone.
//! `scripts/kills` runs the long version.

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

use crate::client::{Answer, Client};
use crate::world::{Request, World, choose, with_ids};

const WRITERS: usize = 32;

/// Kills of one file's server at most. What it keeps for requests with keys makes each slower than the one before.
const A_FILE: usize = 250;

/// No test waits longer for something to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// From the start after a kill to the first answer. A debug build beside other tests is no measure.
const READY: Duration = match cfg!(debug_assertions) {
    true => PATIENCE,
    false => Duration::from_secs(1),
};

/// One that writes, and what it knows of its objects.
struct Writer {
    /// In front of every name that it gives.
    name: String,
    names: usize,
    world: World,
    unanswered: Option<Sent>,
    /// What was not answered before the kill and had a key, and whether it took effect all the same.
    again: Option<(Sent, bool)>,
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
            world: World::new(),
            unanswered: None,
            again: None,
            random: Random((file * WRITERS + number) as u64),
        }
    }

    /// Sends one request after the other until the server is gone, and tells each answer.
    fn write(&mut self, url: &str, token: &str, answered: &Sender<()>) {
        let Ok(mut client) = Client::connect(url, token) else {
            return;
        };
        if let Some((sent, happened)) = self.again.take() {
            let Some(answer) = self.send(&mut client, sent) else {
                return;
            };
            assert_eq!(answer.replayed, happened, "{answer:?}");
        }
        loop {
            self.names += 1;
            let name = format!("{}x{}", self.name, self.names);
            let request = choose(&self.world, &mut self.random, name.clone());
            let keyed = request.http().0 == "POST" && self.random.below(2) == 0;
            let key = keyed.then_some(name);
            if self.send(&mut client, Sent { request, key }).is_none() {
                return;
            }
            answered.send(()).unwrap();
        }
    }

    /// Sends a request and, where it is acknowledged, takes over what it did.
    fn send(&mut self, client: &mut Client, sent: Sent) -> Option<Answer> {
        let (method, path, body) = sent.request.http();
        self.unanswered = Some(sent);
        let key = self.unanswered.as_ref().and_then(|sent| sent.key.as_deref());
        let answer = client.send(method, &path, key, body.as_ref()).ok()?;
        let sent = self.unanswered.take()?;
        assert!((200..300).contains(&answer.status), "{sent:?}: {answer:?}");
        let object = match answer.text.is_empty() {
            true => Value::Null,
            false => answer.json(),
        };
        if !answer.replayed {
            sent.request.apply(&mut self.world, &object);
        }
        if let Some(id) = object["id"].as_str() {
            let known = &self.world[id];
            assert_eq!(with_ids(known["kind"].as_str().unwrap(), &object), *known, "{sent:?}");
        }
        Some(answer)
    }

    /// Holds what is there against what must be; an unanswered request may have taken effect, as a whole.
    fn settle(&mut self, objects: &[&Value]) {
        let there: World = objects
            .iter()
            .map(|object| {
                (
                    object["id"].as_str().unwrap().to_owned(),
                    with_ids(object["kind"].as_str().unwrap(), object),
                )
            })
            .collect();
        let mut what = "all was answered".to_owned();
        if let Some(sent) = self.unanswered.take() {
            what = format!("unanswered: {sent:?}");
            let made = sent.request.find_made(objects);
            let mut after = self.world.clone();
            if made.is_some() || sent.request.http().0 != "POST" {
                sent.request.apply(&mut after, made.unwrap_or(&Value::Null));
            }
            if after == there {
                self.world = after;
            }
            if sent.key.is_some() {
                self.again = Some((sent, made.is_some()));
            }
        }
        self.expect(&there, &what);
    }

    fn expect(&self, there: &World, what: &str) {
        if self.world == *there {
            return;
        }
        let mut difference = String::new();
        for id in self.world.keys().chain(there.keys()) {
            let (known, found) = (self.world.get(id), there.get(id));
            if known != found {
                writeln!(difference, "{id}: expected {known:?}\nthere is {found:?}").unwrap();
            }
        }
        panic!("{}: {what}\n{difference}", self.name);
    }
}

/// What kills of one file's server have shown.
#[derive(Default)]
struct Tried {
    acknowledged: usize,
    /// Objects at the end.
    objects: usize,
    /// How long each start took until the first answer.
    ready: Vec<Duration>,
}

#[test]
fn what_was_acknowledged_before_a_kill_is_there_and_whole_after_it() {
    let (kills, groups): (usize, usize) = (
        env::number("GROUPS_KILLS").unwrap_or(50),
        env::number("GROUPS_GROUPS").unwrap_or(0),
    );
    let mut tried = Tried::default();
    for file in 0..kills.div_ceil(A_FILE) {
        kill_often(file, A_FILE.min(kills - file * A_FILE), groups, &mut tried);
    }
    tried.ready.sort();
    let (usual, slowest) = (tried.ready[kills / 2], tried.ready[kills - 1]);
    println!(
        "{kills} kills, {} requests acknowledged, lost 0, {} objects, ready in {usual:?}, at most {slowest:?}",
        tried.acknowledged, tried.objects
    );
    assert!(tried.acknowledged >= kills * 50, "{}", tried.acknowledged);
}

/// Kills the server of a new file so many times.
fn kill_often(file: usize, kills: usize, groups: usize, tried: &mut Tried) {
    let folder = Folder::new();
    seed(&folder, groups);
    let token = folder.succeed(&["token", "create"]);
    let mut writers: Vec<Writer> = (0..WRITERS).map(|number| Writer::new(file, number)).collect();
    let mut random = Random(file as u64);
    for kill in 1..=kills {
        let log = std::fs::metadata(folder.path("groups.db-wal")).map_or(0, |found| found.len() >> 20);
        let began = Instant::now();
        let server = folder.serve(&["--log-level", "off"]);
        let mut client = Client::connect(&server.url, &token).unwrap();
        assert_eq!(client.get("/v1/groups").unwrap().status, 200);
        let ready = began.elapsed();
        assert!(
            ready < READY,
            "kill {kill} of file {file}: ready after {ready:?}, with {log} MiB of log"
        );
        tried.ready.push(ready);
        if kill > 1 {
            settle(&folder, &mut writers);
        }
        if groups == 0 {
            assert_integrity(&folder.path("groups.db"));
        }
        let (tell, answered) = channel();
        let wanted = random.below(400);
        std::thread::scope(|scope| {
            for writer in &mut writers {
                let (tell, url, token) = (tell.clone(), &server.url, &token);
                scope.spawn(move || writer.write(url, token, &tell));
            }
            for _ in 0..wanted {
                answered.recv_timeout(PATIENCE).unwrap();
            }
            server.signal("KILL");
        });
        drop((server, tell));
        tried.acknowledged += wanted + answered.iter().count();
    }
    drop(folder.serve(&[]).stop());
    settle(&folder, &mut writers);
    assert_integrity(&folder.path("groups.db"));
    tried.objects += writers.iter().map(|writer| writer.world.len()).sum::<usize>();
}

/// Reads all that is there, and has each writer look at what is its own. Nothing may be nobody's.
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
    let mut of_writers: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for object in &objects {
        let named = ["contact_id", "group_id"].iter().find_map(|end| object[end].as_str());
        let named = named.map_or(object, |id| by_id[id]);
        let name = ["username", "name", "message"]
            .iter()
            .find_map(|name| named[name].as_str());
        of_writers
            .entry(name.unwrap().split('x').next().unwrap())
            .or_default()
            .push(object);
        assert_contacts_are_theirs(object, &by_id);
    }
    for writer in writers {
        writer.settle(&of_writers.remove(writer.name.as_str()).unwrap_or_default());
    }
    assert!(of_writers.is_empty(), "{of_writers:?}");
}

/// Asserts that a contact within a group or message is as it is by itself.
fn assert_contacts_are_theirs(object: &Value, by_id: &BTreeMap<&str, &Value>) {
    let members = object["contacts"].as_array().into_iter().flatten();
    for contact in members
        .chain(object.get("contact"))
        .filter(|contact| !contact.is_null())
    {
        let mut whole = contact.clone();
        whole["kind"] = json!("contact");
        assert_eq!(&whole, by_id[contact["id"].as_str().unwrap()], "{object}");
    }
}

/// Puts so many groups, of 4 of 1,000 contacts each, into another account of the file.
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
        let line = json!({"kind": "group", "id": format!("g{group:015}"), "name": format!("Group {group}"), "contacts": contacts});
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
fn clearing_away_goes_on_after_kills_in_its_middle() {
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
    let answer = client
        .send("DELETE", "/v1/groups/BBBBBBBBBBBBBBBB", None, None)
        .unwrap();
    assert_eq!(answer.status, 204, "{answer:?}");
    server.signal("KILL");
    drop(server);
    let mut left = count("messages");
    assert!(
        left > 0 && count("deleted_conversations") == 1,
        "there was time to clear away everything"
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
