//! What the program refuses: files that are not its own, files and ports in use, invalid flags.

use std::process::Output;

use test_support::process::Folder;

#[track_caller]
fn assert_refused(output: &Output, code: i32, why: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(why), "{stderr}");
    if code == 1 {
        assert_eq!(stderr.trim_end().lines().count(), 1, "not one plain line: {stderr}");
    }
}

/// Runs every command on `file` and asserts that each refuses it and leaves the file and its folder unchanged.
fn assert_refused_by_all_commands(folder: &Folder, file: &str, why: &str) {
    let listing = || {
        let folder = folder.path("");
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let before = (std::fs::read(folder.path(file)).unwrap(), listing());
    for args in [
        &["--listen", "127.0.0.1:0"][..],
        &["serve", "--listen", "127.0.0.1:0"],
        &["token", "create"],
        &["token", "list"],
        &["export", "-"],
        &["backup", "out"],
    ] {
        let mut args = args.to_vec();
        args.extend(["--db", file]);
        assert_refused(&folder.run(&args), 1, why);
        assert!(
            (std::fs::read(folder.path(file)).unwrap(), listing()) == before,
            "{args:?} changed the file or its folder"
        );
    }
}

#[test]
fn a_file_that_is_not_a_database_is_refused_and_left_alone() {
    let folder = Folder::new();
    std::fs::write(
        folder.path("text.db"),
        "not a database at all, but long enough to have a header in it".repeat(20),
    )
    .unwrap();
    assert_refused_by_all_commands(&folder, "text.db", "is not a database");
    std::fs::write(folder.path("short.db"), "x").unwrap();
    assert_refused_by_all_commands(&folder, "short.db", "is not a database");
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let folder = Folder::new();
    for journal in ["DELETE", "WAL"] {
        let name = format!("{journal}.db");
        let conn = rusqlite::Connection::open(folder.path(&name)).unwrap();
        conn.pragma_update_and_check(None, "journal_mode", journal, |_| Ok(()))
            .unwrap();
        conn.execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)")
            .unwrap();
        conn.close().unwrap();
        assert_refused_by_all_commands(&folder, &name, "is a database of another program");
    }
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let folder = Folder::new();
    folder.succeed(&["token", "create", "--db", "newer.db"]);
    let conn = rusqlite::Connection::open(folder.path("newer.db")).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    conn.close().unwrap();
    assert_refused_by_all_commands(&folder, "newer.db", "was written by a newer groups-server (schema 99");
}

#[test]
fn a_path_that_is_not_a_file_is_refused() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("folder")).unwrap();
    for (db, why) in [
        ("folder", "is not a file"),
        ("none/groups.db", "cannot open the folder none"),
    ] {
        assert_refused(&folder.run(&["--db", db, "--listen", "127.0.0.1:0"]), 1, why);
    }
}

#[test]
fn a_second_server_on_the_same_file_is_refused_under_any_name() {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    std::os::unix::fs::symlink(folder.path("groups.db"), folder.path("link.db")).unwrap();
    for name in ["groups.db", "link.db", "./groups.db"] {
        let output = folder.run(&["--db", name, "--listen", "127.0.0.1:0"]);
        assert_refused(&output, 1, "is in use by another groups-server");
    }
    drop(server.stop());
    drop(folder.serve(&[]).stop());
}

#[test]
fn a_port_in_use_is_reported_and_no_file_is_created() {
    let folder = Folder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    assert_refused(
        &folder.run(&["--listen", &addr]),
        1,
        &format!("cannot listen on {addr}"),
    );
    assert!(!folder.path("groups.db").exists());
}

#[test]
fn an_invalid_flag_or_value_exits_with_2_and_says_what_is_valid() {
    let folder = Folder::new();
    for (args, why) in [
        (&["--listen", "nowhere"][..], "such as 127.0.0.1:8080"),
        (&["--base-path", "api"], "such as /api"),
        (&["--max-body", "lots"], "1MiB"),
        (&["--max-body", "0"], "1MiB"),
        (&["--max-group-contacts=-1"], "whole number from 1"),
        (&["--max-connections", "0"], "whole number from 1"),
        (&["--public-url", "example.com"], "absolute http or https URL"),
        (
            &["--trusted-proxies", "localhost"],
            "such as 127.0.0.1, 10.0.0.0/8 or ::1",
        ),
        (&["--trusted-proxies", "10.0.0.0/33"], "'10.0.0.0/33'"),
        (&["--trusted-proxies", "::1,"], "such as 127.0.0.1"),
        (&["--trusted-proxies", "::ffff:10.0.0.0/104"], "such as 127.0.0.1"),
        (&["--log-format", "xml"], "text, json"),
        (&["--log-level", "loud"], "off, error, warn, info"),
        (&["--nonsense"], "--help"),
        (&["nonsense"], "--help"),
        (&["token"], "create"),
        (&["token", "create", "--expires", "soon"], "such as 30m, 12h, 90d"),
        (&["token", "revoke", "x"], "16 letters and digits"),
        (&["import"], "<FILE>"),
        (&["import", "--existing", "maybe", "x"], "refuse, skip, replace"),
        (&["backup"], "<FILE>"),
        (&["restore"], "<FILE>"),
        (&["--backup-every", "1h"], "--backup-dir"),
        (&["--backup-keep", "3"], "--backup-dir"),
        (&["--backup-dir", ".", "--backup-every", "often"], "such as 30m"),
        (&["--backup-dir", ".", "--backup-keep", "0"], "whole number from 1"),
    ] {
        assert_refused(&folder.run(args), 2, why);
    }
    let mut command = folder.command(&[]);
    assert_refused(
        &command.env("GROUPS_TOKEN", "a b").output().unwrap(),
        2,
        "GROUPS_TOKEN must have 1 to 255",
    );
    let mut command = folder.command(&["--token-file", "x"]);
    assert_refused(&command.env("GROUPS_TOKEN", "abc").output().unwrap(), 2, "not both");
    let mut command = folder.command(&[]);
    assert_refused(&command.env("GROUPS_MAX_BODY", "lots").output().unwrap(), 2, "1MiB");
    let mut command = folder.command(&[]);
    assert_refused(
        &command.env("GROUPS_BACKUP_KEEP", "3").output().unwrap(),
        2,
        "--backup-dir",
    );
    assert!(!folder.path("groups.db").exists());
}

#[test]
fn a_dangling_symlink_is_refused_and_left_alone() {
    let folder = Folder::new();
    std::os::unix::fs::symlink("missing.db", folder.path("link.db")).unwrap();
    assert_refused(
        &folder.run(&["token", "create", "--db", "link.db"]),
        1,
        "is a link to a file that does not exist",
    );
    assert!(folder.path("link.db").is_symlink());
}

#[test]
fn a_wal_without_its_file_is_not_replayed_into_a_new_one() {
    let folder = Folder::new();
    std::fs::write(folder.path("groups.db-wal"), "acknowledged writes").unwrap();
    for args in [&["--listen", "127.0.0.1:0"][..], &["token", "create"], &["import", "-"]] {
        assert_refused(&folder.run(args), 1, "is missing, but its journal");
    }
    assert!(!folder.path("groups.db").exists() && !folder.path("groups.db-new").exists());
    assert_eq!(
        std::fs::read(folder.path("groups.db-wal")).unwrap(),
        b"acknowledged writes"
    );
}

#[test]
fn a_file_whose_checkpoint_was_cut_short_by_a_power_failure_opens_intact() {
    let folder = Folder::new();
    folder.succeed(&["token", "create"]);
    let path = |name: &str| folder.path(name);
    let copy = |from: &str, to: &str| std::fs::copy(path(from), path(to)).unwrap();
    let writer = rusqlite::Connection::open(path("groups.db")).unwrap();
    writer.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    let rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
        INSERT INTO contacts (id, account, username, created_at)
        SELECT printf('%016d', i), 1, printf('user%d', i), 1 FROM n";
    writer.execute_batch(rows).unwrap();
    copy("groups.db", "cut.db");
    copy("groups.db-wal", "cut.db-wal");
    writer.close().unwrap();
    // The checkpoint wrote the first page, which holds the new size, but not yet the pages up to that size.
    let whole = std::fs::read(path("groups.db")).unwrap();
    let mut cut = std::fs::read(path("cut.db")).unwrap();
    assert!(cut.len() < whole.len());
    cut[..4_096].copy_from_slice(&whole[..4_096]);
    std::fs::write(path("cut.db"), cut).unwrap();
    assert_eq!(folder.succeed(&["export", "--db", "cut.db", "-"]).lines().count(), 500);
}
