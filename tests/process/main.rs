//! The real binary: how it starts, what it prints, how it ends.

#![allow(clippy::unwrap_used, reason = "a test that fails tells where")]

mod backup;
mod client;
mod clock;
mod commands;
mod damage;
mod documents;
mod full;
/// What documents.rs imports.
mod harness {
    pub use test_support::process::{Folder, has_curl, shell};
}
mod keys;
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
mod syncs;
mod world;
