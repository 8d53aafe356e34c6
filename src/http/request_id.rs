//! The id that correlates a request, its response and the log.

use hyper::HeaderMap;
use hyper::header::HeaderName;
use warp::http::HeaderValue;

use crate::types::id::Id;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// 1 to 128 visible ASCII characters.
#[derive(Clone)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The client's own id if it sent a valid one, otherwise a new one.
    pub fn of(headers: &HeaderMap) -> Self {
        const MAX_LENGTH: usize = 128;
        let fits = |value: &&HeaderValue| {
            (1..=MAX_LENGTH).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
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

    /// A fixed id for examples.
    pub fn sample() -> Self {
        RequestId(HeaderValue::from_static("LJZJxpLNwC9EFYZ1"))
    }

    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or("-")
    }

    /// Sets the `X-Request-Id` header.
    pub fn put_into(&self, headers: &mut HeaderMap) {
        headers.insert(HEADER, self.0.clone());
    }
}
