//! What the fuzzer has kept, through the same checks without a fuzzer: see `scripts/fuzz`.

#![allow(clippy::unwrap_used, reason = "a test that fails tells where")]

use test_support::parser_invariants;

/// Holds each input in the folder of `target` against its check; a find names its file.
fn replay(target: &str, check: fn(&[u8])) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert!(files.len() > 10, "{files:?}");
    for file in files {
        println!("{}", file.display());
        check(&std::fs::read(&file).unwrap());
    }
}

#[test]
fn forms_mean_what_json_of_equal_meaning_does() {
    replay("form", parser_invariants::form);
}

#[test]
fn bodies_are_read_or_refused_with_their_place() {
    replay("body", parser_invariants::body);
}

#[test]
fn pages_are_within_their_bounds_and_can_be_asked_for_again() {
    replay("paging", parser_invariants::paging);
}

#[test]
fn headers_are_taken_as_their_grammars_have_them() {
    replay("headers", parser_invariants::headers);
}
