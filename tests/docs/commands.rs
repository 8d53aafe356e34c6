//! Every fenced command runs, or is listed here with what runs it.

use std::process::Command;

use crate::markdown::{Block, Document, root};
use crate::output::Expected;
use crate::session::{self, Step};

/// A block that the session does not run.
struct Elsewhere {
    document: &'static str,
    text: &'static str,
    /// The script that runs it, and a line of that script that does.
    by: (&'static str, &'static str),
}

/// What needs the network, another program or this test itself.
const ELSEWHERE: [Elsewhere; 5] = [
    Elsewhere {
        document: "CONTRIBUTING.md",
        text: "scripts/check",
        by: (".ci/run", "exec scripts/check"),
    },
    Elsewhere {
        document: "CONTRIBUTING.md",
        text: "cargo test --locked --test api groups::",
        by: ("scripts/check", "cargo test --locked\n"),
    },
    Elsewhere {
        document: "docs/api.md",
        text: "npx openapi-typescript openapi.json --output api.d.ts",
        by: ("scripts/openapi", "openapi-typescript \"$run/openapi.json\" --output"),
    },
    Elsewhere {
        document: "docs/operating.md",
        text: "litestream replicate -config litestream.yml",
        by: ("scripts/litestream", "\"replicate\", \"-config\""),
    },
    Elsewhere {
        document: "docs/operating.md",
        text: "litestream restore -config litestream.yml -o restored.db /srv/groups/groups.db",
        by: ("scripts/litestream", "\"restore\", \"-config\""),
    },
];

/// Languages of blocks that hold no commands.
const OTHERS: [&str; 4] = ["json", "text", "yaml", "rust"];

#[test]
fn every_command_runs_in_the_order_in_which_it_is_printed() {
    if !has("curl") {
        return;
    }
    std::thread::scope(|scope| {
        let documents = Document::all();
        let run = |document: Document| {
            let steps = steps(&document);
            (!steps.is_empty()).then(|| session::run(&steps).map_err(|why| format!("{}, {why}", document.name)))
        };
        let running: Vec<_> = documents
            .into_iter()
            .map(|document| scope.spawn(move || run(document)))
            .collect();
        let ran: Vec<_> = running
            .into_iter()
            .filter_map(|thread| thread.join().unwrap())
            .collect();
        let failed: Vec<String> = ran.iter().filter_map(|result| result.clone().err()).collect();
        assert!(failed.is_empty(), "{}", failed.join("\n\n"));
        assert!(ran.len() >= 4, "only {} documents have commands", ran.len());
    });
}

/// The document's commands, without those that run elsewhere, each with the output that is shown behind it.
fn steps(document: &Document) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut shows_output = false;
    for block in document.blocks() {
        let is_run = block.language == "hidden" || block.language == "sh" && elsewhere(document, &block).is_none();
        if is_run {
            steps.push(Step {
                line: block.line,
                text: block.text,
                expected: None,
            });
        } else if shows_output && block.follows && ["json", "text"].contains(&block.language) {
            let expected = Expected::parse(block.language, &block.text);
            let expected = expected.unwrap_or_else(|error| panic!("{}, line {}: {error}", document.name, block.line));
            steps.last_mut().unwrap().expected = Some(expected);
        }
        shows_output = is_run;
    }
    steps
}

fn elsewhere(document: &Document, block: &Block) -> Option<&'static Elsewhere> {
    ELSEWHERE
        .iter()
        .find(|entry| entry.document == document.name && entry.text == block.text)
}

#[test]
fn what_runs_elsewhere_is_still_printed_and_still_runs_there() {
    for entry in &ELSEWHERE {
        let document = Document::read(entry.document);
        let is_printed = document
            .blocks()
            .iter()
            .any(|block| block.language == "sh" && block.text == entry.text);
        assert!(
            is_printed,
            "{} does not print it any more: {}",
            entry.document, entry.text
        );
        let (script, line) = entry.by;
        let text = std::fs::read_to_string(root().join(script)).unwrap_or_else(|error| panic!("{script}: {error}"));
        assert!(text.contains(line), "{script} does not have {line:?}");
    }
}

#[test]
fn commands_are_in_blocks_that_are_known_to_hold_commands() {
    for document in Document::all() {
        for block in document.blocks() {
            let place = format!("{}, line {}", document.name, block.line);
            if ["sh", "hidden"].contains(&block.language) {
                continue;
            }
            assert!(
                OTHERS.contains(&block.language),
                "{place}: a block in {:?}; commands are `sh`",
                block.language
            );
            let commands = [
                "$ ",
                "curl ",
                "groups-server ",
                "cargo ",
                "scripts/",
                "sqlite3 ",
                "litestream ",
            ];
            let is_command = |line: &&str| commands.iter().any(|command| line.trim_start().starts_with(command));
            let command = block.text.lines().find(is_command);
            assert_eq!(command, None, "{place}: a command in a block of {}", block.language);
        }
    }
}

/// Whether a tool is there. A developer's machine may lack it; where `CI` is set, that is an error.
fn has(tool: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output();
    let found = found.unwrap().status.success();
    assert!(found || std::env::var_os("CI").is_none(), "CI must have {tool}");
    if !found {
        eprintln!("skipped: this test needs {tool}");
    }
    found
}
