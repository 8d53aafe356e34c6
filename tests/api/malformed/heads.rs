//! Request lines, header syntax, `Host`, and headers that change how a request is read.

use super::case::{Case, Closes, StaysOpen, get, post, request};

pub fn cases() -> Vec<Case> {
    [lines(), fields(), hosts(), interpretation()].concat()
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
            "HTTP/1.0 with keep-alive",
            line("GET /v1/groups HTTP/1.0\r\nconnection: keep-alive"),
            "200",
            StaysOpen,
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
        ("the HTTP/2 preface", preface, "closed", Closes),
        (
            "a TLS record",
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
            "a tab instead of a space",
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
            "text after the version",
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
            StaysOpen,
        ),
        (
            "an unknown method",
            line("BREW /v1/groups HTTP/1.1"),
            "405 method_not_allowed",
            StaysOpen,
        ),
        (
            "TRACE",
            line("TRACE /v1/groups HTTP/1.1"),
            "405 method_not_allowed",
            StaysOpen,
        ),
        (
            "a method of punctuation",
            line("!#$%&'*+-.^_`|~ /v1/groups HTTP/1.1"),
            "405 method_not_allowed",
            StaysOpen,
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
            StaysOpen,
        ),
        (
            "a request line ended by a bare LF",
            format!("GET /v1/groups HTTP/1.1\n{head}").into_bytes(),
            "200",
            StaysOpen,
        ),
        (
            "a request line ended by a bare CR",
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
        ("a line folded with a tab", get("x-a: b\r\n\tc\r\n"), "400 bare", Closes),
        (
            "a folded line right after the request line",
            b"GET /healthz HTTP/1.1\r\n host: x\r\n\r\n".to_vec(),
            "400 bare",
            Closes,
        ),
        ("a bare CR in a value", get("x-a: b\rc\r\n"), "400 bare", Closes),
        ("a bare CR before a line end", get("x-a: b\r\r\n"), "400 bare", Closes),
        ("a bare LF after a value", get("x-a: b\n"), "200", StaysOpen),
        (
            "a space before a header's colon",
            get("x-a : b\r\n"),
            "400 bare",
            Closes,
        ),
        ("a space in a header name", get("x a: b\r\n"), "400 bare", Closes),
        ("a header without a colon", get("x-a\r\n"), "400 bare", Closes),
        ("a header without a name", get(": b\r\n"), "400 bare", Closes),
        ("a header without a value", get("x-a:\r\n"), "200", StaysOpen),
        ("a header name with a bracket", get("x[a]: b\r\n"), "400 bare", Closes),
        ("95 headers", get(many(95)), "200", StaysOpen),
        ("200 headers", get(many(200)), "431 bare", Closes),
        (
            "headers of 17 KiB",
            get(format!("x-a: {}\r\n", "b".repeat(17 << 10))),
            "431 headers_too_large",
            StaysOpen,
        ),
        (
            "headers of 100 KiB",
            get(format!("x-a: {}\r\n", "b".repeat(100 << 10))),
            "431 bare",
            Closes,
        ),
        (
            "a header name of 17 KiB",
            get(format!("{}: b\r\n", "x".repeat(17 << 10))),
            "431 headers_too_large",
            StaysOpen,
        ),
        (
            "a header name of 70,000 bytes",
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
        ("no host", host(""), wrong, StaysOpen),
        ("an empty host", host("host:\r\n"), "200", StaysOpen),
        (
            "a host with a port",
            host("host: example.com:8080\r\n"),
            "200",
            StaysOpen,
        ),
        (
            "a host with an empty port",
            host("host: example.com:\r\n"),
            "200",
            StaysOpen,
        ),
        ("an IPv6 host", host("host: [::1]:8080\r\n"), "200", StaysOpen),
        ("the same host twice", host("host: a\r\nhost: a\r\n"), wrong, StaysOpen),
        ("two hosts", host("host: a\r\nHost: b\r\n"), wrong, StaysOpen),
        ("two hosts in a list", host("host: a, b\r\n"), wrong, StaysOpen),
        ("a host with a user", host("host: user@a\r\n"), wrong, StaysOpen),
        (
            "a host with a user and a password",
            host("host: user:pass@a:80\r\n"),
            wrong,
            StaysOpen,
        ),
        ("a host with a scheme", host("host: http://a\r\n"), wrong, StaysOpen),
        ("a host with a path", host("host: a/v1\r\n"), wrong, StaysOpen),
        ("a host with a query", host("host: a?b\r\n"), wrong, StaysOpen),
        ("a host with a backslash", host("host: a\\b\r\n"), wrong, StaysOpen),
        ("a host with a space", host("host: a b\r\n"), wrong, StaysOpen),
        (
            "a host with an invalid port",
            host("host: a:http\r\n"),
            wrong,
            StaysOpen,
        ),
        ("a host with a negative port", host("host: a:-1\r\n"), wrong, StaysOpen),
        (
            "a host with a port over 65535",
            host("host: a:65536\r\n"),
            wrong,
            StaysOpen,
        ),
        ("a host with two ports", host("host: a:1:2\r\n"), wrong, StaysOpen),
        ("a port without a host", host("host: :80\r\n"), wrong, StaysOpen),
        (
            "IPv6 without the closing bracket",
            host("host: [::1\r\n"),
            wrong,
            StaysOpen,
        ),
        ("IPv6 without brackets", host("host: ::1\r\n"), wrong, StaysOpen),
        ("an invalid IPv6 host", host("host: [a/b]\r\n"), wrong, StaysOpen),
    ]
}

/// Headers that change how a request is read or whose it is.
fn interpretation() -> Vec<Case> {
    let body = |headers: &str| post(&format!("content-length: 6\r\n{headers}"), "name=x");
    let patch = |headers: &str| request("PATCH /v1/groups/AAAAAAAAAAAAAAAA", headers, "");
    let long = "k".repeat(256);
    vec![
        (
            "a second token",
            get("authorization: Bearer {token}\r\n"),
            "401 unauthorized",
            StaysOpen,
        ),
        (
            "a second, malformed token",
            get("authorization: x\r\n"),
            "401 unauthorized",
            StaysOpen,
        ),
        (
            "two tokens in a list",
            b"GET /v1/groups HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}, Bearer {token}\r\n\r\n".to_vec(),
            "401 unauthorized",
            StaysOpen,
        ),
        (
            "a token in the query",
            b"GET /v1/groups?access_token={token} HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
            "401 unauthorized",
            StaysOpen,
        ),
        (
            "an idempotency key twice",
            body("idempotency-key: a\r\nidempotency-key: a\r\n"),
            "400 parameter_invalid",
            StaysOpen,
        ),
        (
            "an empty idempotency key",
            body("idempotency-key:\r\n"),
            "400 parameter_invalid",
            StaysOpen,
        ),
        (
            "an idempotency key with a space",
            body("idempotency-key: a b\r\n"),
            "400 parameter_invalid",
            StaysOpen,
        ),
        (
            "an idempotency key of 256 characters",
            body(&format!("idempotency-key: {long}\r\n")),
            "400 parameter_invalid",
            StaysOpen,
        ),
        (
            "a condition in two lines",
            patch("if-match: \"a\"\r\nif-match: \"b\"\r\n"),
            "404 not_found",
            StaysOpen,
        ),
        (
            "a condition and an asterisk",
            patch("if-match: \"a\"\r\nif-match: *\r\n"),
            "400 parameter_invalid",
            StaysOpen,
        ),
        (
            "an empty condition",
            patch("if-match:\r\n"),
            "400 parameter_invalid",
            StaysOpen,
        ),
        (
            "a condition without quotes",
            patch("if-match: abc\r\n"),
            "400 parameter_invalid",
            StaysOpen,
        ),
        (
            "a condition without a closing quote",
            patch("if-match: \"abc\r\n"),
            "400 parameter_invalid",
            StaysOpen,
        ),
        (
            "two request ids",
            get("x-request-id: a\r\nx-request-id: b\r\n"),
            "200",
            StaysOpen,
        ),
        ("Expect", body("expect: 100-continue\r\n"), "201", StaysOpen),
        (
            "Expect in upper case",
            body("expect: 100-CONTINUE\r\n"),
            "201",
            StaysOpen,
        ),
        ("an unknown Expect", body("expect: the-worst\r\n"), "201", StaysOpen),
        (
            "Expect without a body",
            get("expect: 100-continue\r\n"),
            "200",
            StaysOpen,
        ),
        (
            "an upgrade to HTTP/2",
            get("connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"),
            "200",
            StaysOpen,
        ),
        (
            "an upgrade to WebSocket",
            get(
                "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            ),
            "200",
            StaysOpen,
        ),
        (
            "a connection with close and keep-alive",
            get("connection: close\r\nconnection: keep-alive\r\n"),
            "200",
            Closes,
        ),
        (
            "a connection header that lists other headers",
            get("connection: host, authorization\r\n"),
            "200",
            StaysOpen,
        ),
        ("a range", get("range: bytes=0-1\r\n"), "200", StaysOpen),
        (
            "a header that overrides the method",
            get("x-http-method-override: DELETE\r\n"),
            "200",
            StaysOpen,
        ),
        (
            "headers that override the path",
            get("x-original-url: /v1/contacts\r\nx-rewrite-url: /v1/contacts\r\n"),
            "200",
            StaysOpen,
        ),
    ]
}
