//! The server: accepts connections within its limits, serves each on a task of its own, and shuts down gracefully.
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::connection_limit::{ConnectionLimit, Permit};
use super::lingering_close::LingeringClose;
use super::listener::{Listener, Stream};
use super::write_deadline::WriteDeadline;
use crate::api;
use crate::error::Failure;
use crate::http::{self, PeerAddr, Routes, Service, Settings, State};
use crate::jobs::{Backups, Schedule};
use crate::store::Store;
use crate::supervisor::{Shutdown, Supervisor};

/// A connection's buffer. It bounds a request's head, and is large enough for every head that gets an error response of
/// ours rather than the HTTP layer's.
const BUFFER: usize = 32 << 10;

/// The pause after a failed accept, such as one without a free file descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long the server waits for clients.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// For the head of a request to arrive. An idle connection is closed after the same time.
    pub head: Duration,
    /// For a response to be read, from the first write that has to wait.
    pub response: Duration,
    /// For open connections to finish at shutdown.
    pub shutdown: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Deadlines {
            head: Duration::from_secs(30),
            response: Duration::from_secs(60),
            shutdown: Duration::from_secs(10),
        }
    }
}

/// A server's configuration, apart from its listeners.
#[derive(Clone, Debug)]
pub struct Config {
    pub db: PathBuf,
    pub settings: Settings,
    pub max_connections: usize,
    /// For one IPv4 address or one IPv6 /64. Trusted proxies have no such limit.
    pub max_connections_per_peer: usize,
    pub deadlines: Deadlines,
    /// `None`: no scheduled backups.
    pub backups: Option<Schedule>,
}

/// A server with its listeners bound and its database open.
pub struct Server {
    listeners: Vec<Listener>,
    state: State,
    connection_limit: ConnectionLimit,
    lingering_close: LingeringClose,
    deadlines: Deadlines,
    backups: Option<Backups>,
}

impl Server {
    /// Opens the database and the backup folder. Connections to `listeners` wait until [`Server::run`].
    ///
    /// # Errors
    /// Why one of them cannot be used.
    pub fn open(config: Config, listeners: Vec<Listener>) -> Result<Self, Failure> {
        let readers = std::thread::available_parallelism().map_or(2, |cores| u32::try_from(cores.get()).unwrap_or(2));
        let store = Store::open(&config.db, readers.max(2))?;
        let proxies = config.settings.trusted_proxies.clone();
        let backups = config.backups.map(|schedule| Backups::open(&config.db, schedule));
        Ok(Server {
            listeners,
            state: State::new(store, config.settings),
            connection_limit: ConnectionLimit::new(config.max_connections, config.max_connections_per_peer, proxies),
            lingering_close: LingeringClose::new(),
            deadlines: config.deadlines,
            backups: backups.transpose()?,
        })
    }

    pub fn store(&self) -> &Store {
        &self.state.store
    }

    /// Serves the API until `shutdown` is requested, finishes the requests in progress, and closes the database.
    ///
    /// # Errors
    /// Why the database can no longer be written.
    pub async fn run(self, shutdown: &Shutdown) -> Result<(), Failure> {
        let filter = api::filter(&self.state);
        self.run_with(filter, shutdown).await
    }

    /// Like [`Server::run`], with `filter` in place of the API: a benchmark measures the rest of the server by it.
    ///
    /// # Errors
    /// As for `run`.
    pub async fn run_with(mut self, filter: BoxedFilter<(Response,)>, shutdown: &Shutdown) -> Result<(), Failure> {
        let mut jobs = Supervisor::default();
        if let Some(backups) = self.backups.take() {
            backups.start(&mut jobs)?;
        }
        let connections = GracefulShutdown::new();
        let service = http::service(self.state.clone(), filter);
        let ended = tokio::select! {
            () = shutdown.requested() => Ok(()),
            why = self.state.store.failed() => Err(why.into()),
            never = self.accept_all(&service, &connections) => match never {},
        };
        self.state.stop();
        drop(self.listeners);
        jobs.request_shutdown();
        let finished = tokio::time::timeout(self.deadlines.shutdown, connections.shutdown()).await;
        if finished.is_err() {
            let deadline = self.deadlines.shutdown;
            tracing::warn!("some connections did not finish within {deadline:?} and are cut off");
        }
        let state = self.state;
        // Both block: ending a backup waits for the disk, closing the database for the writer.
        let closed = tokio::task::spawn_blocking(move || {
            drop(jobs);
            state.store.close()
        })
        .await;
        closed.map_err(|error| Failure::new(format!("cannot close the database: {error}")))??;
        ended
    }

    /// Accepts from all listeners, each independent of the others: the pause after an error is its own.
    async fn accept_all<R>(&self, service: &Service<R>, connections: &GracefulShutdown) -> Infallible
    where
        R: Routes + Send + Sync + 'static,
    {
        let accepting = self
            .listeners
            .iter()
            .map(|listener| self.accept(listener, service, connections));
        join_all(accepting).await;
        // Only without listeners is there an end to wait for.
        std::future::pending().await
    }

    async fn accept<R>(&self, listener: &Listener, service: &Service<R>, connections: &GracefulShutdown) -> Infallible
    where
        R: Routes + Send + Sync + 'static,
    {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => match self.connection_limit.admit(peer) {
                    Some(permit) => self.serve(stream, peer, permit, service.clone(), connections),
                    None => {
                        let response = http::too_many_connections(&self.state.settings);
                        self.lingering_close.refuse(stream, &response);
                    }
                },
                Err(error) => {
                    tracing::warn!("cannot accept a connection on {}: {error}", listener.addr());
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Serves one connection on a task of its own.
    fn serve<R>(
        &self,
        stream: Stream,
        peer: PeerAddr,
        permit: Permit,
        service: Service<R>,
        connections: &GracefulShutdown,
    ) where
        R: Routes + Send + Sync + 'static,
    {
        let service = Arc::new(service);
        let service = service_fn(move |request| {
            let service = Arc::clone(&service);
            async move { Ok::<_, Infallible>(service.respond(request, peer).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.deadlines.head)
            .max_buf_size(BUFFER)
            .serve_connection(
                TokioIo::new(WriteDeadline::new(stream, self.deadlines.response)),
                service,
            );
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection ended: {error}");
            }
            drop(permit);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::os::fd::{AsFd as _, OwnedFd};
    use std::os::unix::net::UnixStream;

    use super::*;

    fn config(folder: &tempfile::TempDir) -> Config {
        Config {
            db: folder.path().join("groups.db"),
            settings: Settings::default(),
            max_connections: 10,
            max_connections_per_peer: 10,
            deadlines: Deadlines::default(),
            backups: None,
        }
    }

    async fn tcp() -> Listener {
        Listener::tcp(([127, 0, 0, 1], 0).into()).await.unwrap()
    }

    /// The whole response to one health check.
    fn exchange(mut stream: impl Read + Write) -> String {
        let request = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }

    /// Runs the server while `client` runs on a thread that may block; then shuts it down.
    async fn serve_while<T: Send + 'static>(server: Server, client: impl FnOnce() -> T + Send + 'static) -> T {
        let shutdown = Shutdown::default();
        let client = async {
            let result = tokio::task::spawn_blocking(client).await;
            shutdown.request();
            result.unwrap()
        };
        let (ended, result) = tokio::join!(server.run(&shutdown), client);
        ended.unwrap();
        result
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_server_serves_tcp_and_unix_sockets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let (tcp, unix) = (tcp().await, Listener::unix(&path).unwrap());
        assert_eq!(unix.addr().to_string(), format!("unix:{}", path.display()));
        let addr = tcp.tcp_addr().unwrap();
        let server = Server::open(config(&folder), vec![tcp, unix]).unwrap();
        let responses = serve_while(server, move || {
            let unix = exchange(UnixStream::connect(&path).unwrap());
            [unix, exchange(TcpStream::connect(addr).unwrap())]
        });
        for response in responses.await {
            assert!(response.starts_with("HTTP/1.1 200"), "{response}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_unix_connection_over_the_limit_receives_503() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let config = Config {
            max_connections: 0,
            ..config(&folder)
        };
        let server = Server::open(config, vec![Listener::unix(&path).unwrap()]).unwrap();
        let response = serve_while(server, move || exchange(UnixStream::connect(path).unwrap())).await;
        assert!(response.starts_with("HTTP/1.1 503"), "{response}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_listener_that_fails_does_not_stop_another() {
        let folder = tempfile::tempdir().unwrap();
        // A listening socket that was shut down fails every accept.
        let broken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let handle: OwnedFd = broken.as_fd().try_clone_to_owned().unwrap();
        TcpStream::from(handle).shutdown(std::net::Shutdown::Both).unwrap();
        broken.set_nonblocking(true).unwrap();
        let broken = Listener::of_tcp(tokio::net::TcpListener::from_std(broken).unwrap()).unwrap();
        assert!(broken.accept().await.is_err());
        let sound = tcp().await;
        let addr = sound.tcp_addr().unwrap();
        let server = Server::open(config(&folder), vec![broken, sound]).unwrap();
        let response = serve_while(server, move || exchange(TcpStream::connect(addr).unwrap())).await;
        assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    }

    #[tokio::test]
    async fn a_unix_socket_is_not_bound_over_an_existing_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        std::fs::write(&path, "mine").unwrap();
        let failure = Listener::unix(&path).err().unwrap().to_string();
        assert!(failure.starts_with("cannot listen on unix:"), "{failure}");
        assert_eq!(std::fs::read(path).unwrap(), b"mine");
    }
}
