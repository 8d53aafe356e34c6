//! Sends the cases. After each the server must be alive and unchanged, and if the connection stays open, the next request
//! on it must get its own response.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use serde_json::{Value, json};

use super::case::{Case, Closes, NEXT, StaysOpen, TOKEN};
use crate::harness::{TestServer, config};

struct Response {
    status: String,
    head: String,
    body: String,
}

/// Parses the responses received on a connection, without interim ones.
fn responses(bytes: &[u8]) -> Vec<Response> {
    let mut rest = std::str::from_utf8(bytes).unwrap();
    let mut responses = Vec::new();
    while !rest.is_empty() {
        let (head, after) = rest
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no head: {rest:?}"));
        let status = head
            .strip_prefix("HTTP/1.1 ")
            .or_else(|| head.strip_prefix("HTTP/1.0 "));
        let status = status.unwrap_or_else(|| panic!("no response: {rest:?}"))[..3].to_owned();
        if status == "100" {
            rest = after;
            continue;
        }
        let length = head.split("content-length: ").nth(1).map_or(0, |rest| {
            let digits = rest.split("\r\n").next().unwrap_or_default();
            digits.parse().unwrap()
        });
        let (body, after) = after.split_at(length);
        responses.push(Response {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        });
        rest = after;
    }
    responses
}

/// Sends a case and the next request on one connection, and compares what is received with what is expected.
fn check(server: &TestServer, (description, bytes, expected, then): &Case) -> Result<(), String> {
    let sent = replace(bytes, TOKEN.as_bytes(), server.token.as_bytes());
    let mut stream = server.connect();
    // The server may reject the request and close before it has read everything.
    drop(stream.write_all(&[&sent, NEXT.as_bytes()].concat()));
    let mut received = Vec::new();
    let ended = stream.read_to_end(&mut received);
    let context = format!("{description}: {ended:?}: {}", String::from_utf8_lossy(&received));
    let responses = responses(&received);
    let (first, rest) = match (responses.split_first(), *expected) {
        (None, "closed") => return Ok(()),
        (Some(split), _) => split,
        (None, _) => return Err(context),
    };
    let (status, code) = expected.split_once(' ').unwrap_or((expected, ""));
    let is_expected = first.status == status
        && match code {
            "" => true,
            "bare" => first.body.is_empty(),
            code => is_error(first, code),
        };
    let follows = match then {
        StaysOpen => rest.len() == 1 && rest[0].status == "200" && rest[0].head.contains("x-request-id: next"),
        Closes => rest
            .iter()
            .all(|response| response.status == "400" && response.body.is_empty()),
    };
    if is_expected && follows { Ok(()) } else { Err(context) }
}

fn is_error(response: &Response, code: &str) -> bool {
    let Ok(error) = serde_json::from_str::<Value>(&response.body) else {
        return false;
    };
    let id = format!("x-request-id: {}", error["request_id"].as_str().unwrap_or("-"));
    error["code"] == code && error["type"] == "invalid_request" && response.head.contains(&id)
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend([&rest[..at], to].concat());
        rest = &rest[at + from.len()..];
    }
    out.extend(rest);
    out
}

/// Runs a theme's cases.
pub fn run(cases: &[Case]) {
    let mut config = config();
    config.deadlines.head = Duration::from_millis(1_000);
    config.settings.body_deadline = Duration::from_millis(300);
    let server = TestServer::start_with(config);
    let path = format!("/v1/groups/{}", server.create_group(&json!({"name": "there before"})));
    let before = server.get(&path).text;
    let mut failures = Vec::new();
    for case in cases {
        failures.extend(check(&server, case).err());
        assert_eq!(server.get(&path).text, before, "after: {}", case.0);
    }
    assert!(
        failures.is_empty(),
        "{} failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
    let created = cases.iter().filter(|case| case.2 == "201").count();
    let groups = server.walk("/v1/groups?archived=false", 100, None);
    assert_eq!(
        groups.len(),
        1 + created,
        "exactly the requests with a 201 create a group"
    );
    let all = server.get("/v1/groups?limit=100").text;
    assert!(!all.contains("smuggled"), "{all}");
}
