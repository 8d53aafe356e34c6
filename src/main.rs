//! The program: parses its arguments, runs, prints the error, sets the exit code.

use std::io::Write as _;
use std::process::ExitCode;

use groups_server::cli;

fn main() -> ExitCode {
    match cli::run(cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // With standard error closed, the exit code still tells.
            drop(writeln!(std::io::stderr(), "groups-server: {failure}"));
            ExitCode::FAILURE
        }
    }
}
