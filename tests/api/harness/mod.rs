//! The test harness: a real server in this process, a client that sends exactly what it is told to, and what the tests
//! share to create and inspect objects.

mod client;
mod concurrently;
mod database;
mod fixtures;
mod json;
mod pages;
mod response;
mod server;

pub use self::concurrently::concurrently;
pub use self::database::{bulk_messages, export, import, wait_until_purged, wal_path};
pub use self::fixtures::{ABSENT_ID, expand, object_path};
pub use self::json::{assert_in_order, encode, ids, text};
pub use self::response::Response;
pub use self::server::{TestServer, config};
pub use test_support::integrity::assert_integrity;
