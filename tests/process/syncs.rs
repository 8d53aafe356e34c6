//! What is put in a place, or shown, is on the disk before. A power cut cannot be had here: strace tells the order of the
//! calls. What SQLite writes and syncs by itself is for tests/faults.

use test_support::process::{Folder, has_tool, shell};

/// Whether the calls of a program can be looked at here; in a container that may be forbidden.
fn may_trace() -> bool {
    let may = has_tool("strace") && shell("strace -o /dev/null true").status.success();
    if !may {
        eprintln!("skipped: this test needs strace and the right to use it");
    }
    may
}

/// What a command does to files, a call a line.
fn calls(folder: &Folder, args: &[&str]) -> Vec<String> {
    let names = "openat|p?write(64)?|copy_file_range|sendfile|splice|ftruncate|f(data)?sync|rename.*|link.*";
    let line = format!("exec timeout 60 strace -f -y -o trace -e 'trace=/^({names})$' \"$0\" \"$@\"");
    let output = folder.shell_command(&line, args).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {told}");
    let trace = std::fs::read_to_string(folder.path("trace")).unwrap();
    // Before the call stands the number of the thread.
    let call = |line: &str| line.split_once(' ').map(|(_, call)| call.trim_start().to_owned());
    trace.lines().filter_map(call).collect()
}

fn is_sync(call: &str, of: &str) -> bool {
    (call.starts_with("fsync(") || call.starts_with("fdatasync(")) && call.contains(&format!("{of}>"))
}

/// Holds that the file `from` is given the name `to` after a sync of all that was written to it, and that this name is
/// synced then.
#[track_caller]
fn assert_synced_before_renamed(folder: &Folder, calls: &[String], from: &str, to: &str) {
    let (from, to) = (format!("/{from}"), format!("/{to}"));
    let renamed = calls.iter().position(|call| {
        call.starts_with("rename") && call.contains(&format!("{from}\"")) && call.contains(&format!("{to}\""))
    });
    let renamed = renamed.unwrap_or_else(|| panic!("{from} is not renamed to {to}: {calls:#?}"));
    let is_write =
        |call: &&String| call.contains(&format!("{from}>")) && !call.starts_with("openat(") && !is_sync(call, &from);
    let mut since_last_write = calls[..renamed].iter().rev().take_while(|call| !is_write(call));
    assert!(
        since_last_write.any(|call| is_sync(call, &from)),
        "{from} is renamed to {to} before it is synced: {calls:#?}"
    );
    let own = folder.path("").canonicalize().unwrap();
    assert!(
        calls[renamed..].iter().any(|call| is_sync(call, own.to_str().unwrap())),
        "the name {to} is not synced: {calls:#?}"
    );
}

#[test]
fn what_takes_a_place_is_on_the_disk_before() {
    if !may_trace() {
        return;
    }
    let folder = Folder::new();
    let made = calls(&folder, &["token", "create"]);
    assert_synced_before_renamed(&folder, &made, "groups.db-new", "groups.db");
    let backed_up = calls(&folder, &["backup", "backup.db"]);
    assert_synced_before_renamed(&folder, &backed_up, "groups-backup-draft", "backup.db");
    let restored = calls(&folder, &["restore", "backup.db"]);
    assert_synced_before_renamed(&folder, &restored, "groups.db-new", "groups.db-restored");
}

/// It may hold a commit that nobody has synced: what was read from it could else be lost by a power cut.
#[test]
fn the_log_of_a_server_that_was_killed_is_synced_before_it_is_read() {
    if !may_trace() {
        return;
    }
    let folder = Folder::new();
    folder.succeed(&["token", "create"]);
    let server = folder.serve(&[]);
    folder.succeed(&["token", "create"]);
    server.signal("KILL");
    drop(server);
    let calls = calls(&folder, &["token", "list"]);
    let synced = calls.iter().position(|call| is_sync(call, "/groups.db-wal"));
    // This is what SQLite reads a log by.
    let read = calls
        .iter()
        .position(|call| call.starts_with("openat(") && call.contains("/groups.db-shm\""));
    assert!(read.is_some() && synced.is_some() && synced < read, "{calls:#?}");
}
