//! A request without its body.

use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Uri};

use super::peer_addr::PeerAddr;
use super::request_id::RequestId;

/// A request without its body, extracted once and shared by everything that reads it.
pub struct Head {
    /// `GET` for a `HEAD` request: hyper omits the body of the response.
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    /// The other end of the connection.
    pub peer: PeerAddr,
    pub request_id: RequestId,
}

impl Head {
    /// Takes the headers out of `parts`; warp needs the rest for routing.
    pub fn take(parts: &mut Parts, peer: PeerAddr, request_id: &RequestId) -> Self {
        let method = match parts.method {
            Method::HEAD => Method::GET,
            ref other => other.clone(),
        };
        Head {
            method,
            uri: parts.uri.clone(),
            headers: std::mem::take(&mut parts.headers),
            peer,
            request_id: request_id.clone(),
        }
    }
}
