//! The endpoints of conversations.

mod create;
mod delete;
mod fixtures;
mod list;
mod update;
