//! The fifteen snippets of the published document, run as printed. `token` is defined beforehand, as the document
//! assumes, and the value of the last expression is compared with the printed response.

use std::process::Command;

use serde_json::Value;
use test_support::documented::{assert_as_printed, assert_property_order};
use test_support::process::has_curl;

use crate::test_bed::{JAVASCRIPT, Language, PHP, PYTHON, TestBed, succeed};

#[test]
fn the_javascript_snippets_return_what_is_printed() {
    check(JAVASCRIPT, |bed, snippet| {
        let modules = bed.folder.path("node_modules/@example");
        std::fs::create_dir_all(&modules).unwrap();
        std::os::unix::fs::symlink(JAVASCRIPT.folder(), modules.join("protocol-api")).unwrap();
        let snippet = assign(snippet, "\nawait client.", "\nconst result = await client.");
        let program = format!(
            "const token = process.env.PROTOCOL_API_TOKEN\n{snippet}\nconsole.log(JSON.stringify(result ?? null))\n"
        );
        let file = bed.folder.path("snippet.mjs");
        std::fs::write(&file, program).unwrap();
        bed.command("node", &[file.to_str().unwrap()])
    });
}

#[test]
fn the_python_snippets_return_what_is_printed() {
    check(PYTHON, |bed, snippet| {
        let snippet = assign(snippet, "\nclient.", "\nresult = client.");
        let program = format!(
            "import json, os\n\
             def to_json(page):\n    return {{'has_more': page.has_more, 'data': page.data}}\n\
             token = os.environ['PROTOCOL_API_TOKEN']\n\
             {snippet}\n\
             print(json.dumps(result, default=to_json, separators=(',', ':')))\n"
        );
        let mut command = bed.command("python3", &["-c", &program]);
        command.env("PYTHONPATH", PYTHON.folder().join("src"));
        command
    });
}

#[test]
fn the_php_snippets_return_what_is_printed() {
    check(PHP, |bed, snippet| {
        let snippet = assign(snippet, "\n$client->", "\n$result = $client->");
        let autoload = PHP.folder().join("tests/autoload.php");
        let program = format!(
            "require '{}';\n\
             $token = getenv('PROTOCOL_API_TOKEN');\n\
             {snippet}\n\
             echo json_encode($result, JSON_UNESCAPED_SLASHES), PHP_EOL;\n",
            autoload.display()
        );
        bed.command("php", &["-r", &program])
    });
}

/// The snippet with the value of its only call assigned to a variable.
fn assign(snippet: &str, call: &str, assignment: &str) -> String {
    assert_eq!(snippet.matches(call).count(), 1, "{snippet}");
    snippet.replace(call, assignment)
}

fn check(language: Language, wrap: impl Fn(&TestBed, &str) -> Command) {
    if !language.is_installed() || !has_curl() {
        return;
    }
    let snippets: Vec<Value> = serde_json::from_str(include_str!("../documents/snippets.json")).unwrap();
    let requests: Vec<Value> = serde_json::from_str(include_str!("../documents/protocol-source.json")).unwrap();
    let in_language: Vec<&Value> = snippets
        .iter()
        .filter(|snippet| snippet["language"] == language.name)
        .collect();
    assert_eq!(in_language.len(), 5);
    for (snippet, request) in in_language.iter().zip(&requests) {
        assert_eq!(snippet["name"], request["name"]);
        // Each snippet gets a new server with the sample objects; the examples do not build on each other.
        let bed = TestBed::new();
        let stdout = succeed(&mut wrap(&bed, snippet["snippet"].as_str().unwrap()));
        let response: Value = serde_json::from_str(&stdout).unwrap();
        assert_as_printed(&response, request);
        let deleted = snippet["name"] == "delete";
        assert_eq!(
            bed.status("/v1/groups/L7cGNIBKZiNJ6wqF"),
            if deleted { "404" } else { "200" }
        );
        if !deleted {
            assert_property_order(&stdout, &request["answer"]);
        }
    }
}
