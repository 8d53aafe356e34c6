//! The real binary as a process: starts, signals, kills, commands, and what it prints.

#![allow(clippy::unwrap_used, reason = "a failing test reports where it failed")]

mod backup;
mod client;
mod clock;
mod commands;
mod corruption;
mod disk_full;
mod documents;
mod idempotency;
mod kills;
mod refusals;
mod secrets;
mod serving;
mod shadow;
mod syncs;
