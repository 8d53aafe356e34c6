//! The API for programs: one file a resource, the route table that lists them, and the documents made from it.

mod contacts;
mod conversations;
mod docs;
mod groups;
mod health;
mod members;
mod messages;
pub mod openapi;
mod routes;

pub use routes::{filter, routes};
