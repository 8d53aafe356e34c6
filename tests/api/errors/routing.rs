//! Errors about the request line and the headers: `404`, `405`, `414`, `431`, the host and the request id.

use serde_json::Value;

use crate::harness::TestServer;

#[test]
fn an_unknown_path_is_not_found() {
    let server = TestServer::start();
    for path in [
        "/",
        "/v1",
        "/v1/nothing",
        "/v1/groups/AAAAAAAAAAAAAAAA/x",
        "/v1/Groups",
        "/v2/groups",
        "//v1/groups",
        "/v1/groups/%00",
        "/v1/groups/..%2f",
        "/v1/groups/%ff",
    ] {
        for method in ["GET", "PUT"] {
            assert_eq!(
                server.request(method, path).send().expect_error(404, "not_found"),
                Value::Null,
                "{path}"
            );
        }
    }
}

#[test]
fn a_disallowed_method_gets_405_with_the_allowed_ones() {
    let server = TestServer::start();
    for (method, path, allow) in [
        ("DELETE", "/v1/groups", "GET, HEAD, POST"),
        ("OPTIONS", "/v1/groups", "GET, HEAD, POST"),
        ("POST", "/v1/groups/AAAAAAAAAAAAAAAA", "GET, HEAD, PUT, PATCH, DELETE"),
        ("POST", "/healthz", "GET, HEAD"),
    ] {
        let response = server.request(method, path).send();
        assert_eq!(response.expect_error(405, "method_not_allowed"), Value::Null);
        assert_eq!(response.header("allow"), Some(allow));
    }
}

#[test]
fn an_overlong_uri_or_head_is_rejected() {
    let server = TestServer::start();
    let long = "x".repeat(9 << 10);
    server
        .get(&format!("/v1/groups?q={long}"))
        .expect_error(414, "uri_too_long");
    server
        .request("GET", "/v1/groups")
        .header("x-a", &long)
        .header("x-b", &long)
        .send()
        .expect_error(431, "headers_too_large");
    assert!(
        server
            .send_raw(format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(80 << 10)))
            .starts_with("HTTP/1.1 4")
    );
}

#[test]
fn an_invalid_host_or_target_does_not_reach_the_routes() {
    let server = TestServer::start();
    for head in [
        "GET /v1/groups HTTP/1.1\r\n\r\n",
        "GET /v1/groups HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n",
        "GET /v1/groups HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n",
        "GET /v1/groups HTTP/1.1\r\nhost: a/b\r\nconnection: close\r\n\r\n",
        "CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\nconnection: close\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    ] {
        let response = server.send_raw(head.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
        assert!(response.starts_with("HTTP/1.1 40"), "{head}: {response}");
        assert!(response.contains("request_id"), "{head}: {response}");
    }
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_valid_request_id_is_returned_and_an_invalid_one_is_replaced() {
    let server = TestServer::start();
    let sent = |id: &str| server.request("GET", "/v1/nothing").header("x-request-id", id).send();
    let longest = "x".repeat(128);
    for own in ["abc-123", "\"quoted\\\"", &longest] {
        let response = sent(own);
        assert_eq!(response.header("x-request-id"), Some(own));
        assert_eq!(response.json()["request_id"], own);
    }
    for other in ["", "a b", "é", &format!("{longest}x")] {
        let response = sent(other);
        let id = response.header("x-request-id").unwrap().to_owned();
        assert!(id != other && id.len() == 16, "{other} {id}");
    }
    assert!(server.get("/healthz").header("x-request-id").is_some());
}
