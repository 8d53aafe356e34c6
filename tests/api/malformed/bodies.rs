//! Complete but malformed bodies: JSON, numbers and forms.

use super::case::{Case, StaysOpen, request, typed};
use super::media_types;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

pub fn cases() -> Vec<Case> {
    [json(), numbers(), forms(), media_types::cases()].concat()
}

fn json() -> Vec<Case> {
    let malformed = "400 body_malformed";
    let unknown = "400 parameter_unknown";
    let body = |text: &str| typed(JSON, text);
    vec![
        ("only white space", body(" \r\n\t "), malformed, StaysOpen),
        (
            "JSON with a comment",
            body("{\"name\": \"x\" /* y */}"),
            malformed,
            StaysOpen,
        ),
        (
            "JSON with a line comment",
            body("{\"name\": \"x\"} // y"),
            malformed,
            StaysOpen,
        ),
        (
            "JSON with a trailing comma",
            body("{\"name\": \"x\",}"),
            malformed,
            StaysOpen,
        ),
        (
            "an array with a trailing comma",
            body("{\"contacts\": [1,]}"),
            malformed,
            StaysOpen,
        ),
        ("JSON in single quotes", body("{'name': 'x'}"), malformed, StaysOpen),
        (
            "JSON without quotes around a name",
            body("{name: \"x\"}"),
            malformed,
            StaysOpen,
        ),
        ("truncated JSON", body("{\"name\": \"x\""), malformed, StaysOpen),
        ("a truncated string", body("{\"name\": \"x"), malformed, StaysOpen),
        (
            "two objects",
            body("{\"name\": \"x\"}{\"name\": \"y\"}"),
            malformed,
            StaysOpen,
        ),
        ("an unknown literal", body("{\"name\": True}"), malformed, StaysOpen),
        (
            "an escape that JSON does not define",
            body("{\"name\": \"\\x41\"}"),
            malformed,
            StaysOpen,
        ),
        (
            "a line end in a string",
            body("{\"name\": \"a\nb\"}"),
            malformed,
            StaysOpen,
        ),
        (
            "100,000 nested arrays",
            body(&"[".repeat(100_000)),
            malformed,
            StaysOpen,
        ),
        (
            "100,000 nested objects",
            body(&format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000))),
            malformed,
            StaysOpen,
        ),
        (
            "a parameter twice",
            body("{\"name\": \"x\", \"name\": \"x\"}"),
            unknown,
            StaysOpen,
        ),
        (
            "a parameter twice, once escaped",
            body("{\"name\": \"x\", \"n\\u0061me\": \"y\"}"),
            unknown,
            StaysOpen,
        ),
        (
            "a contact's username twice",
            body("{\"name\":\"x\",\"contacts\":[{\"username\":\"a\",\"username\":\"b\"}]}"),
            unknown,
            StaysOpen,
        ),
        (
            "a parameter in upper case",
            body("{\"NAME\": \"x\"}"),
            "400 parameter_missing",
            StaysOpen,
        ),
        (
            "a parameter with an empty name",
            body("{\"name\": \"x\", \"\": 1}"),
            unknown,
            StaysOpen,
        ),
        (
            "a parameter named __proto__",
            body("{\"name\": \"x\", \"__proto__\": {}}"),
            unknown,
            StaysOpen,
        ),
        (
            "10,000 repeated parameters",
            body(&format!("{{\"name\":\"x\"{}}}", ",\"a\":1".repeat(10_000))),
            unknown,
            StaysOpen,
        ),
        (
            "100,000 nulls as contacts",
            body(&format!(
                "{{\"name\":\"x\",\"contacts\":[null{}]}}",
                ",null".repeat(100_000)
            )),
            "400 parameter_invalid",
            StaysOpen,
        ),
        (
            "a string as contacts",
            body("{\"name\": \"x\", \"contacts\": \"[]\"}"),
            "400 parameter_invalid",
            StaysOpen,
        ),
    ]
}

/// Numbers in a parameter that must be an integer.
fn numbers() -> Vec<Case> {
    let number = |text: &str| {
        let body = format!("{{\"archived_at\": {text}}}");
        let headers = format!("content-type: {JSON}\r\ncontent-length: {}\r\n", body.len());
        request("PATCH /v1/groups/AAAAAAAAAAAAAAAA", headers, body)
    };
    let (malformed, invalid) = ("400 body_malformed", "400 parameter_invalid");
    vec![
        ("an integer", number("1700000000"), "404 not_found", StaysOpen),
        ("zero", number("0"), "404 not_found", StaysOpen),
        ("minus zero", number("-0"), "404 not_found", StaysOpen),
        ("a number with a fraction", number("1.5"), invalid, StaysOpen),
        ("a whole number with a point", number("1.0"), "404 not_found", StaysOpen),
        (
            "a whole number with an exponent",
            number("1e3"),
            "404 not_found",
            StaysOpen,
        ),
        ("a fraction with an exponent", number("1e-3"), invalid, StaysOpen),
        ("10^30", number("1000000000000000000000000000000"), invalid, StaysOpen),
        ("2^63", number("9223372036854775808"), invalid, StaysOpen),
        ("-2^63", number("-9223372036854775808"), invalid, StaysOpen),
        ("1e400", number("1e400"), malformed, StaysOpen),
        ("-1e400", number("-1e400"), malformed, StaysOpen),
        // No f64 is nearer to it than zero.
        ("1e-400", number("1e-400"), "404 not_found", StaysOpen),
        (
            "an exponent of 10,000 digits",
            number(&format!("1e{}", "9".repeat(10_000))),
            malformed,
            StaysOpen,
        ),
        ("10,000 digits", number(&"9".repeat(10_000)), malformed, StaysOpen),
        (
            "10,000 digits after the decimal point",
            number(&format!("0.{}", "1".repeat(10_000))),
            invalid,
            StaysOpen,
        ),
        ("NaN", number("NaN"), malformed, StaysOpen),
        ("Infinity", number("Infinity"), malformed, StaysOpen),
        ("-Infinity", number("-Infinity"), malformed, StaysOpen),
        ("a number with a leading zero", number("01"), malformed, StaysOpen),
        ("a number with a plus sign", number("+1"), malformed, StaysOpen),
        ("a number in hex", number("0x1"), malformed, StaysOpen),
        (
            "a number that ends with a decimal point",
            number("1."),
            malformed,
            StaysOpen,
        ),
        (
            "a number that begins with a decimal point",
            number(".5"),
            malformed,
            StaysOpen,
        ),
        ("an integer in quotes", number("\"1\""), invalid, StaysOpen),
    ]
}

fn forms() -> Vec<Case> {
    let body = |text: &str| typed(FORM, text);
    let pairs = |count: usize| (0..count).map(|n| format!("&a{n}=1")).collect::<String>();
    let (unknown, invalid) = ("400 parameter_unknown", "400 parameter_invalid");
    vec![
        ("only separators", body("&&&"), "400 parameter_missing", StaysOpen),
        ("only an equals sign", body("="), "400 parameter_missing", StaysOpen),
        (
            "10,000 pairs",
            body(&format!("name=x{}", pairs(10_000))),
            "400 body_malformed",
            StaysOpen,
        ),
        (
            "10,000 pairs with one name",
            body(&format!("name=x{}", "&name=x".repeat(10_000))),
            "400 body_malformed",
            StaysOpen,
        ),
        (
            "10,000 equal contacts",
            body(&format!("name=x{}", "&contacts[]=AAAAAAAAAAAAAAAA".repeat(10_000))),
            invalid,
            StaysOpen,
        ),
        (
            "nine pairs of brackets",
            body("name=x&a[b][b][b][b][b][b][b][b][b]=1"),
            invalid,
            StaysOpen,
        ),
        (
            "unclosed brackets",
            body("name=x&contacts[[[[[[[[[[=1"),
            unknown,
            StaysOpen,
        ),
        (
            "an index over the limit",
            body("name=x&contacts[99999999]=AAAAAAAAAAAAAAAA"),
            invalid,
            StaysOpen,
        ),
        (
            "an index over 64 bits",
            body("name=x&contacts[99999999999999999999999]=a"),
            invalid,
            StaysOpen,
        ),
        (
            "a negative index",
            body("name=x&contacts[-1]=AAAAAAAAAAAAAAAA"),
            invalid,
            StaysOpen,
        ),
        ("a form parameter twice", body("name=x&name=x"), unknown, StaysOpen),
        (
            "a form parameter twice, once encoded",
            body("name=x&%6eame=y"),
            unknown,
            StaysOpen,
        ),
        (
            "a parameter with and without brackets",
            body("name=x&name[]=y"),
            unknown,
            StaysOpen,
        ),
        ("a nested array", body("name=x&contacts[][]=a"), invalid, StaysOpen),
        ("an invalid escape in a form", body("name=%zz"), "201", StaysOpen),
        ("a truncated escape in a form", body("name=100%"), "201", StaysOpen),
        (
            "JSON with a form's media type",
            body("[1]"),
            "400 body_malformed",
            StaysOpen,
        ),
        (
            "a form with JSON's media type",
            typed(JSON, "name=x"),
            "400 body_malformed",
            StaysOpen,
        ),
        (
            "a form with a trailing line end",
            body("name=x\r\n"),
            invalid,
            StaysOpen,
        ),
    ]
}
