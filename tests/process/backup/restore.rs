//! The command `restore`.

use std::collections::HashMap;
use std::fs;

use rusqlite::Connection;
use test_support::process::mode;

use super::files::{assert_fails, backup_and_database, groups, kept, kill_at, names, remove_kept};

#[test]
fn a_restore_leaves_no_wal_that_could_bring_back_the_old_state() {
    let folder = backup_and_database();
    let output = folder.run(&["restore", "backup.db"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!folder.path("groups.db-wal").exists());
    assert_eq!(groups(&folder, "groups.db"), ["backed up"]);
    drop(folder.serve(&[]).stop());
    assert_eq!(groups(&folder, "groups.db"), ["backed up"]);
    let kept = kept(&folder).pop().unwrap();
    assert!(stderr.contains(kept.to_str().unwrap()), "{stderr}");
    assert_eq!(
        groups(&folder, kept.to_str().unwrap()),
        ["backed up", "later", "latest"]
    );
    assert_eq!(mode(&folder.path("groups.db")), 0o600);
    folder.succeed(&["restore", "--db", "new.db", "backup.db"]);
    assert_eq!(groups(&folder, "new.db"), ["backed up"]);
}

#[test]
fn a_restore_replaces_a_corrupt_database_and_keeps_it_with_its_wal() {
    let folder = backup_and_database();
    fs::write(folder.path("groups.db"), "damaged".repeat(10_000)).unwrap();
    let wal = fs::read(folder.path("groups.db-wal")).unwrap();
    folder.succeed(&["restore", "backup.db"]);
    assert_eq!(groups(&folder, "groups.db"), ["backed up"]);
    let kept = kept(&folder).pop().unwrap();
    assert!(fs::read(&kept).unwrap().starts_with(b"damageddamaged"));
    assert_eq!(fs::read(format!("{}-wal", kept.display())).unwrap(), wal);
    // A WAL that is corrupt in the middle has commits that SQLite would discard: file and WAL are kept unchanged.
    let folder = backup_and_database();
    let mut wal = fs::read(folder.path("groups.db-wal")).unwrap();
    wal[32 + 24 + 100] ^= 1;
    fs::write(folder.path("groups.db-wal"), &wal).unwrap();
    let file = fs::read(folder.path("groups.db")).unwrap();
    folder.succeed(&["restore", "backup.db"]);
    assert_eq!(groups(&folder, "groups.db"), ["backed up"]);
    let kept = self::kept(&folder).pop().unwrap();
    let kept_wal = fs::read(format!("{}-wal", kept.display())).unwrap();
    assert!(fs::read(&kept).unwrap() == file && kept_wal == wal);
}

#[test]
fn after_a_restore_is_interrupted_no_command_creates_a_new_database() {
    for with_wal in [true, false] {
        let folder = backup_and_database();
        let path = |name: &str| folder.path(name);
        // The state after the corrupt database was moved away, with or without its WAL.
        fs::copy(path("backup.db"), path("groups.db-restored")).unwrap();
        fs::rename(path("groups.db"), path("moved")).unwrap();
        if !with_wal {
            fs::rename(path("groups.db-wal"), path("moved-wal")).unwrap();
        }
        for args in [
            &["--listen", "127.0.0.1:0"][..],
            &["token", "create"],
            &["import", "line"],
        ] {
            let why = if with_wal {
                "is missing, but its journal"
            } else {
                "because a restore was interrupted"
            };
            assert_fails(&folder, args, why);
        }
        assert!(!path("groups.db").exists());
        folder.succeed(&["restore", "backup.db"]);
        assert_eq!(groups(&folder, "groups.db"), ["backed up"]);
        assert!(!path("groups.db-restored").exists());
    }
}

#[test]
fn a_restore_that_fails_changes_nothing() {
    let folder = backup_and_database();
    let path = |name: &str| folder.path(name);
    fs::write(path("text"), "not a database").unwrap();
    fs::write(path("empty"), "").unwrap();
    Connection::open(path("foreign.db"))
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    let edited = |name: &str, edit: &str| {
        fs::copy(path("backup.db"), path(name)).unwrap();
        Connection::open(path(name)).unwrap().execute_batch(edit).unwrap();
    };
    edited("newer.db", "PRAGMA user_version = 99");
    edited("inconsistent.db", "DROP INDEX groups_active");
    edited("with-wal.db", "");
    fs::write(path("with-wal.db-wal"), "").unwrap();
    fs::hard_link(path("groups.db"), path("link.db")).unwrap();
    let mut cut = fs::read(path("backup.db")).unwrap();
    cut.truncate(cut.len() - 4_096);
    fs::write(path("cut.db"), cut).unwrap();
    let before = (
        fs::read(path("groups.db")).unwrap(),
        fs::read(path("groups.db-wal")).unwrap(),
        names(&path("")),
    );
    for (file, why) in [
        ("none", "is missing or empty"),
        ("empty", "is missing or empty"),
        ("text", "cannot be read as a backup"),
        ("foreign.db", "is a database of another program"),
        ("newer.db", "schema 99"),
        ("with-wal.db", "has a journal beside it"),
        ("cut.db", "corrupt"),
        ("inconsistent.db", "corrupt"),
        ("groups.db", "is the database itself"),
        ("link.db", "is the database itself"),
    ] {
        assert_fails(&folder, &["restore", file], why);
    }
    assert_fails(
        &folder,
        &["restore", "--db", "foreign.db", "backup.db"],
        "is a database of another program",
    );
    let mut after = (
        fs::read(path("groups.db")).unwrap(),
        fs::read(path("groups.db-wal")).unwrap(),
        names(&path("")),
    );
    after
        .2
        .retain(|name| name != "groups.db-lock" || before.2.contains(name));
    assert!(before == after, "{:?} {:?}", before.2, after.2);
}

#[test]
fn a_restore_is_refused_while_the_database_is_in_use() {
    let folder = backup_and_database();
    let server = folder.serve(&[]);
    assert_fails(&folder, &["restore", "backup.db"], "is in use by another groups-server");
    drop(server.stop());
    let command = Connection::open(folder.path("groups.db")).unwrap();
    command
        .query_row("SELECT count(*) FROM groups", [], |_| Ok(()))
        .unwrap();
    assert_fails(&folder, &["restore", "backup.db"], "is in use by another process");
    drop(command);
    assert_eq!(groups(&folder, "groups.db"), ["backed up", "later", "latest"]);
    assert!(kept(&folder).is_empty() && !folder.path("groups.db-restored").exists());
    folder.succeed(&["restore", "backup.db"]);
}

#[test]
fn a_killed_restore_leaves_the_old_database_with_its_wal_or_the_new_one() {
    let folder = backup_and_database();
    for name in ["groups.db", "groups.db-wal"] {
        fs::copy(folder.path(name), folder.path(&format!("kept-{name}"))).unwrap();
    }
    let old = || {
        for name in ["groups.db", "groups.db-wal"] {
            fs::copy(folder.path(&format!("kept-{name}")), folder.path(name)).unwrap();
        }
        drop(fs::remove_file(folder.path("groups.db-shm")));
    };
    let mut seen = HashMap::new();
    kill_at(25, &folder, &["restore", "backup.db"], old, || {
        let found = groups(&folder, "groups.db");
        assert!(
            found == ["backed up"] || found == ["backed up", "later", "latest"],
            "{found:?}"
        );
        let kept = kept(&folder);
        if found.len() == 1 {
            assert_eq!(
                groups(&folder, kept[0].to_str().unwrap()),
                ["backed up", "later", "latest"]
            );
        }
        *seen.entry(found.len()).or_insert(0) += 1;
        remove_kept(&folder);
    });
    assert!(seen[&1] > 0 && seen[&3] > 0, "{seen:?}");
}
