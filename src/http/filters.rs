//! The warp filters that requests are matched with: small filters for a request's parts, composed here into the filter of a
//! path and of a resource, and in `api/routes.rs` into the filter of the whole API.
//!
//! Warp does the routing: each path is a filter, and composing filters is checked by the compiler. The method is data
//! instead. With `warp::get()` and the like a wrong method would be a rejection that says nothing about the path's other
//! methods, but `Allow`, the OpenAPI document and the tests that visit every route all need the list of routes. So the
//! filter of a path hands over to `dispatch`, which chooses a route by its method. Likewise, refused requests are responses
//! and not rejections: a rejection only ever means that a path does not match.

use std::convert::Infallible;
use std::sync::Arc;

use futures_util::FutureExt as _;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Rejection, any};

use super::auth::{self, Authenticated};
use super::body;
use super::dispatch;
use super::head::Head;
use super::path::Segments;
use super::response;
use super::route::Route;
use super::state::State;
use crate::error::Error;

/// An extension of responses: the pattern of the path that the request matched, below the base path. Absent if none did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchedRoute(pub &'static str);

/// Extracts the head, which `service` has put into the request's extensions.
pub fn head() -> impl Filter<Extract = (Arc<Head>,), Error = Rejection> + Copy {
    warp::ext::get::<Arc<Head>>()
}

/// Extracts the shared state.
pub fn with(state: &State) -> impl Filter<Extract = (State,), Error = Infallible> + Clone + use<> {
    let state = state.clone();
    any().map(move || state.clone())
}

/// Extracts the authenticated caller, or the error to respond with.
pub fn caller(
    state: &State,
) -> impl Filter<Extract = (Result<Authenticated, Error>,), Error = Rejection> + Clone + use<> {
    let authenticate = |head: Arc<Head>, state: State| auth::authenticate(&state, head.peer, &head.headers);
    head().and(with(state)).map(authenticate)
}

/// Matches the leading segments of a path.
pub fn prefix(path: &str) -> BoxedFilter<()> {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.fold(any().boxed(), |matched, segment| {
        matched.and(warp::path(segment.to_owned())).boxed()
    })
}

/// Matches a whole path and extracts its variable segments.
pub fn path(pattern: &str) -> BoxedFilter<(Segments,)> {
    let segments = pattern.split('/').filter(|segment| !segment.is_empty());
    let start = any().map(Segments::new).boxed();
    let matched = segments.fold(start, |matched, segment| match segment.strip_prefix(':') {
        None => matched.and(warp::path(segment.to_owned())).boxed(),
        Some(_) => matched
            .and(warp::path::param::<String>())
            .map(|mut segments: Segments, segment| {
                segments.push(segment);
                segments
            })
            .boxed(),
    });
    matched.and(warp::path::end()).boxed()
}

/// The filter of a resource: one filter for each of its paths.
pub fn resource(state: &State, routes: Vec<Route>) -> BoxedFilter<(Response,)> {
    let mut paths: Vec<(&'static str, Vec<Route>)> = Vec::new();
    for route in routes {
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, methods)) => methods.push(route),
            None => paths.push((route.path, vec![route])),
        }
    }
    let endpoints = paths
        .into_iter()
        .map(|(pattern, routes)| endpoint(state, pattern, routes));
    endpoints
        .reduce(|all, one| all.or(one).unify().boxed())
        .expect("a resource has routes")
}

/// The filter of a path and the routes that differ only by method.
fn endpoint(state: &State, pattern: &'static str, routes: Vec<Route>) -> BoxedFilter<(Response,)> {
    let routes: Arc<[Route]> = routes.into();
    path(pattern)
        .and(head())
        .and(caller(state))
        .and(warp::body::stream())
        .and(with(state))
        .then(move |segments, head, caller, body, state| {
            let call = dispatch::Request {
                segments,
                head,
                caller,
                state,
            };
            dispatch::respond(Arc::clone(&routes), call, body).map(move |response| matched(pattern, response))
        })
        .boxed()
}

/// The filter of a path outside the API, whose responses need neither a caller nor the request's body.
pub fn open<F>(state: &State, pattern: &'static str, respond: F) -> BoxedFilter<(Response,)>
where
    F: Fn(&State, &Head) -> Response + Clone + Send + Sync + 'static,
{
    let respond = move |state: &State, head: &Head| matched(pattern, respond(state, head));
    prefix(pattern)
        .and(warp::path::end())
        .and(without_body(state, respond))
        .boxed()
}

/// The filter of every path that no other filter matches.
pub fn unknown(state: &State) -> BoxedFilter<(Response,)> {
    without_body(state, |state, head| {
        let error = auth::unknown_path(state, head.peer, &head.headers);
        response::error(&state.settings, &error, &head.request_id)
    })
}

fn without_body<F>(state: &State, respond: F) -> BoxedFilter<(Response,)>
where
    F: Fn(&State, &Head) -> Response + Clone + Send + Sync + 'static,
{
    head()
        .and(warp::body::stream())
        .and(with(state))
        .then(move |head: Arc<Head>, body, state: State| {
            let mut response = respond(&state, &head);
            async move {
                body::finish(&head.headers, body, &mut response).await;
                response
            }
        })
        .boxed()
}

fn matched(pattern: &'static str, mut response: Response) -> Response {
    response.extensions_mut().insert(MatchedRoute(pattern));
    response
}
