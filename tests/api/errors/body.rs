//! Errors about a body as a whole: `400 body_malformed`, `413` and `415`.

use serde_json::{Value, json};

use crate::harness::{TestServer, config};

#[test]
fn a_malformed_body_is_rejected_and_json_sent_as_a_form_gets_a_hint() {
    let server = TestServer::start();
    let json_type = "application/json";
    let form_type = "application/x-www-form-urlencoded";
    let bodies: [(&str, &[u8]); 12] = [
        (json_type, b"{"),
        (json_type, b"[]"),
        (json_type, b"null"),
        (json_type, b"{\"name\":\"x\"} x"),
        (json_type, b"{\"name\":\"\xff\"}"),
        (json_type, b"{\"name\":\"a\\u0000b\"}"),
        (json_type, b"{\"name\":\"\\ud800\"}"),
        (json_type, b"\xef\xbb\xbf\xef\xbb\xbf{\"name\":\"x\"}"),
        (json_type, b"{\"name\":1e400}"),
        (form_type, b"name=%ff"),
        (form_type, b"name=a%00b"),
        (form_type, b"{\"name\":\"x\"}"),
    ];
    for (kind, body) in bodies {
        let response = server.request("POST", "/v1/groups").body(kind, body).send();
        assert_eq!(
            response.expect_error(400, "body_malformed"),
            Value::Null,
            "{}",
            String::from_utf8_lossy(body)
        );
    }
    let deep = format!("{{\"name\":{}", "[".repeat(100_000));
    server
        .request("POST", "/v1/groups")
        .body(json_type, deep)
        .send()
        .expect_error(400, "body_malformed");
    let hint = server
        .request("POST", "/v1/groups")
        .form("{\"name\":\"x\"}")
        .send()
        .json();
    assert!(
        hint["message"]
            .as_str()
            .unwrap()
            .contains("Content-Type: application/json"),
        "{hint}"
    );
    assert_eq!(
        server.get("/v1/groups").json()["data"],
        json!([]),
        "nothing was created"
    );
}

#[test]
fn a_form_name_with_very_many_brackets_is_rejected() {
    let server = TestServer::start();
    let form = format!("name=x&a{}=1", "[b]".repeat(300_000));
    for method in ["GET", "POST"] {
        let response = server.request(method, "/v1/groups").form(&form).send();
        response.expect_error(400, "parameter_invalid");
    }
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_body_over_the_limit_is_rejected_with_a_length_and_in_chunks() {
    let mut config = config();
    config.settings.max_body = 1_000;
    let server = TestServer::start_with(config);
    let body = |length: usize| format!("name=x&description={}", "y".repeat(length - 19));
    let fits = server.request("POST", "/v1/groups").form(&body(1_000)).send();
    assert_eq!(fits.status, 201, "{}", fits.text);
    server
        .request("POST", "/v1/groups")
        .form(&body(1_001))
        .send()
        .expect_error(413, "body_too_large");
    let chunked = format!(
        "POST /v1/groups HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ntransfer-encoding: chunked\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n",
        server.token
    );
    let chunks = |total: usize| -> String {
        let text = body(total);
        let chunks = text
            .as_bytes()
            .chunks(100)
            .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)));
        chunks.collect::<String>() + "0\r\n\r\n"
    };
    let closing = chunked.replace("host: x", "host: x\r\nconnection: close");
    assert!(
        server
            .send_raw(closing.clone() + &chunks(1_000))
            .starts_with("HTTP/1.1 201")
    );
    assert!(server.send_raw(closing + &chunks(1_001)).starts_with("HTTP/1.1 413"));
    let rejected = server.send_raw(chunked + &chunks(200_000));
    assert!(
        rejected.starts_with("HTTP/1.1 413") && rejected.contains("connection: close"),
        "{rejected}"
    );
}

#[test]
fn an_unsupported_media_type_or_content_encoding_is_rejected() {
    let server = TestServer::start();
    for kind in [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin1",
        "application/xml",
        "",
    ] {
        let response = server
            .request("POST", "/v1/groups")
            .body(kind, "{\"name\":\"x\"}")
            .send();
        response.expect_error(415, "unsupported_media_type");
    }
    for kind in ["Application/JSON", "application/json; charset=UTF-8"] {
        assert_eq!(
            server
                .request("POST", "/v1/groups")
                .body(kind, "{\"name\":\"x\"}")
                .send()
                .status,
            201
        );
    }
    let zipped = server
        .request("POST", "/v1/groups")
        .json(&json!({"name": "x"}))
        .header("content-encoding", "gzip");
    zipped.send().expect_error(415, "unsupported_media_type");
}
