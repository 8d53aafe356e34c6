//! What the test programs and the fuzz targets share. A library, so that each program links it instead of compiling its
//! own copy, and every function is public without being dead code in the programs that do not call it.

#![allow(clippy::unwrap_used, reason = "a failing test reports where it failed")]

pub mod documented;
pub mod env;
pub mod integrity;
pub mod parser_invariants;
pub mod process;
pub mod random;
