//! The endpoints of contacts.

mod create;
mod delete;
mod fixtures;
mod list;
mod update;
mod usernames;
mod validation;
