//! The program: parses the arguments, runs the command, prints its error and sets the exit code.

use std::io::Write as _;
use std::process::ExitCode;

use groups_server::cli;

fn main() -> ExitCode {
    match cli::run(cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // If standard error is closed, the exit code still reports the failure.
            drop(writeln!(std::io::stderr(), "groups-server: {failure}"));
            ExitCode::FAILURE
        }
    }
}
