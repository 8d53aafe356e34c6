//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

/// Puts an HTTP server on this machine under load and prints one line of JSON.
///
/// Exit code 3: a response was wrong or missing, so the figures are meaningless. Exit code 1: it could not start.
#[derive(Parser)]
#[command(version)]
pub struct Args {
    /// The server's address
    #[arg(long, value_name = "ADDR:PORT", value_parser = local)]
    pub addr: SocketAddr,

    /// The file that defines the requests (see target.rs)
    #[arg(long, value_name = "FILE")]
    pub target: PathBuf,

    /// The operation or mix to send, as named in the target file
    #[arg(long)]
    pub op: String,

    /// Number of connections, each with one request at a time
    #[arg(long, default_value_t = 1)]
    pub conns: usize,

    /// Duration of the measurement in seconds
    #[arg(long, default_value_t = 2.0)]
    pub secs: f64,

    /// Duration of the warm-up before it in seconds
    #[arg(long, default_value_t = 0.5)]
    pub warm: f64,

    /// Maximum number of requests; unlimited by default
    #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
    pub max: u64,

    /// A file whose lines replace {NAME}; may be repeated
    #[arg(long = "list", value_name = "NAME=FILE", value_parser = pair)]
    pub lists: Vec<(String, String)>,

    /// A value that replaces {NAME}; may be repeated
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    pub vars: Vec<(String, String)>,

    /// Number of lines that an earlier run has used up with {next_NAME}
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub skip: usize,

    /// Sent as Authorization: Bearer
    #[arg(long, default_value = "")]
    pub token: String,

    /// The server's process id, to report its CPU time and memory
    #[arg(long)]
    pub pid: Option<u32>,

    /// Seed of the random choice of lines
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
