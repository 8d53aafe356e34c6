//! `check`: whether a file is intact.

mod findings;
mod full;
mod rules;
mod search_index;
mod values;

pub use full::{file, full};
