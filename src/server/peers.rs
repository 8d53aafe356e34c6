//! How many connections there are, overall and of each peer that is not a trusted proxy, over which many come.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::http::TrustedProxies;
use crate::types::peer::Peer;

/// The connections there are. A clone is another handle to the same count.
#[derive(Clone)]
pub struct Peers {
    most: usize,
    most_per_peer: usize,
    proxies: TrustedProxies,
    open: Arc<Mutex<HashMap<Peer, usize>>>,
}

/// One connection's place, free again when this is dropped.
pub struct Guard {
    peers: Peers,
    peer: Peer,
}

impl Peers {
    pub fn new(most: usize, most_per_peer: usize, proxies: TrustedProxies) -> Self {
        Peers {
            most,
            most_per_peer,
            proxies,
            open: Arc::default(),
        }
    }

    /// A place for a connection from `address`, if there is one.
    pub fn admit(&self, address: IpAddr) -> Option<Guard> {
        let peer = Peer::of(address);
        let mut open = self.lock();
        let total: usize = open.values().sum();
        let count = open.get(&peer).copied().unwrap_or(0);
        if total >= self.most || count >= self.most_per_peer && !self.proxies.contains(address) {
            return None;
        }
        open.insert(peer, count + 1);
        Some(Guard {
            peers: self.clone(),
            peer,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Peer, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut open = self.peers.lock();
        if let Some(count) = open.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_is_free_again_when_its_guard_is_dropped() {
        let peers = Peers::new(3, 2, TrustedProxies::default());
        let first = peers.admit(ip("127.0.0.1")).unwrap();
        let _second = peers.admit(ip("::ffff:127.0.0.1")).unwrap();
        assert!(peers.admit(ip("127.0.0.1")).is_none());
        let _other = peers.admit(ip("127.0.0.2")).unwrap();
        assert!(peers.admit(ip("127.0.0.3")).is_none());
        drop(first);
        assert!(peers.admit(ip("127.0.0.3")).is_some());
        assert_eq!(peers.lock().len(), 2);
    }

    #[test]
    fn an_ipv6_network_is_one_peer() {
        let peers = Peers::new(10, 1, TrustedProxies::default());
        let _one = peers.admit(ip("2001:db8::1")).unwrap();
        assert!(peers.admit(ip("2001:db8::ffff:1")).is_none());
        assert!(peers.admit(ip("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn a_trusted_proxy_has_as_many_connections_as_there_are() {
        let peers = Peers::new(3, 1, TrustedProxies(vec!["10.0.0.0/8".parse().unwrap()]));
        let _open = ["10.0.0.1", "::ffff:10.0.0.1", "10.0.0.1"].map(|address| peers.admit(ip(address)).unwrap());
        assert!(peers.admit(ip("10.0.0.1")).is_none());
    }
}
