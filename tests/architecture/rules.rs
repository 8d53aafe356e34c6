//! The rules, and where a tree breaks them.

use std::collections::BTreeSet;

use crate::tree::{File, Module, Tree};

/// A room and the rooms that it may use.
pub type Room = (&'static str, &'static [&'static str]);

/// A broken rule, and the code that breaks it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub rule: String,
    pub detail: String,
}

/// Every violation in `tree`, sorted.
pub fn findings(tree: &Tree, map: &[Room]) -> BTreeSet<Finding> {
    let mut found = BTreeSet::new();
    rooms(tree, map, &mut found);
    arrows(tree, map, &mut found);
    contents(tree, &mut found);
    circles(tree, &mut found);
    found
}

fn finding(rule: String, detail: impl Into<String>) -> Finding {
    let detail = detail.into();
    Finding { rule, detail }
}

/// What differs between the findings and the exceptions `not_yet`, which are rules: new findings, and exceptions that are
/// no longer needed.
pub fn differences(found: &BTreeSet<Finding>, not_yet: &[&str]) -> Vec<String> {
    let new = found.iter().filter(|finding| !not_yet.contains(&finding.rule.as_str()));
    let new = new.map(|finding| format!("{}: {}", finding.rule, finding.detail));
    let is_met = |rule: &&&str| found.iter().all(|finding| finding.rule != **rule);
    let met = not_yet.iter().filter(is_met);
    new.chain(met.map(|rule| format!("no longer an exception: {rule}")))
        .collect()
}

/// Every room is on the map, and every room of the map exists.
fn rooms(tree: &Tree, map: &[Room], found: &mut BTreeSet<Finding>) {
    for room in tree.files.iter().filter_map(File::room) {
        if map.iter().all(|(name, _)| *name != room) {
            found.insert(finding(format!("{room} is not on the map"), "add it or move it"));
        }
    }
    for (room, _) in map.iter().filter(|(room, _)| !tree.has_room(room)) {
        found.insert(finding(format!("{room} does not exist"), "it is on the map"));
    }
}

/// A room uses only those that the map allows it.
fn arrows(tree: &Tree, map: &[Room], found: &mut BTreeSet<Finding>) {
    for file in &tree.files {
        let Some(room) = file.room() else { continue };
        // A room that is not on the map is a finding of its own.
        let Some((_, allowed)) = map.iter().find(|(name, _)| *name == room) else {
            continue;
        };
        for (module, path, _) in paths(file) {
            if let Some(used) = tree.room_of(&module, path)
                && used != room
                && !allowed.contains(&used.as_str())
            {
                let detail = format!("{} has {}", file.name, path.join("::"));
                found.insert(finding(format!("{room} uses {used}"), detail));
            }
        }
    }
}

/// A `mod.rs`, and `lib.rs`, is a table of contents.
fn contents(tree: &Tree, found: &mut BTreeSet<Finding>) {
    for file in tree.files.iter().filter(|file| file.is_contents()) {
        if let Some(item) = &file.source.beyond_contents {
            found.insert(finding(
                format!("{} is more than contents", file.name),
                format!("it has {item}"),
            ));
        }
    }
}

/// No files of a room use each other in a circle.
fn circles(tree: &Tree, found: &mut BTreeSet<Finding>) {
    let uses: Vec<BTreeSet<usize>> = tree.files.iter().map(|file| files_used(tree, file)).collect();
    let reached: Vec<BTreeSet<usize>> = (0..uses.len()).map(|start| reach(&uses, start)).collect();
    for (place, file) in tree.files.iter().enumerate() {
        let circle = reached[place].iter().filter(|other| reached[**other].contains(&place));
        let names: Vec<&str> = circle.map(|other| tree.files[*other].name.as_str()).collect();
        if let Some(room) = file.room()
            && !names.is_empty()
        {
            found.insert(finding(format!("{room} has a circle"), names.join(" <-> ")));
        }
    }
}

/// The other files of its room that a file uses. A table of contents does not use what it re-exports, and importing a
/// table of contents is no use of it: what is named through it counts.
fn files_used(tree: &Tree, file: &File) -> BTreeSet<usize> {
    let mut used = BTreeSet::new();
    for (module, path, is_public) in paths(file) {
        let Some(target) = tree.resolve(&module, path) else {
            continue;
        };
        let other = &tree.files[target.file];
        let is_listed = is_public && file.is_contents() || target.module.is_some() && other.is_contents();
        if !is_listed && other.name != file.name && other.room() == file.room() {
            used.insert(target.file);
        }
    }
    used
}

/// The files that are reached from `start` in one step or more.
fn reach(uses: &[BTreeSet<usize>], start: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<usize> = uses[start].iter().copied().collect();
    while let Some(place) = next.pop() {
        if reached.insert(place) {
            next.extend(&uses[place]);
        }
    }
    reached
}

/// Every path of a file: the module it stands in, the path, and whether it is a re-export's.
fn paths(file: &File) -> impl Iterator<Item = (Module, &[String], bool)> {
    let within = |inline: &[String]| [&file.module[..], inline].concat();
    let imports = file.source.imports.iter();
    let imports = imports.map(move |import| (within(&import.module), &import.path[..], import.is_public));
    let mentions = file.source.mentions.iter();
    imports.chain(mentions.map(move |mention| (within(&mention.module), &mention.path[..], false)))
}
