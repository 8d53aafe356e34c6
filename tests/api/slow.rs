//! Clients that are slow or greedy: each is cut or refused in its time, and takes no more memory than it may.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{TestServer, config};

/// The deadline that a test sets.
const SHORT: Duration = Duration::from_millis(400);

/// No client is cut later than this, on a busy machine.
const LATE: Duration = Duration::from_secs(8);

/// A server on which a head and a body have `SHORT`, and an answer to be taken has a second.
fn impatient() -> TestServer {
    let mut config = config();
    config.deadlines.head = SHORT;
    config.deadlines.response = Duration::from_secs(1);
    config.settings.body_deadline = SHORT;
    TestServer::start_with(config)
}

fn head(server: &TestServer, line: &str, headers: &str) -> String {
    let token = &server.token;
    format!("{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n{headers}\r\n")
}

/// Sends `piece` again and again till the server has closed, and answers with what came and how long it took.
fn trickle(mut stream: TcpStream, piece: &[u8], pause: Duration) -> (String, Duration) {
    let began = Instant::now();
    stream.set_read_timeout(Some(pause)).unwrap();
    let mut came = Vec::new();
    let mut buffer = [0; 4096];
    while began.elapsed() < LATE {
        drop(stream.write_all(piece));
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => came.extend(&buffer[..count]),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    (String::from_utf8(came).unwrap(), began.elapsed())
}

#[track_caller]
fn cut_in_time(took: Duration) {
    assert!(took >= SHORT - Duration::from_millis(50) && took < LATE, "{took:?}");
}

#[test]
fn a_body_that_trickles_without_end_ends_at_its_deadline() {
    let server = impatient();
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    for (length, piece) in [
        ("transfer-encoding: chunked", "1\r\nx\r\n"),
        ("content-length: 1000000", "x"),
    ] {
        let mut stream = server.connect();
        let head = head(&server, "POST /v1/groups", &format!("{form}{length}\r\n"));
        stream.write_all(head.as_bytes()).unwrap();
        let (came, took) = trickle(stream, piece.as_bytes(), Duration::from_millis(20));
        assert!(
            came.starts_with("HTTP/1.1 400") && came.contains("did not arrive"),
            "{came}"
        );
        cut_in_time(took);
    }
    assert_eq!(server.get("/v1/groups").json()["data"], json!([]));
}

#[test]
fn a_head_that_trickles_is_cut_however_often_a_byte_comes() {
    let server = impatient();
    for begun in ["", "GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let mut stream = server.connect();
        stream.write_all(begun.as_bytes()).unwrap();
        let (_, took) = trickle(stream, b"x", Duration::from_millis(20));
        cut_in_time(took);
    }
}

#[test]
fn a_head_without_end_is_refused_before_it_is_long() {
    let server = TestServer::start();
    let mut stream = server.connect();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n").unwrap();
    let line = format!("x-a: {}\r\n", "b".repeat(1_000));
    let (came, took) = trickle(stream, line.as_bytes(), Duration::from_millis(5));
    assert!(came.starts_with("HTTP/1.1 431"), "{came}");
    assert!(took < LATE);
}

#[test]
fn an_idle_connection_is_closed_before_and_after_a_request() {
    let server = impatient();
    let mut stream = server.connect();
    let began = Instant::now();
    let mut came = String::new();
    stream.read_to_string(&mut came).unwrap();
    assert_eq!(came, "");
    cut_in_time(began.elapsed());
    let mut stream = server.connect();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let began = Instant::now();
    stream.read_to_string(&mut came).unwrap();
    assert!(
        came.starts_with("HTTP/1.1 200") && came.matches("HTTP/1.1").count() == 1,
        "{came}"
    );
    cut_in_time(began.elapsed());
}

#[test]
fn ten_thousand_requests_on_one_connection_are_each_answered() {
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
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    sending.join().unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), COUNT + 1);
}

#[test]
fn who_is_turned_away_with_a_request_on_its_way_is_told_so() {
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
        // Neither sending nor receiving meets a reset connection.
        stream.write_all((head + &body).as_bytes()).unwrap();
        let mut came = String::new();
        stream.read_to_string(&mut came).unwrap();
        assert!(
            came.starts_with("HTTP/1.1 503") && came.contains("retry-after: 1"),
            "{came}"
        );
        assert!(came.ends_with('}'), "{came}");
    }
}

/// A server with room for 512 KiB, 256 of them for one account.
fn narrow() -> TestServer {
    let mut config = config();
    config.settings.max_room = 512 << 10;
    config.deadlines.response = Duration::from_secs(3);
    TestServer::start_with(config)
}

/// A form of this length that makes a group: separators say nothing.
fn form(length: usize) -> String {
    format!("name=x{}", "&".repeat(length - 6))
}

/// Sends requests for a group's large answer till no more are taken, and reads none.
fn ask_and_read_nothing(server: &TestServer, path: &str) -> TcpStream {
    let stream = server.connect();
    stream.set_nonblocking(true).unwrap();
    let asked = head(server, &format!("GET {path}"), "").repeat(1_000);
    drop((&stream).write(asked.as_bytes()));
    stream
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + LATE;
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
    }
}

#[test]
fn large_bodies_on_their_way_leave_room_for_small_ones_and_for_other_accounts() {
    let server = narrow();
    let other = server.account("other");
    let length = "content-type: application/x-www-form-urlencoded\r\ncontent-length: 190000\r\n";
    // A body takes its length to twice that, as its chunks come: with another of 100,000 it is over half of the room
    // however they do, with one of 60,000 never over all of it.
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
    wait_for("a large body holds no room", || {
        let is_refused = post(&server.token, 100_000).status == 503;
        if !is_refused {
            // Where both came at once, the larger one may have been refused.
            stream = begin();
        }
        is_refused
    });
    let refused = post(&server.token, 100_000);
    refused.expect_error(503, "unavailable");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(post(&server.token, 9_000).status, 201, "a small body needs no room");
    assert_eq!(post(&other, 60_000).status, 201, "another account has room of its own");
    stream.shutdown(Shutdown::Both).unwrap();
    wait_for("the room is not given back", || {
        post(&server.token, 100_000).status == 201
    });
}

#[test]
fn answers_that_nobody_takes_leave_room_for_small_ones_and_for_other_accounts() {
    let server = narrow();
    let names = |count: usize| -> Value { (0..count).map(|n| json!({"username": format!("u{n}")})).collect() };
    let large = json!({"name": "large", "contacts": names(900)});
    let path = format!("/v1/groups/{}", server.group(&large));
    let small = format!("/v1/groups/{}", server.group(&json!({"name": "small"})));
    let other = server.account("other");
    let theirs = server.request("POST", "/v1/groups").token(&other).json(&large).send();
    assert_eq!(theirs.status, 201);
    let theirs = format!("/v1/groups/{}", theirs.json()["id"].as_str().unwrap());
    let answer = server.get(&path);
    assert!(answer.text.len() > 100 << 10, "{}", answer.text.len());
    let held = [
        ask_and_read_nothing(&server, &path),
        ask_and_read_nothing(&server, &path),
    ];
    wait_for("answers that wait hold no room", || server.get(&path).status == 503);
    assert_eq!(server.get(&small).status, 200);
    assert_eq!(server.request("GET", &theirs).token(&other).send().status, 200);
    wait_for("the room is not given back", || server.get(&path).status == 200);
    drop(held);
}
