//! A backup made while clients write is a snapshot between two commits. `GROUPS_BACKUPS` sets how many are made
//! (default 100); `scripts/torture backups` runs the long version.

use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use test_support::env;
use test_support::process::{Folder, mode};

use super::files::{post_group, remove_kept};

const CLIENTS: usize = 4;

/// How many groups each client creates during one backup.
const GROUPS_PER_BACKUP: usize = 3;

#[derive(Default)]
struct Progress {
    sent: AtomicUsize,
    answered: AtomicUsize,
}

/// Sets a flag when it is dropped, even if the test panics.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Creates the groups `CLIENT 0`, `CLIENT 1` and so on, each with two new contacts, up to the number `allowed`, until
/// `ended` is set.
fn create_groups(
    client: usize,
    progress: &Progress,
    server: &str,
    token: &str,
    allowed: &AtomicUsize,
    ended: &AtomicBool,
) {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    while !ended.load(Ordering::Relaxed) {
        let n = progress.sent.load(Ordering::Relaxed);
        if n >= allowed.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_micros(200));
            continue;
        }
        progress.sent.store(n + 1, Ordering::SeqCst);
        post_group(&mut stream, token, &format!("{client} {n}"));
        progress.answered.store(n + 1, Ordering::SeqCst);
    }
}

/// How many groups of each client a database has. Asserts that it is a snapshot between two commits: only complete
/// requests, without a gap in the whole file or in any client's requests.
fn groups_per_client(db: &Path) -> Vec<usize> {
    let conn = Connection::open(db).unwrap();
    let count = |sql: &str| -> i64 { conn.query_row(sql, [], |row| row.get(0)).unwrap() };
    let groups = count("SELECT count(*) FROM groups");
    assert_eq!(count("SELECT coalesce(max(pk), 0) FROM groups"), groups);
    assert_eq!(count("SELECT count(*) FROM contacts"), 2 * groups);
    assert_eq!(count("SELECT count(*) FROM members"), 2 * groups);
    assert_eq!(count("SELECT count(*) FROM conversations"), 3 * groups);
    let mut statement = conn.prepare("SELECT name FROM groups ORDER BY pk").unwrap();
    let names = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let mut each = vec![0; CLIENTS];
    for name in names {
        let name = name.unwrap();
        let (client, n) = name.split_once(' ').unwrap();
        let next = &mut each[client.parse::<usize>().unwrap()];
        assert_eq!(n.parse(), Ok(*next), "a gap before {name}");
        *next += 1;
    }
    each
}

#[test]
fn a_backup_under_load_is_a_snapshot_between_two_commits_with_everything_acknowledged() {
    let count: usize = env::number("GROUPS_BACKUPS").unwrap_or(100);
    let folder = Folder::new();
    let token = folder.succeed(&["token", "create"]);
    let server = folder.serve(&["--log-level", "warn"]);
    let addr = server.url.trim_start_matches("http://");
    let clients: Vec<Progress> = (0..CLIENTS).map(|_| Progress::default()).collect();
    let (allowed, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
    let counts = |counter: fn(&Progress) -> &AtomicUsize| -> Vec<usize> {
        clients
            .iter()
            .map(|progress| counter(progress).load(Ordering::SeqCst))
            .collect()
    };
    std::thread::scope(|scope| {
        let _end = SetOnDrop(&ended);
        for (number, progress) in clients.iter().enumerate() {
            let (token, allowed, ended) = (token.trim(), &allowed, &ended);
            scope.spawn(move || create_groups(number, progress, addr, token, allowed, ended));
        }
        let mut concurrent = 0;
        for round in 1..=count {
            allowed.store(round * GROUPS_PER_BACKUP, Ordering::Relaxed);
            let before = counts(|progress| &progress.answered);
            folder.succeed(&["backup", "backup.db"]);
            let after = counts(|progress| &progress.sent);
            folder.succeed(&["restore", "backup.db", "--db", "restored.db"]);
            let found = groups_per_client(&folder.path("restored.db"));
            for client in 0..CLIENTS {
                assert!(
                    (before[client]..=after[client]).contains(&found[client]),
                    "{before:?} {found:?} {after:?}"
                );
            }
            concurrent += usize::from(found != before && found != after);
            remove_kept(&folder);
        }
        assert!(
            concurrent * 5 > count,
            "only {concurrent} backups were made amid writes"
        );
        println!("{count} backups restored, each a snapshot between two commits, {concurrent} of them amid writes");
    });
    assert_eq!(mode(&folder.path("backup.db")), 0o600);
    drop(server.stop());
}
