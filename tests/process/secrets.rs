//! Tokens are nowhere but where they are meant to be: what the binary writes, keeps and shows is searched for them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use test_support::process::{Folder, Server};

const GIVEN: &str = "5f1d7e0c9b3a48d2a6c4e8f0917b2d3c";

#[cfg(target_os = "linux")]
#[test]
fn a_token_from_the_environment_does_not_stay_there_and_the_process_is_the_same() {
    let folder = Folder::new();
    let mut command = folder.command(&["serve", "--db", "named.db"]);
    command.env("GROUPS_TOKEN", GIVEN).env("GROUPS_LOG_LEVEL", "warn");
    let server = folder.serve_with(command);
    let (environment, line) = (server.proc("environ"), server.proc("cmdline"));
    assert_none(&environment, &[GIVEN]);
    assert!(String::from_utf8_lossy(&environment).contains("GROUPS_LOG_LEVEL=warn\0"));
    assert!(String::from_utf8_lossy(&line).ends_with("groups-server\0serve\0--db\0named.db\0"));
    assert_eq!(server.proc("comm"), b"groups-server\n");
    let answer = send(&server, &requests(GIVEN)[0]);
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
    drop(server.stop());
}

#[test]
fn a_token_that_cannot_leave_the_environment_is_refused() {
    let folder = Folder::new();
    // With one file descriptor left there is no pipe. Whatever runs the tests may have left something open there.
    let line = "exec 3>&-; ulimit -n 4; exec \"$0\" \"$@\"";
    let mut command = folder.shell_command(line, &["--listen", "127.0.0.1:0"]);
    let output = command.env("GROUPS_TOKEN", GIVEN).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("cannot remove GROUPS_TOKEN from the environment") && told.contains("--token-file"),
        "{told}"
    );
    assert!(!told.contains(GIVEN) && !folder.path("groups.db").exists());
}

/// Everything that can be done with tokens, right and wrong ones, with all that there is to log.
#[test]
fn no_token_is_in_the_log_an_answer_the_file_or_the_process() {
    for format in ["text", "json"] {
        let folder = Folder::new();
        let (first, printed) = first_token(&folder);
        let made = folder.succeed(&["token", "create"]).trim().to_owned();
        let read_only = folder.succeed(&["token", "create", "--read-only"]).trim().to_owned();
        let revoked = folder.succeed(&["token", "create", "--name", "old"]).trim().to_owned();
        let list = folder.succeed(&["token", "list"]);
        let old = list.lines().find(|line| line.contains(" old ")).unwrap();
        folder.succeed(&["token", "revoke", &old[..16]]);
        let wrong = format!("groups_{}", "Wr0ng-".repeat(8));
        let tokens = [&first, &made, &read_only, &revoked, &wrong, GIVEN];
        let mut command = folder.command(&["--log-level", "trace", "--log-format", format]);
        command.env("GROUPS_TOKEN", GIVEN);
        let server = folder.serve_with(command);
        let mut seen = list.into_bytes();
        for token in tokens {
            for request in requests(token) {
                seen.extend(send(&server, &request));
            }
        }
        // Of what is none of ours nobody can tell that it is a token.
        for token in &tokens[..5] {
            for request in mistakes(token, &made) {
                let answer = send(&server, &request);
                assert!(
                    answer.starts_with(b"HTTP/1.1 40"),
                    "{request} {}",
                    String::from_utf8_lossy(&answer)
                );
                seen.extend(answer);
            }
        }
        while !send(&server, &requests(&wrong)[0]).starts_with(b"HTTP/1.1 429") {}
        if cfg!(target_os = "linux") {
            seen.extend(server.proc("environ"));
            seen.extend(server.proc("cmdline"));
        }
        seen.extend(folder.contents());
        seen.extend(server.stop().into_bytes());
        folder.succeed(&["export", "export"]);
        seen.extend(folder.contents());
        assert_none(&seen, &tokens);
        assert_eq!(
            printed.matches(first.as_str()).count(),
            2,
            "the first token is shown once, and in a request"
        );
        let log = std::fs::read_to_string(folder.path("log")).unwrap();
        let told = log.matches("127.0.0.1 has sent too many wrong access tokens").count();
        assert_eq!(told, 1, "the log tells of a peer that guesses, once: {log}");
        assert!(log.contains("/v1/groups/groups_…") && log.contains("429"), "{log}");
    }
}

/// The token that the first start makes, and all that it prints.
fn first_token(folder: &Folder) -> (String, String) {
    let printed = folder.serve(&[]).stop();
    let token = printed.lines().map(str::trim).find(|line| line.starts_with("groups_"));
    (token.unwrap().to_owned(), printed)
}

/// A request's head and body, with the token where it belongs, in each way to send it.
fn requests(token: &str) -> Vec<String> {
    let basic = |text: String| format!("Basic {}", STANDARD.encode(text));
    let credentials = [
        format!("Bearer {token}"),
        format!("Bearer {token} {token}"),
        format!("Token {token}"),
        basic(format!("{token}:")),
        basic(format!("anyone:{token}")),
        basic(token.to_owned()),
    ];
    let with = |sent: &String| {
        let request = |line: &str, rest: &str| format!("{line} HTTP/1.1\r\nauthorization: {sent}\r\n{rest}");
        let form = "content-type: application/x-www-form-urlencoded\r\ncontent-length: 6\r\n\r\nname=x";
        [
            request("GET /v1/groups", "\r\n"),
            request("POST /v1/groups", form),
            request("POST /v1/groups", "content-type: text/plain\r\n\r\n"),
            request("GET /v1/groups/AAAAAAAAAAAAAAAA", "\r\n"),
            request("DELETE /v1/groups", "\r\n"),
            request("GET /nothing", "\r\n"),
            request("GET /v1/groups?limit=0", "\r\n"),
        ]
    };
    credentials.iter().flat_map(with).collect()
}

/// Requests with the token where it does not belong; `good` lets them in.
fn mistakes(token: &str, good: &str) -> Vec<String> {
    let request = |line: &str, rest: &str| format!("{line} HTTP/1.1\r\nauthorization: Bearer {good}\r\n{rest}");
    let post = |kind: &str, body: &str| {
        let length = body.len();
        let keyed = format!("idempotency-key: {}\r\n", &body.len());
        let head = format!("{keyed}content-type: application/{kind}\r\ncontent-length: {length}\r\n\r\n{body}");
        request("POST /v1/groups", &head)
    };
    vec![
        request(&format!("GET /v1/groups/{token}"), "\r\n"),
        request(&format!("GET /v1/groups/{token}/contacts"), "\r\n"),
        request(&format!("GET /{token}/v1/groups"), "\r\n"),
        request(&format!("GET /v1/groups?access_token={token}"), "\r\n"),
        request(&format!("GET /v1/groups?{token}"), "\r\n"),
        request(&format!("GET /v1/groups?starting_after={token}"), "\r\n"),
        request(&format!("GET /v1/groups?archived={token}"), "\r\n"),
        request(
            "DELETE /v1/groups/AAAAAAAAAAAAAAAA",
            &format!("if-match: {token}\r\n\r\n"),
        ),
        format!("GET /v1/groups/{token} HTTP/1.1\r\n\r\n"),
        post("json", &format!(r#"{{"name": "x", "token": "{token}"}}"#)),
        post("json", &format!(r#"{{"name": "x", "{token}": 1}}"#)),
        post("json", &format!(r#"{{"name": "x", "contacts": ["{token}"]}}"#)),
        post("json", &format!(r#"{{"name": "x", "avatar_url": "{token}"}}"#)),
        post(
            "json",
            &format!(r#"{{"name": "x", "contacts": [{{"username": "x {token}"}}]}}"#),
        ),
        post("json", &format!(r#""{token}""#)),
        post("x-www-form-urlencoded", token),
        post("x-www-form-urlencoded", &format!("name=x&{token}=y")),
        post("x-www-form-urlencoded", &format!("name=x&contacts[]={token}")),
    ]
}

/// Sends a request, of which the server closes the connection; answers with all that it sent.
fn send(server: &Server, request: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    let request = request.replacen("HTTP/1.1\r\n", "HTTP/1.1\r\nhost: x\r\nconnection: close\r\n", 1);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

/// Asserts that no token, nor the middle of one, is in `bytes`, plain or as Basic credentials.
#[track_caller]
fn assert_none(bytes: &[u8], tokens: &[&str]) {
    for token in tokens {
        let basic = STANDARD.encode(format!("{token}:"));
        for secret in [&token[10..30], &basic[12..32]] {
            let found = bytes
                .windows(secret.len())
                .position(|window| window == secret.as_bytes());
            let near = |place: usize| String::from_utf8_lossy(&bytes[place.saturating_sub(300)..place]).into_owned();
            assert_eq!(found.map(near), None, "{token}");
        }
    }
}
