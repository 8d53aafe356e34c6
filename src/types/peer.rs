//! Who counts as one client for the limits on connections and on wrong tokens.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// An IPv4 address, an IPv6 /64 (whoever has one of its addresses has them all), or the processes on this machine that
/// connect over a Unix socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    Ip(IpAddr),
    Unix,
}

impl Peer {
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Peer::Ip(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
            }
            address @ IpAddr::V4(_) => Peer::Ip(address),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Ip(IpAddr::V4(address)) => write!(f, "{address}"),
            Peer::Ip(IpAddr::V6(network)) => write!(f, "{network}/64"),
            Peer::Unix => f.write_str("unix"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_address_and_an_ipv6_network_are_one_peer_each() {
        for (address, peer) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::/64"),
            ("2001:db8::ffff:1", "2001:db8::/64"),
            ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ] {
            assert_eq!(Peer::of(address.parse().unwrap()).to_string(), peer);
        }
    }
}
