//! The other end of a connection, whatever the transport.

use std::fmt;
use std::net::IpAddr;

use crate::types::peer::Peer;

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerAddr {
    Ip(IpAddr),
    /// A process on this machine, over a Unix socket. It has no address, and counts as a trusted proxy.
    Unix,
}

impl From<IpAddr> for PeerAddr {
    fn from(address: IpAddr) -> Self {
        PeerAddr::Ip(address)
    }
}

/// The peer that limits count this end as.
impl From<PeerAddr> for Peer {
    fn from(address: PeerAddr) -> Self {
        match address {
            PeerAddr::Ip(address) => Peer::of(address),
            PeerAddr::Unix => Peer::Unix,
        }
    }
}

impl fmt::Display for PeerAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PeerAddr::Ip(address) => write!(f, "{address}"),
            PeerAddr::Unix => f.write_str("unix"),
        }
    }
}
