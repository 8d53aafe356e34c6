//! Request lines, versions, headers as such, and the headers that say how to read a request.

use super::{Case, Closes, GoesOn, get, post, request};

pub fn cases() -> Vec<Case> {
    [lines(), fields(), hosts(), meanings()].concat()
}

fn lines() -> Vec<Case> {
    let head = "host: x\r\nauthorization: Bearer {token}\r\n\r\n";
    let line = |line: &str| format!("{line}\r\n{head}").into_bytes();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    vec![
        ("HTTP/0.9", b"GET /v1/groups\r\n".to_vec(), "400 bare", Closes),
        ("HTTP/1.0", line("GET /v1/groups HTTP/1.0"), "200", Closes),
        (
            "HTTP/1.0 without a host",
            b"GET /healthz HTTP/1.0\r\n\r\n".to_vec(),
            "200",
            Closes,
        ),
        (
            "HTTP/1.0 that goes on",
            line("GET /v1/groups HTTP/1.0\r\nconnection: keep-alive"),
            "200",
            GoesOn,
        ),
        ("HTTP/1.2", line("GET /v1/groups HTTP/1.2"), "400 bare", Closes),
        ("HTTP/2.0", line("GET /v1/groups HTTP/2.0"), "400 bare", Closes),
        ("HTTP/1.10", line("GET /v1/groups HTTP/1.10"), "400 bare", Closes),
        (
            "a version in lower case",
            line("GET /v1/groups http/1.1"),
            "400 bare",
            Closes,
        ),
        ("no version", line("GET /v1/groups "), "400 bare", Closes),
        ("the preface of HTTP/2", preface, "closed", Closes),
        (
            "a record of TLS",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
            "400 bare",
            Closes,
        ),
        (
            "two spaces before the target",
            line("GET  /v1/groups HTTP/1.1"),
            "400 bare",
            Closes,
        ),
        (
            "two spaces before the version",
            line("GET /v1/groups  HTTP/1.1"),
            "400 bare",
            Closes,
        ),
        (
            "a tab for a space",
            line("GET\t/v1/groups HTTP/1.1"),
            "400 bare",
            Closes,
        ),
        (
            "a space before the method",
            line(" GET /v1/groups HTTP/1.1"),
            "400 bare",
            Closes,
        ),
        (
            "words behind the version",
            line("GET /v1/groups HTTP/1.1 x"),
            "400 bare",
            Closes,
        ),
        ("no target", line("GET HTTP/1.1"), "400 bare", Closes),
        ("a method alone", line("GET"), "400 bare", Closes),
        (
            "a method in lower case",
            line("get /v1/groups HTTP/1.1"),
            "405 method_not_allowed",
            GoesOn,
        ),
        (
            "a method that is none",
            line("BREW /v1/groups HTTP/1.1"),
            "405 method_not_allowed",
            GoesOn,
        ),
        (
            "TRACE",
            line("TRACE /v1/groups HTTP/1.1"),
            "405 method_not_allowed",
            GoesOn,
        ),
        (
            "a method of signs",
            line("!#$%&'*+-.^_`|~ /v1/groups HTTP/1.1"),
            "405 method_not_allowed",
            GoesOn,
        ),
        (
            "a method with a bracket",
            line("G[T /v1/groups HTTP/1.1"),
            "400 bare",
            Closes,
        ),
        (
            "a method of 8,000 letters",
            line(&format!("{} /v1/groups HTTP/1.1", "G".repeat(8_000))),
            "405 method_not_allowed",
            GoesOn,
        ),
        (
            "a line that a bare LF ends",
            format!("GET /v1/groups HTTP/1.1\n{head}").into_bytes(),
            "200",
            GoesOn,
        ),
        (
            "a line that a bare CR ends",
            format!("GET /v1/groups HTTP/1.1\r{head}").into_bytes(),
            "400 bare",
            Closes,
        ),
    ]
}

fn fields() -> Vec<Case> {
    let many = |count: usize| (0..count).map(|n| format!("x-{n}: y\r\n")).collect::<String>();
    vec![
        ("a folded line", get("x-a: b\r\n c\r\n"), "400 bare", Closes),
        ("a folded line by a tab", get("x-a: b\r\n\tc\r\n"), "400 bare", Closes),
        (
            "a first line that is folded",
            b"GET /healthz HTTP/1.1\r\n host: x\r\n\r\n".to_vec(),
            "400 bare",
            Closes,
        ),
        ("a bare CR in a value", get("x-a: b\rc\r\n"), "400 bare", Closes),
        ("a bare CR before a line's end", get("x-a: b\r\r\n"), "400 bare", Closes),
        ("a bare LF after a value", get("x-a: b\n"), "200", GoesOn),
        ("a space before the colon", get("x-a : b\r\n"), "400 bare", Closes),
        ("a space in a name", get("x a: b\r\n"), "400 bare", Closes),
        ("no colon", get("x-a\r\n"), "400 bare", Closes),
        ("no name", get(": b\r\n"), "400 bare", Closes),
        ("no value", get("x-a:\r\n"), "200", GoesOn),
        ("a name with a bracket", get("x[a]: b\r\n"), "400 bare", Closes),
        ("95 headers", get(many(95)), "200", GoesOn),
        ("200 headers", get(many(200)), "431 bare", Closes),
        (
            "headers of 17 KiB",
            get(format!("x-a: {}\r\n", "b".repeat(17 << 10))),
            "431 headers_too_large",
            GoesOn,
        ),
        (
            "headers of 100 KiB",
            get(format!("x-a: {}\r\n", "b".repeat(100 << 10))),
            "431 bare",
            Closes,
        ),
        (
            "a name of 17 KiB",
            get(format!("{}: b\r\n", "x".repeat(17 << 10))),
            "431 headers_too_large",
            GoesOn,
        ),
        (
            "a name of 70,000 bytes",
            get(format!("{}: b\r\n", "x".repeat(70_000))),
            "431 bare",
            Closes,
        ),
    ]
}

fn hosts() -> Vec<Case> {
    let host =
        |lines: &str| format!("GET /v1/groups HTTP/1.1\r\n{lines}authorization: Bearer {{token}}\r\n\r\n").into_bytes();
    let wrong = "400 parameter_invalid";
    vec![
        ("no host", host(""), wrong, GoesOn),
        ("an empty host", host("host:\r\n"), "200", GoesOn),
        ("a host with a port", host("host: example.com:8080\r\n"), "200", GoesOn),
        (
            "a host with an empty port",
            host("host: example.com:\r\n"),
            "200",
            GoesOn,
        ),
        ("a host of IPv6", host("host: [::1]:8080\r\n"), "200", GoesOn),
        ("the same host twice", host("host: a\r\nhost: a\r\n"), wrong, GoesOn),
        ("two hosts", host("host: a\r\nHost: b\r\n"), wrong, GoesOn),
        ("two hosts in a list", host("host: a, b\r\n"), wrong, GoesOn),
        ("a host with a user", host("host: user@a\r\n"), wrong, GoesOn),
        (
            "a host with a user and a password",
            host("host: user:pass@a:80\r\n"),
            wrong,
            GoesOn,
        ),
        ("a host with a scheme", host("host: http://a\r\n"), wrong, GoesOn),
        ("a host with a path", host("host: a/v1\r\n"), wrong, GoesOn),
        ("a host with a query", host("host: a?b\r\n"), wrong, GoesOn),
        ("a host with a backslash", host("host: a\\b\r\n"), wrong, GoesOn),
        ("a host with a space", host("host: a b\r\n"), wrong, GoesOn),
        (
            "a host with a port that is none",
            host("host: a:http\r\n"),
            wrong,
            GoesOn,
        ),
        ("a host with a negative port", host("host: a:-1\r\n"), wrong, GoesOn),
        (
            "a host with a port beyond all",
            host("host: a:65536\r\n"),
            wrong,
            GoesOn,
        ),
        ("a host with two ports", host("host: a:1:2\r\n"), wrong, GoesOn),
        ("a port without a host", host("host: :80\r\n"), wrong, GoesOn),
        ("IPv6 without its bracket", host("host: [::1\r\n"), wrong, GoesOn),
        ("IPv6 without brackets", host("host: ::1\r\n"), wrong, GoesOn),
        ("a host that is no IPv6", host("host: [a/b]\r\n"), wrong, GoesOn),
    ]
}

/// Headers that say how to read a request, or who sends it.
fn meanings() -> Vec<Case> {
    let body = |headers: &str| post(&format!("content-length: 6\r\n{headers}"), "name=x");
    let patch = |headers: &str| request("PATCH /v1/groups/AAAAAAAAAAAAAAAA", headers, "");
    let long = "k".repeat(256);
    vec![
        (
            "a second token",
            get("authorization: Bearer {token}\r\n"),
            "401 unauthorized",
            GoesOn,
        ),
        (
            "a second token that is none",
            get("authorization: x\r\n"),
            "401 unauthorized",
            GoesOn,
        ),
        (
            "two tokens in a list",
            b"GET /v1/groups HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}, Bearer {token}\r\n\r\n".to_vec(),
            "401 unauthorized",
            GoesOn,
        ),
        (
            "a token in the query",
            b"GET /v1/groups?access_token={token} HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
            "401 unauthorized",
            GoesOn,
        ),
        (
            "a key twice",
            body("idempotency-key: a\r\nidempotency-key: a\r\n"),
            "400 parameter_invalid",
            GoesOn,
        ),
        (
            "an empty key",
            body("idempotency-key:\r\n"),
            "400 parameter_invalid",
            GoesOn,
        ),
        (
            "a key with a space",
            body("idempotency-key: a b\r\n"),
            "400 parameter_invalid",
            GoesOn,
        ),
        (
            "a key of 256 characters",
            body(&format!("idempotency-key: {long}\r\n")),
            "400 parameter_invalid",
            GoesOn,
        ),
        (
            "a condition in two lines",
            patch("if-match: \"a\"\r\nif-match: \"b\"\r\n"),
            "404 not_found",
            GoesOn,
        ),
        (
            "a condition, and anything",
            patch("if-match: \"a\"\r\nif-match: *\r\n"),
            "400 parameter_invalid",
            GoesOn,
        ),
        (
            "an empty condition",
            patch("if-match:\r\n"),
            "400 parameter_invalid",
            GoesOn,
        ),
        (
            "a condition without quotes",
            patch("if-match: abc\r\n"),
            "400 parameter_invalid",
            GoesOn,
        ),
        (
            "a condition that does not end",
            patch("if-match: \"abc\r\n"),
            "400 parameter_invalid",
            GoesOn,
        ),
        (
            "two request ids",
            get("x-request-id: a\r\nx-request-id: b\r\n"),
            "200",
            GoesOn,
        ),
        ("Expect", body("expect: 100-continue\r\n"), "201", GoesOn),
        ("Expect, in capitals", body("expect: 100-CONTINUE\r\n"), "201", GoesOn),
        ("Expect of something else", body("expect: the-worst\r\n"), "201", GoesOn),
        ("Expect without a body", get("expect: 100-continue\r\n"), "200", GoesOn),
        (
            "an upgrade to HTTP/2",
            get("connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"),
            "200",
            GoesOn,
        ),
        (
            "an upgrade to a web socket",
            get(
                "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            ),
            "200",
            GoesOn,
        ),
        (
            "a connection that closes and stays",
            get("connection: close\r\nconnection: keep-alive\r\n"),
            "200",
            Closes,
        ),
        (
            "a connection header that names the host",
            get("connection: host, authorization\r\n"),
            "200",
            GoesOn,
        ),
        ("a range", get("range: bytes=0-1\r\n"), "200", GoesOn),
        (
            "another method by a header",
            get("x-http-method-override: DELETE\r\n"),
            "200",
            GoesOn,
        ),
        (
            "another path by a header",
            get("x-original-url: /v1/contacts\r\nx-rewrite-url: /v1/contacts\r\n"),
            "200",
            GoesOn,
        ),
    ]
}
