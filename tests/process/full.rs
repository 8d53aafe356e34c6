//! A disk that is full: a tmpfs of 4 MiB in a mount namespace of the server's own. `scripts/faults/full` does it under
//! load.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use test_support::process::{Folder, Server, binary, shell};

use crate::client::{Answer, Client};

const TOKEN: &str = "from-outside-0123456789abcdef";

/// Whether this user may mount in a namespace of their own. Where a system forbids it there is nothing to install.
fn may_mount() -> bool {
    let may = shell("unshare -rm mount -t tmpfs tmpfs /mnt").status.success();
    if !may {
        eprintln!("skipped: this test needs a system that lets users mount in namespaces (unshare -rm)");
    }
    may
}

/// A server whose file is on a small disk, and the disk as seen from here.
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

fn send(client: &mut Client, method: &str, path: &str, body: &Value) -> Answer {
    client.send(method, path, None, Some(body)).unwrap()
}

#[test]
fn writes_to_a_full_disk_are_answered_507_and_go_on_when_there_is_room() {
    if !may_mount() {
        return;
    }
    let folder = Folder::new();
    let (server, disk) = serve_on_small_disk(&folder);
    let mut client = Client::connect(&server.url, TOKEN).unwrap();
    let (mut made, mut path) = (Vec::new(), String::new());
    for _ in 0..3 {
        let filler = disk.join("filler");
        let mut file = std::fs::File::create(&filler).unwrap();
        while file.write_all(&[0; 4_096]).is_ok() {}
        drop(file);
        let refused = loop {
            let answer = send(&mut client, "POST", "/v1/groups", &json!({"name": "x".repeat(255)}));
            if answer.status != 201 {
                break answer;
            }
            made.push(answer.json()["id"].clone());
        };
        assert_eq!((refused.status, &refused.json()["code"]), (507, &json!("storage_full")));
        assert_eq!(client.get("/v1/groups").unwrap().status, 200);
        std::fs::remove_file(filler).unwrap();
        let answer = send(&mut client, "POST", "/v1/groups", &json!({"name": "there is room"}));
        assert_eq!(answer.status, 201, "{answer:?}");
        made.push(answer.json()["id"].clone());
    }
    for id in made.iter().rev() {
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
fn a_log_that_fills_the_disk_gives_its_room_back_while_others_write() {
    if !may_mount() {
        return;
    }
    let folder = Folder::new();
    let (server, disk) = serve_on_small_disk(&folder);
    let mut client = Client::connect(&server.url, TOKEN).unwrap();
    let group = send(&mut client, "POST", "/v1/groups", &json!({"name": "x"})).json();
    let path = format!("/v1/groups/{}", group["id"].as_str().unwrap());
    let log = || std::fs::metadata(disk.join("groups.db-wal")).unwrap().len();
    let began = Instant::now();
    while log() > 0 {
        assert!(began.elapsed().as_secs() < 20, "an idle server's log is not moved");
        std::thread::sleep(Duration::from_millis(10));
    }
    // The same page again and again: it is the log alone that grows, until it has been cut twice.
    let (mut before, mut cuts) = (0, 0);
    for n in 0.. {
        let answer = send(
            &mut client,
            "PUT",
            &path,
            &json!({"avatar_url": format!("https://example.com/{n}")}),
        );
        assert_eq!(
            answer.status, 200,
            "update {n}, after a log of {before} bytes: {answer:?}"
        );
        let length = log();
        assert!(length < 4 << 20, "the disk is larger than it should be");
        cuts += usize::from(length < before);
        before = length;
        if cuts == 2 {
            break;
        }
    }
    drop(client);
    drop(server.stop());
}
