//! The real binary as a process: starts, signals, kills, commands, and what it prints.

#![allow(clippy::unwrap_used, reason = "a failing test reports where it failed")]

mod backup;
mod client;
mod clock;
mod commands;
mod corruption;
mod disk_full;
mod documents;
/// What documents.rs imports.
mod harness {
    pub use test_support::process::{Folder, has_curl, shell};
}
mod idempotency;
mod kills;
/// What documents.rs imports.
mod printed {
    pub use test_support::documented::{
        SAMPLE, assert_as_printed as compare_answer, assert_property_order as assert_order,
    };
}
mod refusals;
mod secrets;
mod serving;
mod shadow;
mod syncs;
