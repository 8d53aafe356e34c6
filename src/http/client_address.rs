//! The client's address: the other end of the connection, or the address that a trusted proxy names in `X-Forwarded-For`.

use std::net::IpAddr;

use hyper::HeaderMap;
use ipnet::IpNet;

use super::peer_addr::PeerAddr;
use crate::types::peer::Peer;

const HEADER: &str = "x-forwarded-for";

/// The proxies whose `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(pub Vec<IpNet>);

impl TrustedProxies {
    /// Whether `end` is a trusted proxy. A Unix socket always is: whoever may connect to it is trusted.
    pub fn contains(&self, end: impl Into<PeerAddr>) -> bool {
        match end.into() {
            PeerAddr::Ip(address) => self.contains_ip(address),
            PeerAddr::Unix => true,
        }
    }

    fn contains_ip(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The peer that sent a request with these headers over a connection from `end`.
    pub(super) fn peer(&self, end: PeerAddr, headers: &HeaderMap) -> Peer {
        match self.contains(end) {
            true => self.forwarded(headers).map_or_else(|| end.into(), Peer::of),
            false => end.into(),
        }
    }

    /// The client's address according to `X-Forwarded-For`. Each proxy appends the address of its own client, so the
    /// rightmost address that is not a trusted proxy is the client's; anything further left may be forged. If all are
    /// trusted, it is the leftmost. `None` without the header or if an entry is not an address.
    fn forwarded(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let mut last = None;
        for line in headers.get_all(HEADER).iter().rev() {
            for entry in line.to_str().ok()?.rsplit(',') {
                let address = address(entry)?;
                if !self.contains_ip(address) {
                    return Some(address);
                }
                last = Some(address);
            }
        }
        last
    }
}

/// Parses an address as proxies write it: possibly with a port, brackets or a zone.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim_matches([' ', '\t']);
    let host = match entry.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some(host)?
        }
        // Several colons mean IPv6, which needs brackets to have a port.
        None => match entry.split_once(':') {
            Some((host, port)) if is_port(port) => host,
            _ => entry,
        },
    };
    let (host, _zone) = host.split_once('%').unwrap_or((host, ""));
    host.parse::<IpAddr>().ok()
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The peer of a request over a connection from `end`, if 10.0.0.0/8 and 2001:db8:ffff::1 are trusted proxies.
    fn peer_from(end: PeerAddr, lines: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "2001:db8:ffff::1/128"].map(|network| network.parse().unwrap());
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HEADER, line.parse().unwrap());
        }
        TrustedProxies(trusted.to_vec()).peer(end, &headers).to_string()
    }

    fn peer(lines: &[&str]) -> String {
        let proxy: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        peer_from(proxy.into(), lines)
    }

    #[test]
    fn a_unix_socket_is_a_trusted_proxy() {
        assert_eq!(peer_from(PeerAddr::Unix, &["192.0.2.1, 192.0.2.2"]), "192.0.2.2");
        assert_eq!(peer_from(PeerAddr::Unix, &[]), "unix");
    }

    #[test]
    fn the_peer_is_the_rightmost_address_that_is_not_a_trusted_proxy() {
        for (lines, expected) in [
            (&["192.0.2.1"][..], "192.0.2.1"),
            (&["192.0.2.1, 192.0.2.2"], "192.0.2.2"),
            (&["192.0.2.1, 192.0.2.2, 10.9.9.9"], "192.0.2.2"),
            (&["192.0.2.1,192.0.2.2,2001:db8:ffff::1,10.0.0.2"], "192.0.2.2"),
            (&["192.0.2.1", "192.0.2.2"], "192.0.2.2"),
            (&["192.0.2.1, 192.0.2.2", "10.0.0.2"], "192.0.2.2"),
            (&["anything, 192.0.2.2"], "192.0.2.2"),
            // All are trusted: the leftmost.
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (&["10.0.0.4", "10.0.0.3, 10.0.0.2"], "10.0.0.4"),
        ] {
            assert_eq!(peer(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn addresses_are_parsed_as_proxies_write_them() {
        for (entry, expected) in [
            ("192.0.2.1:4711", "192.0.2.1"),
            (" \t192.0.2.1 ", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("[::ffff:192.0.2.1]:80", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::/64"),
            ("[2001:db8::1]", "2001:db8::/64"),
            ("[2001:db8::1]:4711", "2001:db8::/64"),
            ("2001:DB8::1%eth0", "2001:db8::/64"),
            ("[fe80::1%eth0]:80", "fe80::/64"),
        ] {
            assert_eq!(peer(&[entry]), expected, "{entry:?}");
        }
    }

    #[test]
    fn an_invalid_header_is_ignored() {
        assert_eq!(peer(&[]), "10.0.0.1");
        for entry in [
            "",
            "unknown",
            "192.0.2.256",
            "192.0.2.1:",
            "192.0.2.1:http",
            "192.0.2.1:65536",
            "[192.0.2.1",
            "[2001:db8::1]x",
            "\"192.0.2.1\"",
            "192.0.2.1, ",
            "192.0.2.1, unknown, 10.0.0.2",
            "192.0.2.1 192.0.2.2",
        ] {
            assert_eq!(peer(&[entry]), "10.0.0.1", "{entry:?}");
        }
        assert_eq!(peer(&["192.0.2.1", "unknown"]), "10.0.0.1");
    }
}
