//! Every curl command of the five published documents, as printed but for host and token, and its answer as printed.
//! `"...": "..."` stands in the answers where a document leaves properties of an object out. Then every command of the
//! README's page on the API.

use serde_json::Value;

use crate::harness::{Folder, has_curl, shell};
use crate::printed::{SAMPLE, assert_order, compare_answer};

#[test]
fn the_commands_of_coherent_answer_as_printed() {
    check(
        include_str!("../documents/coherent.json"),
        "https://api.protocol.chat",
        "",
    );
}

#[test]
fn the_commands_of_protocol_answer_as_printed() {
    check(
        include_str!("../documents/protocol.json"),
        "https://api.protocol.chat",
        "",
    );
}

#[test]
fn the_commands_of_protocol_s_source_answer_as_printed() {
    check(
        include_str!("../documents/protocol-source.json"),
        "https://api.protocol.chat",
        "",
    );
}

#[test]
fn the_commands_of_klink_cloud_answer_as_printed() {
    check(
        include_str!("../documents/klink.cloud.json"),
        "https://api.klink.cloud",
        "/api",
    );
}

#[test]
fn the_commands_of_notifly_answer_as_printed() {
    check(
        include_str!("../documents/notifly.json"),
        "https://api.notifly.chat",
        "",
    );
}

#[test]
fn the_commands_of_the_readme_do_what_it_says() {
    if !has_curl() {
        return;
    }
    let readme = include_str!("../../README.md");
    let (_, api) = readme.split_once("## The API\n").unwrap();
    let (api, _) = api.split_once("\n## ").unwrap();
    let mut count = 0;
    for block in api.split("```sh\n").skip(1) {
        let block = block.split("```").next().unwrap().replace("\\\n", " ");
        // The commands of a block build on each other.
        let folder = Folder::new();
        std::fs::write(folder.path("sample"), SAMPLE).unwrap();
        folder.succeed(&["import", "sample"]);
        let token = folder.succeed(&["token", "create"]);
        let server = folder.serve(&[]);
        for command in block.lines().filter(|line| line.starts_with("curl ")) {
            let told = " -sS -o /dev/null -w '%{http_code}'";
            let output = shell(&format!("URL={} TOKEN={}; {command}{told}", server.url, token.trim()));
            let member = command.contains("/contacts/") && command.contains("/groups/");
            let expected = match command {
                _ if command.contains("-X DELETE") || command.contains("-X PUT") && member => "204",
                _ if command.contains("-X ") || command.contains("-G") || !command.contains("-d ") => "200",
                _ => "201",
            };
            assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{command}");
            count += 1;
        }
    }
    assert!(count > 20, "only {count} commands were found");
}

fn check(document: &str, host: &str, base_path: &str) {
    if !has_curl() {
        return;
    }
    let requests: Vec<Value> = serde_json::from_str(document).unwrap();
    assert_eq!(requests.len(), 5);
    for request in &requests {
        // Each command meets the sample as it is; the documents' examples do not build on each other.
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
        let (body, told) = text.rsplit_once('\n').unwrap();
        let name = request["name"].as_str().unwrap();
        match name {
            "delete" => assert_eq!((body, told), ("", "204 ")),
            "create" => assert_eq!(told, "201 application/json"),
            _ => assert_eq!(told, "200 application/json"),
        }
        if name == "delete" {
            assert_eq!(request["answer"], Value::Null);
            assert_eq!(
                server.status(token.trim(), &format!("{base_path}/v1/groups/L7cGNIBKZiNJ6wqF")),
                "404"
            );
        } else {
            compare_answer(&serde_json::from_str(body).unwrap(), request);
            assert_order(body, &request["answer"]);
        }
    }
}
