//! Limits on members, connections and time, and graceful shutdown.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{TestServer, config};

#[test]
fn a_membership_over_the_limit_is_rejected() {
    let mut config = config();
    config.settings.max_group_contacts = 3;
    let server = TestServer::start_with(config);
    let members = |names: &[&str]| -> Value { names.iter().map(|name| json!({"username": name})).collect() };
    let body = json!({"name": "x", "contacts": members(&["a", "b", "A", "c", "B"])});
    let id = server.create_group(&body);
    let path = format!("/v1/groups/{id}");
    let read = server.get(&path).json();
    let mut listed_twice: Vec<Value> = read["contacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|contact| contact["id"].clone())
        .collect();
    listed_twice.extend(members(&["c", "b", "a"]).as_array().unwrap().clone());
    assert_eq!(
        server.put(&path, &json!({"contacts": listed_twice})).json(),
        read,
        "listed by id and by username, they are still three"
    );
    for names in [&["a", "b", "c", "d"][..], &["a", "b", "c", "d", "e", "f", "g", "h"]] {
        let body = json!({"name": "y", "contacts": members(names)});
        assert_eq!(
            server.post("/v1/groups", &body).expect_error(400, "parameter_invalid"),
            "contacts"
        );
        assert_eq!(
            server.put(&path, &body).expect_error(400, "parameter_invalid"),
            "contacts"
        );
    }
    assert_eq!(server.get(&path).json(), read);
}

#[test]
fn a_thousand_members_keep_their_order() {
    let server = TestServer::start();
    let names: Vec<Value> = (0..1_000).map(|n| json!({"username": format!("u{n:04}")})).collect();
    let group = server
        .post("/v1/groups", &json!({"name": "x", "contacts": names}))
        .json();
    let read = server
        .get(&format!("/v1/groups/{}", group["id"].as_str().unwrap()))
        .json();
    let usernames: Vec<Value> = read["contacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|contact| json!({"username": contact["username"]}))
        .collect();
    assert_eq!(usernames, names);
}

#[test]
fn a_connection_over_the_limit_gets_503_and_closed_ones_free_their_permits() {
    let mut config = config();
    config.max_connections_per_peer = 2;
    let server = TestServer::start_with(config);
    let request = format!(
        "GET /v1/groups HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        server.token
    );
    let mut held: Vec<_> = (0..2).map(|_| server.connect()).collect();
    for stream in &mut held {
        stream.write_all(request.as_bytes()).unwrap();
        assert!(stream.read(&mut [0; 1]).unwrap() > 0);
    }
    let mut third = server.connect();
    let mut response = String::new();
    third.read_to_string(&mut response).unwrap();
    assert!(
        response.starts_with("HTTP/1.1 503 Service Unavailable\r\n"),
        "{response}"
    );
    assert!(
        response.contains("retry-after: 1") && response.contains("\"code\":\"unavailable\""),
        "{response}"
    );
    drop(held);
    let deadline = Instant::now() + Duration::from_secs(10);
    let close = request.replace("host: x", "host: x\r\nconnection: close");
    while !server.send_raw(&close).starts_with("HTTP/1.1 200") {
        assert!(
            Instant::now() < deadline,
            "closed connections did not free their permits"
        );
    }
}

#[test]
fn an_endless_head_is_cut_off_at_its_deadline() {
    let mut config = config();
    config.deadlines.head = Duration::from_millis(300);
    let server = TestServer::start_with(config);
    let mut stream = server.connect();
    let began = Instant::now();
    stream
        .write_all(b"GET /v1/groups HTTP/1.1\r\nhost: x\r\nx-slow: ")
        .unwrap();
    let mut response = Vec::new();
    drop(stream.read_to_end(&mut response));
    let took = began.elapsed();
    assert!(
        took >= Duration::from_millis(250) && took < Duration::from_secs(10),
        "{took:?}"
    );
}

#[test]
fn an_incomplete_body_is_rejected_at_its_deadline() {
    let mut config = config();
    config.settings.body_deadline = Duration::from_millis(300);
    let server = TestServer::start_with(config);
    let head = format!(
        "POST /v1/groups HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{",
        server.token
    );
    let response = server.send_raw(head);
    assert!(
        response.starts_with("HTTP/1.1 400") && response.contains("did not arrive"),
        "{response}"
    );
}

#[test]
fn a_response_that_is_not_read_ends_its_connection() {
    let mut config = config();
    config.deadlines.response = Duration::from_millis(300);
    config.max_connections_per_peer = 1;
    let server = TestServer::start_with(config);
    let names: Vec<Value> = (0..1_000).map(|n| json!({"username": format!("u{n:04}")})).collect();
    let body = json!({"name": "x", "contacts": names}).to_string();
    let mut stream = server.connect();
    let head = |method: &str, path: &str, length: usize| {
        format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n",
            server.token
        )
    };
    stream
        .write_all((head("POST", "/v1/groups", body.len()) + &body).as_bytes())
        .unwrap();
    // Request far more than the socket buffers can hold, and read nothing.
    let requests = head("GET", "/v1/groups", 0).repeat(200);
    drop(stream.write_all(requests.as_bytes()));
    // The only permit is free again once the server has dropped the connection.
    let close = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let deadline = Instant::now() + Duration::from_secs(15);
    while !server.send_raw(close).starts_with("HTTP/1.1 200") {
        assert!(Instant::now() < deadline, "the connection was not dropped");
    }
}

#[test]
fn a_kept_alive_connection_serves_many_requests_in_order() {
    let server = TestServer::start();
    let one = |id: usize| format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-request-id: r{id:03}\r\n\r\n");
    let last = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let responses = server.send_raw((0..500).map(one).collect::<String>() + last);
    assert_eq!(responses.matches("HTTP/1.1 200").count(), 501);
    let ids: Vec<&str> = responses
        .split("x-request-id: ")
        .skip(1)
        .map(|rest| rest.split("\r\n").next().unwrap())
        .collect();
    assert!(ids[..500].is_sorted(), "{ids:?}");
}

#[test]
fn shutdown_finishes_the_request_in_progress() {
    let mut server = TestServer::start();
    let body = json!({"name": "last"}).to_string();
    let mut stream = server.connect();
    let head = format!(
        "POST /v1/groups HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        server.token,
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server asks for the body, so it is processing the request.
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    std::thread::scope(|scope| {
        let stopping = scope.spawn(|| server.stop());
        // Shutdown has begun when the port is closed.
        let addr = stream.peer_addr().unwrap();
        while std::net::TcpStream::connect(addr).is_ok() {}
        stream.write_all(body.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 201"), "{response}");
        stopping.join().unwrap();
    });
    let server = server.restart();
    assert_eq!(server.get("/v1/groups").json()["data"][0]["name"], "last");
}

#[test]
fn a_request_rejected_before_its_body_does_not_end_the_connection() {
    let server = TestServer::start();
    let token = format!("authorization: Bearer {}\r\n", server.token);
    let long = "x".repeat(9 << 10);
    for (line, headers, status) in [
        ("POST /v1/groups", "", "401"),
        ("PUT /v1/groups", &*token, "405"),
        (
            "POST /v1/groups",
            &format!("{token}content-type: text/plain\r\n"),
            "415",
        ),
        ("POST /v1/groups", &format!("{token}idempotency-key: \r\n"), "400"),
        ("POST /v1/unknown", "", "401"),
        ("POST /v1/unknown", &token, "404"),
        ("POST /v1/groups/", &token, "404"),
        (&format!("POST /v1/{long}"), &token, "414"),
        ("POST /healthz", "", "405"),
        ("GET /healthz", "", "200"),
    ] {
        let head = format!("{line} HTTP/1.1\r\n{headers}");
        let mut stream = server.connect();
        write!(stream, "{head}host: x\r\ncontent-length: 10\r\n\r\n{{\"name\"").unwrap();
        // The response waits for the rest of the body. Sent at once, it would have to close the connection.
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        stream.read_exact(&mut [0]).unwrap_err();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
            .write_all(b":1}GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .unwrap();
        let mut responses = String::new();
        stream.read_to_string(&mut responses).unwrap();
        assert!(responses.starts_with(&format!("HTTP/1.1 {status} ")), "{responses}");
        assert_eq!(responses.matches("HTTP/1.1 ").count(), 2, "{responses}");
        assert_eq!(
            responses.matches("{\"status\":\"ok\"}").count(),
            1 + usize::from(status == "200"),
            "{responses}"
        );
    }
}

#[test]
fn an_unwanted_body_that_does_not_arrive_closes_the_connection_after_the_response() {
    let server = TestServer::start();
    for head in [
        "content-length: 1000000\r\n",
        "content-length: 11\r\n",
        "transfer-encoding: chunked\r\n",
        "expect: 100-continue\r\ncontent-length: 11\r\n",
    ] {
        let response = server.send_raw(format!("POST /v1/groups HTTP/1.1\r\nhost: x\r\n{head}\r\n"));
        assert!(response.starts_with("HTTP/1.1 401 "), "{response}");
        assert!(response.contains("connection: close\r\n"), "{response}");
    }
}
