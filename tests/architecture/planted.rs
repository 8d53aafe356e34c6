//! Faults planted in small trees: each is found, and nothing else is.

use crate::rules::{Room, differences, findings};
use crate::tree::Tree;

const MAP: &[Room] = &[
    ("main", &["top"]),
    ("top", &["middle"]),
    ("middle", &["ground"]),
    ("ground", &[]),
];

/// A tree without faults, with `planted` files added or in place of its own.
fn rules_broken(planted: &[(&str, &str)]) -> Vec<String> {
    let sound = [
        ("lib.rs", "//! Doc.\npub mod top;\npub mod middle;\npub mod ground;"),
        ("main.rs", "use groups_server::top; fn main() { top::run(); }"),
        ("top/mod.rs", "mod run; mod flags; pub use run::run;"),
        (
            "top/run.rs",
            "use super::flags::Flags; use crate::middle::{self, Handle}; pub fn run() { middle::start() }",
        ),
        ("top/flags.rs", "pub struct Flags;"),
        (
            "middle/mod.rs",
            "mod start; mod handle; pub use {start::start, handle::Handle};",
        ),
        (
            "middle/start.rs",
            "use super::Handle; pub fn start() -> crate::ground::Error {}",
        ),
        ("middle/handle.rs", "pub struct Handle;"),
        (
            "ground.rs",
            "pub struct Error; #[cfg(test)] mod tests { use crate::top::run; use super::*; }",
        ),
    ];
    let own = sound
        .iter()
        .filter(|(name, _)| planted.iter().all(|(other, _)| name != other));
    let files = own
        .chain(planted)
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let found = findings(&Tree::new(files.collect()), MAP);
    found
        .iter()
        .map(|finding| format!("{}: {}", finding.rule, finding.detail))
        .collect()
}

#[test]
fn a_tree_without_faults_breaks_no_rule() {
    assert_eq!(rules_broken(&[]), [""; 0]);
}

#[test]
fn an_arrow_up_is_found_in_every_form() {
    for (text, path) in [
        ("use crate::top::run;", "crate::top::run"),
        ("use crate::{top::{flags::Flags}};", "crate::top::flags::Flags"),
        ("use super::super::top;", "super::super::top"),
        ("fn f(a: &crate::top::Flags) {}", "crate::top::Flags"),
        (
            "mod inline { use super::super::super::top::run; }",
            "super::super::super::top::run",
        ),
        ("pub use crate::top::run as walk;", "crate::top::run"),
    ] {
        let broken = rules_broken(&[("middle/handle.rs", &format!("pub struct Handle; {text}"))]);
        assert_eq!(
            broken,
            [format!("middle uses top: middle/handle.rs has {path}")],
            "{text}"
        );
    }
}

#[test]
fn an_arrow_down_past_what_the_map_allows_is_found() {
    let broken = rules_broken(&[("top/flags.rs", "pub struct Flags; use crate::ground::Error;")]);
    assert_eq!(broken, ["top uses ground: top/flags.rs has crate::ground::Error"]);
    let broken = rules_broken(&[("main.rs", "fn main() { groups_server::middle::start(); }")]);
    assert_eq!(broken, ["main uses middle: main.rs has groups_server::middle::start"]);
}

#[test]
fn a_circle_is_found_also_through_a_table_of_contents() {
    for handle in [
        "pub struct Handle; use super::start::start;",
        "pub struct Handle; use super::start;",
        "pub struct Handle; use crate::middle; fn f() { middle::start(); }",
        "pub struct Handle; fn f() { super::start::start(); }",
        "pub struct Handle; fn f() { use super::{start as s}; s(); }",
    ] {
        let broken = rules_broken(&[("middle/handle.rs", handle)]);
        let circle = "middle has a circle: middle/handle.rs <-> middle/start.rs";
        assert_eq!(broken, [circle], "{handle}");
    }
}

#[test]
fn a_longer_circle_is_found_once() {
    let broken = rules_broken(&[
        ("middle/handle.rs", "pub struct Handle; use super::more::More;"),
        ("middle/more.rs", "pub struct More; use super::start::start;"),
        (
            "middle/mod.rs",
            "mod start; mod handle; mod more; pub use {start::start, handle::Handle};",
        ),
    ]);
    assert_eq!(
        broken,
        ["middle has a circle: middle/handle.rs <-> middle/more.rs <-> middle/start.rs"]
    );
}

#[test]
fn a_circle_with_the_contents_of_a_mod_rs_is_found() {
    let broken = rules_broken(&[
        (
            "middle/mod.rs",
            "mod start; mod handle; pub use handle::Handle; pub struct State(Handle);
            pub fn start() { start::start() }",
        ),
        ("middle/start.rs", "use super::State; pub fn start() {}"),
    ]);
    assert_eq!(
        broken,
        [
            "middle has a circle: middle/mod.rs <-> middle/start.rs",
            "middle/mod.rs is more than contents: it has `struct`",
        ]
    );
}

#[test]
fn a_room_that_is_not_on_the_map_or_missing_is_found() {
    let broken = rules_broken(&[
        ("lib.rs", "pub mod top; pub mod middle; pub mod ground; pub mod utils;"),
        ("utils.rs", "pub fn help() {}"),
    ]);
    assert_eq!(broken, ["utils is not on the map: add it or move it"]);
    let lib = Tree::new(vec![("lib.rs".to_owned(), "pub mod top;".to_owned())]);
    let missing = findings(&lib, &[("top", &[])]);
    let missing: Vec<&str> = missing.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(missing, ["top does not exist"]);
}

#[test]
fn an_exception_allows_what_it_names_and_must_be_needed() {
    let tree = Tree::new(vec![
        ("lib.rs".to_owned(), "pub mod utils;".to_owned()),
        ("utils.rs".to_owned(), String::new()),
    ]);
    let found = findings(&tree, &[]);
    let rule = "utils is not on the map";
    assert_eq!(differences(&found, &[]), [format!("{rule}: add it or move it")]);
    assert_eq!(differences(&found, &[rule]), [""; 0]);
    assert_eq!(
        differences(&found, &[rule, "a has a circle"]),
        ["no longer an exception: a has a circle"]
    );
}
