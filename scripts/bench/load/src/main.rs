//! Puts an HTTP server on this machine under load: so many connections, on each one request after the other. Every
//! answer is checked. One thread and one poll, so that it takes little of the cores that it shares with the server.
//!
//! `args` is the command line, `target` what is sent, `answer` reads what comes back, `drive` is the loop, `process`
//! looks at the server's process, `report` is the line of JSON that is printed.

mod answer;
mod args;
mod drive;
mod process;
mod report;
mod target;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser as _;

use args::Args;
use target::{Requests, Target};

/// Some answers were wrong or none came: the figures are worth nothing.
const WRONG: u8 = 3;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(WRONG),
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the report; the number of errors in it.
fn run(args: &Args) -> Result<u64, Box<dyn Error>> {
    let target = Target::read(args)?;
    let requests = Requests::new(args, &target)?;
    let run = drive::run(args, requests)?;
    println!("{}", report::json(args, &target, &run));
    Ok(run.errors)
}
