//! Files are synced before they are renamed into place, and the WAL before it is read. There are no power cuts here:
//! strace shows the order of the system calls. What SQLite itself writes and syncs is covered by `tests/faults/`.

use test_support::process::{Folder, has_tool, shell};

/// Whether processes can be traced here. In a container that may be forbidden.
fn may_trace() -> bool {
    let may = has_tool("strace") && shell("strace -o /dev/null true").status.success();
    if !may {
        eprintln!("skipped: this test needs strace and permission to use it");
    }
    may
}

/// The system calls by which a command opens, writes, syncs and renames files, one per line.
fn calls(folder: &Folder, args: &[&str]) -> Vec<String> {
    let names = "openat|p?write(64)?|copy_file_range|sendfile|splice|ftruncate|f(data)?sync|rename.*|link.*";
    let line = format!("exec timeout 60 strace -f -y -o trace -e 'trace=/^({names})$' \"$0\" \"$@\"");
    let output = folder.shell_command(&line, args).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {stderr}");
    let trace = std::fs::read_to_string(folder.path("trace")).unwrap();
    // Each line begins with a thread id.
    let call = |line: &str| line.split_once(' ').map(|(_, call)| call.trim_start().to_owned());
    trace.lines().filter_map(call).collect()
}

fn is_sync(call: &str, path: &str) -> bool {
    (call.starts_with("fsync(") || call.starts_with("fdatasync(")) && call.contains(&format!("{path}>"))
}

/// Asserts that the file `from` is synced after the last write to it, then renamed to `to`, and that the folder is
/// synced after that.
#[track_caller]
fn assert_synced_before_renamed(folder: &Folder, calls: &[String], from: &str, to: &str) {
    let (from, to) = (format!("/{from}"), format!("/{to}"));
    let renamed = calls.iter().position(|call| {
        call.starts_with("rename") && call.contains(&format!("{from}\"")) && call.contains(&format!("{to}\""))
    });
    let renamed = renamed.unwrap_or_else(|| panic!("{from} was not renamed to {to}: {calls:#?}"));
    let is_write =
        |call: &&String| call.contains(&format!("{from}>")) && !call.starts_with("openat(") && !is_sync(call, &from);
    let mut since_last_write = calls[..renamed].iter().rev().take_while(|call| !is_write(call));
    assert!(
        since_last_write.any(|call| is_sync(call, &from)),
        "{from} was renamed to {to} without a sync: {calls:#?}"
    );
    let directory = folder.path("").canonicalize().unwrap();
    assert!(
        calls[renamed..]
            .iter()
            .any(|call| is_sync(call, directory.to_str().unwrap())),
        "the folder was not synced after {to} was named: {calls:#?}"
    );
}

#[test]
fn files_are_synced_before_they_are_renamed_into_place() {
    if !may_trace() {
        return;
    }
    let folder = Folder::new();
    let created = calls(&folder, &["token", "create"]);
    assert_synced_before_renamed(&folder, &created, "groups.db-new", "groups.db");
    let backed_up = calls(&folder, &["backup", "backup.db"]);
    assert_synced_before_renamed(&folder, &backed_up, "groups-backup-draft", "backup.db");
    let restored = calls(&folder, &["restore", "backup.db"]);
    assert_synced_before_renamed(&folder, &restored, "groups.db-new", "groups.db-restored");
}

/// The WAL may end with a commit that was never synced. If a start showed it before syncing it, a power cut could take
/// back what a client has already read.
#[test]
fn the_wal_of_a_killed_server_is_synced_before_it_is_read() {
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
    // SQLite opens the WAL index before it reads the WAL.
    let read = calls
        .iter()
        .position(|call| call.starts_with("openat(") && call.contains("/groups.db-shm\""));
    assert!(read.is_some() && synced.is_some() && synced < read, "{calls:#?}");
}
