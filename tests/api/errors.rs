//! Each row of the contract's error table that the groups API can reach.

use std::io::{Read as _, Write as _};

use groups_server::api;
use groups_server::store::tokens::NewToken;
use groups_server::types::time::Timestamp;
use serde_json::{Value, json};

use crate::harness::{TestServer, config};

#[test]
fn a_malformed_body_is_told_with_its_place() {
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
        (json_type, b"\xef\xbb\xbf{\"name\":\"x\"}"),
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
    assert_eq!(server.get("/v1/groups").json()["data"], json!([]), "nothing was made");
}

#[test]
fn a_parameter_that_breaks_its_rule_is_named() {
    let server = TestServer::start();
    let path = format!("/v1/groups/{}", server.create_group(&json!({"name": "x"})));
    let before = server.get(&path).text;
    let long = |length: usize| "x".repeat(length);
    let cases = [
        (json!({"name": ""}), "name"),
        (json!({"name": " \u{2003}"}), "name"),
        (json!({"name": "a\u{7}b"}), "name"),
        (json!({"name": long(256)}), "name"),
        (json!({"name": null}), "name"),
        (json!({"name": 1}), "name"),
        (json!({"name": ["x"]}), "name"),
        (json!({"name": "x", "description": long(10_001)}), "description"),
        (json!({"name": "x", "description": false}), "description"),
        (json!({"name": "x", "avatar_url": "/a.png"}), "avatar_url"),
        (json!({"name": "x", "avatar_url": "ftp://example.com/a"}), "avatar_url"),
        (
            json!({"name": "x", "avatar_url": format!("https://a/{}", long(2_040))}),
            "avatar_url",
        ),
        (json!({"name": "x", "contacts": null}), "contacts"),
        (json!({"name": "x", "contacts": {}}), "contacts"),
        (json!({"name": "x", "contacts": [null]}), "contacts[0]"),
        (json!({"name": "x", "contacts": ["short"]}), "contacts[0]"),
        (
            json!({"name": "x", "contacts": [{"username": "a"}, "AAAAAAAAAAAAAAAA"]}),
            "contacts[1]",
        ),
        (
            json!({"name": "x", "contacts": [{"id": "AAAAAAAAAAAAAAAA"}]}),
            "contacts[0].id",
        ),
        (json!({"name": "x", "contacts": [{"id": 5}]}), "contacts[0].id"),
        (
            json!({"name": "x", "contacts": [{"username": "a b"}]}),
            "contacts[0].username",
        ),
        (
            json!({"name": "x", "contacts": [{"username": long(65)}]}),
            "contacts[0].username",
        ),
        (
            json!({"name": "x", "contacts": [{"username": "a", "phone_number": long(33)}]}),
            "contacts[0].phone_number",
        ),
        (
            json!({"name": "x", "contacts": [{"username": "a", "avatar_url": "x"}]}),
            "contacts[0].avatar_url",
        ),
    ];
    for (body, param) in cases {
        assert_eq!(
            server.post("/v1/groups", &body).expect_error(400, "parameter_invalid"),
            param,
            "{body}"
        );
        assert_eq!(
            server.put(&path, &body).expect_error(400, "parameter_invalid"),
            param,
            "{body}"
        );
    }
    for (time, value) in [
        ("-1", json!(-1)),
        ("a float", json!(1.5)),
        ("a string", json!("1")),
        ("too late", json!(1_u64 << 60)),
    ] {
        let response = server.put(&path, &json!({"archived_at": value}));
        assert_eq!(response.expect_error(400, "parameter_invalid"), "archived_at", "{time}");
    }
    assert_eq!(server.get(&path).text, before);
    assert_eq!(server.get("/v1/groups").json()["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        server
            .post("/v1/groups", &json!({"name": "y", "contacts": [{"username": "a"}]}))
            .status,
        201
    );
}

#[test]
fn a_contact_made_by_a_refused_request_is_not_there() {
    let server = TestServer::start();
    let refused =
        json!({"name": "x", "contacts": [{"username": "ghost", "display_name": "first"}, "AAAAAAAAAAAAAAAA"]});
    server
        .post("/v1/groups", &refused)
        .expect_error(400, "parameter_invalid");
    let created = server
        .post("/v1/groups", &json!({"name": "x", "contacts": [{"username": "ghost"}]}))
        .json();
    assert_eq!(created["contacts"][0]["display_name"], Value::Null);
}

#[test]
fn a_missing_parameter_is_named() {
    let server = TestServer::start();
    assert_eq!(
        server
            .post("/v1/groups", &json!({}))
            .expect_error(400, "parameter_missing"),
        "name"
    );
    assert_eq!(
        server
            .request("POST", "/v1/groups")
            .send()
            .expect_error(400, "parameter_missing"),
        "name"
    );
    let nameless = json!({"name": "x", "contacts": [{"display_name": "Hector"}]});
    let param = server
        .post("/v1/groups", &nameless)
        .expect_error(400, "parameter_missing");
    assert_eq!(param, "contacts[0].username");
}

#[test]
fn an_unknown_or_doubled_parameter_is_named() {
    let server = TestServer::start();
    let path = format!("/v1/groups/{}", server.create_group(&json!({"name": "x"})));
    let post = |body: &str| {
        server
            .request("POST", "/v1/groups")
            .body("application/json", body)
            .send()
    };
    for (body, param) in [
        (r#"{"name":"x","colour":"red"}"#, "colour"),
        (r#"{"name":"x","name":"y"}"#, "name"),
        (r#"{"name":"x","id":"AAAAAAAAAAAAAAAA"}"#, "id"),
        (r#"{"name":"x","archived_at":null}"#, "archived_at"),
        (
            r#"{"name":"x","contacts":[{"username":"a","age":7}]}"#,
            "contacts[0].age",
        ),
        (
            r#"{"name":"x","contacts":[{"username":"a","username":"b"}]}"#,
            "contacts[0].username",
        ),
        (
            r#"{"name":"x","contacts":[{"id":"AAAAAAAAAAAAAAAA","id":"AAAAAAAAAAAAAAAA"}]}"#,
            "contacts[0].id",
        ),
    ] {
        assert_eq!(post(body).expect_error(400, "parameter_unknown"), param, "{body}");
    }
    for (form, param) in [
        ("name=x&name=y", "name"),
        ("name=x&contacts=&contacts[]=y", "contacts"),
        ("name=x&a[b]=c", "a"),
    ] {
        let response = server.request("POST", "/v1/groups").form(form).send();
        assert_eq!(response.expect_error(400, "parameter_unknown"), param, "{form}");
    }
    for (query, param) in [
        ("page=2", "page"),
        ("limit=1&limit=1", "limit"),
        ("archived[]=true", "archived[]"),
    ] {
        let response = server.get(&format!("/v1/groups?{query}"));
        assert_eq!(response.expect_error(400, "parameter_unknown"), param, "{query}");
    }
    assert_eq!(
        server
            .get(&format!("{path}?expand=all"))
            .expect_error(400, "parameter_unknown"),
        "expand"
    );
    let long = format!("{}=1", "n".repeat(100_000));
    let response = server.request("POST", "/v1/groups").form(&long).send();
    assert!(response.text.len() < 1_000, "an error does not repeat a long name");
}

#[test]
fn every_route_refuses_parameters_that_it_does_not_have() {
    let server = TestServer::start();
    for route in http::routes().into_iter().flatten() {
        let (method, path) = (route.method.as_str(), server.path_to_new_objects(route.path));
        let response = server.request(method, &format!("{path}?unheard=of"));
        let param = match method {
            "POST" => response.json(&server.minimal_body(&path)).send(),
            _ => response.send(),
        };
        assert_eq!(
            param.expect_error(400, "parameter_unknown"),
            "unheard",
            "{method} {path}"
        );
        let mut body = match method {
            "POST" => server.minimal_body(&path),
            _ => json!({}),
        };
        body["odd"] = json!("y");
        let body = body.to_string();
        let raw = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            server.token,
            body.len()
        );
        let response = server.send_raw(raw);
        assert!(
            response.starts_with("HTTP/1.1 400")
                && response.contains("parameter_unknown")
                && response.contains("`odd`"),
            "{method} {path}: {response}"
        );
        if method == "DELETE" {
            assert_eq!(
                server.request(method, &path).send().status,
                204,
                "{path} was still there"
            );
        }
    }
}

#[test]
fn every_route_that_makes_something_makes_it_of_what_is_required() {
    let server = TestServer::start();
    for route in api::routes()
        .into_iter()
        .flatten()
        .filter(|route| route.method == "POST")
    {
        let created = server.post(route.path, &server.minimal_body(route.path));
        assert_eq!(created.status, 201, "{}", created.text);
        let path = created.header("location").unwrap();
        assert_eq!(
            path,
            format!("{}/{}", route.path, created.json()["id"].as_str().unwrap())
        );
        assert_eq!(server.get(path).text, created.text);
    }
}

#[test]
fn a_list_s_parameters_are_checked() {
    let server = TestServer::start();
    let id = server.create_group(&json!({"name": "x"}));
    for query in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=ten",
        "limit=%2B1",
        "limit=1.0",
        "limit=",
        "limit=99999999999999999999",
    ] {
        assert_eq!(
            server
                .get(&format!("/v1/groups?{query}"))
                .expect_error(400, "parameter_invalid"),
            "limit",
            "{query}"
        );
    }
    for query in ["archived=yes", "archived=1", "archived=", "archived=TRUE"] {
        assert_eq!(
            server
                .get(&format!("/v1/groups?{query}"))
                .expect_error(400, "parameter_invalid"),
            "archived"
        );
    }
    for cursor in ["starting_after", "ending_before"] {
        for value in ["AAAAAAAAAAAAAAAA", "x", ""] {
            let response = server.get(&format!("/v1/groups?{cursor}={value}"));
            assert_eq!(response.expect_error(400, "parameter_invalid"), cursor);
        }
    }
    let both = server.get(&format!("/v1/groups?starting_after={id}&ending_before={id}"));
    both.expect_error(400, "parameter_invalid");
    assert_eq!(server.get("/v1/groups?limit=%ff").status, 400);
}

#[test]
fn without_a_valid_token_nothing_is_told() {
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
fn a_token_is_taken_in_each_of_its_forms() {
    let server = TestServer::start();
    use base64::Engine as _;
    let basic = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
    for sent in [
        format!("Bearer {}", server.token),
        format!("bEARER   {}", server.token),
        format!("Basic {}", basic(format!("{}:", server.token))),
        format!("basic {}", basic(format!("anyone:{}", server.token))),
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
fn a_read_only_token_reads_and_does_not_write() {
    let server = TestServer::start();
    let id = server.create_group(&json!({"name": "x"}));
    let token = server.create_token(&NewToken {
        read_only: true,
        ..NewToken::full("default")
    });
    for route in http::routes().into_iter().flatten() {
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
fn what_does_not_exist_is_not_found() {
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
fn a_method_that_a_path_lacks_is_told_with_those_it_has() {
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
fn a_body_over_the_limit_is_refused_announced_or_chunked() {
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
    let refused = server.send_raw(chunked + &chunks(200_000));
    assert!(
        refused.starts_with("HTTP/1.1 413") && refused.contains("connection: close"),
        "{refused}"
    );
}

#[test]
fn an_overlong_uri_or_head_is_refused() {
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
fn another_media_type_is_refused() {
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

#[test]
fn a_wrong_host_or_target_does_not_reach_the_routes() {
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
fn a_request_id_is_the_caller_s_own_if_it_is_one() {
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

#[test]
fn a_name_with_brackets_without_end_is_refused() {
    let server = TestServer::start();
    let form = format!("name=x&a{}=1", "[b]".repeat(300_000));
    for method in ["GET", "POST"] {
        let response = server.request(method, "/v1/groups").form(&form).send();
        response.expect_error(400, "parameter_invalid");
    }
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_target_without_a_path_tells_nothing_without_a_token_either() {
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
fn a_token_that_is_revoked_while_the_body_is_on_its_way_does_not_write() {
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
    let revoke = rusqlite::Connection::open(&server.db).unwrap();
    assert_eq!(revoke.execute("UPDATE tokens SET revoked_at = 1", []).unwrap(), 1);
    stream.write_all(body.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 401"), "{response}");
}
