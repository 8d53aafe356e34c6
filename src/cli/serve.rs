//! `serve`: sets the log up, opens the server, shows how to reach it, and runs it until a signal.

use std::io::{self, IsTerminal as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::{LogFormat, LogLevel, Serve, given};
use crate::error::Failure;
use crate::http::{Settings, TrustedProxies};
use crate::jobs::Schedule;
use crate::server::{Config, Deadlines, Listener, Server};
use crate::store::tokens;
use crate::supervisor::Shutdown;
use crate::types::token::Token;

pub fn run(args: Serve) -> Result<(), Failure> {
    start_log(args.log_format, args.log_level);
    let given = given::token(args.token_file.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        // Before anything is printed: whoever reads the greeting may send a signal.
        let shutdown = Shutdown::default();
        shut_down_on_signal(&shutdown)?;
        let base_path = args.place.base_path.clone();
        // Before the database is opened: a taken port must leave no new file behind.
        let listener = Listener::tcp(args.listen).await?;
        let addr = listener.tcp_addr().unwrap_or(args.listen);
        let server = Server::open(config(args), vec![listener])?;
        let first = set_tokens(&server, given).await?;
        greet(addr, &base_path, first.as_ref());
        server.run(&shutdown).await
    })
}

fn config(args: Serve) -> Config {
    let schedule = |folder| Schedule {
        folder,
        every: Duration::from_secs(args.backup_every),
        keep: args.backup_keep,
    };
    Config {
        db: args.db.db,
        settings: Settings {
            base_path: args.place.base_path,
            max_body: args.max_body,
            max_group_contacts: args.max_group_contacts,
            public_url: args.place.public_url,
            trusted_proxies: TrustedProxies(args.trusted_proxies),
            ..Settings::default()
        },
        max_connections: args.max_connections,
        max_connections_per_peer: args.max_connections_per_peer,
        deadlines: Deadlines::default(),
        backups: args.backup_dir.map(schedule),
    }
}

fn start_log(format: LogFormat, level: LogLevel) {
    let level = match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let log = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        // A standard error that is closed must not end the server.
        .log_internal_errors(false);
    // What others tell in more detail has a request's path as it came, which may have a token in it by mistake.
    let ours = Targets::new()
        .with_targets([("groups_server", level), ("request", level)])
        .with_default(level.min(LevelFilter::INFO));
    match format {
        LogFormat::Text => log.finish().with(ours).init(),
        LogFormat::Json => log.json().flatten_event(true).finish().with(ours).init(),
    }
}

/// Sets the given token or, where there is none in the file, makes the first one and answers with it.
async fn set_tokens(server: &Server, given: Option<Token>) -> Result<Option<Token>, Failure> {
    let store = server.store();
    let first = match given {
        Some(token) => {
            store.write(move |tx| tokens::set_bootstrap(tx, &token)).await?;
            None
        }
        None => store.write(tokens::create_first).await?,
    };
    Ok(first)
}

/// Prints the address and, once, the first token with a request that works when pasted.
fn greet(addr: SocketAddr, base_path: &str, first: Option<&Token>) {
    let url = format!("http://{}", reachable(addr));
    let mut text = format!("groups-server {} listens on {url}\n", env!("CARGO_PKG_VERSION"));
    if let Some(token) = first {
        let token = token.reveal();
        text += &format!(
            "\nThe access token of the account `default`, shown only this once:\n\n    {token}\n\n\
             Try it:\n\n    curl {url}{base_path}/v1/groups -H \"Authorization: Bearer {token}\"\n\n"
        );
    }
    let mut out = io::stdout();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        tracing::warn!("standard output is closed: the address and a new token could not be shown");
    }
}

/// An address that a client on this machine can use: "any address" is none.
fn reachable(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, addr.port())
}

/// Requests `shutdown` at the first SIGTERM or SIGINT. Signals count from this call on.
///
/// # Errors
/// The signals cannot be received.
fn shut_down_on_signal(shutdown: &Shutdown) -> Result<(), Failure> {
    let listen = |kind| signal(kind).map_err(|error| Failure::new(format!("cannot receive signals: {error}")));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("shutting down: finishing open requests");
        shutdown.request();
    });
    Ok(())
}
