//! Single bits flipped at random in a file and the log that a killed server left: it is refused, or the truth is served,
//! or `check` finds it, or it is in a place without a second copy, which is listed here and in README.md.
//! GROUPS_FLIPS sets how many, GROUPS_SEED which.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use groups_server::error::{Error, Failure};
use groups_server::store::{Missing, Session, Store, check, tokens};
use groups_server::transfer;
use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::json;

use crate::harness::TestServer;
use crate::numbers::{Random, variable};

const ACCOUNTS: [&str; 2] = ["default", "other"];

/// Columns that have no second copy: what `check` cannot see, where the value could have been another. Of texts that are
/// indexed by words, the words are seen, but not the case of letters and what stands between.
const SINGLE: [&str; 24] = [
    "accounts.created_at",
    "conversations.archived_at",
    "conversations.created_at",
    "conversations.last_active_at",
    "conversations.last_opened_at",
    "groups.archived_at",
    "groups.avatar_url",
    "groups.created_at",
    "groups.description",
    "groups.name",
    "idempotency_keys.body",
    "idempotency_keys.fingerprint",
    "idempotency_keys.location",
    "idempotency_keys.status",
    "messages.created_at",
    "messages.message",
    "messages.reactions",
    "messages.read_at",
    "messages.updated_at",
    "tokens.created_at",
    "tokens.expires_at",
    "tokens.name",
    "tokens.read_only",
    "tokens.revoked_at",
];

/// The log's header, and a frame of it: a head and a page.
const HEADER: usize = 32;
const FRAME: usize = 24 + 4096;

/// What a killed server left.
struct Left {
    database: Vec<u8>,
    log: Vec<u8>,
}

impl Left {
    /// Puts both into a new folder, with the bit `flip` flipped if there is one.
    fn put(&self, flip: Option<u64>) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("groups.db");
        let (mut database, mut log) = (self.database.clone(), self.log.clone());
        if let Some(bit) = flip {
            let at = usize::try_from(bit / 8).unwrap();
            match at.checked_sub(database.len()) {
                None => database[at] ^= 1 << (bit % 8),
                Some(at) => log[at] ^= 1 << (bit % 8),
            }
        }
        fs::write(&path, database).unwrap();
        fs::write(wal(&path), log).unwrap();
        (folder, path)
    }

    /// A bit of the log, or of the file.
    fn bit(&self, of_log: bool, random: &mut Random) -> u64 {
        let (database, log) = (8 * self.database.len(), 8 * self.log.len());
        let bit = match of_log {
            true => database + random.below(log),
            false => random.below(database),
        };
        bit as u64
    }

    /// The log without its last `commits`.
    fn without(&self, commits: usize) -> Left {
        let is_end = |at: &usize| self.log[at + 4..at + 8] != [0; 4];
        let ends: Vec<usize> = (HEADER..self.log.len()).step_by(FRAME).filter(is_end).collect();
        let end = ends.iter().rev().nth(commits).map_or(0, |at| at + FRAME);
        Left {
            database: self.database.clone(),
            log: self.log[..end].to_vec(),
        }
    }
}

fn wal(path: &Path) -> PathBuf {
    path.with_extension("db-wal")
}

/// A file with something of everything: with a log that holds half of it, of which a part was moved into the file; with
/// a log that holds little; and without one.
fn left() -> [Left; 3] {
    let mut server = TestServer::start();
    let other = server.account("other");
    fill(&server, 0);
    server = server.restart();
    fill(&server, 10);
    let reader = Connection::open(&server.db).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM groups").unwrap();
    let mover = Connection::open(&server.db).unwrap();
    let moved: i64 = mover.query_row("PRAGMA wal_checkpoint", [], |row| row.get(2)).unwrap();
    assert!(moved > 10);
    let body = json!({"name": "Another's", "contacts": [{"username": "Kate"}]});
    let made = server.request("POST", "/v1/groups").token(&other).json(&body).send();
    assert_eq!(made.status, 201);
    fill(&server, 20);
    // The reader keeps the log from being begun anew, and the rest of it from being moved.
    let much = copy(&server, &mover);
    drop((reader, mover));
    server.stop();
    let none = Left {
        database: fs::read(&server.db).unwrap(),
        log: Vec::new(),
    };
    server = server.restart();
    let reader = Connection::open(&server.db).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM groups").unwrap();
    server.group(&json!({"name": "the last but one"}));
    server.group(&json!({"name": "the last"}));
    let little = copy(&server, &Connection::open(&server.db).unwrap());
    [much, little, none]
}

/// Both as they are when nothing more is to be done.
fn copy(server: &TestServer, conn: &Connection) -> Left {
    settle(conn);
    Left {
        database: fs::read(&server.db).unwrap(),
        log: fs::read(wal(&server.db)).unwrap(),
    }
}

/// Waits until all words are taken in and all that was deleted is cleared away.
fn settle(conn: &Connection) {
    let waits = "SELECT EXISTS (SELECT 1 FROM unindexed) OR EXISTS (SELECT 1 FROM deleted_conversations)
        OR EXISTS (SELECT 1 FROM deleted_groups) OR EXISTS (SELECT 1 FROM deleted_contacts)";
    let began = Instant::now();
    while conn.query_row(waits, [], |row| row.get(0)).unwrap() {
        assert!(began.elapsed().as_secs() < 20);
        std::thread::yield_now();
    }
}

fn fill(server: &TestServer, from: usize) {
    for n in from..from + 10 {
        let contacts: Vec<_> = (0..3)
            .map(|m| json!({"username": format!("Hector{}", n + m), "display_name": "Hé"}))
            .collect();
        let group = json!({"name": format!("Plaza, {n}"), "description": "World-renowned.", "contacts": contacts,
            "avatar_url": "https://assets.example/plaza.jpg"});
        let key = format!("key-{n}");
        let group = server
            .request("POST", "/v1/groups")
            .header("idempotency-key", &key)
            .json(&group)
            .send()
            .json();
        let conversation = group["conversation_id"].as_str().unwrap();
        let message = json!({"conversation_id": conversation, "contact_id": group["contacts"][0]["id"],
            "message": "Bless this highly nutritious microwavable dinner."});
        let message = server.made("/v1/messages", &message);
        let read =
            json!({"read_at": 1_700_000_000, "message": "Bless this meal.", "reactions": {"grin": ["Kevin", "Buzz"]}});
        server.put(&format!("/v1/messages/{}", message["id"].as_str().unwrap()), &read);
        let pinned =
            json!({"pinned_message_id": message["id"], "is_pinned": n % 2 == 0, "last_opened_at": 1_700_000_000 + n});
        server.put(&format!("/v1/conversations/{conversation}"), &pinned);
        let id = group["id"].as_str().unwrap();
        match n % 5 {
            0 => drop(server.delete(&format!("/v1/groups/{id}"))),
            1 => drop(server.put(&format!("/v1/groups/{id}"), &json!({"archived_at": 1_700_000_000}))),
            _ => {}
        }
    }
}

/// All that there is to serve: by table and column, and as it is exported.
#[derive(Debug, PartialEq)]
struct Served {
    columns: BTreeMap<String, Vec<Value>>,
    exports: Vec<String>,
}

/// Starts on the file and reads everything; or why not.
fn serve(path: &Path) -> Result<Served, &'static str> {
    let store = Store::open(path, 2).map_err(|_| "refused")?;
    read(&store, path).map_err(|_| "an error, when it is read")
}

fn read(store: &Store, path: &Path) -> Result<Served, Failure> {
    let columns = store.read(columns)?;
    let mut session = Session::open(path, Missing::Refuse)?;
    let mut exports = Vec::new();
    for account in ACCOUNTS {
        let mut out = Vec::new();
        transfer::export(&mut session, account, &mut out)?;
        exports.push(String::from_utf8_lossy(&out).into_owned());
    }
    exports.push(format!("{:?}", session.read(tokens::list)?));
    Ok(Served { columns, exports })
}

fn columns(conn: &Connection) -> Result<BTreeMap<String, Vec<Value>>, Error> {
    let mut columns: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    // Rows of what was deleted are cleared away at any time.
    for (table, which) in [
        ("accounts", ""),
        ("tokens", ""),
        ("contacts", ""),
        ("groups", ""),
        ("members", "WHERE group_pk IN (SELECT pk FROM groups)"),
        ("conversations", ""),
        ("messages", "WHERE conversation_pk IN (SELECT pk FROM conversations)"),
        ("idempotency_keys", ""),
    ] {
        let mut names =
            conn.prepare("SELECT ?1 || '.' || name FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid")?;
        let names: Vec<String> = names.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut statement = conn.prepare(&format!("SELECT * FROM {table} {which}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for (index, name) in names.iter().enumerate() {
                columns.entry(name.clone()).or_default().push(row.get(index)?);
            }
        }
    }
    Ok(columns)
}

/// Files, and what is served of them: of all, without the log's last commit, without its last two.
struct Sample {
    left: Left,
    truth: Served,
    /// Where the last commit begins in the log, and what is served without it.
    last: (usize, Served),
    without_two: Served,
}

impl Sample {
    fn new(left: Left) -> Self {
        let served = |left: &Left| serve(&left.put(None).1).unwrap();
        let shorter = left.without(1);
        Sample {
            truth: served(&left),
            last: (shorter.log.len(), served(&shorter)),
            without_two: served(&left.without(2)),
            left,
        }
    }

    /// Whether damage to this byte of the log, with this being served, looks like a power cut.
    fn is_like_a_cut(&self, at: usize, served: &Served) -> bool {
        let (begin, without_last) = &self.last;
        at >= *begin && served == without_last || at < *begin && at + FRAME >= *begin && *served == self.without_two
    }
}

/// What became of a flipped bit.
fn outcome(sample: &Sample, bit: u64) -> String {
    let Sample { left, truth, .. } = sample;
    let (_folder, path) = left.put(Some(bit));
    let served = match catch_unwind(AssertUnwindSafe(|| serve(&path))) {
        Ok(Ok(served)) => served,
        Ok(Err(what)) => return what.to_owned(),
        Err(_) => return "WRONG: a panic".to_owned(),
    };
    if served == *truth {
        return "the truth".to_owned();
    }
    let in_log = usize::try_from(bit / 8).unwrap().checked_sub(left.database.len());
    if in_log.is_some_and(|at| sample.is_like_a_cut(at, &served)) {
        return "unseen: the log's last commit, or the last page of the one before".to_owned();
    }
    let (_folder, path) = left.put(Some(bit));
    if check::file(&path).map_or(true, |findings| !findings.is_empty()) {
        return "found by check".to_owned();
    }
    let differing: Vec<&str> = truth
        .columns
        .iter()
        .filter(|(name, values)| served.columns.get(*name) != Some(values))
        .map(|(name, _)| name.as_str())
        .collect();
    match differing[..] {
        [one] if SINGLE.contains(&one) => format!("unseen: {one}"),
        _ => format!("WRONG: {differing:?}"),
    }
}

#[test]
fn a_flipped_bit_is_refused_or_harmless_or_found_or_where_there_is_no_second_copy() {
    let flips: u64 = variable("GROUPS_FLIPS").unwrap_or(1_000);
    let seed: u64 = variable("GROUPS_SEED").unwrap_or(1);
    let samples = left().map(Sample::new);
    let outcomes: Mutex<BTreeMap<String, u64>> = Mutex::default();
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= flips {
                        break;
                    }
                    let sample = &samples[[0, 0, 1, 2][(n % 4) as usize]];
                    let left = &sample.left;
                    let mut random = Random(seed.wrapping_mul(1 << 32).wrapping_add(n));
                    let bit = left.bit(n.is_multiple_of(4), &mut random);
                    let outcome = outcome(sample, bit);
                    if outcome.starts_with("WRONG") {
                        eprintln!(
                            "bit {bit} of {} and {} bytes: {outcome}",
                            left.database.len(),
                            left.log.len()
                        );
                    }
                    *outcomes.lock().unwrap().entry(outcome).or_default() += 1;
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    println!("{flips} flips from seed {seed}: {outcomes:#?}");
    assert!(
        !outcomes.keys().any(|outcome| outcome.starts_with("WRONG")),
        "{outcomes:#?}"
    );
}
