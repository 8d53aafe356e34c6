//! Where a body ends: lengths, chunks, and what smuggles one request in another (RFC 9112, 6 and 7).

use super::{Case, Closes, GoesOn, SMUGGLED, get, post};

pub fn cases() -> Vec<Case> {
    [lengths(), codings(), chunks(), behind()].concat()
}

fn lengths() -> Vec<Case> {
    let length = |value: &str| post(&format!("content-length: {value}\r\n"), "name=x");
    vec![
        ("a length", length("6"), "201", GoesOn),
        ("a length with zeros before it", length("0006"), "201", GoesOn),
        ("a length with space around it", length("  6\t "), "201", GoesOn),
        ("the same length twice", length("6\r\ncontent-length: 6"), "201", GoesOn),
        ("two lengths", length("6\r\ncontent-length: 7"), "400 bare", Closes),
        (
            "two lengths, the second none",
            length("6\r\ncontent-length: x"),
            "400 bare",
            Closes,
        ),
        ("a list of equal lengths", length("6, 6"), "400 bare", Closes),
        ("a list of lengths", length("6, 7"), "400 bare", Closes),
        ("a length with a plus", length("+6"), "400 bare", Closes),
        ("a negative length", length("-6"), "400 bare", Closes),
        ("a length of minus zero", length("-0"), "400 bare", Closes),
        ("a length with a space in it", length("6 0"), "400 bare", Closes),
        ("a length in hex", length("0x6"), "400 bare", Closes),
        ("a length with a fraction", length("6.0"), "400 bare", Closes),
        ("an empty length", length(""), "400 bare", Closes),
        ("a length in other digits", length("\u{0666}"), "400 bare", Closes),
        (
            "a length beyond 64 bits",
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
            "a length that is just too much",
            length("1048577"),
            "413 body_too_large",
            Closes,
        ),
        (
            "a length that is never reached",
            length("1000"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a length that is too short",
            post("content-length: 4\r\n", "name=x"),
            "400 parameter_invalid",
            Closes,
        ),
        (
            "no length and a body",
            post("", "name=x\r\n\r\n"),
            "400 parameter_missing",
            Closes,
        ),
        (
            "a body to a GET, unread by its route",
            get("content-length: 6\r\n\r\nname=x"),
            "415 unsupported_media_type",
            GoesOn,
        ),
    ]
}

fn codings() -> Vec<Case> {
    let coded = |value: &str| post(&format!("transfer-encoding: {value}\r\n"), "6\r\nname=x\r\n0\r\n\r\n");
    let hidden = format!("0\r\n\r\n{SMUGGLED}");
    let both = |headers: &str| post(headers, &hidden);
    let length = hidden.len() + 43; // As long as it is with the token in its place.
    vec![
        ("chunks", coded("chunked"), "201", GoesOn),
        ("chunks by another case", coded("Chunked"), "201", GoesOn),
        // RFC 9112, 6.1: the coding counts, and the connection ends with the response.
        (
            "a length, then chunks",
            both(&format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n")),
            "400 parameter_missing",
            Closes,
        ),
        (
            "chunks, then a length",
            both(&format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n")),
            "400 parameter_missing",
            Closes,
        ),
        (
            "chunks and a length that is none",
            both("transfer-encoding: chunked\r\ncontent-length: x\r\n"),
            "400 parameter_missing",
            Closes,
        ),
        (
            "chunks, a length, and the wish to go on",
            both("connection: keep-alive\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n"),
            "400 parameter_missing",
            Closes,
        ),
        (
            "chunks twice",
            coded("chunked\r\ntransfer-encoding: chunked"),
            "400 parameter_invalid",
            Closes,
        ),
        (
            "a list of chunks twice",
            coded("chunked, chunked"),
            "400 parameter_invalid",
            Closes,
        ),
        (
            "gzip in chunks",
            coded("gzip, chunked"),
            "400 parameter_invalid",
            Closes,
        ),
        (
            "gzip, then chunks",
            coded("gzip\r\ntransfer-encoding: chunked"),
            "400 parameter_invalid",
            Closes,
        ),
        (
            "nothing, then chunks",
            coded(", chunked"),
            "400 parameter_invalid",
            Closes,
        ),
        (
            "identity, then chunks",
            coded("identity\r\ntransfer-encoding: chunked"),
            "400 parameter_invalid",
            Closes,
        ),
        ("chunks, then identity", coded("chunked, identity"), "400 bare", Closes),
        ("identity", coded("identity"), "400 bare", Closes),
        ("gzip", coded("gzip"), "400 bare", Closes),
        ("another word for chunks", coded("xchunked"), "400 bare", Closes),
        ("chunks with a parameter", coded("chunked;q=1"), "400 bare", Closes),
        ("chunks in quotes", coded("\"chunked\""), "400 bare", Closes),
        ("chunks and a vertical tab", coded("\x0bchunked"), "400 bare", Closes),
        ("no coding", coded(""), "400 bare", Closes),
        ("a coding on a folded line", coded("\r\n chunked"), "400 bare", Closes),
        (
            "a coding with a space before the colon",
            post("transfer-encoding : chunked\r\n", "0\r\n\r\n"),
            "400 bare",
            Closes,
        ),
        (
            "chunks by HTTP/1.0",
            old("transfer-encoding: chunked"),
            "400 bare",
            Closes,
        ),
    ]
}

fn old(header: &str) -> Vec<u8> {
    format!("POST /v1/groups HTTP/1.0\r\nauthorization: Bearer {{token}}\r\n{header}\r\n\r\n0\r\n\r\n").into_bytes()
}

fn chunks() -> Vec<Case> {
    let chunked = |body: &str| post("transfer-encoding: chunked\r\n", body);
    let over = format!("8000\r\n{}\r\n", "&".repeat(0x8000)).repeat(40) + "0\r\n\r\n";
    let long = format!("6;{}\r\nname=x\r\n0\r\n\r\n", "x".repeat(20 << 10));
    let many = "1;x=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\nx\r\n".repeat(300);
    let trailers = format!("6\r\nname=x\r\n0\r\n{}\r\n", "x-a: b\r\n".repeat(5_000));
    vec![
        ("a chunk", chunked("6\r\nname=x\r\n0\r\n\r\n"), "201", GoesOn),
        (
            "a chunk's size in capitals",
            chunked("A\r\nname=xyzuv\r\n0\r\n\r\n"),
            "201",
            GoesOn,
        ),
        (
            "a chunk's size with zeros before it",
            chunked("0006\r\nname=x\r\n000\r\n\r\n"),
            "201",
            GoesOn,
        ),
        (
            "a chunk with an extension",
            chunked("6;a=\"b\"\r\nname=x\r\n0;c\r\n\r\n"),
            "201",
            GoesOn,
        ),
        (
            "a trailer",
            chunked("6\r\nname=x\r\n0\r\nx-after: 1\r\n\r\n"),
            "201",
            GoesOn,
        ),
        (
            "a trailer that is a length",
            chunked("6\r\nname=x\r\n0\r\ncontent-length: 99\r\n\r\n"),
            "201",
            GoesOn,
        ),
        (
            "a trailer that is a token",
            chunked("6\r\nname=x\r\n0\r\nauthorization: Bearer no\r\n\r\n"),
            "201",
            GoesOn,
        ),
        ("chunks over the limit", chunked(&over), "413 body_too_large", Closes),
        (
            "a chunk that is shorter than its size",
            chunked("7\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk that is longer than its size",
            chunked("5\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk of no size",
            chunked("\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk of a negative size",
            chunked("-6\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk's size with a plus",
            chunked("+6\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk's size with 0x",
            chunked("0x6\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk's size that is no number",
            chunked("six\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk's size beyond 64 bits",
            chunked("10000000000000006\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk's size of 64 bits",
            chunked("ffffffffffffffff\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk of a terabyte",
            chunked("10000000000\r\nname=x"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk's size that a bare LF ends",
            chunked("6\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk that a bare LF ends",
            chunked("6\r\nname=x\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk that a bare CR ends",
            chunked("6\r\nname=x\r0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "an extension with a bare LF",
            chunked("6;a\nb\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        ("an extension of 20 KiB", chunked(&long), "400 body_malformed", Closes),
        (
            "extensions of 20 KiB in all",
            chunked(&many),
            "400 body_malformed",
            Closes,
        ),
        ("trailers of 40 KB", chunked(&trailers), "400 body_malformed", Closes),
        (
            "a trailer that is none",
            chunked("6\r\nname=x\r\n0\r\nno colon\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "chunks without end",
            chunked("6\r\nname=x\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a last chunk without its line",
            chunked("6\r\nname=x\r\n0\r\n"),
            "400 body_malformed",
            Closes,
        ),
    ]
}

/// What lies behind a request and could be taken for more of it, or for another one.
fn behind() -> Vec<Case> {
    let next = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    vec![
        (
            "an empty line before the request",
            [b"\r\n".as_ref(), &get("")].concat(),
            "200",
            GoesOn,
        ),
        (
            "garbage before the request",
            [b"\0\0\0".as_ref(), &get("")].concat(),
            "400 bare",
            Closes,
        ),
        (
            "a length of zero and a request in the body's place",
            post("content-length: 0\r\n", "GARBAGE\r\n\r\n"),
            "400 parameter_missing",
            Closes,
        ),
        (
            "a request in a body",
            post("content-length: 111\r\n", format!("{next:x<111}")),
            "400 parameter_missing",
            GoesOn,
        ),
        (
            "a request in a chunk",
            post(
                "transfer-encoding: chunked\r\n",
                format!("6f\r\n{next:x<111}\r\n0\r\n\r\n"),
            ),
            "400 parameter_missing",
            GoesOn,
        ),
        (
            "a body and no token",
            b"POST /v1/groups HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nname=x".to_vec(),
            "401 unauthorized",
            GoesOn,
        ),
        (
            "chunks and no token",
            b"POST /v1/groups HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n6\r\nname=x\r\n0\r\n\r\n"
                .to_vec(),
            "401 unauthorized",
            GoesOn,
        ),
        (
            "wrong chunks and no token",
            b"POST /v1/groups HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n6\r\nname=xyz\r\n0\r\n\r\n"
                .to_vec(),
            "401 unauthorized",
            Closes,
        ),
    ]
}
