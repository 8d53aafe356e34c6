//! What `serve` prints when it is ready: its URL and, at the first start, a token.

use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::types::token::Token;

/// Prints the URL and, if there is one, the first token with a request that works when pasted.
pub fn greet(addr: SocketAddr, base_path: &str, first: Option<&Token>) {
    let url = format!("http://{}", reachable(addr));
    let mut text = format!("groups-server {} is listening on {url}\n", env!("CARGO_PKG_VERSION"));
    if let Some(token) = first {
        let token = token.reveal();
        text += &format!(
            "\nAccess token for the account `default` (it will not be shown again):\n\n    {token}\n\n\
             Try it:\n\n    curl {url}{base_path}/v1/groups -H \"Authorization: Bearer {token}\"\n\n"
        );
    }
    let mut out = io::stdout();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        tracing::warn!("standard output is closed: the URL and any new token could not be printed");
    }
}

/// The address for clients on this machine, which cannot connect to an unspecified one.
fn reachable(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, addr.port())
}
