//! NUL, control characters and invalid UTF-8 in every part of a request.

use super::case::{Case, Closes, StaysOpen, get, post, request, typed};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

pub fn cases() -> Vec<Case> {
    [heads(), header_values(), bodies()].concat()
}

/// Replaces `{}` in the text with the bytes.
fn with(text: &str, bytes: &[u8]) -> Vec<u8> {
    let (before, after) = text.split_once("{}").unwrap();
    [before.as_bytes(), bytes, after.as_bytes()].concat()
}

fn heads() -> Vec<Case> {
    let head = " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n";
    let line = |line: &str, bytes: &[u8]| with(&format!("{line}{head}"), bytes);
    vec![
        ("NUL in the method", line("G{}T /v1/groups", b"\0"), "400 bare", Closes),
        (
            "invalid UTF-8 in the method",
            line("G{}T /v1/groups", b"\xff"),
            "400 bare",
            Closes,
        ),
        ("NUL in the path", line("GET /v1/gro{}ups", b"\0"), "400 bare", Closes),
        ("DEL in the path", line("GET /v1/gro{}ups", b"\x7f"), "400 bare", Closes),
        (
            "invalid UTF-8 in the path",
            line("GET /v1/groups/{}", b"\xff"),
            "400 bare",
            Closes,
        ),
        (
            "valid UTF-8 in the path",
            line("GET /v1/groups/{}", "é".as_bytes()),
            "404 not_found",
            StaysOpen,
        ),
        (
            "NUL in the query",
            line("GET /v1/groups?query={}", b"\0"),
            "400 bare",
            Closes,
        ),
        (
            "invalid UTF-8 in the query",
            line("GET /v1/groups?query={}", b"\xff"),
            "400 bare",
            Closes,
        ),
        (
            "valid UTF-8 in the query",
            line("GET /v1/groups?query={}", "é".as_bytes()),
            "200",
            StaysOpen,
        ),
        (
            "NUL in the version",
            with("GET /v1/groups HTTP/1.{}1\r\nhost: x\r\n\r\n", b"\0"),
            "400 bare",
            Closes,
        ),
        (
            "NUL in a header name",
            get(with("x-{}: b\r\n", b"\0")),
            "400 bare",
            Closes,
        ),
        (
            "a byte that is not ASCII in a header name",
            get(with("x-{}: b\r\n", b"\xe9")),
            "400 bare",
            Closes,
        ),
        (
            "NUL in a header value",
            get(with("x-a: {}\r\n", b"\0")),
            "400 bare",
            Closes,
        ),
        (
            "a control character in a header value",
            get(with("x-a: {}\r\n", b"\x07")),
            "400 bare",
            Closes,
        ),
        (
            "invalid UTF-8 in a header value",
            get(with("x-a: {}\r\n", b"\xff")),
            "200",
            StaysOpen,
        ),
    ]
}

/// In the values of headers that the server reads.
fn header_values() -> Vec<Case> {
    let anonymous = |header: &str, bytes: &[u8]| with(&format!("GET /v1/groups HTTP/1.1\r\n{header}\r\n\r\n"), bytes);
    let posted = |header: &str, bytes: &[u8]| {
        let headers = format!("content-type: {FORM}\r\ncontent-length: 6\r\n{header}\r\n");
        request("POST /v1/groups", with(&headers, bytes), "name=x")
    };
    let patch = |header: &str, bytes: &[u8]| {
        request(
            "PATCH /v1/groups/AAAAAAAAAAAAAAAA",
            with(&format!("{header}\r\n"), bytes),
            "",
        )
    };
    vec![
        (
            "invalid UTF-8 in the host",
            anonymous("host: {}\r\nauthorization: Bearer {token}", b"\xff"),
            "400 parameter_invalid",
            StaysOpen,
        ),
        ("NUL in the host", anonymous("host: a{}b", b"\0"), "400 bare", Closes),
        (
            "NUL in the token",
            anonymous("host: x\r\nauthorization: Bearer a{}b", b"\0"),
            "400 bare",
            Closes,
        ),
        (
            "invalid UTF-8 in the token",
            anonymous("host: x\r\nauthorization: Bearer {}", b"\xff\xfe"),
            "401 unauthorized",
            StaysOpen,
        ),
        // Base64 of `a` NUL `b:`, of `:` NUL, and of an invalid UTF-8 byte and `:`.
        (
            "NUL in a Basic username",
            anonymous("host: x\r\nauthorization: Basic {}", b"YQBiOg=="),
            "401 unauthorized",
            StaysOpen,
        ),
        (
            "NUL as a Basic password",
            anonymous("host: x\r\nauthorization: Basic {}", b"OgA="),
            "401 unauthorized",
            StaysOpen,
        ),
        (
            "invalid UTF-8 in a Basic username",
            anonymous("host: x\r\nauthorization: Basic {}", b"/zo="),
            "401 unauthorized",
            StaysOpen,
        ),
        (
            "invalid UTF-8 in an idempotency key",
            posted("idempotency-key: a{}", b"\xff"),
            "400 parameter_invalid",
            StaysOpen,
        ),
        (
            "valid UTF-8 in an idempotency key",
            posted("idempotency-key: a{}", "é".as_bytes()),
            "400 parameter_invalid",
            StaysOpen,
        ),
        (
            "NUL in an idempotency key",
            posted("idempotency-key: a{}", b"\0"),
            "400 bare",
            Closes,
        ),
        (
            "a tab in an idempotency key",
            posted("idempotency-key: a{}b", b"\t"),
            "400 parameter_invalid",
            StaysOpen,
        ),
        (
            "invalid UTF-8 in a condition",
            patch("if-match: \"{}\"", b"\xff"),
            "404 not_found",
            StaysOpen,
        ),
        (
            "invalid UTF-8 without quotes in a condition",
            patch("if-match: {}", b"\xff"),
            "400 parameter_invalid",
            StaysOpen,
        ),
        (
            "NUL in a condition",
            patch("if-match: \"{}\"", b"\0"),
            "400 bare",
            Closes,
        ),
        (
            "a tab in a condition",
            patch("if-match: \"a{}b\"", b"\t"),
            "400 parameter_invalid",
            StaysOpen,
        ),
        (
            "invalid UTF-8 in a request id",
            get(with("x-request-id: {}\r\n", b"\xff")),
            "200",
            StaysOpen,
        ),
        (
            "NUL in a request id",
            get(with("x-request-id: {}\r\n", b"\0")),
            "400 bare",
            Closes,
        ),
        (
            "invalid UTF-8 in a media type",
            request(
                "POST /v1/groups",
                with("content-type: {}\r\ncontent-length: 6\r\n", b"\xff"),
                "name=x",
            ),
            "415 unsupported_media_type",
            StaysOpen,
        ),
        (
            "invalid UTF-8 in a length",
            post("", "")
                .strip_suffix(b"\r\n")
                .map(|head| [head, b"content-length: \xff\r\n\r\n"].concat())
                .unwrap(),
            "400 bare",
            Closes,
        ),
    ]
}

fn bodies() -> Vec<Case> {
    let malformed = "400 body_malformed";
    let json = |text: &str, bytes: &[u8]| typed(JSON, with(text, bytes));
    let wide = |text: &str, order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    vec![
        ("NUL in a form", typed(FORM, b"name=a\0b"), malformed, StaysOpen),
        (
            "NUL in a form parameter's name",
            typed(FORM, b"na\0me=a"),
            malformed,
            StaysOpen,
        ),
        (
            "invalid UTF-8 in a form",
            typed(FORM, b"name=\xff"),
            malformed,
            StaysOpen,
        ),
        (
            "overlong UTF-8 in a form",
            typed(FORM, "name=%c0%80"),
            malformed,
            StaysOpen,
        ),
        (
            "a surrogate in a form",
            typed(FORM, "name=%ed%a0%80"),
            malformed,
            StaysOpen,
        ),
        ("NUL in JSON", json("{\"name\": \"{}\"}", b"\0"), malformed, StaysOpen),
        (
            "NUL in a JSON parameter's name",
            typed(JSON, "{\"na\\u0000me\": \"x\"}"),
            malformed,
            StaysOpen,
        ),
        (
            "NUL after JSON",
            typed(JSON, "{\"name\": \"x\"}\0"),
            malformed,
            StaysOpen,
        ),
        (
            "a control character in JSON",
            json("{\"name\": \"{}\"}", b"\x1f"),
            malformed,
            StaysOpen,
        ),
        (
            "an escaped control character in JSON",
            typed(JSON, "{\"name\": \"\\u001f\"}"),
            "400 parameter_invalid",
            StaysOpen,
        ),
        (
            "overlong UTF-8 in JSON",
            json("{\"name\": \"{}\"}", b"\xc0\xaf"),
            malformed,
            StaysOpen,
        ),
        (
            "a surrogate in JSON",
            json("{\"name\": \"{}\"}", b"\xed\xa0\x80"),
            malformed,
            StaysOpen,
        ),
        (
            "invalid UTF-8 in a JSON parameter's name",
            json("{\"{}\": 1}", b"\xff"),
            malformed,
            StaysOpen,
        ),
        (
            "a lone high surrogate",
            typed(JSON, "{\"name\": \"\\ud800\"}"),
            malformed,
            StaysOpen,
        ),
        (
            "a lone low surrogate",
            typed(JSON, "{\"name\": \"\\udc00\"}"),
            malformed,
            StaysOpen,
        ),
        (
            "surrogates in reverse order",
            typed(JSON, "{\"name\": \"\\udc00\\ud800\"}"),
            malformed,
            StaysOpen,
        ),
        (
            "a high surrogate and a letter",
            typed(JSON, "{\"name\": \"\\ud800x\"}"),
            malformed,
            StaysOpen,
        ),
        (
            "a surrogate pair",
            typed(JSON, "{\"name\": \"\\ud83d\\ude00\"}"),
            "201",
            StaysOpen,
        ),
        (
            "a code point over U+10FFFF",
            json("{\"name\": \"{}\"}", b"\xf4\x90\x80\x80"),
            malformed,
            StaysOpen,
        ),
        (
            "two byte order marks",
            typed(JSON, b"\xef\xbb\xbf\xef\xbb\xbf{\"name\": \"x\"}"),
            malformed,
            StaysOpen,
        ),
        (
            "UTF-16, big-endian",
            typed(JSON, wide("{\"name\": \"x\"}", u16::to_be_bytes)),
            malformed,
            StaysOpen,
        ),
        (
            "UTF-16, little-endian",
            typed(JSON, wide("\u{feff}{\"name\": \"x\"}", u16::to_le_bytes)),
            malformed,
            StaysOpen,
        ),
        ("UTF-7", typed(JSON, "+AHsAIgBuAGEAbQBlACI-"), malformed, StaysOpen),
    ]
}
