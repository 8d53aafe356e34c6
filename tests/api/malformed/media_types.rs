//! Media types, charsets and content encodings.

use super::case::{Case, Closes, StaysOpen, post, request, typed};

const FORM: &str = "application/x-www-form-urlencoded";

pub fn cases() -> Vec<Case> {
    let json = "{\"name\": \"x\"}";
    let other = "415 unsupported_media_type";
    let form = |headers: &str| post(&format!("content-length: 6\r\n{headers}"), "name=x");
    let parts = "--b\r\ncontent-disposition: form-data; name=\"name\"\r\n\r\nx\r\n--b--\r\n";
    vec![
        (
            "a media type in mixed case",
            typed("aPPlication/jSON", json),
            "201",
            StaysOpen,
        ),
        (
            "a media type with a charset",
            typed("application/json;charset=\"UTF-8\"", json),
            "201",
            StaysOpen,
        ),
        (
            "a media type with another parameter",
            typed("application/json; version=1; charset=utf-8", json),
            "201",
            StaysOpen,
        ),
        (
            "a media type with spaces",
            typed("application/json ; charset=utf-8 ;", json),
            "201",
            StaysOpen,
        ),
        (
            "an unsupported charset",
            typed("application/json; charset=utf-16", json),
            other,
            StaysOpen,
        ),
        (
            "an empty charset",
            typed("application/json; charset=", json),
            other,
            StaysOpen,
        ),
        (
            "two charsets",
            typed("application/json; charset=utf-8; charset=latin1", json),
            other,
            StaysOpen,
        ),
        (
            "a list of media types",
            typed("application/json, text/plain", json),
            other,
            StaysOpen,
        ),
        ("a wildcard media type", typed("*/*", json), other, StaysOpen),
        (
            "a media type without a subtype",
            typed("application", json),
            other,
            StaysOpen,
        ),
        (
            "a media type with a supported one as a prefix",
            typed("application/jsonx", json),
            other,
            StaysOpen,
        ),
        (
            "a media type with a JSON suffix",
            typed("application/merge-patch+json", json),
            other,
            StaysOpen,
        ),
        (
            "the same media type twice",
            form("content-type: application/x-www-form-urlencoded\r\n"),
            other,
            StaysOpen,
        ),
        (
            "two media types",
            form("content-type: application/json\r\n"),
            other,
            StaysOpen,
        ),
        (
            "multipart",
            typed("multipart/form-data; boundary=b", parts),
            other,
            StaysOpen,
        ),
        (
            "multipart without a boundary",
            typed("multipart/form-data", parts),
            other,
            StaysOpen,
        ),
        (
            "gzip encoding without gzip data",
            form("content-encoding: gzip\r\n"),
            other,
            StaysOpen,
        ),
        (
            "identity twice, and gzip",
            form("content-encoding: identity\r\ncontent-encoding: gzip\r\n"),
            other,
            StaysOpen,
        ),
        (
            "a list of encodings",
            form("content-encoding: identity, gzip\r\n"),
            other,
            StaysOpen,
        ),
        (
            "identity in mixed case",
            form("content-encoding: Identity\r\n"),
            "201",
            StaysOpen,
        ),
        ("an empty encoding", form("content-encoding:\r\n"), other, StaysOpen),
        (
            "a body without a media type",
            request("POST /v1/groups", "content-length: 6\r\n", "name=x"),
            other,
            StaysOpen,
        ),
        (
            "an empty body without a media type",
            request("POST /v1/groups", "content-length: 0\r\n", ""),
            "400 parameter_missing",
            StaysOpen,
        ),
        (
            "a body over the limit",
            typed(FORM, format!("name={}", "x".repeat(1 << 20))),
            "413 body_too_large",
            Closes,
        ),
    ]
}
