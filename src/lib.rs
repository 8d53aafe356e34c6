//! Groups of contacts and their conversations behind an HTTP API, over one SQLite file.
//!
//! The map of the code, from the top down. A room uses only rooms below it; `tests/architecture` checks the arrows.
//!
//! * [`cli`]: flags, variables and commands; each command calls one function.
//! * [`server`]: listeners, connection limits, deadlines, start and shutdown: bytes in, bytes out.
//! * [`jobs`]: scheduled backups: work that nobody waits for.
//! * [`api`]: the route table, one file a resource, and the documentation made from them.
//! * [`http`]: the protocol, which knows no resource.
//! * [`maintenance`]: backup, restore, check, export and import: operations on the whole file.
//! * [`store`]: what the product keeps, one file a resource: SQL on a transaction.
//! * [`db`]: the SQLite engine, which knows no product.
//! * [`types`]: values whose existence proves them valid.
//! * [`supervisor`]: background threads and their shutdown.
//! * [`error`]: the errors of the API's contract, and the failures of commands.

pub mod cli;

pub mod server;

pub mod jobs;

pub mod api;

pub mod http;

pub mod maintenance;

pub mod store;

pub mod db;

pub mod types;

pub mod supervisor;

pub mod error;
