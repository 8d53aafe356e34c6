//! Around every request: its id, the refusal of what must not reach the routes, a panic's answer, the log line.

use std::convert::Infallible;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;
use http_body_util::BodyDataStream;
use hyper::body::Incoming;
use hyper::header::{HOST, TRANSFER_ENCODING};
use hyper::service::Service;
use hyper::{HeaderMap, Method, Request, Version};
use hyper_util::service::TowerToHyperService;
use warp::filters::BoxedFilter;
use warp::http::HeaderValue;
use warp::reply::Response;

use super::head::{Head, RequestId};
use super::{Api, auth, reply, request};
use crate::error::{Code, Error};
use crate::types::quote::without_tokens;

/// The longest request target, in bytes.
const MAX_URI: usize = 8 << 10;

/// The most that a request's headers may hold, names and values, in bytes.
const MAX_HEADERS: usize = 16 << 10;

/// The way in, in front of the routes.
#[derive(Clone)]
pub struct Gate<R> {
    api: Api,
    routes: R,
}

/// What answers each request that the gate lets in; warp's own service, whose type has no name.
pub trait Routes: Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Clone {}

impl<R> Routes for R where R: Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Clone {}

/// The gate in front of warp's service of the filter that answers.
pub fn gate(api: Api, filter: BoxedFilter<(Response,)>) -> Gate<impl Routes> {
    let routes = TowerToHyperService::new(warp::service(filter));
    Gate { api, routes }
}

impl<R: Routes> Gate<R> {
    /// Answers a request, whatever it is, that came from `address`.
    pub async fn answer(&self, request: Request<Incoming>, address: IpAddr) -> Response {
        let started = Instant::now();
        let request_id = RequestId::of(request.headers());
        let (method, path) = (request.method().clone(), without_tokens(request.uri().path()));
        let answer = AssertUnwindSafe(self.route(request, address, &request_id))
            .catch_unwind()
            .await;
        let mut response = answer.unwrap_or_else(|_| {
            let error = Error::internal(format!("the handler of {method} {path} panicked"));
            reply::error(&self.api.settings, &error, &request_id)
        });
        request_id.put_into(response.headers_mut());
        tracing::info!(
            target: "request",
            method = method.as_str(),
            path,
            status = response.status().as_u16(),
            duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            request_id = request_id.as_str(),
        );
        response
    }

    async fn route(&self, request: Request<Incoming>, address: IpAddr, request_id: &RequestId) -> Response {
        let checked = self.check(&request, address);
        let (mut parts, body) = request.into_parts();
        if let Err(error) = checked {
            let mut response = reply::error(&self.api.settings, &error, request_id);
            request::finish(&parts.headers, BodyDataStream::new(body), &mut response).await;
            // The sender may take the body's end to be elsewhere.
            if parts.headers.contains_key(TRANSFER_ENCODING) {
                reply::close(&mut response);
            }
            return response;
        }
        let head = Head::take(&mut parts, address, request_id);
        parts.extensions.insert(Arc::new(head));
        let answer = self.routes.call(Request::from_parts(parts, body)).await;
        answer.unwrap_or_else(|never| match never {})
    }

    /// What warp does not bear or check, and the limits on a request's head.
    fn check(&self, request: &Request<Incoming>, address: IpAddr) -> Result<(), Error> {
        if !has_path(request) {
            return Err(auth::unknown_path(&self.api, address, request.headers()));
        }
        check_head(request)
    }
}

/// Whether the target is a path that a route may have: not CONNECT's `host:port`, nor OPTIONS's `*`; and without a
/// slash at its end, which warp would pass over.
fn has_path(request: &Request<Incoming>) -> bool {
    let path = request.uri().path();
    request.method() != Method::CONNECT && path.starts_with('/') && (path.len() == 1 || !path.ends_with('/'))
}

/// Holds a request's head to its limits, and its `Host` to RFC 9112.
pub fn check_head<B>(request: &Request<B>) -> Result<(), Error> {
    let (uri, headers) = (request.uri(), request.headers());
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    if target > MAX_URI {
        let message = format!("The URI has {target} bytes and may have {MAX_URI}.");
        return Err(Error::new(Code::UriTooLong, message));
    }
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if size > MAX_HEADERS {
        let message = format!("The headers have {size} bytes and may have {MAX_HEADERS}.");
        return Err(Error::new(Code::HeadersTooLarge, message));
    }
    let mut hosts = headers.get_all(HOST).iter();
    let valid = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.is_empty() || is_authority(host),
        (None, None) => request.version() < Version::HTTP_11,
        _ => false,
    };
    if !valid {
        return Err(Error::invalid(
            "Host",
            "must be given once, as HOST or HOST:PORT (RFC 9112, 3.2)",
        ));
    }
    check_coding(headers)
}

/// Refuses all but `chunked` alone: the HTTP layer asks only for that at the end, and leaves other codings undone.
fn check_coding(headers: &HeaderMap) -> Result<(), Error> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let known = match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        _ => false,
    };
    match known {
        true => Ok(()),
        false => Err(Error::invalid(
            "Transfer-Encoding",
            "must be `chunked`, given once (RFC 9112, 6.1)",
        )),
    }
}

fn is_authority(host: &HeaderValue) -> bool {
    let authority = host
        .to_str()
        .ok()
        .and_then(|host| host.parse::<warp::http::uri::Authority>().ok());
    authority.is_some_and(|authority| {
        let port = authority.as_str().strip_prefix(authority.host());
        !authority.host().is_empty() && port.is_some_and(is_port)
    })
}

/// What follows the host: nothing, or a colon and a number that a port can have, or none (RFC 3986, 3.2.3).
fn is_port(text: &str) -> bool {
    let digits = text.strip_prefix(':').unwrap_or_default();
    text.is_empty()
        || digits.is_empty() && text == ":"
        || digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;

    use super::super::Settings;
    use super::*;
    use crate::store::Store;

    /// A connection on which every request panics, twice: the second shows that the first did not end it.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_is_answered_with_500_and_the_connection_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("groups.db"), 1).unwrap();
        let routes = service_fn(|_: Request<Incoming>| async { panic!("planted") });
        let gate = Arc::new(Gate {
            api: Api::new(store, Settings::default()),
            routes,
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let client = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(addr).unwrap();
            let request = "GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).unwrap();
            let mut answers = String::new();
            stream.read_to_string(&mut answers).unwrap();
            answers
        });
        let (stream, _) = listener.accept().await.unwrap();
        let service = service_fn(|request| {
            let gate = Arc::clone(&gate);
            async move { Ok::<_, Infallible>(gate.answer(request, addr.ip()).await) }
        });
        http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await
            .unwrap();
        let answers = client.await.unwrap();
        assert_eq!(answers.matches("HTTP/1.1 500").count(), 2, "{answers}");
        assert!(
            answers.contains("\"code\":\"internal\"") && !answers.contains("planted"),
            "{answers}"
        );
    }
}
