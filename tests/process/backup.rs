//! Backups, by the command and by the server's schedule, and restores: under load, through kills, and where they must
//! fail. GROUPS_BACKUPS sets how many are made under load.

use std::collections::HashMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::Connection;
use test_support::env;
use test_support::process::{Folder, Server, mode};

const CLIENTS: usize = 4;

/// Groups that each client makes while one backup is made.
const A_ROUND: usize = 3;

#[derive(Default)]
struct Client {
    sent: AtomicUsize,
    answered: AtomicUsize,
}

/// Sets a flag when it is dropped, also by a test that fails.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Makes groups called `CLIENT 0`, `CLIENT 1` and so on, each with two contacts of its own, as far as `allowed` says.
fn make_groups(number: usize, client: &Client, server: &str, token: &str, allowed: &AtomicUsize, ended: &AtomicBool) {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    while !ended.load(Ordering::Relaxed) {
        let n = client.sent.load(Ordering::Relaxed);
        if n >= allowed.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_micros(200));
            continue;
        }
        client.sent.store(n + 1, Ordering::SeqCst);
        post_group(&mut stream, token, &format!("{number} {n}"));
        client.answered.store(n + 1, Ordering::SeqCst);
    }
}

fn post_group(stream: &mut TcpStream, token: &str, name: &str) {
    let user = name.replace(' ', "-");
    let body = format!("name={name}&contacts[][username]=a{user}&contacts[][username]=b{user}");
    let request = format!(
        "POST /v1/groups HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let (mut answer, mut buffer) = (String::new(), [0; 4_096]);
    while !answer.contains("\"archived_at\":null}") {
        let length = stream.read(&mut buffer).unwrap();
        assert!(length > 0, "{answer}");
        answer += std::str::from_utf8(&buffer[..length]).unwrap();
    }
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

/// The groups of each client in a state that must be one between two commits: whole requests, the first so many of the
/// file and of each client.
fn groups_of_each(db: &Path) -> Vec<usize> {
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
fn a_backup_under_load_is_a_state_between_two_commits_with_all_that_was_acknowledged() {
    let count: usize = env::number("GROUPS_BACKUPS").unwrap_or(100);
    let folder = Folder::new();
    let token = folder.succeed(&["token", "create"]);
    let server = folder.serve(&["--log-level", "warn"]);
    let addr = server.url.trim_start_matches("http://");
    let clients: Vec<Client> = (0..CLIENTS).map(|_| Client::default()).collect();
    let (allowed, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
    let told = |what: fn(&Client) -> &AtomicUsize| -> Vec<usize> {
        clients
            .iter()
            .map(|client| what(client).load(Ordering::SeqCst))
            .collect()
    };
    std::thread::scope(|scope| {
        let _end = SetAtEnd(&ended);
        for (number, client) in clients.iter().enumerate() {
            let (token, allowed, ended) = (token.trim(), &allowed, &ended);
            scope.spawn(move || make_groups(number, client, addr, token, allowed, ended));
        }
        let mut in_the_middle = 0;
        for round in 1..=count {
            allowed.store(round * A_ROUND, Ordering::Relaxed);
            let before = told(|client| &client.answered);
            folder.succeed(&["backup", "backup.db"]);
            let after = told(|client| &client.sent);
            folder.succeed(&["restore", "backup.db", "--db", "restored.db"]);
            let there = groups_of_each(&folder.path("restored.db"));
            for client in 0..CLIENTS {
                assert!(
                    (before[client]..=after[client]).contains(&there[client]),
                    "{before:?} {there:?} {after:?}"
                );
            }
            in_the_middle += usize::from(there != before && there != after);
            remove_kept(&folder);
        }
        assert!(
            in_the_middle * 5 > count,
            "only {in_the_middle} backups were made while groups were"
        );
        println!(
            "{count} backups restored, {in_the_middle} of them made while groups were, each a state between two commits"
        );
    });
    assert_eq!(mode(&folder.path("backup.db")), 0o600);
    drop(server.stop());
}

/// What restores have kept, without the logs.
fn kept(folder: &Folder) -> Vec<PathBuf> {
    names(&folder.path(""))
        .into_iter()
        .filter(|name| name.contains("-before-restore-") && !name.ends_with("-wal"))
        .map(|name| folder.path(&name))
        .collect()
}

fn remove_kept(folder: &Folder) {
    for kept in kept(folder) {
        fs::remove_file(kept).unwrap();
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A folder with a backup, `backup.db`, of the group `backed up`, and a database whose group `later` is in the log
/// alone, as a server that was killed left it.
fn backup_and_database() -> Folder {
    let folder = Folder::new();
    make_group(&folder, "groups.db", "backed up");
    folder.succeed(&["backup", "backup.db"]);
    let token = folder.succeed(&["token", "create"]);
    let server = folder.serve(&["--log-level", "off"]);
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    // More than one commit: that the last one is damaged nobody can tell from a power cut.
    post_group(&mut stream, token.trim(), "later");
    post_group(&mut stream, token.trim(), "latest");
    server.signal("KILL");
    drop(server);
    assert!(fs::metadata(folder.path("groups.db-wal")).unwrap().len() > 0);
    folder
}

fn make_group(folder: &Folder, db: &str, name: &str) {
    let line = format!("{{\"kind\":\"group\",\"name\":\"{name}\"}}");
    fs::write(folder.path("line"), line).unwrap();
    folder.succeed(&["import", "--db", db, "line"]);
}

/// The names of the groups.
fn groups(folder: &Folder, db: &str) -> Vec<String> {
    let exported = folder.succeed(&["export", "--db", db, "-"]);
    let objects = exported
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    objects
        .filter(|object| object["kind"] == "group")
        .map(|object| object["name"].as_str().unwrap().to_owned())
        .collect()
}

#[track_caller]
fn assert_fails(folder: &Folder, args: &[&str], why: &str) {
    let output = folder.run(args);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{args:?} {told}");
    assert!(told.contains(why), "{args:?} {told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[test]
fn a_restore_leaves_no_log_that_would_bring_the_old_state_back() {
    let folder = backup_and_database();
    let told = folder.run(&["restore", "backup.db"]);
    let told = String::from_utf8(told.stderr).unwrap();
    assert!(!folder.path("groups.db-wal").exists());
    assert_eq!(groups(&folder, "groups.db"), ["backed up"]);
    drop(folder.serve(&[]).stop());
    assert_eq!(groups(&folder, "groups.db"), ["backed up"]);
    let kept = kept(&folder).pop().unwrap();
    assert!(told.contains(kept.to_str().unwrap()), "{told}");
    assert_eq!(
        groups(&folder, kept.to_str().unwrap()),
        ["backed up", "later", "latest"]
    );
    assert_eq!(mode(&folder.path("groups.db")), 0o600);
    folder.succeed(&["restore", "--db", "new.db", "backup.db"]);
    assert_eq!(groups(&folder, "new.db"), ["backed up"]);
}

#[test]
fn a_damaged_database_gives_way_and_is_kept_with_its_log() {
    let folder = backup_and_database();
    fs::write(folder.path("groups.db"), "damaged".repeat(10_000)).unwrap();
    let log = fs::read(folder.path("groups.db-wal")).unwrap();
    folder.succeed(&["restore", "backup.db"]);
    assert_eq!(groups(&folder, "groups.db"), ["backed up"]);
    let kept = kept(&folder).pop().unwrap();
    assert!(fs::read(&kept).unwrap().starts_with(b"damageddamaged"));
    assert_eq!(fs::read(format!("{}-wal", kept.display())).unwrap(), log);
    // A log whose middle is damaged holds commits that SQLite would drop: both are kept as they are.
    let folder = backup_and_database();
    let [db, wal] = ["groups.db", "groups.db-wal"].map(|name| folder.path(name));
    let mut log = fs::read(&wal).unwrap();
    log[32 + 24 + 100] ^= 1;
    fs::write(&wal, &log).unwrap();
    let file = fs::read(&db).unwrap();
    folder.succeed(&["restore", "backup.db"]);
    assert_eq!(groups(&folder, "groups.db"), ["backed up"]);
    let kept = self::kept(&folder).pop().unwrap();
    let kept_log = fs::read(format!("{}-wal", kept.display())).unwrap();
    assert!(fs::read(&kept).unwrap() == file && kept_log == log);
}

#[test]
fn a_restore_cut_short_in_the_moving_of_a_damaged_database_keeps_anything_from_being_made_anew() {
    for with_log in [true, false] {
        let folder = backup_and_database();
        let path = |name: &str| folder.path(name);
        fs::copy(path("backup.db"), path("groups.db-restored")).unwrap();
        fs::rename(path("groups.db"), path("moved")).unwrap();
        if !with_log {
            fs::rename(path("groups.db-wal"), path("moved-wal")).unwrap();
        }
        for args in [
            &["--listen", "127.0.0.1:0"][..],
            &["token", "create"],
            &["import", "line"],
        ] {
            assert_fails(&folder, args, "is missing, ");
        }
        assert!(!path("groups.db").exists());
        folder.succeed(&["restore", "backup.db"]);
        assert_eq!(groups(&folder, "groups.db"), ["backed up"]);
        assert!(!path("groups.db-restored").exists());
    }
}

#[test]
fn a_restore_that_cannot_be_done_changes_nothing() {
    let folder = backup_and_database();
    let path = |name: &str| folder.path(name);
    fs::write(path("text"), "no database").unwrap();
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
    edited("unsound.db", "DROP INDEX groups_active");
    edited("logged.db", "");
    fs::write(path("logged.db-wal"), "").unwrap();
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
        ("text", "is no backup that can be read"),
        ("foreign.db", "is a database of another program"),
        ("newer.db", "schema 99"),
        ("logged.db", "has a log beside it"),
        ("cut.db", "damaged"),
        ("unsound.db", "damaged"),
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
fn a_restore_refuses_while_the_database_is_in_use() {
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
fn a_backup_is_written_over_nothing_but_a_backup() {
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
    fs::copy(path("folder/backup.db"), path("folder/logged.db")).unwrap();
    fs::write(path("folder/logged.db-journal"), "of another time").unwrap();
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
        ("text", "no backup of a groups-server"),
        ("folder", "is not a file"),
        ("folder/logged.db", "has a log beside it"),
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
    // A link to an earlier backup leads to it.
    std::os::unix::fs::symlink("folder/backup.db", path("latest")).unwrap();
    make_group(&folder, "groups.db", "four");
    folder.succeed(&["backup", "latest"]);
    assert!(path("latest").is_symlink());
    assert_eq!(groups(&folder, "folder/backup.db"), ["one", "four"]);
}

#[test]
fn a_backup_of_an_older_file_leaves_that_as_it_was() {
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
    assert_eq!(version("groups.db"), 1, "the next start brings it forward");
    assert_eq!(folder.succeed(&["export", "-"]), exported);
}

#[test]
fn an_earlier_backup_outlives_one_that_fails() {
    let folder = Folder::new();
    make_group(&folder, "groups.db", "one");
    folder.succeed(&["backup", "backup.db"]);
    let before = fs::read(folder.path("backup.db")).unwrap();
    make_group(&folder, "groups.db", "two");
    // A file may have 100 blocks, as if the disk were full then.
    let limited = "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\"";
    let output = folder
        .shell_command(limited, &["backup", "backup.db"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot back up to"), "{told}");
    assert_eq!(fs::read(folder.path("backup.db")).unwrap(), before);
    assert!(!folder.path("groups-backup-draft").exists());
    // Damage is found.
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
    assert_fails(&folder, &["backup", "backup.db"], "damaged");
    assert_eq!(fs::read(folder.path("backup.db")).unwrap(), before);
}

/// Runs the command and kills it at so many moments spread over the time that it takes; `then` looks at what is left.
fn kill_at(moments: u32, folder: &Folder, args: &[&str], mut before: impl FnMut(), mut then: impl FnMut()) {
    before();
    let began = Instant::now();
    folder.succeed(args);
    let whole = began.elapsed();
    then();
    for moment in 0..moments {
        before();
        let mut child = folder.command(args).stderr(Stdio::null()).spawn().unwrap();
        // A moment is what is asked for here, and no event.
        std::thread::sleep(whole * moment / moments);
        child.kill().unwrap();
        child.wait().unwrap();
        then();
    }
}

#[test]
fn a_backup_that_is_killed_leaves_the_earlier_one_or_a_whole_new_one() {
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

#[test]
fn a_restore_that_is_killed_leaves_the_old_database_with_its_log_or_the_new_one() {
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

/// Waits for something that a server does by itself.
#[track_caller]
fn wait_until(server: &Server, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
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
fn a_server_makes_backups_by_itself_and_deletes_only_its_own() {
    let folder = Folder::new();
    make_group(&folder, "groups.db", "one");
    fs::create_dir_all(folder.path("backups/groups-20200102T000000Z.db")).unwrap();
    let backups = folder.path("backups");
    let strangers = [
        "groups-20200101T000000Z.db-wal",
        "groups-20200101T000000Z.db.gz",
        "groups-20200101T000000.db",
        "groups-20201301T000000Z.db",
        "Groups-20200101T000000Z.db",
        "groups.db",
        "my-groups-20200101T000000Z.db",
    ];
    for name in strangers {
        fs::write(backups.join(name), "not a backup of this server").unwrap();
    }
    // Old ones, and one that a killed server left.
    for name in [
        "groups-20200103T000000Z.db",
        "groups-20210101T000000Z.db",
        "groups-backup-draft",
    ] {
        fs::write(backups.join(name), "old").unwrap();
    }
    let server = serve_with_backups(&folder, "1s", "2");
    let own = || -> Vec<String> {
        let own = |name: &String| name.len() == 26 && !name.contains("2020") && !strangers.contains(&name.as_str());
        names(&backups).into_iter().filter(own).collect()
    };
    let mut seen = std::collections::BTreeSet::new();
    wait_until(&server, || {
        seen.extend(own());
        seen.len() >= 5
    });
    drop(server.stop());
    let left = own();
    assert_eq!(left.len(), 2, "{left:?}");
    assert_eq!(left.last(), seen.last().max(left.last()));
    for name in strangers {
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
fn the_first_backup_comes_when_the_newest_is_older_than_the_period() {
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
    // A clock that was ahead by decades is set right: later backups come after the one of then, and go after it.
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
fn a_backup_that_a_server_cannot_make_is_told_and_tried_again() {
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
fn a_folder_for_backups_must_be_there_and_belongs_to_one_server() {
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
fn a_stop_in_the_middle_of_a_backup_leaves_none_that_is_not_whole() {
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
