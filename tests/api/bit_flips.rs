//! Flips single random bits in a database and the WAL that a killed server left. Each time the server must refuse the file,
//! fail when it reads it, or serve the original data; or `check` must report it; or the bit must belong to data that is
//! stored only once, which is listed here and in the documentation.
//!
//! `GROUPS_FLIPS` sets the number of flips, `GROUPS_SEED` selects them.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use groups_server::error::Failure;
use groups_server::maintenance::{check, export};
use groups_server::store::{Error, Missing, Session, Store, tokens};
use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::json;

use crate::harness::{TestServer, wal_path};
use test_support::env;
use test_support::random::Random;

const ACCOUNTS: [&str; 2] = ["default", "other"];

/// Columns without a second copy, in which `check` cannot tell one valid value from another. In a text with a search index
/// it detects changed terms, but not letter case and the characters between terms.
const STORED_ONCE: [&str; 24] = [
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

// Lengths in the WAL, in bytes. A frame is its header and a page.
const HEADER: usize = 32;
const FRAME: usize = 24 + 4096;

/// A database file and its WAL, as a killed server leaves them.
struct Files {
    database: Vec<u8>,
    wal: Vec<u8>,
}

impl Files {
    /// Writes both to a new folder, with one bit flipped if given.
    fn write(&self, flip: Option<u64>) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("groups.db");
        let (mut database, mut wal) = (self.database.clone(), self.wal.clone());
        if let Some(bit) = flip {
            let at = usize::try_from(bit / 8).unwrap();
            match at.checked_sub(database.len()) {
                None => database[at] ^= 1 << (bit % 8),
                Some(at) => wal[at] ^= 1 << (bit % 8),
            }
        }
        fs::write(&path, database).unwrap();
        fs::write(wal_path(&path), wal).unwrap();
        (folder, path)
    }

    /// A random bit of the WAL or of the database. Bits are counted through the database, then through the WAL.
    fn random_bit(&self, in_wal: bool, random: &mut Random) -> u64 {
        let (database, wal) = (8 * self.database.len(), 8 * self.wal.len());
        let bit = match in_wal {
            true => database + random.below(wal),
            false => random.below(database),
        };
        bit as u64
    }

    /// The files with the last commits cut off the WAL.
    fn without_last(&self, commits: usize) -> Files {
        let ends_commit = |at: &usize| self.wal[at + 4..at + 8] != [0; 4];
        let ends: Vec<usize> = (HEADER..self.wal.len()).step_by(FRAME).filter(ends_commit).collect();
        let end = ends.iter().rev().nth(commits).map_or(0, |at| at + FRAME);
        Files {
            database: self.database.clone(),
            wal: self.wal[..end].to_vec(),
        }
    }
}

/// Databases with objects of every kind: one whose partly checkpointed WAL holds half of the data, one with a small WAL,
/// and one without a WAL.
fn create_files() -> [Files; 3] {
    let mut server = TestServer::start();
    let other = server.create_account("other");
    fill(&server, 0);
    server = server.restart();
    fill(&server, 10);
    let reader = Connection::open(&server.db).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM groups").unwrap();
    let checkpointer = Connection::open(&server.db).unwrap();
    let checkpointed: i64 = checkpointer
        .query_row("PRAGMA wal_checkpoint", [], |row| row.get(2))
        .unwrap();
    assert!(checkpointed > 10);
    let body = json!({"name": "Another's", "contacts": [{"username": "Kate"}]});
    let created = server.request("POST", "/v1/groups").token(&other).json(&body).send();
    assert_eq!(created.status, 201);
    fill(&server, 20);
    // The reader keeps the WAL from being restarted and the rest of it from being checkpointed.
    let large_wal = copy(&server, &checkpointer);
    drop((reader, checkpointer));
    server.stop();
    let no_wal = Files {
        database: fs::read(&server.db).unwrap(),
        wal: Vec::new(),
    };
    server = server.restart();
    let reader = Connection::open(&server.db).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM groups").unwrap();
    server.create_group(&json!({"name": "the last but one"}));
    server.create_group(&json!({"name": "the last"}));
    let small_wal = copy(&server, &Connection::open(&server.db).unwrap());
    [large_wal, small_wal, no_wal]
}

/// Copies both files once the server has no background work left.
fn copy(server: &TestServer, conn: &Connection) -> Files {
    settle(conn);
    Files {
        database: fs::read(&server.db).unwrap(),
        wal: fs::read(wal_path(&server.db)).unwrap(),
    }
}

/// Waits until everything is indexed and purged.
fn settle(conn: &Connection) {
    let pending = "SELECT EXISTS (SELECT 1 FROM unindexed) OR EXISTS (SELECT 1 FROM deleted_conversations)
        OR EXISTS (SELECT 1 FROM deleted_groups) OR EXISTS (SELECT 1 FROM deleted_contacts)";
    let began = Instant::now();
    while conn.query_row(pending, [], |row| row.get(0)).unwrap() {
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
        let message = server.create("/v1/messages", &message);
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

/// Everything that the store can serve: by table and column, and as exports.
#[derive(Debug, PartialEq)]
struct Contents {
    columns: BTreeMap<String, Vec<Value>>,
    exports: Vec<String>,
}

/// Opens a store on the file and reads everything, or returns what went wrong.
fn open_and_read(path: &Path) -> Result<Contents, &'static str> {
    let store = Store::open(path, 2).map_err(|_| "refused")?;
    read(&store, path).map_err(|_| "an error while reading")
}

fn read(store: &Store, path: &Path) -> Result<Contents, Failure> {
    let columns = store.read(columns)?;
    let mut session = Session::open(path, Missing::Refuse)?;
    let mut exports = Vec::new();
    for account in ACCOUNTS {
        let mut out = Vec::new();
        export::export(&mut session, account, &mut out)?;
        exports.push(String::from_utf8_lossy(&out).into_owned());
    }
    exports.push(format!("{:?}", session.read(tokens::list)?));
    Ok(Contents { columns, exports })
}

fn columns(conn: &Connection) -> Result<BTreeMap<String, Vec<Value>>, Error> {
    let mut columns: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    // Leave out rows of deleted objects, which may be purged at any time.
    for (table, condition) in [
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
        let mut statement = conn.prepare(&format!("SELECT * FROM {table} {condition}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for (index, name) in names.iter().enumerate() {
                columns.entry(name.clone()).or_default().push(row.get(index)?);
            }
        }
    }
    Ok(columns)
}

/// Files, and what a store on them contains.
struct Sample {
    files: Files,
    contents: Contents,
    /// The offset of the last commit in the WAL.
    last_commit: usize,
    without_last_commit: Contents,
    without_last_two: Contents,
}

impl Sample {
    fn new(files: Files) -> Self {
        let contents = |files: &Files| open_and_read(&files.write(None).1).unwrap();
        let shorter = files.without_last(1);
        Sample {
            contents: contents(&files),
            last_commit: shorter.wal.len(),
            without_last_commit: contents(&shorter),
            without_last_two: contents(&files.without_last(2)),
            files,
        }
    }

    /// Whether corruption at this offset in the WAL, with these contents as the result, looks like a power cut.
    fn looks_like_power_cut(&self, at: usize, found: &Contents) -> bool {
        let last = self.last_commit;
        at >= last && *found == self.without_last_commit
            || at < last && at + FRAME >= last && *found == self.without_last_two
    }
}

/// The outcome of flipping a bit.
fn outcome(sample: &Sample, bit: u64) -> String {
    let Sample { files, contents, .. } = sample;
    let (_folder, path) = files.write(Some(bit));
    let found = match catch_unwind(AssertUnwindSafe(|| open_and_read(&path))) {
        Ok(Ok(found)) => found,
        Ok(Err(failure)) => return failure.to_owned(),
        Err(_) => return "WRONG: a panic".to_owned(),
    };
    if found == *contents {
        return "unchanged".to_owned();
    }
    let in_wal = usize::try_from(bit / 8).unwrap().checked_sub(files.database.len());
    if in_wal.is_some_and(|at| sample.looks_like_power_cut(at, &found)) {
        return "undetected: the WAL's last commit, or the last page of the one before".to_owned();
    }
    let (_folder, path) = files.write(Some(bit));
    if check::file(&path).map_or(true, |findings| !findings.is_empty()) {
        return "found by check".to_owned();
    }
    let differing: Vec<&str> = contents
        .columns
        .iter()
        .filter(|(name, values)| found.columns.get(*name) != Some(values))
        .map(|(name, _)| name.as_str())
        .collect();
    match differing[..] {
        [column] if STORED_ONCE.contains(&column) => format!("undetected: {column}"),
        _ => format!("WRONG: {differing:?}"),
    }
}

#[test]
fn a_flipped_bit_is_refused_harmless_reported_or_in_data_stored_only_once() {
    let flips: u64 = env::number("GROUPS_FLIPS").unwrap_or(1_000);
    let seed: u64 = env::number("GROUPS_SEED").unwrap_or(1);
    let samples = create_files().map(Sample::new);
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
                    let files = &sample.files;
                    let mut random = Random(seed.wrapping_mul(1 << 32).wrapping_add(n));
                    let bit = files.random_bit(n.is_multiple_of(4), &mut random);
                    let outcome = outcome(sample, bit);
                    if outcome.starts_with("WRONG") {
                        eprintln!(
                            "bit {bit} of {} and {} bytes: {outcome}",
                            files.database.len(),
                            files.wal.len()
                        );
                    }
                    *outcomes.lock().unwrap().entry(outcome).or_default() += 1;
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    println!("{flips} bit flips from seed {seed}: {outcomes:#?}");
    assert!(
        !outcomes.keys().any(|outcome| outcome.starts_with("WRONG")),
        "{outcomes:#?}"
    );
}
