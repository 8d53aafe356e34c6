//! Routes as data, and the warp filters made from them: a path's filter finds the request's method among the routes of
//! that path, the cheapest refusal first.

use std::pin::{Pin, pin};
use std::sync::{Arc, LazyLock};

use futures_util::StreamExt;
use hyper::header::ETAG;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::reply::Response;
use warp::{Buf, Filter, Stream, any};

use super::Api;
use super::auth;
use super::head::Head;
use super::operation::Operation;
use super::reply;
use super::request::{self, Call};
use crate::error::{Code, Error};
use crate::types::etag::IfMatch;
use crate::types::idempotency::KeyedRequest;

type Handler = Box<dyn Fn(Api, Call) -> Answer + Send + Sync>;
type Answer = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

/// A method on a path, what is told of it, and the handler that answers it.
pub struct Route {
    pub method: Method,
    /// Below the base path; a segment that begins with a colon stands for any one.
    pub path: &'static str,
    /// Made only where it is told: a server that is not asked for it does not hold it.
    pub operation: LazyLock<Operation>,
    handler: Handler,
}

impl Route {
    pub(super) fn new<F, A>(method: Method, path: &'static str, operation: fn() -> Operation, handler: F) -> Self
    where
        F: Fn(Api, Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Response, Error>> + Send + 'static,
    {
        let handler = Box::new(move |api, call| Box::pin(handler(api, call)) as Answer);
        Route {
            method,
            path,
            operation: LazyLock::new(operation),
            handler,
        }
    }

    pub(super) fn writes(&self) -> bool {
        self.method != Method::GET
    }
}

/// Matches the segments of `path` and nothing else, for a filter to go on from.
pub fn prefix(path: &str) -> BoxedFilter<()> {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.fold(any().boxed(), |matched, segment| {
        matched.and(warp::path(segment.to_owned())).boxed()
    })
}

/// The values of a path's variable segments, as sent.
type Params = Vec<String>;

/// Matches the whole of `pattern` and hands on its variable segments.
fn path(pattern: &str) -> BoxedFilter<(Params,)> {
    let segments = pattern.split('/').filter(|segment| !segment.is_empty());
    let start = any().map(Params::new).boxed();
    let matched = segments.fold(start, |matched, segment| match segment.strip_prefix(':') {
        None => matched.and(warp::path(segment.to_owned())).boxed(),
        Some(_) => matched
            .and(warp::path::param::<String>())
            .map(|mut params: Params, param| {
                params.push(param);
                params
            })
            .boxed(),
    });
    matched.and(warp::path::end()).boxed()
}

/// The filter of a resource: one for each of its paths.
pub fn resource(api: &Api, routes: Vec<Route>) -> BoxedFilter<(Response,)> {
    let mut paths: Vec<(&'static str, Vec<Route>)> = Vec::new();
    for route in routes {
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, methods)) => methods.push(route),
            None => paths.push((route.path, vec![route])),
        }
    }
    paths
        .into_iter()
        .map(|(pattern, methods)| endpoint(api, pattern, methods))
        .reduce(|all, one| all.or(one).unify().boxed())
        .expect("a resource has routes")
}

fn endpoint(api: &Api, pattern: &str, methods: Vec<Route>) -> BoxedFilter<(Response,)> {
    let methods = Arc::new(methods);
    path(pattern)
        .and(head())
        .and(warp::body::stream())
        .and(with(api))
        .then(move |params, head: Arc<Head>, body, api: Api| {
            let methods = Arc::clone(&methods);
            async move {
                let mut body = pin!(StreamExt::fuse(body));
                let answer = dispatch(&methods, params, &head, body.as_mut(), &api).await;
                let mut response = answer.unwrap_or_else(|error| reply::error(&api.settings, &error, &head.request_id));
                if !body.is_done() {
                    request::finish(&head.headers, body, &mut response).await;
                }
                response
            }
        })
        .boxed()
}

/// Refuses in this order: who asks, with what method, whether that one may, the body's type and size, its syntax.
async fn dispatch<B: Buf>(
    methods: &[Route],
    params: Params,
    head: &Head,
    body: impl Stream<Item = Result<B, warp::Error>> + Send,
    api: &Api,
) -> Result<Response, Error> {
    let (caller, reading) = auth::authenticate(api, head.address, &head.headers)?;
    let route = methods.iter().find(|route| route.method == head.method);
    let Some(route) = route else {
        return Ok(reply::method_not_allowed(&api.settings, head, &allowed(methods)));
    };
    if route.writes() && caller.read_only {
        let message = "This token is read-only; use one that may write.";
        return Err(Error::new(Code::Forbidden, message));
    }
    let if_match = IfMatch(request::condition(&head.headers, "If-Match")?);
    let if_none_match = request::condition(&head.headers, "If-None-Match")?;
    let query = request::query(head)?;
    let key = match route.method {
        Method::POST => request::key(&head.headers)?,
        _ => None,
    };
    // No snapshot is kept while a body is on its way.
    let reading = (!route.writes() && !request::has_body(head)).then_some(reading);
    // What its body took in memory is held till its answer is there, and then what that takes.
    let mut place = api.room.place(caller.account);
    let body = request::body(head, body, &api.settings, route.writes(), &mut place).await?;
    let call = Call {
        caller,
        params,
        query,
        keyed: key.map(|key| KeyedRequest::new(key, head.method.as_str(), &head.uri.to_string(), &body.bytes)),
        body: body.fields()?,
        if_match,
        reading,
        request_id: head.request_id.clone(),
    };
    let response = (route.handler)(api.clone(), call).await?;
    match (if_none_match, response.headers().get(ETAG)) {
        (Some(condition), Some(etag)) if !route.writes() && condition.fits_weakly(etag.as_bytes()) => {
            Ok(reply::not_modified(response))
        }
        _ => place.keep(response).await,
    }
}

/// The value of `Allow`: HEAD goes where GET does.
fn allowed(methods: &[Route]) -> String {
    let names = methods.iter().map(|route| match &route.method {
        &Method::GET => "GET, HEAD",
        other => other.as_str(),
    });
    names.collect::<Vec<_>>().join(", ")
}

/// The filter of requests that `answer` answers without their bodies.
pub fn bodiless<F>(api: &Api, answer: F) -> BoxedFilter<(Response,)>
where
    F: Fn(&Api, &Head) -> Response + Clone + Send + Sync + 'static,
{
    head()
        .and(warp::body::stream())
        .and(with(api))
        .then(move |head: Arc<Head>, body, api: Api| {
            let mut response = answer(&api, &head);
            async move {
                request::finish(&head.headers, body, &mut response).await;
                response
            }
        })
        .boxed()
}

/// The answer to a path that is none.
pub fn unknown(api: &Api, head: &Head) -> Response {
    let error = auth::unknown_path(api, head.address, &head.headers);
    reply::error(&api.settings, &error, &head.request_id)
}

/// Hands on the head that `gate` took out of the request.
fn head() -> impl Filter<Extract = (Arc<Head>,), Error = warp::Rejection> + Copy {
    warp::ext::get::<Arc<Head>>()
}

/// Hands on the API.
fn with(api: &Api) -> impl Filter<Extract = (Api,), Error = std::convert::Infallible> + Clone + use<> {
    let api = api.clone();
    any().map(move || api.clone())
}
