//! `/openapi.json` and `/docs` as any HTTP client meets them. What a browser makes of the page is in `tests/browser/`.

use std::io::{Read as _, Write as _};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::description::Description;
use crate::harness::{TestServer, config};

const DOCUMENTS: [(&str, &str); 4] = [
    ("/openapi.json", "application/json"),
    ("/docs", "text/html; charset=utf-8"),
    ("/docs/page.css", "text/css; charset=utf-8"),
    ("/docs/page.js", "text/javascript; charset=utf-8"),
];

/// What a GET with this `Accept-Encoding` is answered: the head in small letters, and the body.
fn get(server: &TestServer, path: &str, takes: &str) -> (String, Vec<u8>) {
    let mut stream = server.connect();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\naccept-encoding: {takes}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
    (head, answer[end + 4..].to_vec())
}

#[test]
fn each_document_is_told_without_a_token_and_compressed_to_who_takes_that() {
    let server = TestServer::start();
    for (path, kind) in DOCUMENTS {
        let (head, plain) = get(&server, path, "br, gzip;q=0");
        assert!(head.starts_with("http/1.1 200 ok"), "{path}: {head}");
        for line in [
            &format!("content-type: {kind}"),
            "vary: accept-encoding",
            "x-content-type-options: nosniff",
        ] {
            assert!(head.contains(line), "{path}: no {line} in {head}");
        }
        assert!(!head.contains("content-encoding"), "{path}: {head}");
        for takes in ["gzip", "deflate, GZIP;q=0.5"] {
            let (head, zipped) = get(&server, path, takes);
            assert!(head.contains("content-encoding: gzip"), "{path}: {head}");
            let mut unzipped = Vec::new();
            GzDecoder::new(&zipped[..]).read_to_end(&mut unzipped).unwrap();
            assert!(unzipped == plain && zipped.len() < 16 << 10, "{path}: {}", zipped.len());
        }
        assert_eq!(server.request("HEAD", path).anonymous().send().status, 200);
        let refused = server.request("POST", path).anonymous().send();
        refused.expect_error(405, "method_not_allowed");
        assert_eq!(refused.header("allow"), Some("GET, HEAD"), "{path}");
    }
}

#[test]
fn the_page_may_load_and_ask_nothing_but_its_own_server() {
    let server = TestServer::start();
    let page = server.request("GET", "/docs").anonymous().send();
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    for inline in ["<style", "<script>", " style=", " onclick=", "javascript:"] {
        assert!(!page.text.contains(inline), "{inline}");
    }
}

#[test]
fn every_error_leads_to_its_row_of_the_page_and_every_operation_is_on_it() {
    let server = TestServer::start();
    let page = server.request("GET", "/docs").anonymous().send().text;
    let document = &Description::get().document;
    let codes = document["components"]["schemas"]["Error"]["properties"]["code"]["enum"].as_array();
    // `description.rs` holds each error's `documentation_url` to its code.
    for code in codes.unwrap() {
        let anchor = format!("id=\"errors-{}\"", code.as_str().unwrap());
        assert_eq!(page.matches(&anchor).count(), 1, "{anchor}");
    }
    let items = document["paths"].as_object().unwrap();
    let methods = items.iter().filter(|(path, _)| path.starts_with("/v1"));
    for (method, told) in methods.flat_map(|(_, item)| item.as_object().unwrap()) {
        let anchor = format!("id=\"{}\"", told["operationId"].as_str().unwrap());
        assert_eq!(page.contains(&anchor), method != "patch", "{anchor}");
    }
}

#[test]
fn documents_stay_where_they_are_and_tell_where_the_api_is() {
    let mut config = config();
    config.settings.base_path = "/api".to_owned();
    config.settings.public_url = Some("https://groups.example.com".to_owned());
    let server = TestServer::start_with(config);
    let answer = server.request("GET", "/openapi.json").anonymous().send();
    let told: Value = answer.json();
    assert_eq!(told["servers"][0]["url"], "https://groups.example.com/api");
    let page = server.request("GET", "/docs").anonymous().send().text;
    assert!(page.contains("/api/v1/groups") && page.contains("data-base=\"/api\""));
    assert_eq!(server.get("/api/docs").status, 404);
}
