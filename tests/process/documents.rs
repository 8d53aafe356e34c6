//! Every curl command of the five published documents, as printed apart from host and token, returns the response that is
//! printed. `"...": "..."` in a response stands for properties that the document elides.

use serde_json::Value;

use test_support::documented::{SAMPLE, assert_as_printed, assert_property_order};
use test_support::process::{Folder, has_curl, shell};

#[test]
fn the_requests_of_coherent_work_as_printed() {
    check(
        include_str!("../documents/coherent.json"),
        "https://api.protocol.chat",
        "",
    );
}

#[test]
fn the_requests_of_protocol_work_as_printed() {
    check(
        include_str!("../documents/protocol.json"),
        "https://api.protocol.chat",
        "",
    );
}

#[test]
fn the_requests_of_protocol_s_source_work_as_printed() {
    check(
        include_str!("../documents/protocol-source.json"),
        "https://api.protocol.chat",
        "",
    );
}

#[test]
fn the_requests_of_klink_cloud_work_as_printed() {
    check(
        include_str!("../documents/klink.cloud.json"),
        "https://api.klink.cloud",
        "/api",
    );
}

#[test]
fn the_requests_of_notifly_work_as_printed() {
    check(
        include_str!("../documents/notifly.json"),
        "https://api.notifly.chat",
        "",
    );
}

fn check(document: &str, host: &str, base_path: &str) {
    if !has_curl() {
        return;
    }
    let requests: Vec<Value> = serde_json::from_str(document).unwrap();
    assert_eq!(requests.len(), 5);
    for request in &requests {
        // The documents' examples do not build on each other: each runs on a fresh copy of the sample.
        let folder = Folder::new();
        let assets = if document.contains("assets.notifly.chat") {
            "assets.notifly.chat"
        } else {
            "assets.protocol.chat"
        };
        std::fs::write(folder.path("sample"), SAMPLE.replace("assets.protocol.chat", assets)).unwrap();
        folder.succeed(&["import", "sample"]);
        let token = folder.succeed(&["token", "create"]);
        let server = folder.serve(&["--base-path", base_path]);
        let printed = request["command"].as_str().unwrap();
        assert!(printed.contains(host) && printed.contains("{token}"), "{printed}");
        let command = printed.replace(host, &server.url).replace("{token}", token.trim());
        let output = shell(&format!("{command} -sS -w '\\n%{{http_code}} %{{content_type}}'"));
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        let name = request["name"].as_str().unwrap();
        match name {
            "delete" => assert_eq!((body, status), ("", "204 ")),
            "create" => assert_eq!(status, "201 application/json"),
            _ => assert_eq!(status, "200 application/json"),
        }
        if name == "delete" {
            assert_eq!(request["answer"], Value::Null);
            assert_eq!(
                server.status(token.trim(), &format!("{base_path}/v1/groups/L7cGNIBKZiNJ6wqF")),
                "404"
            );
        } else {
            assert_as_printed(&serde_json::from_str(body).unwrap(), request);
            assert_property_order(body, &request["answer"]);
        }
    }
}
