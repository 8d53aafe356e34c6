//! WAL corruption after an unclean shutdown: startup refuses a WAL that would lose an acknowledged commit, but never one
//! that a power cut can leave.

use std::fs;
use std::path::PathBuf;

use groups_server::maintenance::check;
use groups_server::store::{Error, Missing, Session, Store};
use rusqlite::Connection;

use crate::harness::wal_path;
use test_support::random::Random;

// Lengths in the WAL, in bytes.
const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const FRAME: usize = FRAME_HEADER + 4_096;
const SECTOR: usize = 512;

/// A database file and its WAL, as a killed process leaves them.
struct Files {
    database: Vec<u8>,
    wal: Vec<u8>,
    _folder: tempfile::TempDir,
    path: PathBuf,
    conn: Connection,
}

impl Files {
    /// A database with an empty WAL.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("groups.db");
        drop(Session::open(&path, Missing::Create).unwrap());
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF")
            .unwrap();
        Files {
            database: Vec::new(),
            wal: Vec::new(),
            _folder: folder,
            path,
            conn,
        }
    }

    /// Commits `rows` accounts in one transaction. One row takes two pages, 50 rows take several.
    fn commit(&mut self, rows: i64) -> &mut Self {
        let sql = "INSERT INTO accounts (name, created_at)
            WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
            SELECT printf('%060d', i + (SELECT count(*) FROM accounts)), 1 FROM n";
        self.conn.execute(sql, [rows]).unwrap();
        self.reload()
    }

    fn checkpoint(&mut self) -> &mut Self {
        let checkpointed = self
            .conn
            .query_row("PRAGMA wal_checkpoint", [], |row| row.get::<_, i64>(2));
        assert!(checkpointed.unwrap() > 0);
        self.reload()
    }

    fn reload(&mut self) -> &mut Self {
        self.database = fs::read(&self.path).unwrap();
        self.wal = fs::read(wal_path(&self.path)).unwrap();
        self
    }

    /// The number of frames of the WAL's current generation.
    fn frames(&self) -> usize {
        let all = (self.wal.len() - HEADER) / FRAME;
        let salts = |at: usize| &self.wal[at..at + 8];
        (0..all)
            .take_while(|n| salts(frame_offset(*n) + 8) == salts(16))
            .count()
    }
}

/// The offset of a frame, counted from 0.
fn frame_offset(n: usize) -> usize {
    HEADER + n * FRAME
}

/// Opens a store on a file and its WAL. Returns the number of accounts, or why the store refuses; then both files must
/// be unchanged, and `check` and the commands must refuse as well.
fn open(database: &[u8], wal: &[u8]) -> Result<i64, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("groups.db");
    fs::write(&path, database).unwrap();
    fs::write(wal_path(&path), wal).unwrap();
    let opened = Store::open(&path, 2).map_err(|failure| failure.to_string());
    if let Err(why) = &opened {
        assert!(fs::read(&path).unwrap() == database, "{why}");
        assert!(fs::read(wal_path(&path)).unwrap() == wal, "{why}");
        let findings = check::file(&path).unwrap();
        assert!(!findings.is_empty(), "{why}");
        assert!(fs::read(wal_path(&path)).unwrap() == wal, "{why}");
        let command = Session::open(&path, Missing::Refuse).err();
        assert!(command.is_some_and(|failure| failure.to_string() == *why));
    }
    opened.map(|store| store.read(|conn| Ok::<_, Error>(count(conn))).unwrap())
}

fn flip_bit(bytes: &[u8], at: usize, bit: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1 << bit;
    bytes
}

#[test]
fn corruption_of_a_commit_is_detected_except_in_the_last_one_and_the_last_frame_before_it() {
    let mut files = Files::new();
    files.commit(1).commit(50);
    let before = files.commit(1).frames();
    files.commit(60);
    let (frames, all) = (files.frames(), open(&files.database, &files.wal).unwrap());
    assert_eq!(all, 112);
    for n in 0..frames {
        // The page number, the salts, the checksum, and the page.
        for at in [3, 9, 17, FRAME_HEADER + 2_000] {
            let opened = open(&files.database, &flip_bit(&files.wal, frame_offset(n) + at, 2));
            // A commit's last frame proves that it ends one only if its content matches its own checksum or the next
            // frame's, which builds on it.
            let is_detected = n + 1 < before || n + 1 == before && [9, 17].contains(&at);
            match is_detected {
                true => assert!(opened.unwrap_err().contains("was synced before"), "{n} {at}"),
                false => assert_eq!(opened, Ok(if n < before { 51 } else { 52 }), "{n} {at}"),
            }
        }
    }
    assert!(before > 5 && frames > before + 2);
}

#[test]
fn a_wal_with_a_corrupt_header_is_refused_unless_it_is_fully_checkpointed() {
    let mut files = Files::new();
    files.commit(1).commit(60).commit(1);
    for at in [0, 8, 11, 16, 24, 31] {
        let refused = open(&files.database, &flip_bit(&files.wal, at, 0)).unwrap_err();
        assert!(refused.contains("its header is bad"), "{refused}");
    }
    let garbage = [[0xa5; SECTOR].as_slice(), &files.wal[SECTOR..]].concat();
    open(&files.database, &garbage).unwrap_err();
    let nothing = [[0; SECTOR].as_slice(), &files.wal[SECTOR..]].concat();
    open(&files.database, &nothing).unwrap_err();
    files.checkpoint();
    for at in [0, 8, 11, 16, 24, 31] {
        assert_eq!(open(&files.database, &flip_bit(&files.wal, at, 0)), Ok(62));
    }
    // The new generation has one frame; the rest is of the old one.
    files
        .conn
        .execute("UPDATE accounts SET created_at = 2 WHERE pk = 1", [])
        .unwrap();
    files.reload();
    assert_eq!(files.frames(), 1);
    open(&files.database, &flip_bit(&files.wal, 0, 0)).unwrap_err();
    files.checkpoint();
    assert_eq!(open(&files.database, &flip_bit(&files.wal, 0, 0)), Ok(62));
}

#[test]
fn a_file_that_is_not_a_wal_loses_nothing() {
    let mut files = Files::new();
    files.commit(3).checkpoint();
    for wal in [&[][..], &[0; 32], &[7; 31], &[0; 5_000], b"not a log", &[7; 4_000]] {
        assert_eq!(open(&files.database, wal), Ok(3), "{} bytes", wal.len());
    }
    // A file long enough for whole frames may have been a WAL.
    open(&files.database, &[7; 10_000]).unwrap_err();
}

#[test]
fn a_wal_with_another_page_size_is_refused() {
    let mut files = Files::new();
    files.commit(3);
    let other = files.path.with_file_name("other.db");
    let conn = Connection::open(&other).unwrap();
    conn.execute_batch("PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; CREATE TABLE t (x)")
        .unwrap();
    let refused = open(&files.database, &fs::read(wal_path(&other)).unwrap()).unwrap_err();
    assert!(
        refused.contains("its page size is 1024 bytes, and that of the database is 4096"),
        "{refused}"
    );
}

/// Any sector written since the last sync may be missing: here those of one commit, which overwrites an older WAL or
/// extends a shorter one.
#[test]
fn a_commit_torn_by_a_power_cut_is_never_refused() {
    let mut random = Random(1);
    for older in [false, true] {
        let mut files = Files::new();
        if older {
            // Commits of one and of two pages, so a commit has ended at every frame.
            for _ in 0..40 {
                files.commit(1);
            }
            files.checkpoint();
        }
        for rows in [1, 1, 50, 1, 90] {
            let (mut synced, had) = (files.wal.clone(), count(&files.conn));
            let mut from = if synced.is_empty() { 0 } else { files.frames() };
            files.commit(rows);
            let header = &files.wal[..HEADER];
            if !synced.starts_with(header) {
                // The WAL restarts: its header is synced before the first frame.
                synced.splice(..synced.len().min(HEADER), header.iter().copied());
                from = 0;
            }
            let until = frame_offset(files.frames());
            assert!(until > frame_offset(from));
            for _ in 0..15 {
                let mut torn = files.wal[..until].to_vec();
                if random.below(2) == 0 && synced.len() < until {
                    torn.truncate(frame_offset(from) + random.below(until - frame_offset(from)));
                }
                torn.extend_from_slice(synced.get(torn.len()..).unwrap_or_default());
                let first = frame_offset(from) / SECTOR;
                let keep = random.below(4);
                for sector in first..until.div_ceil(SECTOR) {
                    if random.below(4) < keep {
                        continue;
                    }
                    for at in (sector * SECTOR).max(frame_offset(from))..((sector + 1) * SECTOR).min(torn.len()) {
                        torn[at] = synced.get(at).copied().unwrap_or(0);
                    }
                }
                let opened = open(&files.database, &torn);
                assert!(opened == Ok(had) || opened == Ok(had + rows), "{opened:?}");
            }
        }
    }
}

fn count(conn: &Connection) -> i64 {
    conn.query_row("SELECT count(*) FROM accounts", [], |row| row.get(0))
        .unwrap()
}

/// A power cut can leave a frame header half written, at a sector's end or inside it. If the old half belongs to the last
/// frame of an older commit, the frame seems to end a commit that the next frames continue.
#[test]
fn a_frame_header_half_written_at_a_power_cut_is_never_refused() {
    let mut files = Files::new();
    files.commit(10);
    for at in 0..80 {
        let sql = "UPDATE accounts SET created_at = ?1 WHERE pk = 1";
        files.conn.execute(sql, [at]).unwrap();
    }
    files.checkpoint();
    let synced = files.wal.clone();
    files.commit(3_000);
    let mut tried = 0;
    for n in 0..files.frames().min(80) - 1 {
        let in_first = SECTOR - frame_offset(n) % SECTOR;
        for old in [8, 15].into_iter().chain((in_first < FRAME_HEADER).then_some(in_first)) {
            let mut torn = files.wal.clone();
            torn[frame_offset(n)..frame_offset(n) + old]
                .copy_from_slice(&synced[frame_offset(n)..frame_offset(n) + old]);
            assert_eq!(open(&files.database, &torn), Ok(10), "{n} {old}");
            tried += 1;
        }
    }
    assert!(tried > 1);
}
