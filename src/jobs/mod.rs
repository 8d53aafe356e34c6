//! Work that runs beside the server and that no request waits for.

mod scheduled_backups;

pub use scheduled_backups::{Backups, Schedule};
