//! Runs the table, one theme at a time.

use super::runner::run;
use super::{bodies, framing, heads, invalid_bytes, targets};

#[test]
fn the_length_of_a_body_is_unambiguous() {
    run(&framing::cases());
}

#[test]
fn malformed_heads_are_rejected() {
    run(&heads::cases());
}

#[test]
fn a_target_has_one_meaning() {
    run(&targets::cases());
}

#[test]
fn bytes_that_are_not_valid_text_are_rejected_everywhere() {
    run(&invalid_bytes::cases());
}

#[test]
fn malformed_bodies_are_rejected() {
    run(&bodies::cases());
}

#[test]
fn the_table_has_at_least_150_cases_with_unique_descriptions() {
    let themes = [
        framing::cases(),
        heads::cases(),
        targets::cases(),
        invalid_bytes::cases(),
        bodies::cases(),
    ];
    let mut descriptions: Vec<_> = themes.iter().flatten().map(|case| case.0).collect();
    let count = descriptions.len();
    descriptions.sort_unstable();
    descriptions.dedup();
    assert_eq!(descriptions.len(), count);
    assert!(count >= 150, "{count}");
}
