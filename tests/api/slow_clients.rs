//! Slow and greedy clients are cut off or rejected at their deadlines, and use bounded memory.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{TestServer, config};

/// The deadline that the tests set.
const DEADLINE: Duration = Duration::from_millis(400);

/// The latest time at which a client may be cut off, even on a busy machine.
const LATEST: Duration = Duration::from_secs(8);

/// A server with `DEADLINE` for heads and for bodies, and one second for a response to be read.
fn with_short_deadlines() -> TestServer {
    let mut config = config();
    config.deadlines.head = DEADLINE;
    config.deadlines.response = Duration::from_secs(1);
    config.settings.body_deadline = DEADLINE;
    TestServer::start_with(config)
}

fn head(server: &TestServer, line: &str, headers: &str) -> String {
    let token = &server.token;
    format!("{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n{headers}\r\n")
}

/// Sends `piece` repeatedly until the server closes the connection. Returns what was received and how long it took.
fn trickle(mut stream: TcpStream, piece: &[u8], pause: Duration) -> (String, Duration) {
    let began = Instant::now();
    stream.set_read_timeout(Some(pause)).unwrap();
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    while began.elapsed() < LATEST {
        drop(stream.write_all(piece));
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => received.extend(&buffer[..count]),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    (String::from_utf8(received).unwrap(), began.elapsed())
}

#[track_caller]
fn assert_cut_off_in_time(took: Duration) {
    assert!(
        took >= DEADLINE - Duration::from_millis(50) && took < LATEST,
        "{took:?}"
    );
}

#[test]
fn an_endless_trickling_body_is_rejected_at_its_deadline() {
    let server = with_short_deadlines();
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    for (length, piece) in [
        ("transfer-encoding: chunked", "1\r\nx\r\n"),
        ("content-length: 1000000", "x"),
    ] {
        let mut stream = server.connect();
        let head = head(&server, "POST /v1/groups", &format!("{form}{length}\r\n"));
        stream.write_all(head.as_bytes()).unwrap();
        let (received, took) = trickle(stream, piece.as_bytes(), Duration::from_millis(20));
        assert!(
            received.starts_with("HTTP/1.1 400") && received.contains("did not arrive"),
            "{received}"
        );
        assert_cut_off_in_time(took);
    }
    assert_eq!(server.get("/v1/groups").json()["data"], json!([]));
}

#[test]
fn a_trickling_head_is_cut_off_however_often_a_byte_arrives() {
    let server = with_short_deadlines();
    for begun in ["", "GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let mut stream = server.connect();
        stream.write_all(begun.as_bytes()).unwrap();
        let (_, took) = trickle(stream, b"x", Duration::from_millis(20));
        assert_cut_off_in_time(took);
    }
}

#[test]
fn an_endless_head_is_rejected_while_it_is_short() {
    let server = TestServer::start();
    let mut stream = server.connect();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n").unwrap();
    let line = format!("x-a: {}\r\n", "b".repeat(1_000));
    let (received, took) = trickle(stream, line.as_bytes(), Duration::from_millis(5));
    assert!(received.starts_with("HTTP/1.1 431"), "{received}");
    assert!(took < LATEST);
}

#[test]
fn an_idle_connection_is_closed_before_and_after_a_request() {
    let server = with_short_deadlines();
    let mut stream = server.connect();
    let began = Instant::now();
    let mut received = String::new();
    stream.read_to_string(&mut received).unwrap();
    assert_eq!(received, "");
    assert_cut_off_in_time(began.elapsed());
    let mut stream = server.connect();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let began = Instant::now();
    stream.read_to_string(&mut received).unwrap();
    assert!(
        received.starts_with("HTTP/1.1 200") && received.matches("HTTP/1.1").count() == 1,
        "{received}"
    );
    assert_cut_off_in_time(began.elapsed());
}

#[test]
fn ten_thousand_requests_on_one_connection_each_get_a_response() {
    const COUNT: usize = 10_000;
    let server = TestServer::start();
    let mut stream = server.connect();
    let mut sender = stream.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        let request = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
        for _ in 0..COUNT / 100 {
            sender.write_all(request.as_bytes()).unwrap();
        }
        sender
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .unwrap();
    });
    let mut responses = String::new();
    stream.read_to_string(&mut responses).unwrap();
    sending.join().unwrap();
    assert_eq!(responses.matches("HTTP/1.1 200 OK").count(), COUNT + 1);
}

#[test]
fn a_connection_over_the_limit_gets_503_even_while_it_sends_a_request() {
    let mut config = config();
    config.max_connections = 1;
    let server = TestServer::start_with(config);
    let mut held = server.connect();
    held.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    held.read_exact(&mut [0; 12]).unwrap();
    let body = "x".repeat(40_000);
    for _ in 0..20 {
        let mut stream = server.connect();
        let head = head(
            &server,
            "POST /v1/groups",
            &format!("content-length: {}\r\n", body.len()),
        );
        // The connection must not be reset while the client sends or receives.
        stream.write_all((head + &body).as_bytes()).unwrap();
        let mut received = String::new();
        stream.read_to_string(&mut received).unwrap();
        assert!(
            received.starts_with("HTTP/1.1 503") && received.contains("retry-after: 1"),
            "{received}"
        );
        assert!(received.ends_with('}'), "{received}");
    }
}

/// A server with a memory budget of 512 KiB, half of which one account may use.
fn with_small_memory_budget() -> TestServer {
    let mut config = config();
    config.settings.memory_budget = 512 << 10;
    config.deadlines.response = Duration::from_secs(3);
    TestServer::start_with(config)
}

/// A form of this length that creates a group, padded with separators.
fn form(length: usize) -> String {
    format!("name=x{}", "&".repeat(length - 6))
}

/// Sends as many requests for a large group as the connection takes, and reads no response.
fn request_without_reading(server: &TestServer, path: &str) -> TcpStream {
    let stream = server.connect();
    stream.set_nonblocking(true).unwrap();
    let requests = head(server, &format!("GET {path}"), "").repeat(1_000);
    drop((&stream).write(requests.as_bytes()));
    stream
}

fn wait_for(failure: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + LATEST;
    while !done() {
        assert!(Instant::now() < deadline, "{failure}");
    }
}

#[test]
fn large_incoming_bodies_leave_memory_for_small_ones_and_for_other_accounts() {
    let server = with_small_memory_budget();
    let other = server.create_account("other");
    let length = "content-type: application/x-www-form-urlencoded\r\ncontent-length: 190000\r\n";
    // A body reserves one to two times its length, depending on how its chunks arrive. Together with a body of 100,000
    // bytes this always exceeds half of the budget, and with one of 60,000 bytes it never exceeds the whole.
    let begun = head(&server, "POST /v1/groups", length) + &form(180_000);
    let begin = || {
        let mut stream = server.connect();
        stream.write_all(begun.as_bytes()).unwrap();
        stream
    };
    let post = |token: &str, length: usize| {
        let request = server.request("POST", "/v1/groups").token(token);
        request.form(&form(length)).send()
    };
    let mut stream = begin();
    wait_for("a large body reserves no memory", || {
        let is_rejected = post(&server.token, 100_000).status == 503;
        if !is_rejected {
            // If both arrived at once, the larger one may have been rejected instead.
            stream = begin();
        }
        is_rejected
    });
    let rejected = post(&server.token, 100_000);
    rejected.expect_error(503, "unavailable");
    assert_eq!(rejected.header("retry-after"), Some("1"));
    assert_eq!(
        post(&server.token, 9_000).status,
        201,
        "a small body needs no reservation"
    );
    assert_eq!(
        post(&other, 60_000).status,
        201,
        "another account has its own share of the budget"
    );
    stream.shutdown(Shutdown::Both).unwrap();
    wait_for("the memory is not released", || {
        post(&server.token, 100_000).status == 201
    });
}

#[test]
fn unread_large_responses_leave_memory_for_small_ones_and_for_other_accounts() {
    let server = with_small_memory_budget();
    let names = |count: usize| -> Value { (0..count).map(|n| json!({"username": format!("u{n}")})).collect() };
    let large = json!({"name": "large", "contacts": names(900)});
    let path = format!("/v1/groups/{}", server.create_group(&large));
    let small = format!("/v1/groups/{}", server.create_group(&json!({"name": "small"})));
    let other = server.create_account("other");
    let theirs = server.request("POST", "/v1/groups").token(&other).json(&large).send();
    assert_eq!(theirs.status, 201);
    let theirs = format!("/v1/groups/{}", theirs.json()["id"].as_str().unwrap());
    let response = server.get(&path);
    assert!(response.text.len() > 100 << 10, "{}", response.text.len());
    let held = [
        request_without_reading(&server, &path),
        request_without_reading(&server, &path),
    ];
    wait_for("unread responses reserve no memory", || server.get(&path).status == 503);
    assert_eq!(server.get(&small).status, 200);
    assert_eq!(server.request("GET", &theirs).token(&other).send().status, 200);
    wait_for("the memory is not released", || server.get(&path).status == 200);
    drop(held);
}
