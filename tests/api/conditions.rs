//! `ETag`, `If-None-Match` and `If-Match`, on every route that has an object.

use groups_server::api;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer};

fn etag(answer: &Answer) -> String {
    answer.header("etag").unwrap().to_owned()
}

/// Every route's method and a path of new objects.
fn routes<'a>(server: &'a TestServer, methods: &'a [&str]) -> impl Iterator<Item = (String, String)> + 'a {
    let routes = api::routes().into_iter().flatten();
    let chosen = routes.filter(|route| methods.contains(&route.method.as_str()));
    chosen.map(|route| (route.method.to_string(), server.path_of(route.path)))
}

/// The path of the object whose tag a write at `path` is held to: a membership is part of its group.
fn object_of(path: &str) -> &str {
    match path.find("/contacts/") {
        Some(end) if path.starts_with("/v1/groups/") => &path[..end],
        _ => path,
    }
}

#[test]
fn an_object_has_a_strong_tag_that_changes_with_it_and_a_list_has_none() {
    let server = TestServer::start();
    for (_, path) in routes(&server, &["GET"]) {
        let answer = server.get(&path);
        if answer.json().get("has_more").is_some() {
            assert_eq!(answer.header("etag"), None, "{path}");
            continue;
        }
        let tag = etag(&answer);
        assert!(tag.len() > 10 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        assert_eq!(etag(&server.get(&path)), tag);
        assert_eq!(etag(&server.request("HEAD", &path).send()), tag);
        let unchanged = server.put(&path, &json!({}));
        assert_eq!((etag(&unchanged), unchanged.text), (tag.clone(), answer.text));
    }
    let made = server.post(
        "/v1/groups",
        &json!({"name": "x", "contacts": [{"username": "Hector"}]}),
    );
    assert_eq!(etag(&made), etag(&server.get(made.header("location").unwrap())));
    let contact = made.json()["contacts"][0]["id"].as_str().unwrap().to_owned();
    server.put(&format!("/v1/contacts/{contact}"), &json!({"display_name": "H"}));
    let changed = server.get(made.header("location").unwrap());
    assert_ne!(etag(&changed), etag(&made), "its contact is part of a group");
    assert_eq!(server.get("/v1/groups/AAAAAAAAAAAAAAAA").header("etag"), None);
}

#[test]
fn who_has_the_object_gets_304_and_no_body() {
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
                let answer = server.request(method, &path).header("if-none-match", &sent).send();
                assert_eq!(
                    (answer.status, answer.text.as_str()),
                    (304, ""),
                    "{method} {path} {sent}"
                );
                assert_eq!(etag(&answer), tag);
                assert_eq!(answer.header("content-type"), None);
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
fn a_write_whose_condition_does_not_fit_changes_nothing() {
    let server = TestServer::start();
    for (method, path) in routes(&server, &["PUT", "PATCH", "DELETE"]) {
        let object = object_of(&path).to_owned();
        let before = server.get(&object);
        let tag = etag(&before);
        let send = |condition: &str| server.request(&method, &path).header("if-match", condition).send();
        for other in ["\"other\"", &format!("W/{tag}"), &format!("\"x{}", &tag[1..])] {
            let answer = send(other);
            assert_eq!(
                answer.expect_error(412, "precondition_failed"),
                "If-Match",
                "{method} {path}"
            );
            assert_eq!(server.get(&object).text, before.text);
        }
        for wrong in ["other", "\"", ""] {
            assert_eq!(send(wrong).expect_error(400, "parameter_invalid"), "If-Match");
        }
        let fits = send(&format!("\"other\", {tag}"));
        assert!(
            fits.status == 200 || fits.status == 204,
            "{method} {path} {}",
            fits.text
        );
        if fits.status == 204 && object == path {
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
fn clients_that_change_what_they_have_read_lose_no_update() {
    let server = TestServer::start();
    let path = format!("/v1/groups/{}", server.group(&json!({"name": "x", "description": "0"})));
    let (clients, each) = (64, 3);
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                for _ in 0..each {
                    loop {
                        let read = server.get(&path);
                        let count: u32 = read.json()["description"].as_str().unwrap().parse().unwrap();
                        let change = json!({"description": (count + 1).to_string()});
                        let write = server
                            .request("PUT", &path)
                            .json(&change)
                            .header("if-match", &etag(&read));
                        match write.send().status {
                            200 => break,
                            status => assert_eq!(status, 412),
                        }
                    }
                }
            });
        }
    });
    assert_eq!(
        server.get(&path).json()["description"],
        Value::from((clients * each).to_string())
    );
}
