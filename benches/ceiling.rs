//! The ceiling: the upper bound of the server's throughput. A fixed group of the usual size passes through the accept
//! loop, the service, the request log and warp's filters. The token is only compared, and nothing is read from the
//! database.
//!
//! Serves on a new database FILE until it is killed. `scripts/bench/run` puts it under load. To start it:
//! `cargo bench --bench ceiling -- FILE ADDR:PORT TOKEN`

use std::io;
use std::sync::Arc;

use groups_server::error::Failure;
use groups_server::http::{Head, Settings};
use groups_server::server::{Config, Deadlines, Listener, Server};
use groups_server::supervisor::Shutdown;
use warp::filters::BoxedFilter;
use warp::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG};
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;
use warp::{Filter as _, any, path};

const GROUP: &str = include_str!("ceiling.json");

fn main() -> Result<(), Failure> {
    // Cargo adds a `--bench` flag.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let [file, listen, token] = args.as_slice() else {
        eprintln!("usage: FILE ADDR:PORT TOKEN; see scripts/bench/run");
        return Ok(());
    };
    // The server's default logging.
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_target(false)
        .init();
    let listen = listen
        .parse()
        .map_err(|_| Failure::new("the second argument must be ADDR:PORT"))?;
    let config = Config {
        db: file.into(),
        settings: Settings::default(),
        max_connections: 800,
        max_connections_per_peer: 400,
        deadlines: Deadlines::default(),
        backups: None,
    };
    let routes = routes(format!("Bearer {token}"));
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let listener = Listener::tcp(listen).await?;
        let server = Server::open(config, vec![listener])?;
        server.run_with(routes, &Shutdown::default()).await
    })
}

/// `/v1/groups/:id`: returns the same group for every id, if the token matches.
fn routes(credentials: String) -> BoxedFilter<(Response,)> {
    let group = path!("v1" / "groups" / String)
        .and(warp::ext::get::<Arc<Head>>())
        .map(move |_id, head: Arc<Head>| match head.headers.get(AUTHORIZATION) {
            Some(sent) if sent == credentials.as_str() => group(),
            _ => empty(StatusCode::UNAUTHORIZED),
        });
    let nothing = any().map(|| empty(StatusCode::NOT_FOUND));
    group.or(nothing).unify().boxed()
}

fn group() -> Response {
    let mut response = Response::new(GROUP.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ETAG, HeaderValue::from_static("\"yrBbWFMdDf8B8WMdLqSBjQ\""));
    response
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}
