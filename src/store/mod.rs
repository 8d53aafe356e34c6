//! What the product keeps: SQL, one file a resource, as functions on a `Connection` (reads) or a `Tx` (writes). Nothing here
//! knows HTTP.

pub mod accounts;
mod activity;
pub mod contacts;
pub mod conversations;
mod error;
pub mod groups;
pub mod idempotency;
pub mod import;
mod keyset;
pub mod lookup;
pub mod members;
pub mod messages;
mod purge;
#[cfg(test)]
mod query_plans;
pub mod resource;
pub mod schema;
pub mod search;
mod store;
pub mod tokens;
mod tx;

pub use crate::db::{Missing, Reading};
pub use error::Error;
pub use schema::SCHEMA;
pub use store::{Session, Store};
pub use tx::{Change, Tx};
