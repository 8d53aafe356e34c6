//! Load generator for an HTTP server on this machine: a number of connections, each with one request at a time. Every
//! response is checked. It runs on one thread, because it shares the cores with the server.
//!
//! `args` is the command line, `target` defines the requests, `driver` is the event loop, `response` parses responses,
//! `process` reads the server's CPU time and memory, and `report` is the line of JSON that is printed.

mod args;
mod driver;
mod process;
mod report;
mod response;
mod target;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser as _;

use args::Args;
use target::{Requests, Target};

/// Exit code if responses were wrong or missing: the figures are meaningless.
const INVALID: u8 = 3;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(INVALID),
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the report and returns the number of errors in it.
fn run(args: &Args) -> Result<u64, Box<dyn Error>> {
    let target = Target::read(args)?;
    let requests = Requests::new(args, &target)?;
    let measured = driver::run(args, requests)?;
    println!("{}", report::json(args, &target, &measured));
    Ok(measured.errors)
}
