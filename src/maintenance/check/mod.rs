//! `check`: whether a file is intact.

mod findings;
mod integrity;
mod rules;
mod search_index;
mod values;

pub use integrity::{file, full};
