//! The flags, variables and arguments of every command, as clap reads them. Doc comments here are the help texts.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;

use super::values;
use crate::store::accounts;
use crate::types::id::Id;

/// An HTTP API for groups of contacts and their conversations, stored in one SQLite file.
///
/// Without a command, groups-server serves the API.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub serve: Serve,
}

#[derive(Subcommand)]
pub enum Command {
    /// Serve the API until SIGTERM or SIGINT
    Serve(Serve),
    /// Create, list and revoke access tokens, even while a server is running
    #[command(subcommand)]
    Token(TokenCommand),
    /// Check the database for corruption, even while a server is running; repairs nothing
    Check(Existing),
    /// Import objects from JSON Lines, either all of them or none
    Import(Import),
    /// Export the objects of an account as JSON Lines
    Export(Export),
    /// Back up the database to a file and check the copy, even while a server is running
    Backup(Backup),
    /// Replace the database with a backup; the current database is kept under another name
    Restore(Restore),
    /// Print the OpenAPI 3.1 description that a server serves at /openapi.json
    Openapi(ApiUrl),
}

/// The URL of the API as clients see it.
#[derive(Args)]
pub struct ApiUrl {
    /// Prefix of every API path, such as /api for /api/v1
    #[arg(long, env = "GROUPS_BASE_PATH", value_name = "PATH", default_value = "", hide_default_value = true,
        value_parser = values::base_path)]
    pub base_path: String,

    /// URL of the server as clients reach it; makes the links in responses absolute
    #[arg(long, env = "GROUPS_PUBLIC_URL", value_name = "URL", value_parser = values::public_url)]
    pub public_url: Option<String>,
}

#[derive(Args)]
pub struct Db {
    /// SQLite database file; created if it does not exist
    #[arg(long, env = "GROUPS_DB", value_name = "FILE", default_value = "groups.db")]
    pub db: PathBuf,
}

#[derive(Args)]
pub struct Existing {
    /// SQLite database file
    #[arg(long, env = "GROUPS_DB", value_name = "FILE", default_value = "groups.db")]
    pub db: PathBuf,
}

#[derive(Args)]
#[command(
    after_help = "The environment variable GROUPS_TOKEN sets an access token for the account `default`. A start with \
    another value replaces that token."
)]
pub struct Serve {
    #[command(flatten)]
    pub db: Db,

    /// Address and port to listen on; with port 0 the system chooses a free port
    #[arg(long, env = "GROUPS_LISTEN", value_name = "ADDR:PORT", default_value = "127.0.0.1:8080",
        value_parser = values::listen)]
    pub listen: SocketAddr,

    #[command(flatten)]
    pub api_url: ApiUrl,

    /// Maximum size of a request body, such as 1048576, 512KiB or 1MiB
    #[arg(long, env = "GROUPS_MAX_BODY", value_name = "SIZE", default_value = "1MiB", value_parser = values::size)]
    pub max_body: usize,

    /// Maximum number of contacts in a group
    #[arg(long, env = "GROUPS_MAX_GROUP_CONTACTS", value_name = "N", default_value = "1000",
        value_parser = values::count)]
    pub max_group_contacts: usize,

    /// Maximum number of open connections
    #[arg(long, env = "GROUPS_MAX_CONNECTIONS", value_name = "N", default_value = "800", value_parser = values::count)]
    pub max_connections: usize,

    /// Maximum number of open connections from one IPv4 address or IPv6 /64; trusted proxies are exempt
    #[arg(long, env = "GROUPS_MAX_CONNECTIONS_PER_PEER", value_name = "N", default_value = "400",
        value_parser = values::count)]
    pub max_connections_per_peer: usize,

    /// Proxies whose X-Forwarded-For header is trusted, such as 127.0.0.1,10.0.0.0/8,::1
    #[arg(long, env = "GROUPS_TRUSTED_PROXIES", value_name = "ADDRESSES", value_delimiter = ',',
        value_parser = values::network)]
    pub trusted_proxies: Vec<IpNet>,

    /// File that contains an access token to set, as GROUPS_TOKEN does
    #[arg(long, env = "GROUPS_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// Folder for scheduled backups; it must exist and belong to this server alone
    #[arg(long, env = "GROUPS_BACKUP_DIR", value_name = "DIR")]
    pub backup_dir: Option<PathBuf>,

    /// Time between scheduled backups, such as 30m, 24h or 7d
    #[arg(long, env = "GROUPS_BACKUP_EVERY", value_name = "DURATION", default_value = "24h",
        value_parser = values::duration, requires = "backup_dir")]
    pub backup_every: u64,

    /// Number of scheduled backups to keep; older ones are deleted
    #[arg(long, env = "GROUPS_BACKUP_KEEP", value_name = "N", default_value = "7", value_parser = values::count,
        requires = "backup_dir")]
    pub backup_keep: usize,

    /// Format of the log, which is written to standard error
    #[arg(long, env = "GROUPS_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// Lowest level to log; each request is a line at level info
    #[arg(long, env = "GROUPS_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub log_level: LogLevel,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[derive(Subcommand)]
pub enum TokenCommand {
    /// Create a token and print it; it cannot be shown again
    Create(TokenCreate),
    /// List all tokens without their secrets
    List(Db),
    /// Revoke a token; it stops working immediately
    Revoke(TokenRevoke),
}

#[derive(Args)]
pub struct TokenCreate {
    #[command(flatten)]
    pub db: Db,

    /// Account that the token gives access to; created if it does not exist
    #[arg(long, env = "GROUPS_ACCOUNT", value_name = "NAME", default_value = accounts::DEFAULT,
        value_parser = values::account)]
    pub account: String,

    /// Name that identifies the token in the list
    #[arg(long, env = "GROUPS_TOKEN_NAME", value_name = "NAME", value_parser = values::token_name)]
    pub name: Option<String>,

    /// Allow the token to read only
    #[arg(long, env = "GROUPS_TOKEN_READ_ONLY")]
    pub read_only: bool,

    /// Lifetime of the token, such as 12h, 90d or 4w; without it the token does not expire
    #[arg(long, env = "GROUPS_TOKEN_EXPIRES", value_name = "DURATION", value_parser = values::duration)]
    pub expires: Option<u64>,
}

#[derive(Args)]
pub struct TokenRevoke {
    #[command(flatten)]
    pub db: Db,

    /// Id of the token, as shown by `token list`
    #[arg(value_parser = values::id)]
    pub id: Id,
}

#[derive(Args)]
pub struct Import {
    #[command(flatten)]
    pub db: Db,

    /// Account to import into; created if it does not exist
    #[arg(long, env = "GROUPS_ACCOUNT", value_name = "NAME", default_value = accounts::DEFAULT,
        value_parser = values::account)]
    pub account: String,

    /// What to do with an object whose id exists already
    #[arg(long, env = "GROUPS_EXISTING", value_name = "WHAT", default_value = "refuse")]
    pub existing: ExistingChoice,

    /// File to read, or - for standard input
    pub file: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum ExistingChoice {
    /// Fail without importing anything
    Refuse,
    /// Keep the existing object
    Skip,
    /// Overwrite the existing object
    Replace,
}

#[derive(Args)]
pub struct Export {
    #[command(flatten)]
    pub db: Db,

    /// Account to export
    #[arg(long, env = "GROUPS_ACCOUNT", value_name = "NAME", default_value = accounts::DEFAULT,
        value_parser = values::account)]
    pub account: String,

    /// File to write, which must not exist, or - for standard output
    pub file: PathBuf,
}

#[derive(Args)]
pub struct Backup {
    #[command(flatten)]
    pub db: Existing,

    /// File to write; an earlier backup is replaced once the new one is complete
    pub file: PathBuf,
}

#[derive(Args)]
pub struct Restore {
    #[command(flatten)]
    pub db: Db,

    /// Backup to restore; it is not changed
    pub file: PathBuf,
}
