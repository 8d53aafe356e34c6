//! The command `backup`.

use std::collections::HashMap;
use std::fs;

use rusqlite::Connection;
use test_support::process::Folder;

use super::files::{assert_fails, groups, kill_at, make_group, remove_kept};

#[test]
fn a_backup_overwrites_only_a_backup() {
    let folder = Folder::new();
    let path = |name: &str| folder.path(name);
    make_group(&folder, "groups.db", "one");
    make_group(&folder, "other.db", "two");
    make_group(&folder, "groups-backup-draft", "three");
    fs::write(path("text"), "mine").unwrap();
    fs::create_dir(path("folder")).unwrap();
    fs::hard_link(path("groups.db"), path("hard.db")).unwrap();
    std::os::unix::fs::symlink("groups.db", path("soft.db")).unwrap();
    folder.succeed(&["backup", "folder/backup.db"]);
    fs::copy(path("folder/backup.db"), path("folder/with-journal.db")).unwrap();
    fs::write(path("folder/with-journal.db-journal"), "stale").unwrap();
    let before: Vec<_> = ["groups.db", "other.db", "text"]
        .iter()
        .map(|name| fs::read(path(name)).unwrap())
        .collect();
    for (file, why) in [
        ("groups.db", "is the database"),
        ("./folder/../groups.db", "is the database"),
        ("hard.db", "is the database"),
        ("soft.db", "is the database"),
        ("groups.db-wal", "is the database"),
        ("groups.db-lock", "is the database"),
        ("groups-backup-draft", "where a backup is drafted"),
        ("other.db", "was in use"),
        ("text", "not a backup of groups-server"),
        ("folder", "is not a file"),
        ("folder/with-journal.db", "has a journal beside it"),
        ("none/backup.db", "cannot open the folder none"),
    ] {
        assert_fails(&folder, &["backup", file], why);
    }
    let draft_is_db = ["backup", "--db", "groups-backup-draft", "backup.db"];
    assert_fails(&folder, &draft_is_db, "where a backup is drafted");
    assert_fails(&folder, &["backup", "--db", "none.db", "backup.db"], "there is no file");
    let after: Vec<_> = ["groups.db", "other.db", "text"]
        .iter()
        .map(|name| fs::read(path(name)).unwrap())
        .collect();
    assert!(before == after);
    // A symlink to an earlier backup is followed.
    std::os::unix::fs::symlink("folder/backup.db", path("latest")).unwrap();
    make_group(&folder, "groups.db", "four");
    folder.succeed(&["backup", "latest"]);
    assert!(path("latest").is_symlink());
    assert_eq!(groups(&folder, "folder/backup.db"), ["one", "four"]);
}

#[test]
fn a_backup_does_not_upgrade_an_older_file() {
    let folder = Folder::new();
    let older = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/schema-1.db");
    fs::copy(older, folder.path("groups.db")).unwrap();
    let version = |name: &str| -> i32 {
        let conn = Connection::open(folder.path(name)).unwrap();
        conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    };
    folder.succeed(&["backup", "backup.db"]);
    assert_eq!((version("groups.db"), version("backup.db")), (1, 1));
    let exported = folder.succeed(&["export", "-"]);
    folder.succeed(&["restore", "backup.db"]);
    assert_eq!(version("groups.db"), 1, "the next start upgrades it, not the restore");
    assert_eq!(folder.succeed(&["export", "-"]), exported);
}

#[test]
fn an_earlier_backup_survives_one_that_fails() {
    let folder = Folder::new();
    make_group(&folder, "groups.db", "one");
    folder.succeed(&["backup", "backup.db"]);
    let before = fs::read(folder.path("backup.db")).unwrap();
    make_group(&folder, "groups.db", "two");
    // Writes beyond a file size of 100 blocks fail, as on a full disk.
    let limited = "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\"";
    let output = folder
        .shell_command(limited, &["backup", "backup.db"])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("cannot back up to"), "{stderr}");
    assert_eq!(fs::read(folder.path("backup.db")).unwrap(), before);
    assert!(!folder.path("groups-backup-draft").exists());
    // A corrupt database is not backed up.
    let conn = Connection::open(folder.path("groups.db")).unwrap();
    let page: i64 = conn
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'groups'", [], |row| {
            row.get(0)
        })
        .unwrap();
    conn.close().unwrap();
    let mut bytes = fs::read(folder.path("groups.db")).unwrap();
    let at = usize::try_from(page - 1).unwrap() * 4_096;
    bytes[at..at + 8].fill(0xff);
    fs::write(folder.path("groups.db"), bytes).unwrap();
    assert_fails(&folder, &["backup", "backup.db"], "corrupt");
    assert_eq!(fs::read(folder.path("backup.db")).unwrap(), before);
}

#[test]
fn a_killed_backup_leaves_the_earlier_one_or_a_complete_new_one() {
    let folder = Folder::new();
    make_group(&folder, "groups.db", "one");
    folder.succeed(&["backup", "earlier.db"]);
    make_group(&folder, "groups.db", "two");
    let earlier = || assert!(fs::copy(folder.path("earlier.db"), folder.path("backup.db")).unwrap() > 0);
    let mut seen = HashMap::new();
    kill_at(25, &folder, &["backup", "backup.db"], earlier, || {
        fs::copy(folder.path("backup.db"), folder.path("copy.db")).unwrap();
        folder.succeed(&["restore", "--db", "restored.db", "copy.db"]);
        *seen.entry(groups(&folder, "restored.db").len()).or_insert(0) += 1;
        remove_kept(&folder);
    });
    assert!(seen[&1] > 0 && seen[&2] > 0 && seen.len() == 2, "{seen:?}");
    folder.succeed(&["backup", "backup.db"]);
    assert!(!folder.path("groups-backup-draft").exists());
}
