//! Routes as data: what dispatch, `Allow`, the OpenAPI document and the tests that visit every route read.

use std::future::ready;
use std::pin::Pin;
use std::sync::LazyLock;

use warp::http::Method;
use warp::reply::Response;

use super::call::Call;
use super::operation::Operation;
use super::path::{Path, PathArguments};
use super::state::State;
use crate::error::Error;
use crate::types::id::Id;
use crate::types::kind::Kind;

/// The future that a handler returns.
pub type Handled = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

/// A function that handles calls of one route and takes the variables of its path as arguments.
pub trait Handler<A>: Send + Sync + 'static {
    fn handle(&self, state: State, call: Call, arguments: A) -> Handled;
}

impl<F, R> Handler<()> for F
where
    F: Fn(State, Call) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Response, Error>> + Send + 'static,
{
    fn handle(&self, state: State, call: Call, (): ()) -> Handled {
        Box::pin(self(state, call))
    }
}

impl<F, R> Handler<Id> for F
where
    F: Fn(State, Call, Id) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Response, Error>> + Send + 'static,
{
    fn handle(&self, state: State, call: Call, id: Id) -> Handled {
        Box::pin(self(state, call, id))
    }
}

impl<F, R> Handler<(Id, Id)> for F
where
    F: Fn(State, Call, Id, Id) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Response, Error>> + Send + 'static,
{
    fn handle(&self, state: State, call: Call, (first, second): (Id, Id)) -> Handled {
        Box::pin(self(state, call, first, second))
    }
}

/// A handler whose arguments are still to be parsed.
type Untyped = Box<dyn Fn(State, Call, &[String]) -> Handled + Send + Sync>;

/// A method on a path: its description and its handler.
pub struct Route {
    pub method: Method,
    /// Below the base path. A segment that starts with a colon is a variable.
    pub path: &'static str,
    /// The variables of the path and the kinds of objects that they name.
    pub variables: Vec<(&'static str, Kind)>,
    /// Built on first use: a server that is never asked for its documentation does not hold it.
    pub operation: LazyLock<Operation>,
    handler: Untyped,
}

impl Route {
    fn new<A: PathArguments>(
        method: Method,
        path: &Path<A>,
        operation: fn() -> Operation,
        handler: impl Handler<A>,
    ) -> Self {
        let kinds = path.kinds();
        let handler = move |state, call, segments: &[String]| match A::parse(segments, kinds) {
            Ok(arguments) => handler.handle(state, call, arguments),
            Err(error) => Box::pin(ready(Err(error))),
        };
        Route {
            method,
            path: path.pattern(),
            variables: path.variables(),
            operation: LazyLock::new(operation),
            handler: Box::new(handler),
        }
    }

    pub(crate) fn writes(&self) -> bool {
        self.method != Method::GET
    }

    /// Runs the handler with the values of the path's variables.
    pub(super) fn handle(&self, state: State, call: Call, segments: &[String]) -> Handled {
        (self.handler)(state, call, segments)
    }
}

impl<A: PathArguments> Path<A> {
    pub fn get(&self, operation: fn() -> Operation, handler: impl Handler<A>) -> Route {
        Route::new(Method::GET, self, operation, handler)
    }

    pub fn post(&self, operation: fn() -> Operation, handler: impl Handler<A>) -> Route {
        Route::new(Method::POST, self, operation, handler)
    }

    pub fn put(&self, operation: fn() -> Operation, handler: impl Handler<A>) -> Route {
        Route::new(Method::PUT, self, operation, handler)
    }

    pub fn patch(&self, operation: fn() -> Operation, handler: impl Handler<A>) -> Route {
        Route::new(Method::PATCH, self, operation, handler)
    }

    pub fn delete(&self, operation: fn() -> Operation, handler: impl Handler<A>) -> Route {
        Route::new(Method::DELETE, self, operation, handler)
    }
}

/// The value of `Allow` for a path with these routes. `HEAD` works wherever `GET` does.
pub fn allow(routes: &[Route]) -> String {
    let names = routes.iter().map(|route| match &route.method {
        &Method::GET => "GET, HEAD",
        other => other.as_str(),
    });
    names.collect::<Vec<_>>().join(", ")
}
