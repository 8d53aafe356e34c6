//! The API over real sockets and files, with the server in this process.

#![allow(clippy::unwrap_used, reason = "a test that fails tells where")]

mod accounts;
mod check;
mod clearing;
mod concurrency;
mod conditions;
mod contacts;
mod conversations;
mod description;
mod docs;
mod errors;
mod flips;
mod forms;
mod groups;
mod guesses;
mod harness;
mod idempotency;
mod limits;
mod log;
mod malformed;
mod members;
mod messages;
mod model;
mod numbers {
    pub use test_support::env::number as variable;
    pub use test_support::random::Random;
}
mod operations;
mod paging;
mod search;
mod slow;
mod sound {
    pub use test_support::integrity::assert_integrity as assert_sound;
}
mod store;
mod transfer;
mod upgrade;
