//! The documents are true where a machine can tell: every command in README.md, docs/ and the other pages runs, in the
//! order in which it is printed, against the real binary and a real file; what is printed as a response is one; every
//! link, path, flag, operation and error code exists.

#![allow(
    clippy::unwrap_used,
    reason = "a panic fails the test, which is what a test does on an error"
)]

mod commands;
mod links;
mod markdown;
mod output;
mod reference;
mod session;
