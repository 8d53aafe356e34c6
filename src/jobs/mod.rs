//! Work that runs beside the server and that no request waits for.

mod backups;

pub use backups::{Backups, Schedule};
