//! The system clock jumps ten years forward and back, while the server runs and between starts (libfaketime).

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use test_support::process::{Folder, Server, has_tool, shell};

use crate::client::{Client, Response};

const TEN_YEARS: i64 = 10 * 365 * 86_400;

/// A folder whose servers see a shifted clock.
struct ShiftedClock {
    folder: Folder,
    /// A full token that never expires.
    token: String,
}

impl ShiftedClock {
    fn new() -> Self {
        let folder = Folder::new();
        let token = folder.succeed(&["token", "create"]);
        let clock = ShiftedClock { folder, token };
        clock.set(0);
        clock
    }

    /// Sets the clock to this many seconds ahead of the real one.
    fn set(&self, ahead: i64) {
        let draft = self.folder.path("clock-draft");
        std::fs::write(&draft, format!("{ahead:+}\n")).unwrap();
        std::fs::rename(draft, self.folder.path("clock")).unwrap();
    }

    /// Starts a server with this clock; `shift_monotonic` shifts its monotonic clock, too.
    fn serve(&self, shift_monotonic: bool) -> Server {
        let library = shell("faketime -m -f +0 sh -c 'printf %s \"$LD_PRELOAD\"'");
        let mut command = self.folder.command(&["--log-level", "warn"]);
        command.env("LD_PRELOAD", String::from_utf8(library.stdout).unwrap());
        command.env("FAKETIME_TIMESTAMP_FILE", self.folder.path("clock"));
        command.env("FAKETIME_NO_CACHE", "1").env("NO_FAKE_STAT", "1");
        if !shift_monotonic {
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

fn assert_near(value: &Value, expected: i64) {
    let seconds = value.as_i64().unwrap();
    assert!(
        (seconds - expected).abs() < 60,
        "{seconds} is not within a minute of {expected}"
    );
}

fn post(client: &mut Client, path: &str, key: &str, body: &Value) -> Response {
    let response = client.send("POST", path, Some(key), Some(body)).unwrap();
    assert_eq!(response.status, 201, "{response:?}");
    response
}

/// Asserts that retrying the request that created each group (the newest first) replays its response, and that the list
/// has the groups in this order, page by page in both directions.
fn assert_replayed_and_in_order(client: &mut Client, groups: &[Value]) {
    let id = |group: &Value| group["id"].as_str().unwrap().to_owned();
    for (n, group) in groups.iter().rev().enumerate() {
        let retried = post(
            client,
            "/v1/groups",
            &format!("k{n}"),
            &json!({"name": format!("group {n}")}),
        );
        assert_eq!((retried.replayed, &retried.json()), (true, group));
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

/// Creates the next group and inserts it before the others.
fn add_group(client: &mut Client, groups: &mut Vec<Value>, at: i64) {
    let n = groups.len();
    let created = post(
        client,
        "/v1/groups",
        &format!("k{n}"),
        &json!({"name": format!("group {n}")}),
    );
    assert!(!created.replayed);
    assert_near(&created.json()["created_at"], at);
    groups.insert(0, created.json());
}

#[test]
fn order_paging_and_stored_responses_survive_clock_jumps_of_ten_years() {
    if !has_tool("faketime") {
        return;
    }
    let clock = ShiftedClock::new();
    let mut groups = Vec::new();
    let server = clock.serve(false);
    let mut client = clock.client(&server);
    for ahead in [0, TEN_YEARS, 0, -TEN_YEARS, TEN_YEARS, -TEN_YEARS] {
        clock.set(ahead);
        add_group(&mut client, &mut groups, now() + ahead);
        assert_replayed_and_in_order(&mut client, &groups);
    }
    server.signal("KILL");
    drop(server);
    for ahead in [-TEN_YEARS, TEN_YEARS, 0, TEN_YEARS, -TEN_YEARS, 0] {
        clock.set(ahead);
        let server = clock.serve(false);
        let mut client = clock.client(&server);
        assert_replayed_and_in_order(&mut client, &groups);
        add_group(&mut client, &mut groups, now() + ahead);
        drop(client);
        drop(server.stop());
    }
}

#[test]
fn a_stored_response_expires_after_a_day_whatever_the_clock_was() {
    if !has_tool("faketime") {
        return;
    }
    let clock = ShiftedClock::new();
    let replayed = |ahead: i64, hours: &[i64]| -> Vec<bool> {
        clock.set(ahead);
        let server = clock.serve(true);
        let send = |hours: &i64| {
            clock.set(ahead + hours * 3_600);
            // No connection stays open for hours.
            let mut client = clock.client(&server);
            post(&mut client, "/v1/groups", "k", &json!({"name": "x"})).replayed
        };
        hours.iter().map(send).collect()
    };
    assert_eq!(replayed(TEN_YEARS, &[0, 23, 25, 26]), [false, true, false, true]);
    assert_eq!(
        replayed(0, &[0, 23, 25]),
        [true, true, false],
        "stored with a date in the future"
    );
    assert_eq!(
        replayed(27 * 3_600, &[0, 23]),
        [true, false],
        "the two hours without a server count"
    );
}

#[test]
fn a_token_expires_by_the_clock_and_a_revoked_token_stays_revoked() {
    if !has_tool("faketime") {
        return;
    }
    let clock = ShiftedClock::new();
    let brief = clock.folder.succeed(&["token", "create", "--expires", "1d"]);
    let revoked = clock.folder.succeed(&["token", "create", "--name", "revoked"]);
    let list = clock.folder.succeed(&["token", "list"]);
    let line = list.lines().find(|line| line.contains("revoked")).unwrap();
    clock
        .folder
        .succeed(&["token", "revoke", line.split(' ').next().unwrap()]);
    let server = clock.serve(false);
    let status = |token: &str| {
        let mut client = Client::connect(&server.url, token).unwrap();
        client.get("/v1/groups").unwrap().status
    };
    for (ahead, expected) in [(0, 200), (TEN_YEARS, 401), (0, 200), (-TEN_YEARS, 200), (90_000, 401)] {
        clock.set(ahead);
        assert_eq!((status(&brief), status(&revoked)), (expected, 401), "{ahead}");
        assert_eq!(status(&clock.token), 200, "{ahead}");
    }
}

#[test]
fn the_latest_message_sets_last_active_at_and_deadlines_ignore_the_clock() {
    if !has_tool("faketime") {
        return;
    }
    let clock = ShiftedClock::new();
    let server = clock.serve(false);
    let mut client = clock.client(&server);
    let contact = post(&mut client, "/v1/contacts", "c", &json!({"username": "Hector"})).json();
    let conversation = contact["conversation_id"].as_str().unwrap();
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n").unwrap();
    for (n, ahead) in [TEN_YEARS, 0, -TEN_YEARS, 0].into_iter().enumerate() {
        clock.set(ahead);
        let body = json!({"conversation_id": conversation, "contact_id": contact["id"], "message": format!("{n}")});
        let message = post(&mut client, "/v1/messages", &format!("m{n}"), &body).json();
        assert_near(&message["created_at"], now() + ahead);
        let at = &message["created_at"];
        assert_eq!(message["contact"]["last_active_at"], *at);
        let found = client.get(&format!("/v1/conversations/{conversation}")).unwrap().json();
        assert_eq!(found["last_active_at"], *at);
    }
    stream.write_all(b"connection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200"), "{response:?}");
    clock.set(TEN_YEARS);
    drop(client);
    drop(server.stop());
}
