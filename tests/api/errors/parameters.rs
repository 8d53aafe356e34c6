//! Errors about parameters: invalid, missing, unknown and duplicate ones.

use groups_server::api;
use serde_json::{Value, json};

use crate::harness::TestServer;

/// Bodies with one invalid parameter, and its name.
fn invalid_bodies() -> Vec<(Value, &'static str)> {
    let long = |length: usize| "x".repeat(length);
    vec![
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
    ]
}

#[test]
fn an_invalid_parameter_is_named() {
    let server = TestServer::start();
    let path = format!("/v1/groups/{}", server.create_group(&json!({"name": "x"})));
    let before = server.get(&path).text;
    for (body, param) in invalid_bodies() {
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
    for (description, value) in [
        ("-1", json!(-1)),
        ("a float", json!(1.5)),
        ("a string", json!("1")),
        ("too late", json!(1_u64 << 60)),
    ] {
        let response = server.put(&path, &json!({"archived_at": value}));
        assert_eq!(
            response.expect_error(400, "parameter_invalid"),
            "archived_at",
            "{description}"
        );
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
fn a_rejected_request_creates_no_contact() {
    let server = TestServer::start();
    let rejected =
        json!({"name": "x", "contacts": [{"username": "ghost", "display_name": "first"}, "AAAAAAAAAAAAAAAA"]});
    server
        .post("/v1/groups", &rejected)
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
fn an_unknown_or_duplicate_parameter_is_named() {
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
    assert!(
        response.text.len() < 1_000,
        "an error does not quote a long name in full"
    );
}

#[test]
fn every_route_rejects_unknown_parameters() {
    let server = TestServer::start();
    for route in api::routes().into_iter().flatten() {
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
                "the rejected requests did not delete {path}"
            );
        }
    }
}

#[test]
fn every_post_creates_an_object_from_its_required_parameters() {
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
fn list_parameters_are_validated() {
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
    for query in ["archived=yes", "archived=2", "archived=", "archived=t", "archived=+1"] {
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
