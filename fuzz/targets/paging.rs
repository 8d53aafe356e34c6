//! Fuzzes `parser_invariants::paging`.
#![no_main]

use test_support::parser_invariants;

libfuzzer_sys::fuzz_target!(|input: &[u8]| parser_invariants::paging(input));
