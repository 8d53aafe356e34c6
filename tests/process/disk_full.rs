//! A full disk: a tmpfs of 4 MiB in the server's own mount namespace. `scripts/faults/disk-full` does the same under load.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use test_support::process::{Folder, Server, binary, shell};

use crate::client::{Client, Response};

const TOKEN: &str = "from-outside-0123456789abcdef";

/// Whether this user may mount file systems in a namespace. If not, nothing that could be installed would help.
fn may_mount() -> bool {
    let may = shell("unshare -rm mount -t tmpfs tmpfs /mnt").status.success();
    if !may {
        eprintln!("skipped: this test needs a system that allows users to mount in namespaces (unshare -rm)");
    }
    may
}

/// A server whose database is on a small disk, and the path to that disk from outside the namespace.
fn serve_on_small_disk(folder: &Folder) -> (Server, PathBuf) {
    std::fs::create_dir(folder.path("disk")).unwrap();
    let mount = "mount -t tmpfs -o size=4m tmpfs disk && exec \"$0\" --db disk/groups.db --log-level off";
    let binary = binary();
    let args = ["-rm", "sh", "-c", mount, binary.to_str().unwrap()];
    let mut command = folder.prepare(Command::new("unshare"), &args);
    command.env("GROUPS_TOKEN", TOKEN);
    let server = folder.serve_with(command);
    let disk = folder.path("disk");
    let disk = format!("/proc/{}/root{}", server.pid(), disk.display());
    (server, disk.into())
}

fn send(client: &mut Client, method: &str, path: &str, body: &Value) -> Response {
    client.send(method, path, None, Some(body)).unwrap()
}

#[test]
fn writes_to_a_full_disk_return_507_and_resume_when_there_is_room() {
    if !may_mount() {
        return;
    }
    let folder = Folder::new();
    let (server, disk) = serve_on_small_disk(&folder);
    let mut client = Client::connect(&server.url, TOKEN).unwrap();
    let (mut created, mut path) = (Vec::new(), String::new());
    for _ in 0..3 {
        let filler = disk.join("filler");
        let mut file = std::fs::File::create(&filler).unwrap();
        while file.write_all(&[0; 4_096]).is_ok() {}
        drop(file);
        let refused = loop {
            let response = send(&mut client, "POST", "/v1/groups", &json!({"name": "x".repeat(255)}));
            if response.status != 201 {
                break response;
            }
            created.push(response.json()["id"].clone());
        };
        assert_eq!((refused.status, &refused.json()["code"]), (507, &json!("storage_full")));
        assert_eq!(client.get("/v1/groups").unwrap().status, 200);
        std::fs::remove_file(filler).unwrap();
        let response = send(&mut client, "POST", "/v1/groups", &json!({"name": "there is room"}));
        assert_eq!(response.status, 201, "{response:?}");
        created.push(response.json()["id"].clone());
    }
    for id in created.iter().rev() {
        let list = client.get(&format!("/v1/groups?limit=1{path}")).unwrap().json();
        assert_eq!(list["data"][0]["id"], *id);
        path = format!("&starting_after={}", id.as_str().unwrap());
    }
    assert_eq!(
        client.get(&format!("/v1/groups?limit=1{path}")).unwrap().json()["data"],
        json!([])
    );
    drop(client);
    drop(server.stop());
}

#[test]
fn a_wal_that_would_fill_the_disk_is_truncated_while_writes_continue() {
    if !may_mount() {
        return;
    }
    let folder = Folder::new();
    let (server, disk) = serve_on_small_disk(&folder);
    let mut client = Client::connect(&server.url, TOKEN).unwrap();
    let group = send(&mut client, "POST", "/v1/groups", &json!({"name": "x"})).json();
    let path = format!("/v1/groups/{}", group["id"].as_str().unwrap());
    let wal_size = || std::fs::metadata(disk.join("groups.db-wal")).unwrap().len();
    let began = Instant::now();
    while wal_size() > 0 {
        assert!(
            began.elapsed().as_secs() < 20,
            "the WAL of an idle server is not truncated"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    // Each update writes the same page, so only the WAL grows. Continue until it has been truncated twice.
    let (mut before, mut truncations) = (0, 0);
    for n in 0.. {
        let response = send(
            &mut client,
            "PUT",
            &path,
            &json!({"avatar_url": format!("https://example.com/{n}")}),
        );
        assert_eq!(
            response.status, 200,
            "update {n}, with a WAL of {before} bytes: {response:?}"
        );
        let size = wal_size();
        assert!(size < 4 << 20, "the disk is larger than 4 MiB");
        truncations += usize::from(size < before);
        before = size;
        if truncations == 2 {
            break;
        }
    }
    drop(client);
    drop(server.stop());
}
