//! Database files for these tests, and commands that fail or are killed.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use test_support::process::Folder;

/// Creates a group with two new contacts.
pub fn post_group(stream: &mut TcpStream, token: &str, name: &str) {
    let user = name.replace(' ', "-");
    let body = format!("name={name}&contacts[][username]=a{user}&contacts[][username]=b{user}");
    let request = format!(
        "POST /v1/groups HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let (mut response, mut buffer) = (String::new(), [0; 4_096]);
    while !response.contains("\"archived_at\":null}") {
        let length = stream.read(&mut buffer).unwrap();
        assert!(length > 0, "{response}");
        response += std::str::from_utf8(&buffer[..length]).unwrap();
    }
    assert!(response.starts_with("HTTP/1.1 201"), "{response}");
}

/// The databases that restores have replaced and kept, without their WALs.
pub fn kept(folder: &Folder) -> Vec<PathBuf> {
    names(&folder.path(""))
        .into_iter()
        .filter(|name| name.contains("-before-restore-") && !name.ends_with("-wal"))
        .map(|name| folder.path(&name))
        .collect()
}

pub fn remove_kept(folder: &Folder) {
    for kept in kept(folder) {
        fs::remove_file(kept).unwrap();
    }
}

/// The sorted names of a folder's entries.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A folder with `backup.db`, which has the group `backed up`, and with a database that a killed server left. Its
/// groups `later` and `latest` are only in the WAL.
pub fn backup_and_database() -> Folder {
    let folder = Folder::new();
    make_group(&folder, "groups.db", "backed up");
    folder.succeed(&["backup", "backup.db"]);
    let token = folder.succeed(&["token", "create"]);
    let server = folder.serve(&["--log-level", "off"]);
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    // Two commits: if the last one were corrupt, it would look like a write that a power cut interrupted.
    post_group(&mut stream, token.trim(), "later");
    post_group(&mut stream, token.trim(), "latest");
    server.signal("KILL");
    drop(server);
    assert!(fs::metadata(folder.path("groups.db-wal")).unwrap().len() > 0);
    folder
}

/// Imports a group into a database file.
pub fn make_group(folder: &Folder, db: &str, name: &str) {
    let line = format!("{{\"kind\":\"group\",\"name\":\"{name}\"}}");
    fs::write(folder.path("line"), line).unwrap();
    folder.succeed(&["import", "--db", db, "line"]);
}

/// The names of a database's groups, in the order of their export.
pub fn groups(folder: &Folder, db: &str) -> Vec<String> {
    let exported = folder.succeed(&["export", "--db", db, "-"]);
    let objects = exported
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    objects
        .filter(|object| object["kind"] == "group")
        .map(|object| object["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Asserts that a command fails with a single line that contains `why`.
#[track_caller]
pub fn assert_fails(folder: &Folder, args: &[&str], why: &str) {
    let output = folder.run(args);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{args:?} {stderr}");
    assert!(stderr.contains(why), "{args:?} {stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

/// Runs a command once to its end, then kills it at `moments` points spread over the time that it took. Each run is
/// preceded by `before` and followed by `then`, which examines what is left.
pub fn kill_at(moments: u32, folder: &Folder, args: &[&str], mut before: impl FnMut(), mut then: impl FnMut()) {
    before();
    let began = Instant::now();
    folder.succeed(args);
    let duration = began.elapsed();
    then();
    for moment in 0..moments {
        before();
        let mut child = folder.command(args).stderr(Stdio::null()).spawn().unwrap();
        // The kill must come at a point in time, not at an event.
        std::thread::sleep(duration * moment / moments);
        child.kill().unwrap();
        child.wait().unwrap();
        then();
    }
}
