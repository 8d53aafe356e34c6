//! A SQLite VFS for tests that wraps the default one. On files in selected folders it records operations and injects
//! faults ([`Interceptor`]); all other files go straight to the default VFS. SQLite's memory allocations can be made to
//! fail, too ([`memory`]).
//!
//! It sees only what SQLite does, not what the program itself does to the same files.

mod interceptor;
pub mod memory;
mod methods;
mod vfs;

use std::sync::Once;

pub use interceptor::{Event, Fault, FileId, Interceptor, Operation};

/// Makes this VFS the process's default. Call it before anything else uses SQLite: its allocator can be replaced only
/// then.
///
/// # Panics
/// If SQLite is in use already.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        memory::install();
        vfs::install();
    });
}
