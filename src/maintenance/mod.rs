//! Operations on the whole file: backup, restore, check, export and import.

pub mod backup;
pub mod check;
pub mod export;
pub mod import;
pub mod restore;
