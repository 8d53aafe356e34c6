//! `ETag`, `If-None-Match` and `If-Match`, on every route of a single object.

use groups_server::api;
use serde_json::{Value, json};

use crate::harness::{Response, TestServer, concurrently, text};

fn etag(response: &Response) -> String {
    response.header("etag").unwrap().to_owned()
}

/// The method and a path with ids of new objects for every route with one of the methods.
fn routes<'a>(server: &'a TestServer, methods: &'a [&str]) -> impl Iterator<Item = (String, String)> + 'a {
    let routes = api::routes().into_iter().flatten();
    let chosen = routes.filter(|route| methods.contains(&route.method.as_str()));
    chosen.map(|route| (route.method.to_string(), server.path_to_new_objects(route.path)))
}

/// The path of the object whose ETag applies to a write at `path`. A membership is part of its group.
fn object_of(path: &str) -> &str {
    match path.find("/contacts/") {
        Some(end) if path.starts_with("/v1/groups/") => &path[..end],
        _ => path,
    }
}

#[test]
fn an_object_has_a_strong_etag_that_changes_with_it_and_a_list_has_none() {
    let server = TestServer::start();
    for (_, path) in routes(&server, &["GET"]) {
        let response = server.get(&path);
        if response.json().get("has_more").is_some() {
            assert_eq!(response.header("etag"), None, "{path}");
            continue;
        }
        let tag = etag(&response);
        assert!(tag.len() > 10 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        assert_eq!(etag(&server.get(&path)), tag);
        assert_eq!(etag(&server.request("HEAD", &path).send()), tag);
        let unchanged = server.put(&path, &json!({}));
        assert_eq!((etag(&unchanged), unchanged.text), (tag.clone(), response.text));
    }
    let created = server.post(
        "/v1/groups",
        &json!({"name": "x", "contacts": [{"username": "Hector"}]}),
    );
    assert_eq!(etag(&created), etag(&server.get(created.header("location").unwrap())));
    let contact = created.json()["contacts"][0]["id"].as_str().unwrap().to_owned();
    server.put(&format!("/v1/contacts/{contact}"), &json!({"display_name": "H"}));
    let changed = server.get(created.header("location").unwrap());
    assert_ne!(etag(&changed), etag(&created), "a group includes its contacts");
    assert_eq!(server.get("/v1/groups/AAAAAAAAAAAAAAAA").header("etag"), None);
}

#[test]
fn a_matching_if_none_match_returns_304_without_a_body() {
    let server = TestServer::start();
    for (_, path) in routes(&server, &["GET"]) {
        let whole = server.get(&path);
        let Some(tag) = whole.header("etag").map(str::to_owned) else {
            let list = server.request("GET", &path).header("if-none-match", "*").send();
            assert_eq!((list.status, list.text), (200, whole.text));
            continue;
        };
        for sent in [
            tag.clone(),
            "*".to_owned(),
            format!("W/{tag}"),
            format!("\"other\", {tag}"),
        ] {
            for method in ["GET", "HEAD"] {
                let response = server.request(method, &path).header("if-none-match", &sent).send();
                assert_eq!(
                    (response.status, response.text.as_str()),
                    (304, ""),
                    "{method} {path} {sent}"
                );
                assert_eq!(etag(&response), tag);
                assert_eq!(response.header("content-type"), None);
            }
        }
        let other = server.request("GET", &path).header("if-none-match", "\"other\"").send();
        assert_eq!((other.status, other.text), (200, whole.text));
        let wrong = server.request("GET", &path).header("if-none-match", "other").send();
        assert_eq!(wrong.expect_error(400, "parameter_invalid"), "If-None-Match");
    }
    let absent = server.request("GET", "/v1/groups/AAAAAAAAAAAAAAAA");
    absent
        .header("if-none-match", "*")
        .send()
        .expect_error(404, "not_found");
}

#[test]
fn a_write_whose_if_match_fails_changes_nothing() {
    let server = TestServer::start();
    for (method, path) in routes(&server, &["PUT", "PATCH", "DELETE"]) {
        let object = object_of(&path).to_owned();
        let before = server.get(&object);
        let tag = etag(&before);
        let send = |condition: &str| server.request(&method, &path).header("if-match", condition).send();
        for other in ["\"other\"", &format!("W/{tag}"), &format!("\"x{}", &tag[1..])] {
            let response = send(other);
            assert_eq!(
                response.expect_error(412, "precondition_failed"),
                "If-Match",
                "{method} {path}"
            );
            assert_eq!(server.get(&object).text, before.text);
        }
        for wrong in ["other", "\"", ""] {
            assert_eq!(send(wrong).expect_error(400, "parameter_invalid"), "If-Match");
        }
        let matching = send(&format!("\"other\", {tag}"));
        assert!(
            matching.status == 200 || matching.status == 204,
            "{method} {path} {}",
            matching.text
        );
        if matching.status == 204 && object == path {
            send("*").expect_error(404, "not_found");
        } else {
            let any = send("*");
            assert!(
                any.status < 300 || any.status == 404 && method == "DELETE",
                "{method} {path} {}",
                any.text
            );
        }
    }
}

#[test]
fn concurrent_read_modify_write_with_if_match_loses_no_update() {
    let server = TestServer::start();
    let path = format!(
        "/v1/groups/{}",
        server.create_group(&json!({"name": "x", "description": "0"}))
    );
    let (clients, each) = (64, 3);
    concurrently(clients, |_| {
        for _ in 0..each {
            loop {
                let read = server.get(&path);
                let count: u32 = text(&read.json()["description"]).parse().unwrap();
                let change = json!({"description": (count + 1).to_string()});
                let write = server.request("PUT", &path).json(&change);
                match write.header("if-match", &etag(&read)).send().status {
                    200 => break,
                    status => assert_eq!(status, 412),
                }
            }
        }
    });
    assert_eq!(
        server.get(&path).json()["description"],
        Value::from((clients * each).to_string())
    );
}
