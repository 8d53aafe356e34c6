//! Where a body ends: lengths, codings, and request smuggling (RFC 9112, section 6).

use super::case::{Case, Closes, SMUGGLED, StaysOpen, get, post};
use super::chunks;

pub fn cases() -> Vec<Case> {
    [lengths(), codings(), chunks::cases(), surroundings()].concat()
}

fn lengths() -> Vec<Case> {
    let length = |value: &str| post(&format!("content-length: {value}\r\n"), "name=x");
    vec![
        ("a length", length("6"), "201", StaysOpen),
        ("a length with leading zeros", length("0006"), "201", StaysOpen),
        (
            "a length with white space around it",
            length("  6\t "),
            "201",
            StaysOpen,
        ),
        (
            "the same length twice",
            length("6\r\ncontent-length: 6"),
            "201",
            StaysOpen,
        ),
        ("two lengths", length("6\r\ncontent-length: 7"), "400 bare", Closes),
        (
            "two lengths, the second invalid",
            length("6\r\ncontent-length: x"),
            "400 bare",
            Closes,
        ),
        ("a list of equal lengths", length("6, 6"), "400 bare", Closes),
        ("a list of lengths", length("6, 7"), "400 bare", Closes),
        ("a length with a plus sign", length("+6"), "400 bare", Closes),
        ("a negative length", length("-6"), "400 bare", Closes),
        ("a length of minus zero", length("-0"), "400 bare", Closes),
        ("a length with a space inside", length("6 0"), "400 bare", Closes),
        ("a length in hex", length("0x6"), "400 bare", Closes),
        ("a length with a fraction", length("6.0"), "400 bare", Closes),
        ("an empty length", length(""), "400 bare", Closes),
        ("a length in non-ASCII digits", length("\u{0666}"), "400 bare", Closes),
        (
            "a length over 64 bits",
            length("18446744073709551622"),
            "400 bare",
            Closes,
        ),
        (
            "a length of 64 bits",
            length("18446744073709551615"),
            "431 bare",
            Closes,
        ),
        (
            "a length just over the limit",
            length("1048577"),
            "413 body_too_large",
            Closes,
        ),
        (
            "a length that the body does not reach",
            length("1000"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a length shorter than the body",
            post("content-length: 4\r\n", "name=x"),
            "400 parameter_invalid",
            Closes,
        ),
        (
            "a body without a length",
            post("", "name=x\r\n\r\n"),
            "400 parameter_missing",
            Closes,
        ),
        (
            "a body on a GET",
            get("content-length: 6\r\n\r\nname=x"),
            "415 unsupported_media_type",
            StaysOpen,
        ),
    ]
}

fn codings() -> Vec<Case> {
    let coded = |value: &str| post(&format!("transfer-encoding: {value}\r\n"), "6\r\nname=x\r\n0\r\n\r\n");
    let hidden = format!("0\r\n\r\n{SMUGGLED}");
    let both = |headers: &str| post(headers, &hidden);
    // The token is 43 bytes longer than its placeholder.
    let length = hidden.len() + 43;
    vec![
        ("chunked", coded("chunked"), "201", StaysOpen),
        ("chunked in another letter case", coded("Chunked"), "201", StaysOpen),
        // RFC 9112, section 6.1: the coding wins, and the connection ends after the response.
        (
            "a length, then chunked",
            both(&format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n")),
            "400 parameter_missing",
            Closes,
        ),
        (
            "chunked, then a length",
            both(&format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n")),
            "400 parameter_missing",
            Closes,
        ),
        (
            "chunked and an invalid length",
            both("transfer-encoding: chunked\r\ncontent-length: x\r\n"),
            "400 parameter_missing",
            Closes,
        ),
        (
            "chunked, a length, and keep-alive",
            both("connection: keep-alive\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n"),
            "400 parameter_missing",
            Closes,
        ),
        (
            "chunked twice",
            coded("chunked\r\ntransfer-encoding: chunked"),
            "400 parameter_invalid",
            Closes,
        ),
        (
            "chunked twice in a list",
            coded("chunked, chunked"),
            "400 parameter_invalid",
            Closes,
        ),
        (
            "gzip and chunked in a list",
            coded("gzip, chunked"),
            "400 parameter_invalid",
            Closes,
        ),
        (
            "gzip, then chunked",
            coded("gzip\r\ntransfer-encoding: chunked"),
            "400 parameter_invalid",
            Closes,
        ),
        (
            "an empty coding and chunked in a list",
            coded(", chunked"),
            "400 parameter_invalid",
            Closes,
        ),
        (
            "identity, then chunked",
            coded("identity\r\ntransfer-encoding: chunked"),
            "400 parameter_invalid",
            Closes,
        ),
        (
            "chunked and identity in a list",
            coded("chunked, identity"),
            "400 bare",
            Closes,
        ),
        ("identity", coded("identity"), "400 bare", Closes),
        ("gzip", coded("gzip"), "400 bare", Closes),
        ("an unknown coding", coded("xchunked"), "400 bare", Closes),
        ("chunked with a parameter", coded("chunked;q=1"), "400 bare", Closes),
        ("chunked in quotes", coded("\"chunked\""), "400 bare", Closes),
        (
            "a vertical tab before chunked",
            coded("\x0bchunked"),
            "400 bare",
            Closes,
        ),
        ("an empty coding", coded(""), "400 bare", Closes),
        ("a coding on a folded line", coded("\r\n chunked"), "400 bare", Closes),
        (
            "a coding with a space before the colon",
            post("transfer-encoding : chunked\r\n", "0\r\n\r\n"),
            "400 bare",
            Closes,
        ),
        (
            "chunked in HTTP/1.0",
            http_1_0("transfer-encoding: chunked"),
            "400 bare",
            Closes,
        ),
    ]
}

fn http_1_0(header: &str) -> Vec<u8> {
    format!("POST /v1/groups HTTP/1.0\r\nauthorization: Bearer {{token}}\r\n{header}\r\n\r\n0\r\n\r\n").into_bytes()
}

/// Bytes around a request that could be taken for a part of it or for another request.
fn surroundings() -> Vec<Case> {
    let next = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    vec![
        (
            "an empty line before the request",
            [b"\r\n".as_ref(), &get("")].concat(),
            "200",
            StaysOpen,
        ),
        (
            "garbage before the request",
            [b"\0\0\0".as_ref(), &get("")].concat(),
            "400 bare",
            Closes,
        ),
        (
            "a length of zero, then garbage",
            post("content-length: 0\r\n", "GARBAGE\r\n\r\n"),
            "400 parameter_missing",
            Closes,
        ),
        (
            "a request inside a body",
            post("content-length: 111\r\n", format!("{next:x<111}")),
            "400 parameter_missing",
            StaysOpen,
        ),
        (
            "a request inside a chunk",
            post(
                "transfer-encoding: chunked\r\n",
                format!("6f\r\n{next:x<111}\r\n0\r\n\r\n"),
            ),
            "400 parameter_missing",
            StaysOpen,
        ),
        (
            "a body without a token",
            b"POST /v1/groups HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nname=x".to_vec(),
            "401 unauthorized",
            StaysOpen,
        ),
        (
            "chunks without a token",
            b"POST /v1/groups HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n6\r\nname=x\r\n0\r\n\r\n"
                .to_vec(),
            "401 unauthorized",
            StaysOpen,
        ),
        (
            "malformed chunks without a token",
            b"POST /v1/groups HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n6\r\nname=xyz\r\n0\r\n\r\n"
                .to_vec(),
            "401 unauthorized",
            Closes,
        ),
    ]
}
