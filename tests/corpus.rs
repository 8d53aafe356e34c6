//! Replays the fuzzer's corpus through the same checks, without a fuzzer. See `scripts/fuzz`.

#![allow(clippy::unwrap_used, reason = "a failing test reports where it failed")]

use test_support::parser_invariants;

/// Runs a check on every input in the corpus of `target`. Prints each file's name first, so that a failure shows it.
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
fn a_form_and_equivalent_json_have_the_same_outcome() {
    replay("form", parser_invariants::form);
}

#[test]
fn a_body_is_parsed_or_rejected_with_the_offending_parameter() {
    replay("body", parser_invariants::body);
}

#[test]
fn a_page_is_within_the_limits_and_can_be_requested_again() {
    replay("paging", parser_invariants::paging);
}

#[test]
fn headers_are_accepted_only_as_their_grammar_allows() {
    replay("headers", parser_invariants::headers);
}
