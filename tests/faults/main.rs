//! The server over a disk that fails, in process: SQLite's files are under a VFS of the tests' own (tests/fault-vfs/).
//!
//! `GROUPS_SEED` repeats a failure, which prints it. Longer than in the suite:
//! * `GROUPS_IMAGES=100000`: so many images of what a power cut could have left (power.rs);
//! * `GROUPS_EVERY=1`: every operation of the script fails in its turn, not a part of them (failing.rs);
//! * `GROUPS_ALLOCATIONS=100000`: so many runs without memory (memory.rs).

#![allow(clippy::unwrap_used, reason = "a test that fails tells where")]

mod disk;
mod failing;
mod harness;
mod memory;
mod power;
mod recording;
mod script;
