//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

/// Puts an HTTP server on this machine under load and prints one line of JSON.
///
/// Exit code 3: an answer was wrong or missing, so that the figures are worth nothing. Exit code 1: it could not start.
#[derive(Parser)]
#[command(version)]
pub struct Args {
    /// Where the server listens
    #[arg(long, value_name = "ADDR:PORT", value_parser = local)]
    pub addr: SocketAddr,

    /// The requests to send: see target.rs
    #[arg(long, value_name = "FILE")]
    pub target: PathBuf,

    /// The operation or mix of the target to send
    #[arg(long)]
    pub op: String,

    /// Connections, each with one request at a time
    #[arg(long, default_value_t = 1)]
    pub conns: usize,

    /// How long is measured, in seconds
    #[arg(long, default_value_t = 2.0)]
    pub secs: f64,

    /// How long requests are sent before that
    #[arg(long, default_value_t = 0.5)]
    pub warm: f64,

    /// The most requests to send; left out: no limit
    #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
    pub max: u64,

    /// A list whose lines stand for {NAME}; may be given again
    #[arg(long = "list", value_name = "NAME=FILE", value_parser = pair)]
    pub lists: Vec<(String, String)>,

    /// What stands for {NAME}; may be given again
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    pub vars: Vec<(String, String)>,

    /// Lines of a list that an earlier run has used up by {next_NAME}
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub skip: usize,

    /// Sent as Authorization: Bearer
    #[arg(long, default_value = "")]
    pub token: String,

    /// The server's process, to tell its CPU time and memory
    #[arg(long)]
    pub pid: Option<u32>,

    /// Another seed sends other lines in another order
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

fn local(value: &str) -> Result<SocketAddr, String> {
    let addr: SocketAddr = value.parse().map_err(|_| "must be ADDR:PORT".to_owned())?;
    match addr.ip().is_loopback() {
        true => Ok(addr),
        false => Err("must be an address of this machine, such as 127.0.0.1".to_owned()),
    }
}

fn pair(value: &str) -> Result<(String, String), String> {
    let (name, value) = value.split_once('=').ok_or("must be NAME=…")?;
    Ok((name.to_owned(), value.to_owned()))
}
