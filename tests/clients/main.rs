//! The clients in `clients/` against the real binary: the published snippets, those of `/docs`, and their own tests.

#![allow(clippy::unwrap_used, reason = "a failing test reports where it failed")]

mod docs_snippets;
mod packages;
mod proxy;
mod published_snippets;
mod suites;
mod test_bed;
