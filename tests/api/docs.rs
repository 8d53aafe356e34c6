//! `/openapi.json` and `/docs` over plain HTTP. `tests/browser/` tests the page in a browser.

use std::io::{Read as _, Write as _};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::harness::{TestServer, config};
use crate::openapi::description::Description;

const DOCUMENTS: [(&str, &str); 4] = [
    ("/openapi.json", "application/json"),
    ("/docs", "text/html; charset=utf-8"),
    ("/docs/page.css", "text/css; charset=utf-8"),
    ("/docs/page.js", "text/javascript; charset=utf-8"),
];

/// The response to a GET with this `Accept-Encoding`: the head in lower case, and the body.
fn get(server: &TestServer, path: &str, accept_encoding: &str) -> (String, Vec<u8>) {
    let mut stream = server.connect();
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: x\r\naccept-encoding: {accept_encoding}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    let end = response.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(response[..end].to_vec()).unwrap().to_lowercase();
    (head, response[end + 4..].to_vec())
}

#[test]
fn each_document_is_public_and_compressed_if_the_client_accepts_gzip() {
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
        for accept_encoding in ["gzip", "deflate, GZIP;q=0.5"] {
            let (head, zipped) = get(&server, path, accept_encoding);
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
fn the_page_may_load_from_and_connect_to_its_own_server_only() {
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
fn every_error_code_and_every_operation_has_an_entry_on_the_page() {
    let server = TestServer::start();
    let page = server.request("GET", "/docs").anonymous().send().text;
    let document = &Description::get().document;
    let codes = document["components"]["schemas"]["Error"]["properties"]["code"]["enum"].as_array();
    // `openapi/description.rs` checks that each error's `documentation_url` matches its code.
    for code in codes.unwrap() {
        let anchor = format!("id=\"errors-{}\"", code.as_str().unwrap());
        assert_eq!(page.matches(&anchor).count(), 1, "{anchor}");
    }
    let items = document["paths"].as_object().unwrap();
    let methods = items.iter().filter(|(path, _)| path.starts_with("/v1"));
    for (method, operation) in methods.flat_map(|(_, item)| item.as_object().unwrap()) {
        let anchor = format!("id=\"{}\"", operation["operationId"].as_str().unwrap());
        assert_eq!(page.contains(&anchor), method != "patch", "{anchor}");
    }
}

#[test]
fn documents_stay_outside_the_base_path_and_point_to_the_api() {
    let mut config = config();
    config.settings.base_path = "/api".to_owned();
    config.settings.public_url = Some("https://groups.example.com".to_owned());
    let server = TestServer::start_with(config);
    let response = server.request("GET", "/openapi.json").anonymous().send();
    let document: Value = response.json();
    assert_eq!(document["servers"][0]["url"], "https://groups.example.com/api");
    let page = server.request("GET", "/docs").anonymous().send().text;
    assert!(page.contains("/api/v1/groups") && page.contains("data-base=\"/api\""));
    assert_eq!(server.get("/api/docs").status, 404);
}
