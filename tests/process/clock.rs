//! The clock is set ten years forth and back, while the server runs and between starts (libfaketime).

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use test_support::process::{Folder, Server, has_tool, shell};

use crate::client::{Answer, Client};

const YEARS: i64 = 10 * 365 * 86_400;

/// A folder whose servers have a clock of their own.
struct Clocked {
    folder: Folder,
    /// A token that may do everything, for ever.
    token: String,
}

impl Clocked {
    fn new() -> Self {
        let folder = Folder::new();
        let token = folder.succeed(&["token", "create"]);
        let clocked = Clocked { folder, token };
        clocked.set(0);
        clocked
    }

    /// Sets the clock to so many seconds after the real one's.
    fn set(&self, ahead: i64) {
        let draft = self.folder.path("clock-draft");
        std::fs::write(&draft, format!("{ahead:+}\n")).unwrap();
        std::fs::rename(draft, self.folder.path("clock")).unwrap();
    }

    /// Starts a server by this clock. Where `time_passes`, what counts the time that passes goes with it.
    fn serve(&self, time_passes: bool) -> Server {
        let library = shell("faketime -m -f +0 sh -c 'printf %s \"$LD_PRELOAD\"'");
        let mut command = self.folder.command(&["--log-level", "warn"]);
        command.env("LD_PRELOAD", String::from_utf8(library.stdout).unwrap());
        command.env("FAKETIME_TIMESTAMP_FILE", self.folder.path("clock"));
        command.env("FAKETIME_NO_CACHE", "1").env("NO_FAKE_STAT", "1");
        if !time_passes {
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        self.folder.serve_with(command)
    }

    fn client(&self, server: &Server) -> Client {
        Client::connect(&server.url, &self.token).unwrap()
    }
}

fn now() -> i64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn assert_about(value: &Value, expected: i64) {
    let seconds = value.as_i64().unwrap();
    assert!((seconds - expected).abs() < 60, "{seconds} is not about {expected}");
}

fn post(client: &mut Client, path: &str, key: &str, body: &Value) -> Answer {
    let answer = client.send("POST", path, Some(key), Some(body)).unwrap();
    assert_eq!(answer.status, 201, "{answer:?}");
    answer
}

/// Sends again what made the groups, the newest first, and asserts that each is known; and that they are listed so, page
/// by page and in both directions.
fn assert_known_and_in_order(client: &mut Client, groups: &[Value]) {
    let id = |group: &Value| group["id"].as_str().unwrap().to_owned();
    for (n, group) in groups.iter().rev().enumerate() {
        let again = post(
            client,
            "/v1/groups",
            &format!("k{n}"),
            &json!({"name": format!("group {n}")}),
        );
        assert_eq!((again.replayed, &again.json()), (true, group));
    }
    let mut page = |query: String| -> Vec<String> {
        let list = client.get(&format!("/v1/groups?limit=1{query}")).unwrap().json();
        list["data"].as_array().unwrap().iter().map(id).collect()
    };
    assert_eq!(page(String::new()), [id(&groups[0])]);
    for pair in groups.windows(2) {
        assert_eq!(page(format!("&starting_after={}", id(&pair[0]))), [id(&pair[1])]);
        assert_eq!(page(format!("&ending_before={}", id(&pair[1]))), [id(&pair[0])]);
    }
}

/// Makes the next group, in front of the others.
fn add_group(client: &mut Client, groups: &mut Vec<Value>, at: i64) {
    let n = groups.len();
    let made = post(
        client,
        "/v1/groups",
        &format!("k{n}"),
        &json!({"name": format!("group {n}")}),
    );
    assert!(!made.replayed);
    assert_about(&made.json()["created_at"], at);
    groups.insert(0, made.json());
}

#[test]
fn order_paging_and_kept_answers_outlive_a_clock_that_jumps_ten_years_forth_and_back() {
    if !has_tool("faketime") {
        return;
    }
    let clocked = Clocked::new();
    let mut groups = Vec::new();
    let server = clocked.serve(false);
    let mut client = clocked.client(&server);
    for ahead in [0, YEARS, 0, -YEARS, YEARS, -YEARS] {
        clocked.set(ahead);
        add_group(&mut client, &mut groups, now() + ahead);
        assert_known_and_in_order(&mut client, &groups);
    }
    server.signal("KILL");
    drop(server);
    for ahead in [-YEARS, YEARS, 0, YEARS, -YEARS, 0] {
        clocked.set(ahead);
        let server = clocked.serve(false);
        let mut client = clocked.client(&server);
        assert_known_and_in_order(&mut client, &groups);
        add_group(&mut client, &mut groups, now() + ahead);
        drop(client);
        drop(server.stop());
    }
}

#[test]
fn a_kept_answer_is_forgotten_after_a_day_whatever_the_clock_was() {
    if !has_tool("faketime") {
        return;
    }
    let clocked = Clocked::new();
    let replayed = |ahead: i64, hours: &[i64]| -> Vec<bool> {
        clocked.set(ahead);
        let server = clocked.serve(true);
        let send = |hours: &i64| {
            clocked.set(ahead + hours * 3_600);
            // Hours are too long for a connection.
            let mut client = clocked.client(&server);
            post(&mut client, "/v1/groups", "k", &json!({"name": "x"})).replayed
        };
        hours.iter().map(send).collect()
    };
    assert_eq!(replayed(YEARS, &[0, 23, 25, 26]), [false, true, false, true]);
    assert_eq!(replayed(0, &[0, 23, 25]), [true, true, false], "dated in the future");
    assert_eq!(
        replayed(27 * 3_600, &[0, 23]),
        [true, false],
        "no server ran for two hours, and these count"
    );
}

#[test]
fn a_token_expires_by_the_clock_and_a_revoked_one_stays_revoked() {
    if !has_tool("faketime") {
        return;
    }
    let clocked = Clocked::new();
    let brief = clocked.folder.succeed(&["token", "create", "--expires", "1d"]);
    let revoked = clocked.folder.succeed(&["token", "create", "--name", "revoked"]);
    let list = clocked.folder.succeed(&["token", "list"]);
    let line = list.lines().find(|line| line.contains("revoked")).unwrap();
    clocked
        .folder
        .succeed(&["token", "revoke", line.split(' ').next().unwrap()]);
    let server = clocked.serve(false);
    let status = |token: &str| {
        let mut client = Client::connect(&server.url, token).unwrap();
        client.get("/v1/groups").unwrap().status
    };
    for (ahead, expected) in [(0, 200), (YEARS, 401), (0, 200), (-YEARS, 200), (90_000, 401)] {
        clocked.set(ahead);
        assert_eq!((status(&brief), status(&revoked)), (expected, 401), "{ahead}");
        assert_eq!(status(&clocked.token), 200, "{ahead}");
    }
}

#[test]
fn the_latest_message_is_the_latest_activity_and_deadlines_do_not_see_the_clock() {
    if !has_tool("faketime") {
        return;
    }
    let clocked = Clocked::new();
    let server = clocked.serve(false);
    let mut client = clocked.client(&server);
    let contact = post(&mut client, "/v1/contacts", "c", &json!({"username": "Hector"})).json();
    let conversation = contact["conversation_id"].as_str().unwrap();
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n").unwrap();
    for (n, ahead) in [YEARS, 0, -YEARS, 0].into_iter().enumerate() {
        clocked.set(ahead);
        let body = json!({"conversation_id": conversation, "contact_id": contact["id"], "message": format!("{n}")});
        let message = post(&mut client, "/v1/messages", &format!("m{n}"), &body).json();
        assert_about(&message["created_at"], now() + ahead);
        let at = &message["created_at"];
        assert_eq!(message["contact"]["last_active_at"], *at);
        let found = client.get(&format!("/v1/conversations/{conversation}")).unwrap().json();
        assert_eq!(found["last_active_at"], *at);
    }
    stream.write_all(b"connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
    clocked.set(YEARS);
    drop(client);
    drop(server.stop());
}
