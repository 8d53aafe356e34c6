//! The command line: what it takes, and the one function that each command calls.

mod backup;
mod check;
mod given;
mod openapi;
mod output;
mod serve;
mod token;
mod transfer;
mod values;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Arg, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;

use crate::error::Failure;
use crate::store::accounts;
use crate::types::id::Id;

/// Groups of contacts and their conversations behind an HTTP API, over one SQLite file.
///
/// Without a command it serves.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    serve: Serve,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API until SIGTERM or SIGINT
    Serve(Serve),
    /// Make, list and revoke access tokens; also while a server runs on the file
    #[command(subcommand)]
    Token(TokenCommand),
    /// Look for damage in the file; also while a server runs on it. Nothing is repaired
    Check(Existing),
    /// Take in objects from JSON Lines, all or none of them
    Import(Import),
    /// Write an account's objects as JSON Lines
    Export(Export),
    /// Write the whole database to a file, checked; also while a server runs on it
    Backup(Backup),
    /// Put a backup in the database's place, which is kept under another name
    Restore(Restore),
    /// Print the API's description (OpenAPI 3.1), as a server tells it at /openapi.json
    Openapi(Place),
}

/// Where clients find the API.
#[derive(Args)]
struct Place {
    /// What comes before /v1 in every path, such as /api
    #[arg(long, env = "GROUPS_BASE_PATH", value_name = "PATH", default_value = "", hide_default_value = true,
        value_parser = values::base_path)]
    base_path: String,

    /// The URL under which clients reach the server, for the links in its answers
    #[arg(long, env = "GROUPS_PUBLIC_URL", value_name = "URL", value_parser = values::public_url)]
    public_url: Option<String>,
}

#[derive(Args)]
struct Db {
    /// The SQLite file; made where there is none
    #[arg(long, env = "GROUPS_DB", value_name = "FILE", default_value = "groups.db")]
    db: PathBuf,
}

#[derive(Args)]
struct Existing {
    /// The SQLite file
    #[arg(long, env = "GROUPS_DB", value_name = "FILE", default_value = "groups.db")]
    db: PathBuf,
}

#[derive(Args)]
#[command(
    after_help = "The variable GROUPS_TOKEN sets an access token of the account `default` from outside, \
    the same again at each start."
)]
struct Serve {
    #[command(flatten)]
    db: Db,

    /// The address and port to listen on; port 0 lets the system choose
    #[arg(long, env = "GROUPS_LISTEN", value_name = "ADDR:PORT", default_value = "127.0.0.1:8080",
        value_parser = values::listen)]
    listen: SocketAddr,

    #[command(flatten)]
    place: Place,

    /// The longest request body, such as 1048576, 512KiB or 1MiB
    #[arg(long, env = "GROUPS_MAX_BODY", value_name = "SIZE", default_value = "1MiB", value_parser = values::size)]
    max_body: usize,

    /// The most contacts that a group may have
    #[arg(long, env = "GROUPS_MAX_GROUP_CONTACTS", value_name = "N", default_value = "1000",
        value_parser = values::count)]
    max_group_contacts: usize,

    /// The most connections at once
    #[arg(long, env = "GROUPS_MAX_CONNECTIONS", value_name = "N", default_value = "800", value_parser = values::count)]
    max_connections: usize,

    /// The most connections at once from one IPv4 address or IPv6 /64 that is not a trusted proxy's
    #[arg(long, env = "GROUPS_MAX_CONNECTIONS_PER_PEER", value_name = "N", default_value = "400",
        value_parser = values::count)]
    max_connections_per_peer: usize,

    /// The proxies in front, such as 127.0.0.1,10.0.0.0/8,::1, whose X-Forwarded-For tells whose a request is
    #[arg(long, env = "GROUPS_TRUSTED_PROXIES", value_name = "ADDRESSES", value_delimiter = ',',
        value_parser = values::network)]
    trusted_proxies: Vec<IpNet>,

    /// A file that holds an access token to set, as GROUPS_TOKEN does
    #[arg(long, env = "GROUPS_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// A folder of this server's own, for backups that it makes by itself
    #[arg(long, env = "GROUPS_BACKUP_DIR", value_name = "DIR")]
    backup_dir: Option<PathBuf>,

    /// The time from one of these backups to the next, such as 30m, 24h or 7d
    #[arg(long, env = "GROUPS_BACKUP_EVERY", value_name = "DURATION", default_value = "24h",
        value_parser = values::duration, requires = "backup_dir")]
    backup_every: u64,

    /// How many of these backups are kept; older ones are deleted
    #[arg(long, env = "GROUPS_BACKUP_KEEP", value_name = "N", default_value = "7", value_parser = values::count,
        requires = "backup_dir")]
    backup_keep: usize,

    /// How log lines are written to standard error
    #[arg(long, env = "GROUPS_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,

    /// The least that is logged; each request is a line of level info
    #[arg(long, env = "GROUPS_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    log_level: LogLevel,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make a token and print it, this once
    Create(TokenCreate),
    /// List all tokens, without their secrets
    List(Db),
    /// Revoke a token; it stops working at once
    Revoke(TokenRevoke),
}

#[derive(Args)]
struct TokenCreate {
    #[command(flatten)]
    db: Db,

    /// The account that the token is for; made if new
    #[arg(long, env = "GROUPS_ACCOUNT", value_name = "NAME", default_value = accounts::DEFAULT,
        value_parser = values::account)]
    account: String,

    /// What the token is for, as a reminder in the list
    #[arg(long, env = "GROUPS_TOKEN_NAME", value_name = "NAME", value_parser = values::token_name)]
    name: Option<String>,

    /// The token may only read
    #[arg(long, env = "GROUPS_TOKEN_READ_ONLY")]
    read_only: bool,

    /// How long the token works, such as 12h, 90d or 4w; left out: until it is revoked
    #[arg(long, env = "GROUPS_TOKEN_EXPIRES", value_name = "DURATION", value_parser = values::duration)]
    expires: Option<u64>,
}

#[derive(Args)]
struct TokenRevoke {
    #[command(flatten)]
    db: Db,

    /// The token's id, as `token list` shows it
    #[arg(value_parser = values::id)]
    id: Id,
}

#[derive(Args)]
struct Import {
    #[command(flatten)]
    db: Db,

    /// The account that the objects will belong to; made if new
    #[arg(long, env = "GROUPS_ACCOUNT", value_name = "NAME", default_value = accounts::DEFAULT,
        value_parser = values::account)]
    account: String,

    /// What to do with an object whose id is there already
    #[arg(long, env = "GROUPS_EXISTING", value_name = "WHAT", default_value = "refuse")]
    existing: ExistingChoice,

    /// The file to read, or - for standard input
    file: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum ExistingChoice {
    /// End with an error; nothing is imported
    Refuse,
    /// Keep the object that is there
    Skip,
    /// Overwrite the object that is there
    Replace,
}

#[derive(Args)]
struct Export {
    #[command(flatten)]
    db: Db,

    /// The account whose objects are written
    #[arg(long, env = "GROUPS_ACCOUNT", value_name = "NAME", default_value = accounts::DEFAULT,
        value_parser = values::account)]
    account: String,

    /// The file to write, which must not exist yet, or - for standard output
    file: PathBuf,
}

#[derive(Args)]
struct Backup {
    #[command(flatten)]
    db: Existing,

    /// The file to write; an earlier backup there is replaced once the new one is whole
    file: PathBuf,
}

#[derive(Args)]
struct Restore {
    #[command(flatten)]
    db: Db,

    /// The backup to restore, which stays as it is
    file: PathBuf,
}

/// Reads the process's arguments and variables; wrong ones end it with exit code 2. A variable that is empty counts as
/// not set, as tools that start programs often cannot leave one out.
#[must_use]
pub fn parse() -> Cli {
    let mut command = Cli::command();
    let is_command = |name: String| command.find_subcommand(name).is_some();
    if std::env::args().nth(1).is_some_and(is_command) {
        // What is set for a server is not another command's concern.
        command = command.mut_args(|arg| arg.env(None::<&'static str>));
    }
    let matches = without_empty_variables(command).get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |arg: &Arg| {
        arg.get_env()
            .and_then(std::env::var_os)
            .is_some_and(|value| value.is_empty())
    };
    command
        .mut_args(|arg| {
            if is_empty(&arg) {
                arg.env(None::<&'static str>)
            } else {
                arg
            }
        })
        .mut_subcommands(without_empty_variables)
}

/// Runs the command.
///
/// # Errors
/// A sentence for standard error; the exit code is 1. A wrong flag or value ends the process here with exit code 2.
pub fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve::run(args),
        Command::Token(TokenCommand::Create(args)) => token::create(args),
        Command::Token(TokenCommand::List(args)) => token::list(&args),
        Command::Token(TokenCommand::Revoke(args)) => token::revoke(&args),
        Command::Check(args) => check::run(&args),
        Command::Import(args) => transfer::import(&args),
        Command::Export(args) => transfer::export(&args),
        Command::Backup(args) => backup::backup(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Openapi(place) => openapi::run(place),
    }
}
