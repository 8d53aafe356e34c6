//! The command line: flags and variables, and one function for each command.

mod args;
mod backup;
mod bootstrap_token;
mod check;
mod export;
mod greeting;
mod import;
mod log;
mod openapi;
mod output;
mod restore;
mod run;
mod serve;
mod signals;
mod token;
mod values;

pub use args::Cli;
pub use run::{parse, run};
