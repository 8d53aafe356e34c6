//! A SQLite VFS over the default one, for tests. For the files under chosen folders it records what is done to them
//! and fails what it is told to ([`Tap`]); all other files are the default VFS's alone. SQLite's memory can be made to
//! run out, too ([`memory`]). It sees only what SQLite does: not what the program does to the same files by itself.

pub mod memory;
mod methods;
mod tap;
mod vfs;

use std::sync::Once;

pub use tap::{Event, Fault, FileId, Kind, Tap};

/// Makes this VFS the process's default. To be called before anything else of SQLite, which cannot change its memory
/// once it is in use.
///
/// # Panics
/// Where SQLite is in use already.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        memory::install();
        vfs::install();
    });
}
