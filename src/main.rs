//! The program: parses its arguments, runs, prints the error, sets the exit code.

use std::process::ExitCode;

use clap::Parser as _;
use groups_server::cli::{Cli, run};

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("groups-server: {failure}");
            ExitCode::FAILURE
        }
    }
}
