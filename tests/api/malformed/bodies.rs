//! Bodies that are whole and are not what they should be: JSON, forms, and their types.

use super::{Case, Closes, GoesOn, post, request, typed};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

pub fn cases() -> Vec<Case> {
    [json(), numbers(), forms(), types()].concat()
}

fn json() -> Vec<Case> {
    let malformed = "400 body_malformed";
    let unknown = "400 parameter_unknown";
    let body = |text: &str| typed(JSON, text);
    vec![
        ("white space alone", body(" \r\n\t "), malformed, GoesOn),
        (
            "JSON with a comment",
            body("{\"name\": \"x\" /* y */}"),
            malformed,
            GoesOn,
        ),
        (
            "JSON with a line's comment",
            body("{\"name\": \"x\"} // y"),
            malformed,
            GoesOn,
        ),
        ("JSON with a last comma", body("{\"name\": \"x\",}"), malformed, GoesOn),
        (
            "an array with a last comma",
            body("{\"contacts\": [1,]}"),
            malformed,
            GoesOn,
        ),
        ("JSON in single quotes", body("{'name': 'x'}"), malformed, GoesOn),
        ("JSON without quotes", body("{name: \"x\"}"), malformed, GoesOn),
        ("JSON that is cut", body("{\"name\": \"x\""), malformed, GoesOn),
        ("a string that is cut", body("{\"name\": \"x"), malformed, GoesOn),
        (
            "two objects",
            body("{\"name\": \"x\"}{\"name\": \"y\"}"),
            malformed,
            GoesOn,
        ),
        ("a word that is none", body("{\"name\": True}"), malformed, GoesOn),
        (
            "an escape that JSON has not",
            body("{\"name\": \"\\x41\"}"),
            malformed,
            GoesOn,
        ),
        (
            "a line end in a string",
            body("{\"name\": \"a\nb\"}"),
            malformed,
            GoesOn,
        ),
        (
            "100,000 arrays in each other",
            body(&"[".repeat(100_000)),
            malformed,
            GoesOn,
        ),
        (
            "100,000 objects in each other",
            body(&format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000))),
            malformed,
            GoesOn,
        ),
        (
            "a name twice",
            body("{\"name\": \"x\", \"name\": \"x\"}"),
            unknown,
            GoesOn,
        ),
        (
            "a name twice, once escaped",
            body("{\"name\": \"x\", \"n\\u0061me\": \"y\"}"),
            unknown,
            GoesOn,
        ),
        (
            "a contact's name twice",
            body("{\"name\":\"x\",\"contacts\":[{\"username\":\"a\",\"username\":\"b\"}]}"),
            unknown,
            GoesOn,
        ),
        (
            "a name in capitals",
            body("{\"NAME\": \"x\"}"),
            "400 parameter_missing",
            GoesOn,
        ),
        (
            "an empty name of a parameter",
            body("{\"name\": \"x\", \"\": 1}"),
            unknown,
            GoesOn,
        ),
        (
            "the name of a prototype",
            body("{\"name\": \"x\", \"__proto__\": {}}"),
            unknown,
            GoesOn,
        ),
        (
            "10,000 names",
            body(&format!("{{\"name\":\"x\"{}}}", ",\"a\":1".repeat(10_000))),
            unknown,
            GoesOn,
        ),
        (
            "100,000 nulls for contacts",
            body(&format!(
                "{{\"name\":\"x\",\"contacts\":[null{}]}}",
                ",null".repeat(100_000)
            )),
            "400 parameter_invalid",
            GoesOn,
        ),
        (
            "a string for contacts",
            body("{\"name\": \"x\", \"contacts\": \"[]\"}"),
            "400 parameter_invalid",
            GoesOn,
        ),
    ]
}

/// Where an integer is asked for, and where none is.
fn numbers() -> Vec<Case> {
    let number = |text: &str| {
        let body = format!("{{\"archived_at\": {text}}}");
        let headers = format!("content-type: {JSON}\r\ncontent-length: {}\r\n", body.len());
        request("PATCH /v1/groups/AAAAAAAAAAAAAAAA", headers, body)
    };
    let (malformed, invalid) = ("400 body_malformed", "400 parameter_invalid");
    vec![
        ("an integer", number("1700000000"), "404 not_found", GoesOn),
        ("zero", number("0"), "404 not_found", GoesOn),
        ("minus zero", number("-0"), invalid, GoesOn),
        ("an integer with a fraction", number("1.0"), invalid, GoesOn),
        ("an integer with an exponent", number("1e3"), invalid, GoesOn),
        ("10^30", number("1000000000000000000000000000000"), invalid, GoesOn),
        ("2^63", number("9223372036854775808"), invalid, GoesOn),
        ("-2^63", number("-9223372036854775808"), invalid, GoesOn),
        ("1e400", number("1e400"), malformed, GoesOn),
        ("-1e400", number("-1e400"), malformed, GoesOn),
        ("1e-400", number("1e-400"), invalid, GoesOn),
        (
            "an exponent without end",
            number(&format!("1e{}", "9".repeat(10_000))),
            malformed,
            GoesOn,
        ),
        ("10,000 digits", number(&"9".repeat(10_000)), malformed, GoesOn),
        (
            "10,000 digits behind the point",
            number(&format!("0.{}", "1".repeat(10_000))),
            invalid,
            GoesOn,
        ),
        ("NaN", number("NaN"), malformed, GoesOn),
        ("Infinity", number("Infinity"), malformed, GoesOn),
        ("-Infinity", number("-Infinity"), malformed, GoesOn),
        ("a number with a zero before it", number("01"), malformed, GoesOn),
        ("a number with a plus", number("+1"), malformed, GoesOn),
        ("a number in hex", number("0x1"), malformed, GoesOn),
        ("a number that ends with its point", number("1."), malformed, GoesOn),
        ("a number that begins with its point", number(".5"), malformed, GoesOn),
        ("an integer in quotes", number("\"1\""), invalid, GoesOn),
    ]
}

fn forms() -> Vec<Case> {
    let body = |text: &str| typed(FORM, text);
    let pairs = |count: usize| (0..count).map(|n| format!("&a{n}=1")).collect::<String>();
    let (unknown, invalid) = ("400 parameter_unknown", "400 parameter_invalid");
    vec![
        ("separators alone", body("&&&"), "400 parameter_missing", GoesOn),
        ("an equals sign alone", body("="), "400 parameter_missing", GoesOn),
        (
            "10,000 pairs",
            body(&format!("name=x{}", pairs(10_000))),
            "400 body_malformed",
            GoesOn,
        ),
        (
            "10,000 pairs of one name",
            body(&format!("name=x{}", "&name=x".repeat(10_000))),
            "400 body_malformed",
            GoesOn,
        ),
        (
            "10,000 equal contacts",
            body(&format!("name=x{}", "&contacts[]=AAAAAAAAAAAAAAAA".repeat(10_000))),
            invalid,
            GoesOn,
        ),
        (
            "nine brackets",
            body("name=x&a[b][b][b][b][b][b][b][b][b]=1"),
            invalid,
            GoesOn,
        ),
        (
            "brackets that do not end",
            body("name=x&contacts[[[[[[[[[[=1"),
            unknown,
            GoesOn,
        ),
        (
            "an index beyond all",
            body("name=x&contacts[99999999]=AAAAAAAAAAAAAAAA"),
            invalid,
            GoesOn,
        ),
        (
            "an index beyond 64 bits",
            body("name=x&contacts[99999999999999999999999]=a"),
            invalid,
            GoesOn,
        ),
        (
            "a negative index",
            body("name=x&contacts[-1]=AAAAAAAAAAAAAAAA"),
            invalid,
            GoesOn,
        ),
        ("a form's name twice", body("name=x&name=x"), unknown, GoesOn),
        (
            "a form's name twice, once escaped",
            body("name=x&%6eame=y"),
            unknown,
            GoesOn,
        ),
        (
            "a name with and without brackets",
            body("name=x&name[]=y"),
            unknown,
            GoesOn,
        ),
        ("an array in an array", body("name=x&contacts[][]=a"), invalid, GoesOn),
        ("an escape in a form that is none", body("name=%zz"), "201", GoesOn),
        ("an escape in a form that is cut", body("name=100%"), "201", GoesOn),
        ("JSON by the form's type", body("[1]"), "400 body_malformed", GoesOn),
        (
            "a form by the type of JSON",
            typed(JSON, "name=x"),
            "400 body_malformed",
            GoesOn,
        ),
        ("a form with a line end behind it", body("name=x\r\n"), invalid, GoesOn),
    ]
}

fn types() -> Vec<Case> {
    let json = "{\"name\": \"x\"}";
    let other = "415 unsupported_media_type";
    let form = |headers: &str| post(&format!("content-length: 6\r\n{headers}"), "name=x");
    let parts = "--b\r\ncontent-disposition: form-data; name=\"name\"\r\n\r\nx\r\n--b--\r\n";
    vec![
        ("a type in odd case", typed("aPPlication/jSON", json), "201", GoesOn),
        (
            "a type with its charset",
            typed("application/json;charset=\"UTF-8\"", json),
            "201",
            GoesOn,
        ),
        (
            "a type with a parameter",
            typed("application/json; version=1; charset=utf-8", json),
            "201",
            GoesOn,
        ),
        (
            "a type with spaces",
            typed("application/json ; charset=utf-8 ;", json),
            "201",
            GoesOn,
        ),
        (
            "another charset",
            typed("application/json; charset=utf-16", json),
            other,
            GoesOn,
        ),
        (
            "an empty charset",
            typed("application/json; charset=", json),
            other,
            GoesOn,
        ),
        (
            "two charsets",
            typed("application/json; charset=utf-8; charset=latin1", json),
            other,
            GoesOn,
        ),
        (
            "a list of types",
            typed("application/json, text/plain", json),
            other,
            GoesOn,
        ),
        ("any type", typed("*/*", json), other, GoesOn),
        ("a type without its half", typed("application", json), other, GoesOn),
        ("a type behind another", typed("application/jsonx", json), other, GoesOn),
        (
            "JSON's relative",
            typed("application/merge-patch+json", json),
            other,
            GoesOn,
        ),
        (
            "the same type twice",
            form("content-type: application/x-www-form-urlencoded\r\n"),
            other,
            GoesOn,
        ),
        ("two types", form("content-type: application/json\r\n"), other, GoesOn),
        (
            "multipart",
            typed("multipart/form-data; boundary=b", parts),
            other,
            GoesOn,
        ),
        (
            "multipart without a boundary",
            typed("multipart/form-data", parts),
            other,
            GoesOn,
        ),
        ("gzip that is none", form("content-encoding: gzip\r\n"), other, GoesOn),
        (
            "identity twice, and gzip",
            form("content-encoding: identity\r\ncontent-encoding: gzip\r\n"),
            other,
            GoesOn,
        ),
        (
            "a list of encodings",
            form("content-encoding: identity, gzip\r\n"),
            other,
            GoesOn,
        ),
        (
            "identity, in odd case",
            form("content-encoding: Identity\r\n"),
            "201",
            GoesOn,
        ),
        (
            "an encoding that is empty",
            form("content-encoding:\r\n"),
            other,
            GoesOn,
        ),
        (
            "no type and a body",
            request("POST /v1/groups", "content-length: 6\r\n", "name=x"),
            other,
            GoesOn,
        ),
        (
            "no type and an empty body",
            request("POST /v1/groups", "content-length: 0\r\n", ""),
            "400 parameter_missing",
            GoesOn,
        ),
        (
            "a body over the limit",
            typed(FORM, format!("name={}", "x".repeat(1 << 20))),
            "413 body_too_large",
            Closes,
        ),
    ]
}
