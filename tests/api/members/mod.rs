//! A group's members, one at a time.

mod changes;
mod concurrency;
mod contact_filter;
mod fixtures;
mod limit;
mod list;
