//! `401` and `403`: missing, invalid and read-only tokens.

use std::io::{Read as _, Write as _};

use groups_server::api;
use groups_server::store::tokens::NewToken;
use groups_server::types::time::Timestamp;
use serde_json::{Value, json};

use crate::harness::TestServer;

#[test]
fn every_path_returns_401_without_a_valid_token() {
    let server = TestServer::start();
    let id = server.create_group(&json!({"name": "x"}));
    let expired = server.create_token(&NewToken {
        expires_at: Some(Timestamp::now()),
        ..NewToken::full("default")
    });
    let credentials = [
        None,
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some("Bearer nonsense".to_owned()),
        Some("Bearer a b".to_owned()),
        Some(format!("Token {}", server.token)),
        Some(format!("Bearer {expired}")),
        Some(format!("Bearer {}x", server.token)),
        Some("Basic %%%".to_owned()),
        Some("Basic bm9jb2xvbg==".to_owned()),
    ];
    for sent in credentials {
        for path in [
            "/v1/groups",
            &format!("/v1/groups/{id}"),
            "/v1/groups/none",
            "/v1/nothing",
            "/",
            "/v2",
        ] {
            for method in ["GET", "POST", "DELETE", "TRACE"] {
                let mut request = server.request(method, path).anonymous();
                if let Some(sent) = &sent {
                    request = request.header("authorization", sent);
                }
                let response = request.send();
                assert_eq!(
                    response.expect_error(401, "unauthorized"),
                    Value::Null,
                    "{method} {path} {sent:?}"
                );
                assert!(response.header("www-authenticate").unwrap().starts_with("Bearer"));
            }
        }
    }
    let twice = format!(
        "GET /v1/groups HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {0}\r\nauthorization: Bearer {0}\r\nconnection: close\r\n\r\n",
        server.token
    );
    assert!(server.send_raw(twice).starts_with("HTTP/1.1 401"));
}

#[test]
fn a_token_is_accepted_as_bearer_and_in_every_form_of_basic() {
    let server = TestServer::start();
    use base64::Engine as _;
    let basic = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
    for sent in [
        format!("Bearer {}", server.token),
        format!("bEARER   {}", server.token),
        format!("Basic {}", basic(format!("{}:", server.token))),
        format!("basic {}", basic(format!("anyone:{}", server.token))),
        format!("Basic {}", basic(server.token.clone())),
    ] {
        assert_eq!(
            server
                .request("GET", "/v1/groups")
                .header("authorization", &sent)
                .send()
                .status,
            200,
            "{sent}"
        );
    }
}

#[test]
fn a_read_only_token_can_read_but_not_write() {
    let server = TestServer::start();
    let id = server.create_group(&json!({"name": "x"}));
    let token = server.create_token(&NewToken {
        read_only: true,
        ..NewToken::full("default")
    });
    for route in api::routes().into_iter().flatten() {
        let path = server.path_to_new_objects(route.path);
        let response = server.request(route.method.as_str(), &path).token(&token).send();
        match route.method.as_str() {
            "GET" => assert_eq!(response.status, 200),
            _ => assert_eq!(response.expect_error(403, "forbidden"), Value::Null),
        }
    }
    assert_eq!(server.get(&format!("/v1/groups/{id}")).status, 200);
}

#[test]
fn a_target_without_a_known_path_returns_401_without_a_token() {
    let server = TestServer::start();
    for line in ["OPTIONS *", "CONNECT example.com:443", "GET /v1/groups/"] {
        let head = format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
        assert!(
            server.send_raw(format!("{head}\r\n")).starts_with("HTTP/1.1 401"),
            "{line}"
        );
        let known = format!("{head}authorization: Bearer {}\r\n\r\n", server.token);
        assert!(server.send_raw(known).starts_with("HTTP/1.1 404"), "{line}");
    }
}

#[test]
fn a_token_revoked_while_the_body_is_in_flight_cannot_write() {
    let server = TestServer::start();
    let body = json!({"name": "late"}).to_string();
    let mut stream = server.connect();
    let head = format!(
        "POST /v1/groups HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         expect: 100-continue\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        server.token,
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(server.execute("UPDATE tokens SET revoked_at = 1"), 1);
    stream.write_all(body.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 401"), "{response}");
}
