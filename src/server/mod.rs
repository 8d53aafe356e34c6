//! The server: listens, accepts within its limits, and stops in good order. Requests are `http`'s.

mod away;
mod backups;
mod peers;
mod stream;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use warp::filters::BoxedFilter;
use warp::reply::Response;

use crate::api;
use crate::error::Failure;
use crate::http::{self, Routes, Service, Settings, State};
use crate::store::Store;
use away::Away;
use backups::Backups;
pub use backups::Schedule;
use peers::{Guard, Peers};
use stream::DeadlineStream;

/// A connection's buffer: room for the longest head that is answered with an error of its own.
const BUFFER: usize = 32 << 10;

/// Without a file descriptor to accept with, the next try waits this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long the server waits for whom.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// For a request's head to arrive; so long may a connection be idle, too.
    pub head: Duration,
    /// For an answer to be taken, from the first write that has to wait.
    pub answer: Duration,
    /// For what was accepted to finish when the server stops.
    pub stop: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Deadlines {
            head: Duration::from_secs(30),
            answer: Duration::from_secs(60),
            stop: Duration::from_secs(10),
        }
    }
}

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Config {
    pub db: PathBuf,
    pub listen: SocketAddr,
    pub settings: Settings,
    pub max_connections: usize,
    /// Of one IPv4 address or one IPv6 /64 that is not a trusted proxy's.
    pub max_connections_per_peer: usize,
    pub deadlines: Deadlines,
    /// Without it, the server makes no backups.
    pub backups: Option<Schedule>,
}

/// A server that listens and has its file open.
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    state: State,
    peers: Peers,
    away: Away,
    deadlines: Deadlines,
    backups: Option<Backups>,
}

impl Server {
    /// Opens the file and the port.
    ///
    /// # Errors
    /// A sentence that says which of them cannot be had, and why.
    pub async fn bind(config: Config) -> Result<Self, Failure> {
        let cannot_listen = |error| Failure::new(format!("cannot listen on {}: {error}", config.listen));
        let listener = TcpListener::bind(config.listen).await.map_err(cannot_listen)?;
        let addr = listener.local_addr().map_err(cannot_listen)?;
        let readers = std::thread::available_parallelism().map_or(2, |cores| u32::try_from(cores.get()).unwrap_or(2));
        let store = Store::open(&config.db, readers.max(2))?;
        let proxies = config.settings.trusted_proxies.clone();
        let backups = config.backups.map(|schedule| Backups::open(&config.db, schedule));
        Ok(Server {
            listener,
            addr,
            state: State::new(store, config.settings),
            peers: Peers::new(config.max_connections, config.max_connections_per_peer, proxies),
            away: Away::new(),
            deadlines: config.deadlines,
            backups: backups.transpose()?,
        })
    }

    /// The bound address, with the port that the system chose for port 0.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn store(&self) -> &Store {
        &self.state.store
    }

    /// Serves until `shutdown` is ready, finishes what was accepted, and closes the file.
    ///
    /// # Errors
    /// Why nothing can be written any more.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), Failure> {
        let filter = api::filter(&self.state);
        self.run_with(filter, shutdown).await
    }

    /// As `run`, but `filter` answers and not the API: a bench measures by it what the rest of the server takes.
    ///
    /// # Errors
    /// As `run`'s.
    pub async fn run_with(
        mut self,
        filter: BoxedFilter<(Response,)>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Failure> {
        let mut backups = self.backups.take().map(Backups::start).transpose()?;
        let connections = GracefulShutdown::new();
        let service = http::service(self.state.clone(), filter);
        let ended = tokio::select! {
            () = shutdown => Ok(()),
            why = self.state.store.failed() => Err(why.into()),
            never = self.accept(&service, &connections) => match never {},
        };
        self.state.stop();
        drop(self.listener);
        if let Some(backups) = &mut backups {
            backups.stop();
        }
        if tokio::time::timeout(self.deadlines.stop, connections.shutdown())
            .await
            .is_err()
        {
            tracing::warn!(
                "some connections did not end within {:?} and are cut",
                self.deadlines.stop
            );
        }
        let state = self.state;
        // Closing waits for the writer, and the end of a backup for the disk, which this thread must not.
        let closed = tokio::task::spawn_blocking(move || {
            drop(backups);
            state.store.close()
        })
        .await;
        closed.map_err(|error| Failure::new(format!("the file could not be closed: {error}")))??;
        ended
    }

    async fn accept<R>(&self, service: &Service<R>, connections: &GracefulShutdown) -> Infallible
    where
        R: Routes + Send + Sync + 'static,
    {
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => match self.peers.admit(peer.ip()) {
                    Some(guard) => self.serve(stream, peer.ip(), guard, service.clone(), connections),
                    None => self.away.turn(stream, http::too_many_connections(&self.state.settings)),
                },
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Serves one connection on a task of its own.
    fn serve<R>(
        &self,
        stream: TcpStream,
        address: IpAddr,
        guard: Guard,
        service: Service<R>,
        connections: &GracefulShutdown,
    ) where
        R: Routes + Send + Sync + 'static,
    {
        // Without it answers may wait for acknowledgements; where it fails they do, and are right all the same.
        drop(stream.set_nodelay(true));
        let service = Arc::new(service);
        let service = service_fn(move |request| {
            let service = Arc::clone(&service);
            async move { Ok::<_, Infallible>(service.respond(request, address.into()).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.deadlines.head)
            .max_buf_size(BUFFER)
            .serve_connection(
                TokioIo::new(DeadlineStream::new(stream, self.deadlines.answer)),
                service,
            );
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection ended: {error}");
            }
            drop(guard);
        });
    }
}
