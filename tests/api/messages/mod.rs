//! The endpoints of messages.

mod create;
mod fixtures;
mod list;
mod reactions;
mod senders;
mod update;
mod validation;
