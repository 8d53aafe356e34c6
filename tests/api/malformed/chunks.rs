//! The chunks of a chunked body (RFC 9112, section 7.1).

use super::case::{Case, Closes, StaysOpen, post};

pub fn cases() -> Vec<Case> {
    let chunked = |body: &str| post("transfer-encoding: chunked\r\n", body);
    let over = format!("8000\r\n{}\r\n", "&".repeat(0x8000)).repeat(40) + "0\r\n\r\n";
    let long = format!("6;{}\r\nname=x\r\n0\r\n\r\n", "x".repeat(20 << 10));
    let many = "1;x=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\nx\r\n".repeat(300);
    let trailers = format!("6\r\nname=x\r\n0\r\n{}\r\n", "x-a: b\r\n".repeat(5_000));
    vec![
        ("a chunk", chunked("6\r\nname=x\r\n0\r\n\r\n"), "201", StaysOpen),
        (
            "a chunk size in upper case",
            chunked("A\r\nname=xyzuv\r\n0\r\n\r\n"),
            "201",
            StaysOpen,
        ),
        (
            "a chunk size with leading zeros",
            chunked("0006\r\nname=x\r\n000\r\n\r\n"),
            "201",
            StaysOpen,
        ),
        (
            "a chunk with an extension",
            chunked("6;a=\"b\"\r\nname=x\r\n0;c\r\n\r\n"),
            "201",
            StaysOpen,
        ),
        (
            "a trailer",
            chunked("6\r\nname=x\r\n0\r\nx-after: 1\r\n\r\n"),
            "201",
            StaysOpen,
        ),
        (
            "a trailer with a length",
            chunked("6\r\nname=x\r\n0\r\ncontent-length: 99\r\n\r\n"),
            "201",
            StaysOpen,
        ),
        (
            "a trailer with a token",
            chunked("6\r\nname=x\r\n0\r\nauthorization: Bearer no\r\n\r\n"),
            "201",
            StaysOpen,
        ),
        (
            "chunks over the body limit",
            chunked(&over),
            "413 body_too_large",
            Closes,
        ),
        (
            "a chunk shorter than its size",
            chunked("7\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk longer than its size",
            chunked("5\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk without a size",
            chunked("\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk with a negative size",
            chunked("-6\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk size with a plus sign",
            chunked("+6\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk size with 0x",
            chunked("0x6\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk size that is not a number",
            chunked("six\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk size over 64 bits",
            chunked("10000000000000006\r\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk size of 64 bits",
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
            "a chunk size ended by a bare LF",
            chunked("6\nname=x\r\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk ended by a bare LF",
            chunked("6\r\nname=x\n0\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a chunk ended by a bare CR",
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
            "extensions of 20 KiB in total",
            chunked(&many),
            "400 body_malformed",
            Closes,
        ),
        ("trailers of 40 KB", chunked(&trailers), "400 body_malformed", Closes),
        (
            "a malformed trailer",
            chunked("6\r\nname=x\r\n0\r\nno colon\r\n\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "chunks without a last chunk",
            chunked("6\r\nname=x\r\n"),
            "400 body_malformed",
            Closes,
        ),
        (
            "a last chunk without its final line",
            chunked("6\r\nname=x\r\n0\r\n"),
            "400 body_malformed",
            Closes,
        ),
    ]
}
