//! What a request's target may be: forms of it (RFC 9112, 3.2), escapes, dots and slashes, and queries.

use super::{Case, Closes, GoesOn, request};

pub fn cases() -> Vec<Case> {
    [forms(), paths(), queries()].concat()
}

fn forms() -> Vec<Case> {
    let target = |line: &str| request(line, "", "");
    vec![
        ("an absolute target", target("GET http://x/v1/groups"), "200", GoesOn),
        // RFC 9112, 3.2.2: the target's host counts, and any is ours.
        (
            "an absolute target of another host",
            target("GET http://evil.example:99/v1/groups"),
            "200",
            GoesOn,
        ),
        (
            "an absolute target of https",
            target("GET https://x/v1/groups"),
            "200",
            GoesOn,
        ),
        (
            "an absolute target without a path",
            target("GET http://x"),
            "404 not_found",
            GoesOn,
        ),
        (
            "an absolute target without a host",
            target("GET http:///v1/groups"),
            "400 bare",
            Closes,
        ),
        (
            "an absolute target with a query alone",
            target("GET http://x?limit=1"),
            "404 not_found",
            GoesOn,
        ),
        ("an authority", target("GET x:80"), "404 not_found", GoesOn),
        ("a target without a slash", target("GET v1/groups"), "400 bare", Closes),
        ("an asterisk", target("OPTIONS *"), "404 not_found", GoesOn),
        ("an asterisk to GET", target("GET *"), "404 not_found", GoesOn),
        ("CONNECT", target("CONNECT x:443"), "404 not_found", GoesOn),
        (
            "CONNECT to a path",
            target("CONNECT /v1/groups"),
            "404 not_found",
            GoesOn,
        ),
        ("CONNECT to a URL", target("CONNECT http://x/"), "404 not_found", GoesOn),
        (
            "a scheme that is none",
            target("GET javascript:alert(1)"),
            "404 not_found",
            GoesOn,
        ),
    ]
}

fn paths() -> Vec<Case> {
    let path = |path: &str| request(&format!("GET {path}"), "", "");
    vec![
        ("an encoded slash", path("/v1%2Fgroups"), "404 not_found", GoesOn),
        (
            "an encoded slash in an id",
            path("/v1/groups/AAAAAAAA%2FAAAAAAA"),
            "404 not_found",
            GoesOn,
        ),
        (
            "an encoded letter of a route",
            path("/v1/gr%6Fups"),
            "404 not_found",
            GoesOn,
        ),
        ("dots", path("/v1/contacts/../groups"), "404 not_found", GoesOn),
        (
            "encoded dots",
            path("/v1/contacts/%2e%2e/groups"),
            "404 not_found",
            GoesOn,
        ),
        (
            "encoded dots and slash",
            path("/v1/groups/%2e%2e%2fcontacts"),
            "404 not_found",
            GoesOn,
        ),
        ("dots from the root", path("/../../etc/passwd"), "404 not_found", GoesOn),
        ("a dot", path("/v1/./groups"), "404 not_found", GoesOn),
        ("two slashes", path("//v1/groups"), "404 not_found", GoesOn),
        ("two slashes inside", path("/v1//groups"), "404 not_found", GoesOn),
        ("a slash at the end", path("/v1/groups/"), "404 not_found", GoesOn),
        ("a backslash", path("/v1\\groups"), "404 not_found", GoesOn),
        (
            "a parameter of a segment",
            path("/v1/groups;x=y"),
            "404 not_found",
            GoesOn,
        ),
        (
            "an encoded NUL",
            path("/v1/groups/AAAAAAAAAAAAAAA%00"),
            "404 not_found",
            GoesOn,
        ),
        (
            "an encoded NUL behind a route",
            path("/v1/groups%00"),
            "404 not_found",
            GoesOn,
        ),
        (
            "an encoded line end",
            path("/v1/groups/%0d%0aset-cookie:x"),
            "404 not_found",
            GoesOn,
        ),
        (
            "an escape that is cut",
            path("/v1/groups/AAAAAAAAAAAAAAA%"),
            "404 not_found",
            GoesOn,
        ),
        (
            "an escape that is none",
            path("/v1/groups/%zz"),
            "404 not_found",
            GoesOn,
        ),
        ("an overlong slash", path("/v1/groups/%c0%af"), "404 not_found", GoesOn),
        (
            "an escape of half a character",
            path("/v1/groups/%c3"),
            "404 not_found",
            GoesOn,
        ),
        ("an escape escaped", path("/v1%252Fgroups"), "404 not_found", GoesOn),
        ("a fragment", path("/v1/groups#x"), "200", GoesOn),
        (
            "a path of 9 KiB",
            path(&format!("/{}", "x".repeat(9 << 10))),
            "414 uri_too_long",
            GoesOn,
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
            GoesOn,
        ),
    ]
}

fn queries() -> Vec<Case> {
    let query = |query: &str| request(&format!("GET /v1/groups?{query}"), "", "");
    let pairs = |count: usize| (0..count).map(|n| format!("a{n}=&")).collect::<String>();
    let invalid = "400 parameter_invalid";
    vec![
        ("an empty query", query(""), "200", GoesOn),
        ("a query of separators", query("&&&"), "200", GoesOn),
        ("a query of an equals sign", query("="), "400 parameter_unknown", GoesOn),
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
            GoesOn,
        ),
        ("a query of 65 parameters", query(&pairs(65)), invalid, GoesOn),
        ("a query with NUL", query("query=a%00b"), invalid, GoesOn),
        ("a query that is not UTF-8", query("query=%ff"), invalid, GoesOn),
        ("a query of overlong UTF-8", query("query=%c0%af"), invalid, GoesOn),
        ("a query of a surrogate", query("query=%ed%a0%80"), invalid, GoesOn),
        (
            "a query with an escape that is none",
            query("limit=%zz"),
            invalid,
            GoesOn,
        ),
        ("a name that is not UTF-8", query("%ff=1"), invalid, GoesOn),
        ("a limit of 1.0", query("limit=1.0"), invalid, GoesOn),
        ("a limit of 1e1", query("limit=1e1"), invalid, GoesOn),
        ("a limit in hex", query("limit=0x10"), invalid, GoesOn),
        ("a limit of minus zero", query("limit=-0"), invalid, GoesOn),
        ("a limit of other digits", query("limit=%D9%A1"), invalid, GoesOn),
        ("a limit with a space", query("limit=+1"), invalid, GoesOn),
        (
            "a limit beyond 64 bits",
            query("limit=1000000000000000000000000000000"),
            invalid,
            GoesOn,
        ),
        (
            "a limit twice",
            query("limit=1&limit=2"),
            "400 parameter_unknown",
            GoesOn,
        ),
        (
            "a limit twice, once escaped",
            query("limit=1&l%69mit=2"),
            "400 parameter_unknown",
            GoesOn,
        ),
        (
            "a limit in brackets",
            query("limit[]=1"),
            "400 parameter_unknown",
            GoesOn,
        ),
        (
            "a second question mark",
            query("limit=1?archived=true"),
            invalid,
            GoesOn,
        ),
        (
            "a semicolon for a separator",
            query("limit=1;archived=true"),
            invalid,
            GoesOn,
        ),
    ]
}
