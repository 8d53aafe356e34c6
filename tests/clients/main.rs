//! The clients in `clients/`, each with its own tests, against the real binary.

#![allow(clippy::unwrap_used, reason = "a test that fails tells where")]

mod proxy;
mod site;

mod packages;
mod reference;
mod snippets;
mod suites;
