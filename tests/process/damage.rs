//! Damage: what `check` says, what a start refuses, and that a server which meets it ends.

use std::fs;

use rusqlite::Connection;
use test_support::process::{Folder, has_curl};

/// Makes the first page of a table or an index none, as a disk would.
fn damage(folder: &Folder, of: &str) {
    let path = folder.path("groups.db");
    let conn = Connection::open(&path).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
    let page: usize = conn.query_row(sql, [of], |row| row.get(0)).unwrap();
    drop(conn);
    let mut bytes = fs::read(&path).unwrap();
    bytes[(page - 1) * 4_096..][..64].fill(0xff);
    fs::write(path, bytes).unwrap();
}

#[test]
fn check_tells_a_sound_file_from_a_damaged_one_and_changes_neither() {
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
    damage(&folder, "members");
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
fn a_damaged_file_is_refused_after_an_unclean_stop_and_keeps_its_log() {
    let folder = Folder::new();
    folder.succeed(&["token", "create"]);
    let server = folder.serve(&[]);
    // The log is left with a commit.
    let other = Connection::open(folder.path("groups.db")).unwrap();
    other.execute_batch("BEGIN; SELECT * FROM tokens").unwrap();
    folder.succeed(&["token", "create"]);
    server.signal("KILL");
    let log = fs::read(folder.path("groups.db-wal")).unwrap();
    let file = fs::read(folder.path("groups.db")).unwrap();
    drop((server, other));
    fs::write(folder.path("groups.db"), file).unwrap();
    damage(&folder, "messages");
    fs::write(folder.path("groups.db-wal"), &log).unwrap();
    let refused = folder.run(&["--listen", "127.0.0.1:0"]);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(
        told.contains("cannot be served whole") && told.contains("groups-server restore"),
        "{told}"
    );
    assert!(fs::read(folder.path("groups.db-wal")).unwrap() == log);
}

#[test]
fn a_server_that_meets_damage_ends_and_says_so() {
    if !has_curl() {
        return;
    }
    for (method, of) in [("GET", "contacts_all"), ("POST", "contacts")] {
        let folder = Folder::new();
        let token = folder.succeed(&["token", "create"]);
        damage(&folder, of);
        let server = folder.serve(&[]);
        assert_eq!(server.status(token.trim(), "/v1/groups"), "200");
        let status = server.request(method, token.trim(), "/v1/contacts", "username=Kevin");
        assert_eq!(status, "500", "{method}");
        let (code, log) = server.wait_for_exit();
        assert_eq!(code, Some(1), "{log}");
        assert!(
            log.contains("the database is damaged (database disk image is malformed)"),
            "{log}"
        );
        assert!(
            log.contains("groups-server check") && log.contains("groups-server restore"),
            "{log}"
        );
    }
}
