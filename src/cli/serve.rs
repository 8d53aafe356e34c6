//! `serve`: sets up the log, the listeners and the tokens, then runs the server until a signal.

use std::net::SocketAddr;
use std::time::Duration;

use super::args::Serve;
use super::greeting::greet;
use super::signals::shut_down_on_signal;
use super::{bootstrap_token, log};
use crate::error::Failure;
use crate::http::{Settings, TrustedProxies};
use crate::jobs::Schedule;
use crate::server::{Config, Deadlines, Listener, Server};
use crate::store::tokens;
use crate::supervisor::Shutdown;
use crate::types::token::Token;

pub fn run(args: Serve) -> Result<(), Failure> {
    log::start(args.log_format, args.log_level);
    let token = bootstrap_token::read(args.token_file.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    runtime.block_on(serve(args, token))
}

async fn serve(args: Serve, token: Option<Token>) -> Result<(), Failure> {
    // Before anything is printed: whoever reads the greeting may send a signal.
    let shutdown = Shutdown::default();
    shut_down_on_signal(&shutdown)?;
    let base_path = args.api_url.base_path.clone();
    // Before the database is opened: a taken port must leave no new file behind.
    let listener = Listener::tcp(args.listen).await?;
    let addr: SocketAddr = listener.tcp_addr().unwrap_or(args.listen);
    let server = Server::open(config(args), vec![listener])?;
    let first = set_tokens(&server, token).await?;
    greet(addr, &base_path, first.as_ref());
    server.run(&shutdown).await
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
            base_path: args.api_url.base_path,
            max_body: args.max_body,
            max_group_contacts: args.max_group_contacts,
            public_url: args.api_url.public_url,
            trusted_proxies: TrustedProxies(args.trusted_proxies),
            ..Settings::default()
        },
        max_connections: args.max_connections,
        max_connections_per_peer: args.max_connections_per_peer,
        deadlines: Deadlines::default(),
        backups: args.backup_dir.map(schedule),
    }
}

/// Sets the bootstrap token. Without one, creates and returns the first token of a database that has none.
async fn set_tokens(server: &Server, bootstrap: Option<Token>) -> Result<Option<Token>, Failure> {
    let store = server.store();
    let first = match bootstrap {
        Some(token) => {
            store.write(move |tx| tokens::set_bootstrap(tx, &token)).await?;
            None
        }
        None => store.write(tokens::create_first).await?,
    };
    Ok(first)
}
