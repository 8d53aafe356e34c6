//! A table of requests that are wrong, odd or hostile, as bytes on a socket, each with its right response. After each the
//! server must be there and right, and where the connection goes on the next request on it is answered in its place.

mod bodies;
mod framing;
mod heads;
mod invalid_bytes;
mod targets;

use std::io::{Read as _, Write as _};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{TestServer, config};

/// What comes after the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// The next request on the connection is answered.
    GoesOn,
    /// The server closes, and what was sent behind the request is no request: at most the HTTP layer says so.
    Closes,
}
use Then::{Closes, GoesOn};

/// What it is, its bytes, the response (`400 body_malformed`; a status alone below 400; `400 bare` where the HTTP layer
/// refuses before there is a request; `closed` for none), and what comes then.
type Case = (&'static str, Vec<u8>, &'static str, Then);

/// In a case's bytes, the token.
const TOKEN: &str = "{token}";

/// A request that would leave a trace, if what lies behind or in another were taken for one.
const SMUGGLED: &str = "POST /v1/groups HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
    content-type: application/x-www-form-urlencoded\r\ncontent-length: 13\r\n\r\nname=smuggled";

/// Sent behind each case.
const NEXT: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\nx-request-id: next\r\nconnection: close\r\n\r\n";

/// A whole request: the request line without its version, further headers, and what comes behind the head.
fn request(line: &str, headers: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Vec<u8> {
    let head = format!("{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n");
    [head.as_bytes(), headers.as_ref(), b"\r\n", body.as_ref()].concat()
}

/// A GET of the groups with these headers, each line with its end.
fn get(headers: impl AsRef<[u8]>) -> Vec<u8> {
    request("GET /v1/groups", headers, "")
}

/// A POST of a group as a form, with headers that say how long the body is.
fn post(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let headers = format!("content-type: application/x-www-form-urlencoded\r\n{headers}");
    request("POST /v1/groups", headers, body)
}

/// A POST of a group of this type.
fn typed(kind: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let headers = format!("content-type: {kind}\r\ncontent-length: {}\r\n", body.as_ref().len());
    request("POST /v1/groups", headers, body)
}

struct Response {
    status: String,
    head: String,
    body: String,
}

/// The responses in what came on a connection; interim ones are left out.
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

/// Sends a case and the next request on one connection and holds what comes back against what is right.
fn check(server: &TestServer, (what, bytes, expected, then): &Case) -> Result<(), String> {
    let sent = replace(bytes, TOKEN.as_bytes(), server.token.as_bytes());
    let mut stream = server.connect();
    // The server may refuse and close before it has read everything.
    drop(stream.write_all(&[&sent, NEXT.as_bytes()].concat()));
    let mut came = Vec::new();
    let ended = stream.read_to_end(&mut came);
    let told = format!("{what}: {ended:?}: {}", String::from_utf8_lossy(&came));
    let responses = responses(&came);
    let (first, rest) = match (responses.split_first(), *expected) {
        (None, "closed") => return Ok(()),
        (Some(split), _) => split,
        (None, _) => return Err(told),
    };
    let (status, code) = expected.split_once(' ').unwrap_or((expected, ""));
    let right = first.status == status
        && match code {
            "" => true,
            "bare" => first.body.is_empty(),
            code => is_error(first, code),
        };
    let next = match then {
        GoesOn => rest.len() == 1 && rest[0].status == "200" && rest[0].head.contains("x-request-id: next"),
        Closes => rest
            .iter()
            .all(|response| response.status == "400" && response.body.is_empty()),
    };
    if right && next { Ok(()) } else { Err(told) }
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

/// Holds every case of a theme against the server, which must be alive and right after each.
fn hold(cases: &[Case]) {
    let mut config = config();
    config.deadlines.head = Duration::from_millis(1_000);
    config.settings.body_deadline = Duration::from_millis(300);
    let server = TestServer::start_with(config);
    let path = format!("/v1/groups/{}", server.create_group(&json!({"name": "there before"})));
    let before = server.get(&path).text;
    let mut wrong = Vec::new();
    for case in cases {
        wrong.extend(check(&server, case).err());
        assert_eq!(server.get(&path).text, before, "after: {}", case.0);
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    let created = cases.iter().filter(|case| case.2 == "201").count();
    let groups = server.walk("/v1/groups?archived=false", 100, None);
    assert_eq!(groups.len(), 1 + created, "just what was answered by 201 is made");
    let all = server.get("/v1/groups?limit=100").text;
    assert!(!all.contains("smuggled"), "{all}");
}

#[test]
fn bodies_have_one_length_for_everyone() {
    hold(&framing::cases());
}

#[test]
fn heads_that_are_none_are_refused() {
    hold(&heads::cases());
}

#[test]
fn a_target_names_one_thing() {
    hold(&targets::cases());
}

#[test]
fn bytes_that_are_no_text_are_refused_in_every_place() {
    hold(&invalid_bytes::cases());
}

#[test]
fn a_body_that_says_something_else_is_told_so() {
    hold(&bodies::cases());
}

#[test]
fn the_table_has_150_cases_and_each_has_a_name_of_its_own() {
    let themes = [
        framing::cases(),
        heads::cases(),
        targets::cases(),
        invalid_bytes::cases(),
        bodies::cases(),
    ];
    let mut names: Vec<_> = themes.iter().flatten().map(|case| case.0).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(count >= 150, "{count}");
}
