//! The server on a faulty disk, in process: SQLite uses a VFS that records operations and injects faults
//! (`tests/fault-vfs/`).
//!
//! A failure prints the `GROUPS_SEED` that reproduces it. Variables for long runs:
//! * `GROUPS_IMAGES=100000` sets the number of disk images that a power cut could leave (power_cut.rs);
//! * `GROUPS_EVERY=1` makes every operation of the script fail in turn instead of a sample (io_errors.rs);
//! * `GROUPS_ALLOCATIONS=100000` sets the number of runs that run out of memory (out_of_memory.rs).

#![allow(clippy::unwrap_used, reason = "a failing test reports where it failed")]

mod disk;
mod harness;
mod io_errors;
mod out_of_memory;
mod power_cut;
mod recording;
mod script;
