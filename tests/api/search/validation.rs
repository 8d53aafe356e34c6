//! Invalid queries.

use serde_json::{Value, json};

use super::fixtures::search;
use crate::harness::{TestServer, encode, text};

#[test]
fn an_unsearchable_query_is_rejected() {
    let server = TestServer::start();
    let conversation = text(&server.create("/v1/groups", &json!({"name": "x"}))["conversation_id"]);
    let lists = [
        "/v1/groups?".to_owned(),
        "/v1/groups?archived=true&".to_owned(),
        "/v1/contacts?".to_owned(),
        "/v1/messages?".to_owned(),
        format!("/v1/messages?conversation_id={conversation}&"),
    ];
    let words = |count: usize| vec!["x"; count].join(" ");
    for list in &lists {
        for query in [
            String::new(),
            " ".to_owned(),
            "\t\n".to_owned(),
            "-".to_owned(),
            "\"".to_owned(),
            "*".to_owned(),
            "( ) { } ^ :".to_owned(),
            "👍".to_owned(),
            "\u{301}".to_owned(),
            "…".to_owned(),
            "x".repeat(256),
            "語".repeat(256),
            format!("x{}", " ".repeat(255)),
            words(17),
        ] {
            let response = server.get(&format!("{list}query={}", encode(&query)));
            assert_eq!(
                response.expect_error(400, "parameter_invalid"),
                "query",
                "{list} {query:?}"
            );
        }
        for query in [
            "x".repeat(255),
            "語".repeat(255),
            "𐐷".repeat(255),
            words(16),
            format!("{} - -", words(16)),
            format!("x{}", " ".repeat(254)),
        ] {
            search(&server, &server.token, list, &query);
        }
        let twice = server.get(&format!("{list}query=x&query=x"));
        assert_eq!(twice.expect_error(400, "parameter_unknown"), "query");
        for malformed in ["query=%00", "query=%ff"] {
            let response = server.get(&format!("{list}{malformed}"));
            assert_eq!(
                response.expect_error(400, "parameter_invalid"),
                Value::Null,
                "{malformed}"
            );
        }
    }
    let longest = "a".repeat(9_998);
    let body = json!({"conversation_id": conversation, "message": format!("{longest} b")});
    let message = text(&server.create("/v1/messages", &body)["id"]);
    assert_eq!(
        search(&server, &server.token, "/v1/messages?", &"a".repeat(255)),
        [message]
    );
}
