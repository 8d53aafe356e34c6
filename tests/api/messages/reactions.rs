//! Reactions: their notations and limits.

use serde_json::{Value, json};

use super::fixtures::{new_group, send};
use crate::harness::{Response, TestServer, object_path};

/// Asserts that an update succeeded and returned the stored message, and returns its reactions.
fn stored_reactions(server: &TestServer, path: &str, response: &Response) -> Value {
    assert_eq!(response.status, 200, "{}", response.text);
    assert_eq!(server.get(path).text, response.text);
    response.json()["reactions"].clone()
}

#[test]
fn reactions_are_accepted_as_an_array_and_as_an_object() {
    let server = TestServer::start();
    let group = new_group(&server);
    let path = object_path("messages", &send(&server, &group, "x"));
    let long = "n".repeat(64);
    let cases = [
        (
            json!([{"red_angry_face": ["KateMcCallister"]}]),
            json!([{"red_angry_face": ["KateMcCallister"]}]),
        ),
        (
            json!({"red_angry_face": ["KateMcCallister"]}),
            json!([{"red_angry_face": ["KateMcCallister"]}]),
        ),
        (
            json!({"b": ["x", "y"], "a": ["x"]}),
            json!([{"b": ["x", "y"]}, {"a": ["x"]}]),
        ),
        (json!([{"b": ["x"]}, {"a": ["y"]}]), json!([{"b": ["x"]}, {"a": ["y"]}])),
        (
            json!([{"a": ["x"]}, {"b": ["x"]}, {"a": ["y", "x", "y"]}]),
            json!([{"a": ["x", "y"]}, {"b": ["x"]}]),
        ),
        (json!([{"a": []}, {"b": ["x"]}, {}]), json!([{"b": ["x"]}])),
        (
            json!([{"a": []}, {"b": ["x"]}, {"a": ["z"]}]),
            json!([{"a": ["z"]}, {"b": ["x"]}]),
        ),
        (json!({}), json!([])),
        (
            json!({"a": ["x"], "A": ["X", "x"]}),
            json!([{"a": ["x"]}, {"A": ["X", "x"]}]),
        ),
        (json!([]), json!([])),
        (json!({"a": []}), json!([])),
        (
            json!([{"👍🏽": ["Zoë \u{301}", "\"\\", "\u{2028}\u{ffff}"]}, {"\"\\": ["1"]}, {"0": ["true"]}]),
            json!([{"👍🏽": ["Zoë \u{301}", "\"\\", "\u{2028}\u{ffff}"]}, {"\"\\": ["1"]}, {"0": ["true"]}]),
        ),
        (json!({&long: ["r".repeat(255)]}), json!([{&long: ["r".repeat(255)]}])),
        (
            json!({"👍".repeat(64): ["👍".repeat(255)]}),
            json!([{"👍".repeat(64): ["👍".repeat(255)]}]),
        ),
    ];
    for (given, expected) in cases {
        let response = server.put(&path, &json!({"reactions": given}));
        assert_eq!(stored_reactions(&server, &path, &response), expected, "{given}");
        let again = server.put(&path, &json!({"reactions": expected}));
        assert_eq!(stored_reactions(&server, &path, &again), expected);
        let other = server.put(&path, &json!({"read_at": 5}));
        assert_eq!(
            stored_reactions(&server, &path, &other),
            expected,
            "another update leaves them"
        );
    }
    // An object's properties keep their order.
    let body = r#"{"reactions":{"z":["x"],"a":["x"],"m":["x"]}}"#;
    let response = server.request("PUT", &path).body("application/json", body).send();
    assert_eq!(
        stored_reactions(&server, &path, &response),
        json!([{"z": ["x"]}, {"a": ["x"]}, {"m": ["x"]}])
    );
    let twice = r#"{"reactions":{"z":["x"],"z":["y"]}}"#;
    let response = server.request("PUT", &path).body("application/json", twice).send();
    assert_eq!(response.expect_error(400, "parameter_unknown"), "reactions.z");
}

/// Invalid forms, with the code and the parameter of the error.
const INVALID_FORMS: [(&str, &str, &str); 10] = [
    ("reactions=a", "parameter_invalid", "reactions"),
    ("reactions[a]=x", "parameter_invalid", "reactions.a"),
    ("reactions[]=x", "parameter_invalid", "reactions[0]"),
    ("reactions[a][]=", "parameter_invalid", "reactions.a[0]"),
    ("reactions[a][]=x%0Ay", "parameter_invalid", "reactions.a[0]"),
    ("reactions[a][b]=x", "parameter_invalid", "reactions.a"),
    ("reactions[a][1]=x", "parameter_invalid", "reactions[a][1]"),
    ("reactions[1][a][]=x", "parameter_invalid", "reactions[1][a][]"),
    ("reactions[a][]=x&reactions=", "parameter_unknown", "reactions"),
    ("reactions[a][]=x&reactions[][b][]=y", "parameter_unknown", "reactions"),
];

#[test]
fn reactions_can_be_given_in_every_form_notation() {
    let server = TestServer::start();
    let group = new_group(&server);
    let path = object_path("messages", &send(&server, &group, "x"));
    let kate = json!([{"red_angry_face": ["KateMcCallister"]}]);
    let two = json!([{"red_angry_face": ["KateMcCallister", "Kevin"]}]);
    let different = json!([{"red_angry_face": ["KateMcCallister"]}, {"heart": ["Kevin"]}]);
    for (form, expected) in [
        ("reactions[red_angry_face][]=KateMcCallister", &kate),
        ("reactions%5Bred_angry_face%5D%5B%5D=KateMcCallister", &kate),
        ("reactions[red_angry_face][0]=KateMcCallister", &kate),
        ("reactions[][red_angry_face][]=KateMcCallister", &kate),
        ("reactions[0][red_angry_face][]=KateMcCallister", &kate),
        ("reactions[0][red_angry_face][0]=KateMcCallister", &kate),
        (
            "reactions[red_angry_face][]=KateMcCallister&reactions[red_angry_face][]=Kevin",
            &two,
        ),
        (
            "reactions[red_angry_face][0]=KateMcCallister&reactions[red_angry_face][1]=Kevin",
            &two,
        ),
        (
            "reactions[][red_angry_face][]=KateMcCallister&reactions[][red_angry_face][]=Kevin",
            &two,
        ),
        (
            "reactions[0][red_angry_face][]=KateMcCallister&reactions[0][red_angry_face][]=Kevin",
            &two,
        ),
        (
            "reactions[0][red_angry_face][]=KateMcCallister&reactions[1][red_angry_face][]=Kevin",
            &two,
        ),
        (
            "reactions[red_angry_face][]=KateMcCallister&reactions[heart][]=Kevin",
            &different,
        ),
        (
            "reactions[][red_angry_face][]=KateMcCallister&reactions[][heart][]=Kevin",
            &different,
        ),
        (
            "reactions[0][red_angry_face][]=KateMcCallister&reactions[1][heart][]=Kevin",
            &different,
        ),
        (
            "reactions[red_angry_face][]=KateMcCallister&reactions[heart]=&message=y",
            &kate,
        ),
        ("reactions[][%F0%9F%91%8D][]=Zo%C3%AB+K.", &json!([{"👍": ["Zoë K."]}])),
        ("reactions[0][100][]=Kevin", &json!([{"100": ["Kevin"]}])),
        ("reactions=", &json!([])),
        ("reactions[a]=", &json!([])),
        ("reactions", &json!([])),
    ] {
        server.put(&path, &json!({"reactions": {"before": ["x"]}}));
        let response = server.request("PUT", &path).form(form).send();
        assert_eq!(&stored_reactions(&server, &path, &response), expected, "{form}");
    }
    let before = server.get(&path).text;
    for (form, code, param) in INVALID_FORMS {
        let response = server.request("PUT", &path).form(form).send();
        assert_eq!(response.expect_error(400, code), param, "{form}");
    }
    assert_eq!(server.get(&path).text, before);
}

#[test]
fn the_numbers_and_lengths_of_reactions_are_limited() {
    let server = TestServer::start();
    let group = new_group(&server);
    let path = object_path("messages", &send(&server, &group, "x"));
    let names = |count: usize| (0..count).map(|n| format!("n{n}"));
    let reactions = |count: usize| -> Value { names(count).map(|name| json!({name: ["x"]})).collect() };
    let reactors = |count: usize| json!({"a": names(count).collect::<Vec<_>>()});
    for most in [reactions(64), reactors(1_000)] {
        let response = server.put(&path, &json!({"reactions": most}));
        assert_eq!(
            stored_reactions(&server, &path, &response)
                .as_array()
                .map(Vec::is_empty),
            Some(false)
        );
    }
    let repeated = json!({"reactions": [{"a": vec!["x"; 2_000]}]});
    assert_eq!(
        stored_reactions(&server, &path, &server.put(&path, &repeated)),
        json!([{"a": ["x"]}])
    );
    let before = server.get(&path).text;
    let long = |length: usize| "n".repeat(length);
    for (over, param) in [
        (reactions(65), "reactions[64].n64".to_owned()),
        (reactors(1_001), "reactions.a".to_owned()),
        (json!({"": ["x"]}), "reactions.".to_owned()),
        (json!({"a\u{7f}": ["x"]}), "reactions.a\u{7f}".to_owned()),
        (json!({long(65): ["x"]}), format!("reactions.{}…", long(64))),
        (json!({"a": [long(256)]}), "reactions.a[0]".to_owned()),
    ] {
        let rejected = server.put(&path, &json!({"reactions": over}));
        assert_eq!(rejected.expect_error(400, "parameter_invalid"), json!(param));
    }
    assert_eq!(server.get(&path).text, before);
}
