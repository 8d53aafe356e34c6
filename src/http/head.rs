//! A request's head, and the id by which a request is known in its answer and in the log.

use std::net::IpAddr;

use hyper::header::HeaderName;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Uri};
use warp::http::HeaderValue;

use crate::types::id::Id;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// A request without its body: taken out of it once and shared by all who read it.
pub struct Head {
    /// GET where HEAD was sent: the HTTP layer leaves the body out.
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    /// The other end of the connection.
    pub address: IpAddr,
    pub request_id: RequestId,
}

impl Head {
    /// Takes the head out of a request; what warp routes by stays in it.
    pub fn take(parts: &mut Parts, address: IpAddr, request_id: &RequestId) -> Self {
        let method = match parts.method {
            Method::HEAD => Method::GET,
            ref other => other.clone(),
        };
        Head {
            method,
            uri: parts.uri.clone(),
            headers: std::mem::take(&mut parts.headers),
            address,
            request_id: request_id.clone(),
        }
    }
}

/// 1 to 128 visible ASCII characters: the client's own, or new ones.
#[derive(Clone)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The request's own id, if it sent one that is one, else a new one.
    pub fn of(headers: &HeaderMap) -> Self {
        const LONGEST: usize = 128;
        let fits = |value: &&HeaderValue| {
            (1..=LONGEST).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
        };
        headers
            .get(HEADER)
            .filter(fits)
            .cloned()
            .map_or_else(Self::random, RequestId)
    }

    pub fn random() -> Self {
        RequestId(HeaderValue::from_str(Id::random().as_str()).expect("an id is visible ASCII"))
    }

    /// The one that examples show.
    pub fn sample() -> Self {
        RequestId(HeaderValue::from_static("LJZJxpLNwC9EFYZ1"))
    }

    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or("-")
    }

    /// Sets the header that tells it.
    pub fn put_into(&self, headers: &mut HeaderMap) {
        headers.insert(HEADER, self.0.clone());
    }
}
