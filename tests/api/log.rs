//! Damage to the log after an unclean stop: a start refuses where an acknowledged commit would be lost, and never what a
//! power cut can have left.

use std::fs;
use std::path::{Path, PathBuf};

use groups_server::store::{Missing, Session, Store, check};
use rusqlite::Connection;

const HEADER: usize = 32;
const HEAD: usize = 24;
const FRAME: usize = HEAD + 4_096;
const SECTOR: usize = 512;

/// A file and its log as a killed process left them.
struct Left {
    database: Vec<u8>,
    log: Vec<u8>,
    _folder: tempfile::TempDir,
    path: PathBuf,
    conn: Connection,
}

impl Left {
    /// A file with an empty log.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("groups.db");
        drop(Session::open(&path, Missing::Create).unwrap());
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF")
            .unwrap();
        Left {
            database: Vec::new(),
            log: Vec::new(),
            _folder: folder,
            path,
            conn,
        }
    }

    /// Commits `rows` accounts at once: 50 are some pages, one is two.
    fn commit(&mut self, rows: i64) -> &mut Self {
        let sql = "INSERT INTO accounts (name, created_at)
            WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
            SELECT printf('%060d', i + (SELECT count(*) FROM accounts)), 1 FROM n";
        self.conn.execute(sql, [rows]).unwrap();
        self.look()
    }

    fn checkpoint(&mut self) -> &mut Self {
        let moved = self
            .conn
            .query_row("PRAGMA wal_checkpoint", [], |row| row.get::<_, i64>(2));
        assert!(moved.unwrap() > 0);
        self.look()
    }

    fn look(&mut self) -> &mut Self {
        self.database = fs::read(&self.path).unwrap();
        self.log = fs::read(beside(&self.path, "-wal")).unwrap();
        self
    }

    /// The frames of the log's own generation, up to the last.
    fn frames(&self) -> usize {
        let all = (self.log.len() - HEADER) / FRAME;
        let salts = |at: usize| &self.log[at..at + 8];
        (0..all).take_while(|n| salts(frame(*n) + 8) == salts(16)).count()
    }
}

/// Where the frame `n` begins, from 0 on.
fn frame(n: usize) -> usize {
    HEADER + n * FRAME
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

/// Starts on a file and its log: the accounts that are there, or why not, and then both must be as they were.
fn start(database: &[u8], log: &[u8]) -> Result<i64, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("groups.db");
    fs::write(&path, database).unwrap();
    fs::write(beside(&path, "-wal"), log).unwrap();
    let started = Store::open(&path, 2).map_err(|failure| failure.to_string());
    if let Err(why) = &started {
        assert!(fs::read(&path).unwrap() == database, "{why}");
        assert!(fs::read(beside(&path, "-wal")).unwrap() == log, "{why}");
        let findings = check::file(&path).unwrap();
        assert!(!findings.is_empty(), "{why}");
        assert!(fs::read(beside(&path, "-wal")).unwrap() == log, "{why}");
        let command = Session::open(&path, Missing::Refuse).err();
        assert!(command.is_some_and(|failure| failure.to_string() == *why));
    }
    let count = |conn: &Connection| Ok(conn.query_row("SELECT count(*) FROM accounts", [], |row| row.get(0))?);
    started.map(|store| store.read(count).unwrap())
}

fn flipped(bytes: &[u8], at: usize, bit: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1 << bit;
    bytes
}

#[test]
fn damage_to_any_commit_is_refused_but_to_the_last_one_and_the_end_of_the_one_before() {
    let mut left = Left::new();
    left.commit(1).commit(50);
    let before = left.commit(1).frames();
    left.commit(60);
    let (frames, all) = (left.frames(), start(&left.database, &left.log).unwrap());
    assert_eq!(all, 112);
    for n in 0..frames {
        // The page's number, the salts, the checksum, and the page.
        for at in [3, 9, 17, HEAD + 2_000] {
            let started = start(&left.database, &flipped(&left.log, frame(n) + at, 2));
            // A commit's last frame does not tell that it ends one, unless its content is what its checksum says, or what the
            // next frame's does.
            let is_told = n + 1 < before || n + 1 == before && [9, 17].contains(&at);
            match is_told {
                true => assert!(started.unwrap_err().contains("was on the disk before"), "{n} {at}"),
                false => assert_eq!(started, Ok(if n < before { 51 } else { 52 }), "{n} {at}"),
            }
        }
    }
    assert!(before > 5 && frames > before + 2);
}

#[test]
fn a_log_without_its_header_is_refused_unless_the_file_has_all_of_it() {
    let mut left = Left::new();
    left.commit(1).commit(60).commit(1);
    for at in [0, 8, 11, 16, 24, 31] {
        let refused = start(&left.database, &flipped(&left.log, at, 0)).unwrap_err();
        assert!(refused.contains("its beginning is bad"), "{refused}");
    }
    let garbage = [[0xa5; SECTOR].as_slice(), &left.log[SECTOR..]].concat();
    start(&left.database, &garbage).unwrap_err();
    let nothing = [[0; SECTOR].as_slice(), &left.log[SECTOR..]].concat();
    start(&left.database, &nothing).unwrap_err();
    left.checkpoint();
    for at in [0, 8, 11, 16, 24, 31] {
        assert_eq!(start(&left.database, &flipped(&left.log, at, 0)), Ok(62));
    }
    // Of the new log there is one frame, of the old one the rest.
    left.conn
        .execute("UPDATE accounts SET created_at = 2 WHERE pk = 1", [])
        .unwrap();
    left.look();
    assert_eq!(left.frames(), 1);
    start(&left.database, &flipped(&left.log, 0, 0)).unwrap_err();
    left.checkpoint();
    assert_eq!(start(&left.database, &flipped(&left.log, 0, 0)), Ok(62));
}

#[test]
fn what_is_no_log_loses_nothing() {
    let mut left = Left::new();
    left.commit(3).checkpoint();
    for log in [&[][..], &[0; 32], &[7; 31], &[0; 5_000], b"not a log", &[7; 4_000]] {
        assert_eq!(start(&left.database, log), Ok(3), "{} bytes", log.len());
    }
    // Whole frames of what is no log may have been of one.
    start(&left.database, &[7; 10_000]).unwrap_err();
}

#[test]
fn a_log_of_another_page_size_is_refused() {
    let mut left = Left::new();
    left.commit(3);
    let other = left.path.with_file_name("other.db");
    let conn = Connection::open(&other).unwrap();
    conn.execute_batch("PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; CREATE TABLE t (x)")
        .unwrap();
    let refused = start(&left.database, &fs::read(beside(&other, "-wal")).unwrap()).unwrap_err();
    assert!(
        refused.contains("1024 bytes, and those of the database have 4096"),
        "{refused}"
    );
}

/// A generator of the same numbers each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// Whatever was written since the last sync may be missing, a sector at a time: the frames of one commit, over an older
/// log or beyond the end of a shorter one.
#[test]
fn a_commit_that_a_power_cut_tore_is_never_refused() {
    let mut numbers = Numbers(1);
    for older in [false, true] {
        let mut left = Left::new();
        if older {
            // Commits of one and two pages, so that every place has been the end of one.
            for _ in 0..40 {
                left.commit(1);
            }
            left.checkpoint();
        }
        for rows in [1, 1, 50, 1, 90] {
            let (mut synced, had) = (left.log.clone(), count(&left.conn));
            let mut from = if synced.is_empty() { 0 } else { left.frames() };
            left.commit(rows);
            let header = &left.log[..HEADER];
            if !synced.starts_with(header) {
                // The log begins anew: its header is synced before the first frame.
                synced.splice(..synced.len().min(HEADER), header.iter().copied());
                from = 0;
            }
            let until = frame(left.frames());
            assert!(until > frame(from));
            for _ in 0..15 {
                let mut torn = left.log[..until].to_vec();
                if numbers.below(2) == 0 && synced.len() < until {
                    torn.truncate(frame(from) + numbers.below(until - frame(from)));
                }
                torn.extend_from_slice(synced.get(torn.len()..).unwrap_or_default());
                let first = frame(from) / SECTOR;
                let keep = numbers.below(4);
                for sector in first..until.div_ceil(SECTOR) {
                    if numbers.below(4) < keep {
                        continue;
                    }
                    for at in (sector * SECTOR).max(frame(from))..((sector + 1) * SECTOR).min(torn.len()) {
                        torn[at] = synced.get(at).copied().unwrap_or(0);
                    }
                }
                let started = start(&left.database, &torn);
                assert!(started == Ok(had) || started == Ok(had + rows), "{started:?}");
            }
        }
    }
}

fn count(conn: &Connection) -> i64 {
    conn.query_row("SELECT count(*) FROM accounts", [], |row| row.get(0))
        .unwrap()
}

/// A power cut may leave a frame's head half written, at the end of a sector or within one: with its first part as it was,
/// of an older commit's last frame, and the rest new, it seems to end a commit that the frames behind it go on from.
#[test]
fn a_frame_of_which_a_power_cut_left_half_a_head_is_never_refused() {
    let mut left = Left::new();
    left.commit(10);
    for at in 0..80 {
        let sql = "UPDATE accounts SET created_at = ?1 WHERE pk = 1";
        left.conn.execute(sql, [at]).unwrap();
    }
    left.checkpoint();
    let synced = left.log.clone();
    left.commit(3_000);
    let mut halves = 0;
    for n in 0..left.frames().min(80) - 1 {
        let in_first = SECTOR - frame(n) % SECTOR;
        for old in [8, 15].into_iter().chain((in_first < HEAD).then_some(in_first)) {
            let mut torn = left.log.clone();
            torn[frame(n)..frame(n) + old].copy_from_slice(&synced[frame(n)..frame(n) + old]);
            assert_eq!(start(&left.database, &torn), Ok(10), "{n} {old}");
            halves += 1;
        }
    }
    assert!(halves > 1);
}
