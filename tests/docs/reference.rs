//! What the documents say of the program's flags and of the API, held against what the program says of itself.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::markdown::{Document, root};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

fn output(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_groups-server"));
    let ran = command.args(args).env_clear().output().unwrap();
    assert!(
        ran.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&ran.stderr)
    );
    String::from_utf8(ran.stdout).unwrap()
}

/// The flags that a help names, each with its default if it has one.
fn flags(help: &str) -> Vec<(String, Option<String>)> {
    let mut flags: Vec<(String, Option<String>)> = Vec::new();
    for line in help.lines() {
        if let Some((_, named)) = line.split_once("--").filter(|_| line.trim_start().starts_with('-')) {
            let name = named.split([' ', ',']).next().unwrap();
            flags.push((format!("--{name}"), None));
        }
        if let Some((_, rest)) = line.split_once("[default: ") {
            let (default, _) = rest.split_once(']').unwrap();
            flags.last_mut().unwrap().1 = Some(default.to_owned());
        }
    }
    flags
}

#[test]
fn the_table_of_settings_has_every_flag_with_its_variable_and_default() {
    let document = Document::read("docs/operating.md");
    let help = output(&["serve", "--help"]);
    let all = flags(&help);
    assert!(
        all.iter().filter(|(_, default)| default.is_some()).count() > 8,
        "{all:?}"
    );
    for (flag, default) in all.into_iter().filter(|(flag, _)| flag != "--help") {
        let mut rows = document.text.lines();
        let row = rows.find(|line| line.starts_with(&format!("| `{flag} ")));
        let row = row.unwrap_or_else(|| panic!("{flag} is not in the table"));
        let variable = format!("GROUPS_{}", flag[2..].to_uppercase().replace('-', "_"));
        let default = default.map_or_else(|| "none".to_owned(), |default| format!("`{default}`"));
        let shown = format!("| `{variable}` | {default} |");
        assert!(row.contains(&shown), "{row} does not have {shown}");
    }
}

#[test]
fn every_command_that_prose_names_is_one() {
    let help = output(&["--help"]);
    let mut named = BTreeSet::new();
    for document in Document::all() {
        for (number, span) in document.spans().filter(|(_, span)| span.starts_with("groups-server ")) {
            let words: Vec<&str> = span.split(' ').skip(1).collect();
            let of_token = words.get(1).filter(|_| words[0] == "token");
            let command = [Some(&words[0]), of_token].into_iter().flatten().copied();
            let command: Vec<&str> = command.filter(|word| !word.starts_with('-')).collect();
            let known = help.contains(&format!("\n  {}", command.first().unwrap_or(&"serve")));
            assert!(known, "{}, line {number}: {span}", document.name);
            let help = output(&[&command[..], &["--help"]].concat());
            let known = flags(&help);
            for flag in words.iter().filter(|word| word.starts_with("--")) {
                assert!(
                    known.iter().any(|(name, _)| name == flag),
                    "{}, line {number}: {span}",
                    document.name
                );
            }
            named.extend(command.first().map(|word| (*word).to_owned()));
        }
    }
    assert!(named.len() > 5, "{named:?}");
}

#[test]
fn the_api_reference_has_every_operation_and_every_error() {
    let document = Document::read("docs/api.md");
    let described: Value = serde_json::from_str(&output(&["openapi"])).unwrap();
    let paths = described["paths"].as_object().unwrap();
    let mut count = 0;
    for (path, operations) in paths {
        let printed = path.replace('{', ":").replace('}', "");
        let methods = operations.as_object().unwrap().keys().map(|key| key.to_uppercase());
        for method in methods.filter(|key| METHODS.contains(&key.as_str())) {
            let is_there = document.spans().any(|(_, span)| {
                let (methods, found) = span.split_once(' ').unwrap_or_default();
                found == printed && methods.split('|').any(|named| named == method)
            });
            assert!(is_there, "there is no `{method} {printed}`");
            count += 1;
        }
    }
    assert!(count > 25, "{count}");
    let code = &described["components"]["schemas"];
    let codes = codes(code);
    assert!(codes.len() > 15, "{codes:?}");
    for code in codes {
        assert!(document.spans().any(|(_, span)| span == code), "there is no `{code}`");
    }
}

/// Every value that the property `code` of an error can have, wherever the description has it.
fn codes(schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    match schema {
        Value::Object(properties) => {
            let code = &properties.get("code").unwrap_or(&Value::Null);
            found.extend(code["const"].as_str().map(str::to_owned));
            let listed = code["enum"].as_array().into_iter().flatten();
            found.extend(listed.filter_map(Value::as_str).map(str::to_owned));
            properties.values().for_each(|value| found.append(&mut codes(value)));
        }
        Value::Array(items) => items.iter().for_each(|item| found.append(&mut codes(item))),
        _ => {}
    }
    found
}

#[test]
fn the_runbook_quotes_messages_that_the_program_has() {
    let mut source = String::new();
    read_all(&root().join("src"), &mut source);
    // A literal may go on behind a backslash.
    let source = source
        .split_whitespace()
        .filter(|word| *word != "\\")
        .collect::<Vec<_>>()
        .join(" ");
    let document = Document::read("docs/damage.md");
    let rows = document
        .text
        .lines()
        .skip_while(|line| !line.starts_with("| message "))
        .skip(2);
    let cells = rows
        .map_while(|row| row.strip_prefix("| "))
        .filter_map(|row| row.split(" | ").next());
    let quotes = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let mut count = 0;
    for quote in quotes.filter(|quote| !quote.starts_with("groups-server ")) {
        let is_there = quote.split(" … ").all(|piece| source.contains(piece));
        assert!(is_there, "no message has {quote:?}");
        count += 1;
    }
    assert!(count > 5, "only {count} messages were found");
}

fn read_all(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *text += &std::fs::read_to_string(path).unwrap();
        }
    }
}

#[test]
fn the_readme_is_short() {
    let lines = Document::read("README.md").text.lines().count();
    assert!(lines <= 150, "README.md has {lines} lines");
}
