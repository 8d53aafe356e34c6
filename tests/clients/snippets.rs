//! The document's fifteen snippets, run as printed. `token` is there before, as the document supposes, and the value of
//! the last expression is compared with the printed answer.

use std::process::Command;

use serde_json::Value;
use test_support::documented::{assert_as_printed, assert_property_order};
use test_support::process::has_curl;

use crate::site::{JAVASCRIPT, Language, PHP, PYTHON, Site, succeed};

#[test]
fn the_snippets_in_javascript_answer_as_printed() {
    check(JAVASCRIPT, |site, snippet| {
        let modules = site.folder.path("node_modules/@example");
        std::fs::create_dir_all(&modules).unwrap();
        std::os::unix::fs::symlink(JAVASCRIPT.folder(), modules.join("protocol-api")).unwrap();
        let kept = keep(snippet, "\nawait client.", "\nconst answer = await client.");
        let program = format!(
            "const token = process.env.PROTOCOL_API_TOKEN\n{kept}\nconsole.log(JSON.stringify(answer ?? null))\n"
        );
        let file = site.folder.path("snippet.mjs");
        std::fs::write(&file, program).unwrap();
        site.command("node", &[file.to_str().unwrap()])
    });
}

#[test]
fn the_snippets_in_python_answer_as_printed() {
    check(PYTHON, |site, snippet| {
        let kept = keep(snippet, "\nclient.", "\nanswer = client.");
        let program = format!(
            "import json, os\n\
             def shown(answer):\n    return {{'has_more': answer.has_more, 'data': answer.data}}\n\
             token = os.environ['PROTOCOL_API_TOKEN']\n\
             {kept}\n\
             print(json.dumps(answer, default=shown, separators=(',', ':')))\n"
        );
        let mut command = site.command("python3", &["-c", &program]);
        command.env("PYTHONPATH", PYTHON.folder().join("src"));
        command
    });
}

#[test]
fn the_snippets_in_php_answer_as_printed() {
    check(PHP, |site, snippet| {
        let kept = keep(snippet, "\n$client->", "\n$answer = $client->");
        let autoload = PHP.folder().join("tests/autoload.php");
        let program = format!(
            "require '{}';\n\
             $token = getenv('PROTOCOL_API_TOKEN');\n\
             {kept}\n\
             echo json_encode($answer, JSON_UNESCAPED_SLASHES), PHP_EOL;\n",
            autoload.display()
        );
        site.command("php", &["-r", &program])
    });
}

/// The snippet, with the value of its one call kept under a name.
fn keep(snippet: &str, call: &str, kept: &str) -> String {
    assert_eq!(snippet.matches(call).count(), 1, "{snippet}");
    snippet.replace(call, kept)
}

fn check(language: Language, wrap: impl Fn(&Site, &str) -> Command) {
    if !language.is_there() || !has_curl() {
        return;
    }
    let snippets: Vec<Value> = serde_json::from_str(include_str!("../documents/snippets.json")).unwrap();
    let requests: Vec<Value> = serde_json::from_str(include_str!("../documents/protocol-source.json")).unwrap();
    let mine: Vec<&Value> = snippets
        .iter()
        .filter(|snippet| snippet["language"] == language.name)
        .collect();
    assert_eq!(mine.len(), 5);
    for (snippet, request) in mine.iter().zip(&requests) {
        assert_eq!(snippet["name"], request["name"]);
        // Each meets the sample as it is.
        let site = Site::new();
        let answered = succeed(&mut wrap(&site, snippet["snippet"].as_str().unwrap()));
        let answer: Value = serde_json::from_str(&answered).unwrap();
        assert_as_printed(&answer, request);
        let gone = snippet["name"] == "delete";
        assert_eq!(
            site.status("/v1/groups/L7cGNIBKZiNJ6wqF"),
            if gone { "404" } else { "200" }
        );
        if !gone {
            assert_property_order(&answered, &request["answer"]);
        }
    }
}
