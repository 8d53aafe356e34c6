//! The clients in `clients/`, each with its own tests, against the real binary.

#![allow(clippy::unwrap_used, reason = "a test that fails tells where")]

// These two belong to the binary's tests, which use all of them.
#[allow(dead_code)]
#[path = "../process/harness.rs"]
mod harness;
#[path = "../process/printed.rs"]
mod printed;

mod proxy;
mod site;

mod packages;
mod reference;
mod snippets;
mod suites;
