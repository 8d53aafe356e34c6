//! The real binary: how it starts, what it prints, how it ends.

#![allow(clippy::unwrap_used, reason = "a test that fails tells where")]

mod commands;
mod documents;
mod harness;
mod refusals;
mod secrets;
mod serving;
