//! Scheduled backups (`--backup-dir`).

use std::fs;
use std::time::{Duration, Instant, SystemTime};

use test_support::process::{Folder, Server, mode};

use super::files::{assert_fails, groups, make_group, names, remove_kept};

/// Waits for something that the server does on its own.
#[track_caller]
fn wait_until(server: &Server, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed().as_secs() < 20, "{}", server.log());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn serve_with_backups(folder: &Folder, every: &str, keep: &str) -> Server {
    folder.serve(&[
        "--backup-dir",
        "backups",
        "--backup-every",
        every,
        "--backup-keep",
        keep,
    ])
}

#[test]
fn scheduled_backups_are_made_and_pruned_and_other_files_are_left_alone() {
    let folder = Folder::new();
    make_group(&folder, "groups.db", "one");
    fs::create_dir_all(folder.path("backups/groups-20200102T000000Z.db")).unwrap();
    let backups = folder.path("backups");
    let other_files = [
        "groups-20200101T000000Z.db-wal",
        "groups-20200101T000000Z.db.gz",
        "groups-20200101T000000.db",
        "groups-20201301T000000Z.db",
        "Groups-20200101T000000Z.db",
        "groups.db",
        "my-groups-20200101T000000Z.db",
    ];
    for name in other_files {
        fs::write(backups.join(name), "not a backup of this server").unwrap();
    }
    // Old backups, and a draft that a killed server left.
    for name in [
        "groups-20200103T000000Z.db",
        "groups-20210101T000000Z.db",
        "groups-backup-draft",
    ] {
        fs::write(backups.join(name), "old").unwrap();
    }
    let server = serve_with_backups(&folder, "1s", "2");
    let backups_made = || -> Vec<String> {
        let is_backup =
            |name: &String| name.len() == 26 && !name.contains("2020") && !other_files.contains(&name.as_str());
        names(&backups).into_iter().filter(is_backup).collect()
    };
    let mut seen = std::collections::BTreeSet::new();
    wait_until(&server, || {
        seen.extend(backups_made());
        seen.len() >= 5
    });
    drop(server.stop());
    let left = backups_made();
    assert_eq!(left.len(), 2, "{left:?}");
    assert_eq!(left.last(), seen.last().max(left.last()));
    for name in other_files {
        assert!(backups.join(name).exists(), "{name} was deleted");
    }
    assert!(backups.join("groups-20200102T000000Z.db").is_dir());
    assert!(!backups.join("groups-20200103T000000Z.db").exists());
    assert!(!backups.join("groups-backup-draft").exists());
    for name in &left {
        let name = format!("backups/{name}");
        assert_eq!(mode(&folder.path(&name)), 0o600);
        folder.succeed(&["restore", "--db", "restored.db", &name]);
        assert_eq!(groups(&folder, "restored.db"), ["one"]);
    }
}

#[test]
fn the_first_scheduled_backup_waits_until_the_newest_is_one_period_old() {
    let folder = Folder::new();
    let backups = folder.path("backups");
    fs::create_dir(&backups).unwrap();
    let count = || names(&backups).iter().filter(|name| name.ends_with("Z.db")).count();
    let server = serve_with_backups(&folder, "1h", "7");
    wait_until(&server, || count() == 1);
    drop(server.stop());
    let server = serve_with_backups(&folder, "1h", "7");
    wait_until(&server, || server.log().contains(", the first in 35"));
    drop(server.stop());
    assert_eq!(count(), 1);
    let set_time = |name: &str, time: SystemTime| {
        let file = fs::File::options().write(true).open(backups.join(name)).unwrap();
        file.set_modified(time).unwrap();
    };
    let (hours, name) = (Duration::from_secs(7_200), names(&backups).pop().unwrap());
    set_time(&name, SystemTime::now() - hours);
    let server = serve_with_backups(&folder, "1h", "7");
    wait_until(&server, || count() == 2);
    drop(server.stop());
    // A clock that was decades ahead has been corrected: later backups still get later names, and outlive that one.
    let future = "groups-20991231T235958Z.db";
    fs::rename(backups.join(names(&backups).pop().unwrap()), backups.join(future)).unwrap();
    set_time(future, SystemTime::now() + hours);
    let server = serve_with_backups(&folder, "1h", "2");
    wait_until(&server, || {
        count() == 2 && names(&backups).last().unwrap() == "groups-20991231T235959Z.db"
    });
    drop(server.stop());
    let server = serve_with_backups(&folder, "1s", "1");
    wait_until(&server, || !backups.join(future).exists() && count() == 1);
    drop(server.stop());
}

#[test]
fn a_scheduled_backup_that_fails_is_logged_and_retried() {
    let folder = Folder::new();
    let draft = folder.path("backups/groups-backup-draft");
    fs::create_dir_all(&draft).unwrap();
    let server = serve_with_backups(&folder, "1s", "7");
    wait_until(&server, || server.log().matches("no backup was made: ").count() >= 2);
    fs::remove_dir(&draft).unwrap();
    wait_until(&server, || server.log().contains("backed up to "));
    drop(server.stop());
}

#[test]
fn a_backup_folder_must_exist_and_belongs_to_one_server() {
    let folder = Folder::new();
    for (dir, why) in [
        ("none", "must be an existing folder"),
        ("file", "must be an existing folder"),
    ] {
        fs::write(folder.path("file"), "").unwrap();
        assert_fails(&folder, &["--listen", "127.0.0.1:0", "--backup-dir", dir], why);
    }
    fs::create_dir(folder.path("backups")).unwrap();
    let server = serve_with_backups(&folder, "1h", "7");
    let second = [
        "--listen",
        "127.0.0.1:0",
        "--db",
        "second.db",
        "--backup-dir",
        "backups",
    ];
    assert_fails(
        &folder,
        &second,
        "is in use by another groups-server; give another --backup-dir",
    );
    drop(server.stop());
}

#[test]
fn stopping_during_a_scheduled_backup_leaves_no_partial_backup() {
    let folder = Folder::new();
    make_group(&folder, "groups.db", "one");
    for keep in 1..=15 {
        fs::create_dir_all(folder.path("backups")).unwrap();
        drop(serve_with_backups(&folder, "1h", &keep.to_string()).stop());
        for name in names(&folder.path("backups"))
            .iter()
            .filter(|name| name.ends_with("Z.db"))
        {
            folder.succeed(&["restore", "--db", "restored.db", &format!("backups/{name}")]);
        }
        assert!(!folder.path("backups/groups-backup-draft").exists());
        remove_kept(&folder);
        fs::remove_dir_all(folder.path("backups")).unwrap();
    }
}
