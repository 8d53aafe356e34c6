//! Searching groups, contacts and messages by `query`.

mod fixtures;
mod generated;
mod index;
mod matching;
mod pages;
mod scope;
mod validation;
