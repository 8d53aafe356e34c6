//! The limit on open connections, in all and for each peer. Trusted proxies and Unix sockets, which carry the
//! connections of many clients, have no limit of their own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::http::{PeerAddr, TrustedProxies};
use crate::types::peer::Peer;

/// Counts open connections. A clone is another handle to the same counts.
#[derive(Clone)]
pub struct ConnectionLimit {
    max: usize,
    max_per_peer: usize,
    proxies: TrustedProxies,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    total: usize,
    /// Peers without a connection have no entry.
    by_peer: HashMap<Peer, usize>,
}

/// The right to one connection, given back when this is dropped.
pub struct Permit {
    limit: ConnectionLimit,
    peer: Option<Peer>,
}

impl ConnectionLimit {
    pub fn new(max: usize, max_per_peer: usize, proxies: TrustedProxies) -> Self {
        ConnectionLimit {
            max,
            max_per_peer,
            proxies,
            open: Arc::default(),
        }
    }

    /// A permit for a connection from `peer`, unless a limit is reached.
    pub fn admit(&self, peer: PeerAddr) -> Option<Permit> {
        let limited = match peer {
            PeerAddr::Ip(address) if !self.proxies.contains(address) => Some(Peer::of(address)),
            _ => None,
        };
        let mut open = self.lock();
        if open.total >= self.max {
            return None;
        }
        if let Some(peer) = limited {
            let count = open.by_peer.get(&peer).copied().unwrap_or(0);
            if count >= self.max_per_peer {
                return None;
            }
            open.by_peer.insert(peer, count + 1);
        }
        open.total += 1;
        Some(Permit {
            limit: self.clone(),
            peer: limited,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.limit.lock();
        open.total -= 1;
        if let Some(peer) = self.peer
            && let Some(count) = open.by_peer.get_mut(&peer)
        {
            *count -= 1;
            if *count == 0 {
                open.by_peer.remove(&peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> PeerAddr {
        PeerAddr::Ip(text.parse().unwrap())
    }

    #[test]
    fn dropping_a_permit_frees_its_place() {
        let limit = ConnectionLimit::new(3, 2, TrustedProxies::default());
        let first = limit.admit(ip("127.0.0.1")).unwrap();
        let _second = limit.admit(ip("::ffff:127.0.0.1")).unwrap();
        assert!(limit.admit(ip("127.0.0.1")).is_none());
        let other = limit.admit(ip("127.0.0.2")).unwrap();
        assert!(limit.admit(ip("127.0.0.3")).is_none());
        drop(first);
        assert!(limit.admit(ip("127.0.0.3")).is_some());
        drop(other);
        assert_eq!(limit.lock().total, 1);
        assert_eq!(limit.lock().by_peer.len(), 1);
    }

    #[test]
    fn an_ipv6_network_is_one_peer() {
        let limit = ConnectionLimit::new(10, 1, TrustedProxies::default());
        let _one = limit.admit(ip("2001:db8::1")).unwrap();
        assert!(limit.admit(ip("2001:db8::ffff:1")).is_none());
        assert!(limit.admit(ip("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn only_the_overall_limit_applies_to_trusted_proxies_and_unix_sockets() {
        let limit = ConnectionLimit::new(3, 1, TrustedProxies(vec!["10.0.0.0/8".parse().unwrap()]));
        for peers in [["10.0.0.1", "::ffff:10.0.0.1", "10.0.0.1"].map(ip), [PeerAddr::Unix; 3]] {
            let open = peers.map(|peer| limit.admit(peer).unwrap());
            assert!(limit.admit(ip("10.0.0.1")).is_none() && limit.admit(PeerAddr::Unix).is_none());
            drop(open);
            assert_eq!(limit.lock().total, 0);
        }
    }
}
