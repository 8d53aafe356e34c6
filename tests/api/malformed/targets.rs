//! Request targets: their forms (RFC 9112, section 3.2), escapes, dots and slashes, and queries.

use super::case::{Case, Closes, StaysOpen, request};

pub fn cases() -> Vec<Case> {
    [forms(), paths(), queries()].concat()
}

fn forms() -> Vec<Case> {
    let target = |line: &str| request(line, "", "");
    vec![
        ("an absolute target", target("GET http://x/v1/groups"), "200", StaysOpen),
        // RFC 9112, section 3.2.2: the target's host overrides `Host`, and the server accepts any host.
        (
            "an absolute target with another host",
            target("GET http://evil.example:99/v1/groups"),
            "200",
            StaysOpen,
        ),
        (
            "an absolute https target",
            target("GET https://x/v1/groups"),
            "200",
            StaysOpen,
        ),
        (
            "an absolute target without a path",
            target("GET http://x"),
            "404 not_found",
            StaysOpen,
        ),
        (
            "an absolute target without a host",
            target("GET http:///v1/groups"),
            "400 bare",
            Closes,
        ),
        (
            "an absolute target with only a query",
            target("GET http://x?limit=1"),
            "404 not_found",
            StaysOpen,
        ),
        (
            "an authority as the target",
            target("GET x:80"),
            "404 not_found",
            StaysOpen,
        ),
        ("a target without a slash", target("GET v1/groups"), "400 bare", Closes),
        ("an asterisk", target("OPTIONS *"), "404 not_found", StaysOpen),
        ("an asterisk with GET", target("GET *"), "404 not_found", StaysOpen),
        ("CONNECT", target("CONNECT x:443"), "404 not_found", StaysOpen),
        (
            "CONNECT with a path",
            target("CONNECT /v1/groups"),
            "404 not_found",
            StaysOpen,
        ),
        (
            "CONNECT with a URL",
            target("CONNECT http://x/"),
            "404 not_found",
            StaysOpen,
        ),
        (
            "a scheme other than HTTP",
            target("GET javascript:alert(1)"),
            "404 not_found",
            StaysOpen,
        ),
    ]
}

fn paths() -> Vec<Case> {
    let path = |path: &str| request(&format!("GET {path}"), "", "");
    vec![
        ("an encoded slash", path("/v1%2Fgroups"), "404 not_found", StaysOpen),
        (
            "an encoded slash in an id",
            path("/v1/groups/AAAAAAAA%2FAAAAAAA"),
            "404 not_found",
            StaysOpen,
        ),
        (
            "an encoded letter in a route",
            path("/v1/gr%6Fups"),
            "404 not_found",
            StaysOpen,
        ),
        ("two dots", path("/v1/contacts/../groups"), "404 not_found", StaysOpen),
        (
            "two encoded dots",
            path("/v1/contacts/%2e%2e/groups"),
            "404 not_found",
            StaysOpen,
        ),
        (
            "two encoded dots and an encoded slash",
            path("/v1/groups/%2e%2e%2fcontacts"),
            "404 not_found",
            StaysOpen,
        ),
        (
            "two dots at the root",
            path("/../../etc/passwd"),
            "404 not_found",
            StaysOpen,
        ),
        ("a single dot", path("/v1/./groups"), "404 not_found", StaysOpen),
        ("two leading slashes", path("//v1/groups"), "404 not_found", StaysOpen),
        (
            "two slashes inside the path",
            path("/v1//groups"),
            "404 not_found",
            StaysOpen,
        ),
        ("a trailing slash", path("/v1/groups/"), "404 not_found", StaysOpen),
        ("a backslash", path("/v1\\groups"), "404 not_found", StaysOpen),
        ("a path parameter", path("/v1/groups;x=y"), "404 not_found", StaysOpen),
        (
            "an encoded NUL in an id",
            path("/v1/groups/AAAAAAAAAAAAAAA%00"),
            "404 not_found",
            StaysOpen,
        ),
        (
            "an encoded NUL after a route",
            path("/v1/groups%00"),
            "404 not_found",
            StaysOpen,
        ),
        (
            "an encoded line end",
            path("/v1/groups/%0d%0aset-cookie:x"),
            "404 not_found",
            StaysOpen,
        ),
        (
            "a truncated escape",
            path("/v1/groups/AAAAAAAAAAAAAAA%"),
            "404 not_found",
            StaysOpen,
        ),
        ("an invalid escape", path("/v1/groups/%zz"), "404 not_found", StaysOpen),
        (
            "a slash in overlong UTF-8",
            path("/v1/groups/%c0%af"),
            "404 not_found",
            StaysOpen,
        ),
        (
            "an escape of half a character",
            path("/v1/groups/%c3"),
            "404 not_found",
            StaysOpen,
        ),
        (
            "a doubly encoded slash",
            path("/v1%252Fgroups"),
            "404 not_found",
            StaysOpen,
        ),
        ("a fragment", path("/v1/groups#x"), "200", StaysOpen),
        (
            "a path of 9 KiB",
            path(&format!("/{}", "x".repeat(9 << 10))),
            "414 uri_too_long",
            StaysOpen,
        ),
        (
            "a path of 64 KiB",
            path(&format!("/{}", "x".repeat(64 << 10))),
            "431 bare",
            Closes,
        ),
        (
            "a thousand segments",
            path(&"/x".repeat(1_000)),
            "404 not_found",
            StaysOpen,
        ),
    ]
}

fn queries() -> Vec<Case> {
    let query = |query: &str| request(&format!("GET /v1/groups?{query}"), "", "");
    let pairs = |count: usize| (0..count).map(|n| format!("a{n}=&")).collect::<String>();
    let invalid = "400 parameter_invalid";
    vec![
        ("an empty query", query(""), "200", StaysOpen),
        ("a query of separators", query("&&&"), "200", StaysOpen),
        (
            "a query of one equals sign",
            query("="),
            "400 parameter_unknown",
            StaysOpen,
        ),
        (
            "a query of 64 KiB",
            query(&format!("query={}", "x".repeat(64 << 10))),
            "431 bare",
            Closes,
        ),
        (
            "a query of 9 KiB",
            query(&format!("query={}", "x".repeat(9 << 10))),
            "414 uri_too_long",
            StaysOpen,
        ),
        ("a query of 65 parameters", query(&pairs(65)), invalid, StaysOpen),
        ("a query with NUL", query("query=a%00b"), invalid, StaysOpen),
        ("a query that is not UTF-8", query("query=%ff"), invalid, StaysOpen),
        ("a query in overlong UTF-8", query("query=%c0%af"), invalid, StaysOpen),
        ("a query with a surrogate", query("query=%ed%a0%80"), invalid, StaysOpen),
        ("a query with an invalid escape", query("limit=%zz"), invalid, StaysOpen),
        ("a parameter name that is not UTF-8", query("%ff=1"), invalid, StaysOpen),
        ("a limit of 1.0", query("limit=1.0"), invalid, StaysOpen),
        ("a limit of 1e1", query("limit=1e1"), invalid, StaysOpen),
        ("a limit in hex", query("limit=0x10"), invalid, StaysOpen),
        ("a limit of minus zero", query("limit=-0"), invalid, StaysOpen),
        ("a limit in non-ASCII digits", query("limit=%D9%A1"), invalid, StaysOpen),
        ("a limit with a space", query("limit=+1"), invalid, StaysOpen),
        (
            "a limit over 64 bits",
            query("limit=1000000000000000000000000000000"),
            invalid,
            StaysOpen,
        ),
        (
            "a limit twice",
            query("limit=1&limit=2"),
            "400 parameter_unknown",
            StaysOpen,
        ),
        (
            "a limit twice, once encoded",
            query("limit=1&l%69mit=2"),
            "400 parameter_unknown",
            StaysOpen,
        ),
        (
            "a limit with brackets",
            query("limit[]=1"),
            "400 parameter_unknown",
            StaysOpen,
        ),
        (
            "a second question mark",
            query("limit=1?archived=true"),
            invalid,
            StaysOpen,
        ),
        (
            "a semicolon as a separator",
            query("limit=1;archived=true"),
            invalid,
            StaysOpen,
        ),
    ]
}
