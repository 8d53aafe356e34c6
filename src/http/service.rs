//! Around every request: its id, limits on its head, the response to a panic, and the request log.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;
use http_body_util::BodyDataStream;
use hyper::body::Incoming;
use hyper::header::{HOST, TRANSFER_ENCODING};
use hyper::service::Service as HyperService;
use hyper::{HeaderMap, Method, Request, Version};
use hyper_util::service::TowerToHyperService;
use warp::filters::BoxedFilter;
use warp::http::HeaderValue;
use warp::reply::Response;

use super::head::Head;
use super::peer_addr::PeerAddr;
use super::request_id::RequestId;
use super::state::State;
use super::{auth, body, response};
use crate::error::{Code, Error};
use crate::types::redact::without_tokens;

/// The maximum length of a request target, in bytes.
const MAX_URI: usize = 8 << 10;

/// The maximum size of all header names and values together, in bytes.
const MAX_HEADERS: usize = 16 << 10;

/// What connections call for each request.
#[derive(Clone)]
pub struct Service<R> {
    state: State,
    routes: R,
}

/// What responds to requests that pass the checks: warp's service, whose type has no name.
pub trait Routes:
    HyperService<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Clone
{
}

impl<R> Routes for R where
    R: HyperService<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Clone
{
}

/// The service of a filter that responds to every request.
pub fn service(state: State, filter: BoxedFilter<(Response,)>) -> Service<impl Routes> {
    let routes = TowerToHyperService::new(warp::service(filter));
    Service { state, routes }
}

impl<R: Routes> Service<R> {
    /// Responds to any request from `peer`, and logs it.
    pub async fn respond(&self, request: Request<Incoming>, peer: PeerAddr) -> Response {
        let started = Instant::now();
        let request_id = RequestId::of(request.headers());
        let (method, path) = (request.method().clone(), without_tokens(request.uri().path()));
        let responded = AssertUnwindSafe(self.route(request, peer, &request_id))
            .catch_unwind()
            .await;
        let mut response = responded.unwrap_or_else(|_| {
            let error = Error::internal(format!("the handler of {method} {path} panicked"));
            response::error(&self.state.settings, &error, &request_id)
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

    async fn route(&self, request: Request<Incoming>, peer: PeerAddr, request_id: &RequestId) -> Response {
        let checked = self.check(&request, peer);
        let (mut parts, body) = request.into_parts();
        if let Err(error) = checked {
            let mut response = response::error(&self.state.settings, &error, request_id);
            body::finish(&parts.headers, BodyDataStream::new(body), &mut response).await;
            // After a transfer coding that was rejected, client and server may disagree about where the body ends.
            if parts.headers.contains_key(TRANSFER_ENCODING) {
                response::close(&mut response);
            }
            return response;
        }
        let head = Head::take(&mut parts, peer, request_id);
        parts.extensions.insert(Arc::new(head));
        let response = self.routes.call(Request::from_parts(parts, body)).await;
        response.unwrap_or_else(|never| match never {})
    }

    /// Rejects targets that would make warp panic, and heads over the limits.
    fn check(&self, request: &Request<Incoming>, peer: PeerAddr) -> Result<(), Error> {
        if !has_path(request) {
            return Err(auth::unknown_path(&self.state, peer, request.headers()));
        }
        check_head(request)
    }
}

/// Whether the target is a path that a route may have: not `host:port` as in CONNECT, nor `*` as in OPTIONS, and without a
/// trailing slash, which warp would ignore.
fn has_path(request: &Request<Incoming>) -> bool {
    let path = request.uri().path();
    request.method() != Method::CONNECT && path.starts_with('/') && (path.len() == 1 || !path.ends_with('/'))
}

/// Checks the sizes of a request's head, `Host` (RFC 9112, 3.2) and `Transfer-Encoding`.
pub fn check_head<B>(request: &Request<B>) -> Result<(), Error> {
    let (uri, headers) = (request.uri(), request.headers());
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    if target > MAX_URI {
        let message = format!("The URI is {target} bytes long; the limit is {MAX_URI}.");
        return Err(Error::new(Code::UriTooLong, message));
    }
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if size > MAX_HEADERS {
        let message = format!("The headers are {size} bytes long; the limit is {MAX_HEADERS}.");
        return Err(Error::new(Code::HeadersTooLarge, message));
    }
    check_host(request)?;
    check_transfer_encoding(headers)
}

fn check_host<B>(request: &Request<B>) -> Result<(), Error> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let is_valid = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.is_empty() || is_authority(host),
        (None, None) => request.version() < Version::HTTP_11,
        _ => false,
    };
    match is_valid {
        true => Ok(()),
        false => Err(Error::invalid(
            "Host",
            "must be given once, as HOST or HOST:PORT (RFC 9112, 3.2)",
        )),
    }
}

/// Rejects everything but a single `chunked`: hyper only requires that `chunked` comes last, and does not decode the others.
fn check_transfer_encoding(headers: &HeaderMap) -> Result<(), Error> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let is_supported = match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        _ => false,
    };
    match is_supported {
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

/// What may follow the host: nothing, or a colon and a port, which may be empty (RFC 3986, 3.2.3).
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

    use super::super::settings::Settings;
    use super::*;
    use crate::store::Store;

    /// Two requests on one connection: the second shows that the first panic did not end it.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_returns_500_and_the_connection_stays_open() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("groups.db"), 1).unwrap();
        let routes = service_fn(|_: Request<Incoming>| async { panic!("planted") });
        let service = Arc::new(Service {
            state: State::new(store, Settings::default()),
            routes,
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let client = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(addr).unwrap();
            let request = "GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).unwrap();
            let mut responses = String::new();
            stream.read_to_string(&mut responses).unwrap();
            responses
        });
        let (stream, _) = listener.accept().await.unwrap();
        let service = service_fn(|request| {
            let service = Arc::clone(&service);
            async move { Ok::<_, Infallible>(service.respond(request, addr.ip().into()).await) }
        });
        http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await
            .unwrap();
        let responses = client.await.unwrap();
        assert_eq!(responses.matches("HTTP/1.1 500").count(), 2, "{responses}");
        assert!(
            responses.contains("\"code\":\"internal\"") && !responses.contains("planted"),
            "{responses}"
        );
    }
}
