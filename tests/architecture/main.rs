//! The architecture of `src/`, checked from its `use` lines and paths: which room may use which, no circles of files
//! within a room, and a `mod.rs` that is a table of contents. Unit tests in `src/` are not checked: they may reach up.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod parse;
mod planted;
mod rules;
mod tokens;
mod tree;

use std::path::Path;

use rules::{Room, differences, findings};
use tree::Tree;

/// The rooms of `src/`, top down, with the rooms that each may use. Every arrow points down.
const MAP: &[Room] = &[
    ("main", &["cli"]),
    (
        "cli",
        &[
            "server",
            "jobs",
            "api",
            "http",
            "maintenance",
            "store",
            "db",
            "types",
            "supervisor",
            "error",
        ],
    ),
    (
        "server",
        &["jobs", "api", "http", "store", "db", "types", "supervisor", "error"],
    ),
    ("jobs", &["maintenance", "store", "db", "types", "supervisor", "error"]),
    ("api", &["http", "store", "db", "types", "supervisor", "error"]),
    ("http", &["store", "db", "types", "supervisor", "error"]),
    ("maintenance", &["store", "db", "types", "supervisor", "error"]),
    ("store", &["db", "types", "error"]),
    ("db", &["supervisor"]),
    ("types", &["error"]),
    ("supervisor", &[]),
    ("error", &[]),
];

/// Exceptions: rules that the code does not follow yet. The test fails on one that is no longer needed.
const NOT_YET: &[&str] = &[];

#[test]
fn the_code_follows_the_map() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    read_files(&src, "", &mut files);
    let differences = differences(&findings(&Tree::new(files), MAP), NOT_YET);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_arrow_of_the_map_points_down() {
    for (place, (room, uses)) in MAP.iter().enumerate() {
        for used in *uses {
            let below = MAP.iter().skip(place + 1).any(|(name, _)| name == used);
            assert!(below, "{used} is not below {room}");
        }
    }
}

/// All Rust files below `folder`, by their paths relative to `src/`.
fn read_files(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            read_files(&path, &format!("{name}/"), files);
        } else if name.ends_with(".rs") {
            files.push((name, std::fs::read_to_string(path).unwrap()));
        }
    }
}
