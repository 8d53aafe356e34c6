//! Groups of contacts and their conversations behind an HTTP API, over one SQLite file.
//!
//! The map of the code, in reading order; each module uses only those after it (`cli` aside, which uses all):
//!
//! * [`cli`]: flags, variables and commands; each command calls one function.
//! * [`maintenance`]: backup, restore, check, `export` and `import`.
//! * [`server`]: the accept loop, its limits, start and stop.
//! * [`api`]: the route table; one file a resource; the documentation made from them.
//! * [`http`]: the protocol, which knows no resource.
//! * [`store`]: the SQLite file; one file a resource.
//! * [`types`]: the words that all share, and the parsing that proves them.
//! * [`error`]: what can go wrong.
//! * [`supervisor`]: background threads and their shutdown.

pub mod cli;
pub mod maintenance;

pub mod server;

pub mod api;

pub mod http;

pub mod store;

pub mod db;

pub mod types;

pub mod error;

pub mod supervisor;
