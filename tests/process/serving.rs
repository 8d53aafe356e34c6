//! The server as a process: its first start, tokens from the environment, signals, the request log.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;
use test_support::process::{Folder, curl, has_curl, mode, shell};

#[test]
fn the_first_start_prints_a_token_once_and_a_request_that_works_as_pasted() {
    if !has_curl() {
        return;
    }
    let folder = Folder::new();
    let server = folder.serve(&["--db", "groups.db", "--base-path", "/api"]);
    let (url, log) = (server.url.clone(), folder.path("log"));
    // Standard output is complete only after the server has stopped.
    let health = curl(&[&format!("{url}/healthz")]);
    assert_eq!(health, "{\"status\":\"ok\"}");
    for file in ["groups.db", "groups.db-wal", "groups.db-shm", "groups.db-lock"] {
        assert_eq!(mode(&folder.path(file)), 0o600, "{file}");
    }
    let stdout = server.stop();
    let token = stdout
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("groups_"))
        .unwrap()
        .to_owned();
    let request = stdout
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("curl "))
        .unwrap()
        .to_owned();
    let again = folder.serve(&["serve", "--base-path", "/api"]);
    let pasted = shell(&format!("{} -sS", request.replace(&url, &again.url)));
    assert_eq!(
        String::from_utf8(pasted.stdout).unwrap(),
        "{\"has_more\":false,\"data\":[]}"
    );
    let second = again.stop();
    assert_eq!(second.lines().count(), 1, "only the address is printed: {second}");
    assert!(
        !std::fs::read_to_string(log).unwrap().contains(&token),
        "a token is in the log"
    );
    assert!(!folder.path("groups.db-wal").exists());
}

#[test]
fn the_environment_sets_the_same_token_at_every_start() {
    if !has_curl() {
        return;
    }
    let folder = Folder::new();
    let serve = |name: &str, value: &str| {
        let mut command = folder.command(&[]);
        command.env(name, value);
        folder.serve_with(command)
    };
    let one = "from-outside-0123456789abcdef";
    std::fs::write(folder.path("secret"), format!("{one}\n")).unwrap();
    for (name, value) in [("GROUPS_TOKEN", one), ("GROUPS_TOKEN_FILE", "secret")] {
        let server = serve(name, value);
        assert_eq!(server.status(one, "/v1/groups"), "200");
        let stdout = server.stop();
        assert_eq!(stdout.lines().count(), 1, "no other token is created: {stdout}");
    }
    assert_eq!(folder.succeed(&["token", "list"]).lines().count(), 2);
    let server = serve("GROUPS_TOKEN", "another-0123456789abcdef");
    assert_eq!(server.status("another-0123456789abcdef", "/v1/groups"), "200");
    assert_eq!(
        server.status(one, "/v1/groups"),
        "401",
        "the environment's earlier token is replaced"
    );
    let list = folder.succeed(&["token", "list"]);
    folder.succeed(&[
        "token",
        "revoke",
        list.lines().last().unwrap().split(' ').next().unwrap(),
    ]);
    assert_eq!(server.status("another-0123456789abcdef", "/v1/groups"), "401");
    drop(server.stop());
    assert_eq!(
        folder.serve(&[]).stop().lines().count(),
        1,
        "a start does not create a token after the last one was revoked"
    );
    let server = serve("GROUPS_TOKEN", "another-0123456789abcdef");
    assert_eq!(server.status("another-0123456789abcdef", "/v1/groups"), "200");
}

#[test]
fn every_flag_of_every_command_has_an_environment_variable() {
    let folder = Folder::new();
    let mut create = folder.command(&["token", "create"]);
    create.env("GROUPS_DB", "named.db");
    assert!(create.output().unwrap().status.success());
    assert!(folder.path("named.db").exists() && !folder.path("groups.db").exists());
    for command in [
        &["--help"][..],
        &["serve", "--help"],
        &["token", "create", "--help"],
        &["import", "--help"],
        &["export", "--help"],
        &["backup", "--help"],
        &["restore", "--help"],
        &["openapi", "--help"],
    ] {
        let help = folder.succeed(command);
        for flag in help
            .lines()
            .filter(|line| line.trim_start().starts_with("--") || line.trim_start().starts_with("-"))
        {
            let name = flag
                .split("--")
                .nth(1)
                .unwrap_or("help")
                .split([' ', ','])
                .next()
                .unwrap();
            // Help text wraps, but never within a variable.
            let variable = format!(" GROUPS_{}=", name.to_uppercase().replace('-', "_"));
            let token_variable = variable.replace("GROUPS_", "GROUPS_TOKEN_");
            let known =
                ["help", "version"].contains(&name) || help.contains(&variable) || help.contains(&token_variable);
            assert!(known, "{command:?}: {flag} names no variable: {help}");
        }
    }
    assert_eq!(
        folder.succeed(&["--version"]),
        concat!("groups-server ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn sigterm_and_sigint_finish_the_request_in_flight_and_exit_with_0() {
    for name in ["TERM", "INT"] {
        let folder = Folder::new();
        let token = folder.succeed(&["token", "create"]);
        let server = folder.serve(&[]);
        let addr = server.url.trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(&addr).unwrap();
        let body = "name=last";
        let head = format!(
            "POST /v1/groups HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nexpect: 100-continue\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
            token.trim(),
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut interim = [0; 25];
        stream.read_exact(&mut interim).unwrap();
        server.signal(name);
        // Shutdown has begun once the port is closed.
        while TcpStream::connect(&addr).is_ok() {}
        stream.write_all(body.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 201"), "{response}");
        drop(server.wait());
        assert!(folder.succeed(&["export", "-"]).contains("\"name\":\"last\""));
    }
}

#[test]
fn sighup_leaves_the_server_running() {
    if !has_curl() {
        return;
    }
    let folder = Folder::new();
    let token = folder.succeed(&["token", "create"]);
    let server = folder.serve(&[]);
    server.signal("HUP");
    while !server.log().contains("SIGHUP ignored") {
        assert_eq!(server.status(token.trim(), "/v1/groups"), "200");
    }
    server.signal("HUP");
    assert_eq!(server.status(token.trim(), "/v1/groups"), "200");
    server.stop();
}

#[test]
fn a_log_line_describes_the_request_and_contains_no_token() {
    if !has_curl() {
        return;
    }
    let folder = Folder::new();
    let token = folder.succeed(&["token", "create"]);
    let token = token.trim();
    let server = folder.serve(&["--log-format", "json"]);
    let url = format!("{}/v1/groups?limit=5", server.url);
    curl(&[
        "-H",
        &format!("Authorization: Bearer {token}"),
        "-H",
        "X-Request-Id: mine",
        &url,
    ]);
    curl(&["-u", &format!("{token}:"), &url]);
    curl(&["-H", "Authorization: Bearer groups_wrong", &url]);
    let log = folder.path("log");
    drop(server.stop());
    let log = std::fs::read_to_string(log).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let requests: Vec<&Value> = lines.iter().filter(|line| line["method"] == "GET").collect();
    assert_eq!(requests.len(), 3, "{log}");
    assert_eq!(
        (&requests[0]["path"], &requests[0]["status"]),
        (&"/v1/groups".into(), &200.into())
    );
    assert_eq!(requests[0]["request_id"], "mine");
    assert!(requests[0]["duration_us"].is_u64());
    assert_eq!(requests[2]["status"], 401);
    assert!(
        !log.contains(token) && !log.contains("groups_wrong") && !log.contains("Bearer"),
        "{log}"
    );
}

#[test]
fn the_log_warns_once_about_an_address_that_guesses_tokens() {
    if !has_curl() {
        return;
    }
    let folder = Folder::new();
    let server = folder.serve(&["--log-level", "warn"]);
    let statuses: Vec<String> = (0..25)
        .map(|n| server.status(&format!("groups_wrong_{n:020}"), "/v1/groups"))
        .collect();
    assert_eq!((statuses[0].as_str(), statuses[24].as_str()), ("401", "429"));
    let log = server.log();
    assert_eq!(log.matches("too many wrong access tokens").count(), 1, "{log}");
    drop(server.stop());
}

#[test]
fn requests_are_not_logged_at_level_error() {
    if !has_curl() {
        return;
    }
    let folder = Folder::new();
    let server = folder.serve(&["--log-level", "error"]);
    curl(&[&format!("{}/healthz", server.url)]);
    assert_eq!(server.log(), "");
    drop(server.stop());
}

#[test]
fn an_empty_file_is_treated_as_a_new_one() {
    let folder = Folder::new();
    std::fs::write(folder.path("groups.db"), "").unwrap();
    let stdout = folder.serve(&[]).stop();
    assert!(stdout.contains("groups_"), "{stdout}");
}

#[test]
fn an_empty_variable_counts_as_unset_and_other_commands_ignore_the_servers_variables() {
    let folder = Folder::new();
    let mut command = folder.command(&[]);
    for name in [
        "TOKEN",
        "TOKEN_FILE",
        "PUBLIC_URL",
        "BASE_PATH",
        "DB",
        "MAX_BODY",
        "LOG_LEVEL",
    ] {
        command.env(format!("GROUPS_{name}"), "");
    }
    drop(folder.serve_with(command).stop());
    assert!(folder.path("groups.db").exists());
    let mut list = folder.command(&["token", "list"]);
    assert!(list.env("GROUPS_LISTEN", "nowhere").output().unwrap().status.success());
}

#[test]
fn the_environment_may_hold_an_existing_full_token_of_the_default_account_and_no_other() {
    if !has_curl() {
        return;
    }
    let folder = Folder::new();
    let own = folder.succeed(&["token", "create"]);
    let lesser = [
        folder.succeed(&["token", "create", "--read-only"]),
        folder.succeed(&["token", "create", "--account", "other"]),
    ];
    let mut command = folder.command(&[]);
    command.env("GROUPS_TOKEN", own.trim());
    let server = folder.serve_with(command);
    assert_eq!(server.status(own.trim(), "/v1/groups"), "200");
    drop(server.stop());
    for token in &lesser {
        let mut command = folder.command(&["--listen", "127.0.0.1:0"]);
        let output = command.env("GROUPS_TOKEN", token.trim()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("the token from the environment already exists"));
    }
    let list = folder.succeed(&["token", "list"]);
    assert_eq!(list.lines().count(), 4, "{list}");
}
