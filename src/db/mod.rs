//! The SQLite engine: one file, read through a pool of connections and written by one thread with group commit. It knows
//! nothing of the product: the schema and the maintenance tasks come from outside.

mod batch;
mod checkpoints;
mod corruption;
mod database;
mod error;
mod lock;
pub mod open;
pub mod paths;
mod quick_check;
mod readers;
pub mod schema;
mod session;
mod transaction;
pub mod wal_recovery;
mod wal_size;
mod writer;

pub use database::{Database, Options};
pub use error::{Error, ErrorKind, WorkError};
pub use lock::Lock;
pub use readers::Reading;
/// A connection inside a transaction: what reads take.
pub use rusqlite::Connection;
pub use schema::Schema;
pub use session::{Missing, Session};
pub use transaction::Transaction;
pub use writer::{AfterCommit, MaintenanceTask};
