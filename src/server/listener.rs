//! Sockets that accept connections, and the connections themselves, whatever they are made of. Another transport is one
//! variant more in each enum here.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::error::Failure;
use crate::http::PeerAddr;

/// A bound socket with its address.
pub struct Listener {
    socket: Socket,
    addr: LocalAddr,
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Where a listener can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalAddr {
    /// With the port that the system chose for port 0.
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl Listener {
    /// Binds a TCP port.
    ///
    /// # Errors
    /// Why the address cannot be bound.
    pub async fn tcp(addr: SocketAddr) -> Result<Self, Failure> {
        let bound = TcpListener::bind(addr).await.and_then(Self::of_tcp);
        bound.map_err(|error| Failure::new(format!("cannot listen on {addr}: {error}")))
    }

    /// Takes a socket that is already bound.
    pub(super) fn of_tcp(socket: TcpListener) -> io::Result<Self> {
        Ok(Listener {
            addr: LocalAddr::Tcp(socket.local_addr()?),
            socket: Socket::Tcp(socket),
        })
    }

    /// Binds a Unix socket at `path`, which must not exist. The socket's file stays when the listener is dropped.
    ///
    /// # Errors
    /// Why the path cannot be bound.
    pub fn unix(path: &Path) -> Result<Self, Failure> {
        let addr = LocalAddr::Unix(path.to_owned());
        match UnixListener::bind(path) {
            Ok(socket) => Ok(Listener {
                socket: Socket::Unix(socket),
                addr,
            }),
            Err(error) => Err(Failure::new(format!("cannot listen on {addr}: {error}"))),
        }
    }

    pub fn addr(&self) -> &LocalAddr {
        &self.addr
    }

    /// The address and port, if this is a TCP listener.
    pub fn tcp_addr(&self) -> Option<SocketAddr> {
        match self.addr {
            LocalAddr::Tcp(addr) => Some(addr),
            LocalAddr::Unix(_) => None,
        }
    }

    /// Waits for the next connection. Can be cancelled without losing one.
    pub async fn accept(&self) -> io::Result<(Stream, PeerAddr)> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Without it, a response may wait for an acknowledgement. If it fails, responses are only slower.
                drop(stream.set_nodelay(true));
                Ok((Stream::Tcp(stream), PeerAddr::Ip(peer.ip())))
            }
            Socket::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Stream::Unix(stream), PeerAddr::Unix))
            }
        }
    }
}

impl fmt::Display for LocalAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LocalAddr::Tcp(addr) => addr.fmt(f),
            LocalAddr::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// An accepted connection.
pub enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    /// Writes what fits into the socket's buffer at once.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.try_write(bytes),
            Stream::Unix(stream) => stream.try_write(bytes),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Stream::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Stream::Tcp(stream) => stream.is_write_vectored(),
            Stream::Unix(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
