//! Whose request it is: the other end of its connection, or whom a proxy that is trusted names in `X-Forwarded-For`.

use std::net::IpAddr;

use hyper::HeaderMap;
use ipnet::IpNet;

use crate::types::peer::Peer;

const HEADER: &str = "x-forwarded-for";

/// The proxies whose word is taken for whose request it is.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(pub Vec<IpNet>);

impl TrustedProxies {
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The peer that sent a request with these headers over a connection from `address`.
    pub fn peer(&self, address: IpAddr, headers: &HeaderMap) -> Peer {
        match self.contains(address) {
            true => Peer::of(self.forwarded(headers).unwrap_or(address)),
            false => Peer::of(address),
        }
    }

    /// The address at the end of the way over proxies that are trusted. Each names, at the end, whom it was asked by: the
    /// rightmost that is not a trusted proxy itself is true, and whatever is to its left may be made up. None where there
    /// is no such header, or what stands there is no address.
    fn forwarded(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let mut last = None;
        for line in headers.get_all(HEADER).iter().rev() {
            for entry in line.to_str().ok()?.rsplit(',') {
                let address = address(entry)?;
                if !self.contains(address) {
                    return Some(address);
                }
                last = Some(address);
            }
        }
        last
    }
}

/// An address as proxies write it: also with a port, in brackets, or with a zone.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim_matches([' ', '\t']);
    let host = match entry.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some(host)?
        }
        // With more than one colon it is IPv6, which has a port only after brackets.
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

    /// The peer of a request from 10.0.0.1, a trusted proxy as all of 10.0.0.0/8 and 2001:db8:ffff::1 are.
    fn peer(lines: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "2001:db8:ffff::1/128"].map(|network| network.parse().unwrap());
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HEADER, line.parse().unwrap());
        }
        let address = "::ffff:10.0.0.1".parse().unwrap();
        TrustedProxies(trusted.to_vec()).peer(address, &headers).to_string()
    }

    #[test]
    fn the_peer_is_the_rightmost_that_is_no_trusted_proxy() {
        for (lines, named) in [
            (&["192.0.2.1"][..], "192.0.2.1"),
            (&["192.0.2.1, 192.0.2.2"], "192.0.2.2"),
            (&["192.0.2.1, 192.0.2.2, 10.9.9.9"], "192.0.2.2"),
            (&["192.0.2.1,192.0.2.2,2001:db8:ffff::1,10.0.0.2"], "192.0.2.2"),
            (&["192.0.2.1", "192.0.2.2"], "192.0.2.2"),
            (&["192.0.2.1, 192.0.2.2", "10.0.0.2"], "192.0.2.2"),
            (&["anything, 192.0.2.2"], "192.0.2.2"),
            // All are trusted: whoever was there first.
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (&["10.0.0.4", "10.0.0.3, 10.0.0.2"], "10.0.0.4"),
        ] {
            assert_eq!(peer(lines), named, "{lines:?}");
        }
    }

    #[test]
    fn an_address_is_read_as_proxies_write_it() {
        for (entry, named) in [
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
            assert_eq!(peer(&[entry]), named, "{entry:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_passed_over_for_the_connection_s_own_end() {
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
