//! Database corruption: `check` reports it, a start after an unclean stop refuses it, and a server that meets it exits.

use std::fs;

use rusqlite::Connection;
use test_support::process::{Folder, has_curl};

/// Overwrites the start of the root page of a table or index, as a faulty disk might.
fn corrupt(folder: &Folder, name: &str) {
    let path = folder.path("groups.db");
    let conn = Connection::open(&path).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
    let page: usize = conn.query_row(sql, [name], |row| row.get(0)).unwrap();
    drop(conn);
    let mut bytes = fs::read(&path).unwrap();
    bytes[(page - 1) * 4_096..][..64].fill(0xff);
    fs::write(path, bytes).unwrap();
}

#[test]
fn check_distinguishes_an_intact_file_from_a_corrupt_one_and_changes_neither() {
    let folder = Folder::new();
    let missing = folder.run(&["check"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8(missing.stderr).unwrap().contains("there is no file"));
    assert!(fs::read_dir(folder.path("")).unwrap().next().is_none());
    folder.succeed(&["token", "create"]);
    let server = folder.serve(&[]);
    assert_eq!(folder.succeed(&["check"]), "groups.db: no problems found\n");
    drop(server.stop());
    assert_eq!(
        folder.succeed(&["check", "--db", "groups.db"]),
        "groups.db: no problems found\n"
    );
    corrupt(&folder, "members");
    let before = fs::read(folder.path("groups.db")).unwrap();
    let found = folder.run(&["check"]);
    assert_eq!(found.status.code(), Some(1));
    let (lines, error) = (
        String::from_utf8(found.stdout).unwrap(),
        String::from_utf8(found.stderr).unwrap(),
    );
    assert!(lines.lines().count() > 1 && lines.starts_with("SQLite: "), "{lines}");
    assert!(
        error.contains("groups.db is corrupt") && error.contains("restore"),
        "{error}"
    );
    assert!(fs::read(folder.path("groups.db")).unwrap() == before);
}

#[test]
fn a_corrupt_file_is_refused_after_an_unclean_stop_and_keeps_its_wal() {
    let folder = Folder::new();
    folder.succeed(&["token", "create"]);
    let server = folder.serve(&[]);
    // An open read transaction keeps the commit that follows in the WAL.
    let other = Connection::open(folder.path("groups.db")).unwrap();
    other.execute_batch("BEGIN; SELECT * FROM tokens").unwrap();
    folder.succeed(&["token", "create"]);
    server.signal("KILL");
    let wal = fs::read(folder.path("groups.db-wal")).unwrap();
    let file = fs::read(folder.path("groups.db")).unwrap();
    drop((server, other));
    fs::write(folder.path("groups.db"), file).unwrap();
    corrupt(&folder, "messages");
    fs::write(folder.path("groups.db-wal"), &wal).unwrap();
    let refused = folder.run(&["--listen", "127.0.0.1:0"]);
    let stderr = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("is corrupt and is not served") && stderr.contains("groups-server restore"),
        "{stderr}"
    );
    assert!(fs::read(folder.path("groups.db-wal")).unwrap() == wal);
}

#[test]
fn a_server_that_meets_corruption_exits_and_says_why() {
    if !has_curl() {
        return;
    }
    for (method, name) in [("GET", "contacts_all"), ("POST", "contacts")] {
        let folder = Folder::new();
        let token = folder.succeed(&["token", "create"]);
        corrupt(&folder, name);
        let server = folder.serve(&[]);
        assert_eq!(server.status(token.trim(), "/v1/groups"), "200");
        let status = server.request(method, token.trim(), "/v1/contacts", "username=Kevin");
        assert_eq!(status, "500", "{method}");
        let (code, log) = server.wait_for_exit();
        assert_eq!(code, Some(1), "{log}");
        assert!(
            log.contains("the database is corrupt (database disk image is malformed)"),
            "{log}"
        );
        assert!(
            log.contains("groups-server check") && log.contains("groups-server restore"),
            "{log}"
        );
    }
}
