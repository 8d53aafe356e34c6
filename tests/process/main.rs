//! The real binary: how it starts, what it prints, how it ends.

#![allow(clippy::unwrap_used, reason = "a test that fails tells where")]

mod backup;
mod client;
mod clock;
mod commands;
mod damage;
mod documents;
mod full;
mod harness;
mod keys;
mod kills;
#[path = "../common/numbers.rs"]
mod numbers;
mod printed;
mod refusals;
mod secrets;
mod serving;
#[path = "../common/sound.rs"]
mod sound;
mod syncs;
mod world;
