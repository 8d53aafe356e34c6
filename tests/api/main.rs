//! The API over real sockets and files, with the server in this process.

#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test reports its place")]

mod account_isolation;
mod auth_rate_limit;
mod bit_flips;
mod check;
mod concurrency;
mod conditional_requests;
mod contacts;
mod conversations;
mod docs;
mod errors;
mod forms;
mod groups;
mod harness;
mod idempotency;
mod import_export;
mod limits;
mod malformed;
mod members;
mod messages;
mod migrations;
mod model;
mod openapi;
mod pagination;
mod purge;
mod search;
mod slow_clients;
mod store;
mod wal_recovery;
