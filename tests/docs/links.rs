//! What the documents refer to exists: links, anchors, and paths in backticks.

use std::path::Path;

use crate::markdown::{Document, root};

#[test]
fn every_link_leads_somewhere() {
    let mut count = 0;
    for document in Document::all() {
        let folder = Path::new(&document.name).parent().unwrap();
        for (number, line) in document.prose() {
            for target in targets(line).filter(|target| !target.contains("://")) {
                let place = format!("{}, line {number}: {target}", document.name);
                let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
                let path = match file {
                    "" => document.name.clone(),
                    file => normalized(&folder.join(file)),
                };
                assert!(root().join(&path).exists(), "{place}: there is no {path}");
                if !anchor.is_empty() {
                    let found = Document::read(&path).anchors().any(|found| found == anchor);
                    assert!(found, "{place}: {path} has no such heading");
                }
                count += 1;
            }
        }
    }
    assert!(count > 20, "only {count} links were found");
}

/// What links and images of a line lead to.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let markdown = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let html = ["src=\"", "href=\"", "srcset=\""]
        .into_iter()
        .flat_map(|attribute| line.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()));
    markdown.chain(html)
}

/// `docs/../README.md` as `README.md`.
fn normalized(path: &Path) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.to_str().unwrap().split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn every_path_in_backticks_exists() {
    let folders = [
        "src/", "tests/", "scripts/", "docs/", "clients/", "fuzz/", "benches/", ".ci/", ".cargo/",
    ];
    let mut count = 0;
    for document in Document::all() {
        for (number, span) in document.spans() {
            let path = span.split([' ', ':', '*']).next().unwrap();
            let is_path = folders.iter().any(|folder| path.starts_with(folder));
            if !is_path {
                continue;
            }
            assert!(
                root().join(path).exists(),
                "{}, line {number}: there is no {path}",
                document.name
            );
            count += 1;
        }
    }
    assert!(count > 20, "only {count} paths were found");
}
