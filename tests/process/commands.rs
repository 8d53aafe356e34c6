//! The commands `token`, `import`, `export` and `openapi`, with and without a server running on the same file.

use test_support::documented::SAMPLE;
use test_support::process::{Folder, curl, has_curl, mode};

#[test]
fn tokens_are_created_listed_and_revoked_while_a_server_runs() {
    if !has_curl() {
        return;
    }
    let folder = Folder::new();
    let first = folder.succeed(&["token", "create"]);
    let server = folder.serve(&[]);
    let full = folder.succeed(&[
        "token",
        "create",
        "--account",
        "other",
        "--name",
        "for the bot",
        "--expires",
        "90d",
    ]);
    let read = folder.succeed(&["token", "create", "--read-only"]);
    for token in [&first, &full, &read] {
        assert!(
            token.trim().starts_with("groups_") && token.trim().len() == 50,
            "{token}"
        );
        assert_eq!(server.status(token.trim(), "/v1/groups"), "200");
    }
    let list = folder.succeed(&["token", "list"]);
    let rows: Vec<&str> = list.lines().collect();
    assert_eq!(rows.len(), 4, "{list}");
    assert!(
        rows[2].contains("other") && rows[2].contains("for the bot") && rows[2].ends_with("valid"),
        "{list}"
    );
    assert!(rows[3].contains("read"), "{list}");
    assert!(!list.contains(full.trim()));
    let id = rows[2].split(' ').next().unwrap();
    folder.succeed(&["token", "revoke", id]);
    assert_eq!(
        server.status(full.trim(), "/v1/groups"),
        "401",
        "revocation takes effect immediately"
    );
    assert_eq!(server.status(first.trim(), "/v1/groups"), "200");
    assert!(
        folder
            .succeed(&["token", "list"])
            .lines()
            .nth(2)
            .unwrap()
            .ends_with("revoked")
    );
    let unknown = folder.run(&["token", "revoke", "AAAAAAAAAAAAAAAA"]);
    assert_eq!(unknown.status.code(), Some(1));
    drop(server.stop());
}

#[test]
fn the_database_file_contains_no_token() {
    let folder = Folder::new();
    let token = folder.succeed(&["token", "create"]);
    let bytes = std::fs::read(folder.path("groups.db")).unwrap();
    let secret = token.trim().as_bytes();
    assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    assert_eq!(mode(&folder.path("groups.db")), 0o600);
}

#[test]
fn an_export_can_be_imported_through_the_standard_streams() {
    let folder = Folder::new();
    std::fs::write(folder.path("sample"), SAMPLE).unwrap();
    folder.succeed(&["import", "sample"]);
    let exported = folder.succeed(&["export", "-"]);
    assert_eq!(
        exported.lines().count(),
        13,
        "every contact and group with its conversation, and a message"
    );
    folder.succeed(&["export", "copy"]);
    assert_eq!(std::fs::read_to_string(folder.path("copy")).unwrap(), exported);
    let mut import = folder.command(&["import", "--db", "other.db", "-"]);
    import.stdin(std::fs::File::open(folder.path("copy")).unwrap());
    let output = import.output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "13 added, 0 replaced, 0 skipped\n"
    );
    assert_eq!(folder.succeed(&["export", "--db", "other.db", "-"]), exported);
}

#[test]
fn a_command_that_fails_says_why_and_changes_nothing() {
    let folder = Folder::new();
    std::fs::write(
        folder.path("sample"),
        "{\"kind\":\"contact\",\"username\":\"a\"}\nnonsense\n",
    )
    .unwrap();
    folder.succeed(&["token", "create"]);
    std::fs::write(folder.path("taken"), "mine").unwrap();
    for (args, why) in [
        (&["import", "sample"][..], "line 2: it is not JSON"),
        (&["import", "missing"], "cannot read missing"),
        (&["export", "taken"], "cannot write taken"),
        (
            &["export", "--account", "nobody", "-"],
            "there is no account \"nobody\"",
        ),
        (&["export", "--db", "none.db", "-"], "there is no file"),
        (&["token", "list", "--db", "none.db"], "there is no file"),
    ] {
        let output = folder.run(args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(
            stderr.starts_with(&format!("groups-server: {why}")) || stderr.contains(why),
            "{args:?}: {stderr}"
        );
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    assert_eq!(folder.succeed(&["export", "-"]), "");
    assert_eq!(std::fs::read_to_string(folder.path("taken")).unwrap(), "mine");
    assert!(!folder.path("none.db").exists());
}

#[test]
fn a_token_that_cannot_be_printed_is_not_created() {
    let folder = Folder::new();
    folder.succeed(&["token", "create"]);
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = folder.command(&["token", "create"]).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write to standard output"));
    assert_eq!(folder.succeed(&["token", "list"]).lines().count(), 2);
    let with_full_stderr = |args: &[&str]| folder.command(args).stderr(full()).output().unwrap().status.code();
    assert_eq!(
        with_full_stderr(&["token", "create"]),
        Some(0),
        "messages on standard error are best effort"
    );
    assert_eq!(with_full_stderr(&["export", "missing/file"]), Some(1));
}

#[test]
fn a_failed_export_leaves_no_file_and_a_successful_one_is_private_to_its_owner() {
    let folder = Folder::new();
    folder.succeed(&["token", "create"]);
    assert_eq!(
        folder.run(&["export", "--account", "nobody", "out"]).status.code(),
        Some(1)
    );
    assert!(!folder.path("out").exists());
    folder.succeed(&["export", "out"]);
    assert_eq!(mode(&folder.path("out")), 0o600);
}

#[test]
fn concurrent_commands_on_a_new_file_all_succeed() {
    let folder = Folder::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| folder.succeed(&["token", "create"]));
        }
    });
    assert_eq!(folder.succeed(&["token", "list"]).lines().count(), 9);
}

#[test]
fn read_only_commands_do_not_wait_for_a_writer() {
    let folder = Folder::new();
    folder.succeed(&["token", "create"]);
    let writer = rusqlite::Connection::open(folder.path("groups.db")).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    // The lock is held throughout, so a command that needed it would fail.
    folder.succeed(&["token", "list"]);
    folder.succeed(&["export", "-"]);
    writer.execute_batch("ROLLBACK").unwrap();
}

#[test]
fn openapi_prints_what_a_server_with_the_same_flags_serves() {
    if !has_curl() {
        return;
    }
    let folder = Folder::new();
    let flags = ["--base-path", "/api", "--public-url", "https://groups.example.com"];
    let printed = folder.succeed(&[&["openapi"][..], &flags].concat());
    let server = folder.serve(&flags);
    let served = curl(&[&format!("{}/openapi.json", server.url)]);
    let [printed, served] = [printed, served].map(|text| serde_json::from_str::<serde_json::Value>(&text).unwrap());
    assert_eq!(printed, served);
    assert_eq!(served["servers"][0]["url"], "https://groups.example.com/api");
}
