//! Tokens never leak: everything that the binary writes, stores and returns is searched for them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use test_support::process::{Folder, Server};

const TOKEN: &str = "5f1d7e0c9b3a48d2a6c4e8f0917b2d3c";

#[cfg(target_os = "linux")]
#[test]
fn a_token_in_the_environment_is_removed_from_the_process_which_is_otherwise_unchanged() {
    let folder = Folder::new();
    let mut command = folder.command(&["serve", "--db", "named.db"]);
    command.env("GROUPS_TOKEN", TOKEN).env("GROUPS_LOG_LEVEL", "warn");
    let server = folder.serve_with(command);
    let (environment, command_line) = (server.proc("environ"), server.proc("cmdline"));
    assert_no_tokens(&environment, &[TOKEN]);
    assert!(String::from_utf8_lossy(&environment).contains("GROUPS_LOG_LEVEL=warn\0"));
    assert!(String::from_utf8_lossy(&command_line).ends_with("groups-server\0serve\0--db\0named.db\0"));
    assert_eq!(server.proc("comm"), b"groups-server\n");
    let response = send(&server, &requests(TOKEN)[0]);
    assert!(response.starts_with(b"HTTP/1.1 200 "));
    drop(server.stop());
}

#[test]
fn a_token_that_cannot_be_removed_from_the_environment_is_refused() {
    let folder = Folder::new();
    // A limit of 4 leaves one free file descriptor, too few for a pipe. The test runner may have left 3 open: close it.
    let line = "exec 3>&-; ulimit -n 4; exec \"$0\" \"$@\"";
    let mut command = folder.shell_command(line, &["--listen", "127.0.0.1:0"]);
    let output = command.env("GROUPS_TOKEN", TOKEN).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("cannot remove GROUPS_TOKEN from the environment") && stderr.contains("--token-file"),
        "{stderr}"
    );
    assert!(!stderr.contains(TOKEN) && !folder.path("groups.db").exists());
}

/// Sends valid and invalid tokens in every way there is, at log level `trace`.
#[test]
fn no_token_leaks_into_the_log_a_response_the_file_or_the_process() {
    for format in ["text", "json"] {
        let folder = Folder::new();
        let (first, stdout) = first_token(&folder);
        let full = folder.succeed(&["token", "create"]).trim().to_owned();
        let read_only = folder.succeed(&["token", "create", "--read-only"]).trim().to_owned();
        let revoked = folder.succeed(&["token", "create", "--name", "old"]).trim().to_owned();
        let list = folder.succeed(&["token", "list"]);
        let old = list.lines().find(|line| line.contains(" old ")).unwrap();
        folder.succeed(&["token", "revoke", &old[..16]]);
        let wrong = format!("groups_{}", "Wr0ng-".repeat(8));
        let tokens = [&first, &full, &read_only, &revoked, &wrong, TOKEN];
        let mut command = folder.command(&["--log-level", "trace", "--log-format", format]);
        command.env("GROUPS_TOKEN", TOKEN);
        let server = folder.serve_with(command);
        let mut seen = list.into_bytes();
        for token in tokens {
            for request in requests(token) {
                seen.extend(send(&server, &request));
            }
        }
        // Without the `groups_` prefix, a misplaced token cannot be recognized as one.
        for token in &tokens[..5] {
            for request in misplaced(token, &full) {
                let response = send(&server, &request);
                assert!(
                    response.starts_with(b"HTTP/1.1 40"),
                    "{request} {}",
                    String::from_utf8_lossy(&response)
                );
                seen.extend(response);
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
        assert_no_tokens(&seen, &tokens);
        assert_eq!(
            stdout.matches(first.as_str()).count(),
            2,
            "the first token is printed once by itself and once in a request"
        );
        let log = std::fs::read_to_string(folder.path("log")).unwrap();
        let warnings = log.matches("127.0.0.1 has sent too many wrong access tokens").count();
        assert_eq!(warnings, 1, "the log warns once about an address that guesses: {log}");
        assert!(log.contains("/v1/groups/groups_…") && log.contains("429"), "{log}");
    }
}

/// The token that the first start creates, and its standard output.
fn first_token(folder: &Folder) -> (String, String) {
    let stdout = folder.serve(&[]).stop();
    let token = stdout.lines().map(str::trim).find(|line| line.starts_with("groups_"));
    (token.unwrap().to_owned(), stdout)
}

/// Requests with the token in the `Authorization` header, in every form that the header can have.
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
    let with = |credentials: &String| {
        let request = |line: &str, rest: &str| format!("{line} HTTP/1.1\r\nauthorization: {credentials}\r\n{rest}");
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

/// Requests with the token where it does not belong, authorized by the token `valid`.
fn misplaced(token: &str, valid: &str) -> Vec<String> {
    let request = |line: &str, rest: &str| format!("{line} HTTP/1.1\r\nauthorization: Bearer {valid}\r\n{rest}");
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

/// Sends a request with `Connection: close` and returns the complete response.
fn send(server: &Server, request: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    let request = request.replacen("HTTP/1.1\r\n", "HTTP/1.1\r\nhost: x\r\nconnection: close\r\n", 1);
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    response
}

/// Asserts that `bytes` contains no token, whole or just its middle, neither plain nor as Basic credentials.
#[track_caller]
fn assert_no_tokens(bytes: &[u8], tokens: &[&str]) {
    for token in tokens {
        let basic = STANDARD.encode(format!("{token}:"));
        for secret in [&token[10..30], &basic[12..32]] {
            let found = bytes
                .windows(secret.len())
                .position(|window| window == secret.as_bytes());
            let before = |at: usize| String::from_utf8_lossy(&bytes[at.saturating_sub(300)..at]).into_owned();
            assert_eq!(found.map(before), None, "{token}");
        }
    }
}
