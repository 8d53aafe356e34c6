//! `/healthz`: the health check, which needs no token.

use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::reply::Response;

use crate::error::Error;
use crate::http::{Head, State, filters, response};
use crate::store::accounts;
use crate::types::json::Json;

pub fn filter(state: &State) -> BoxedFilter<(Response,)> {
    filters::open(state, "/healthz", respond)
}

fn respond(state: &State, head: &Head) -> Response {
    if head.method != Method::GET {
        return response::method_not_allowed(&state.settings, head, "GET, HEAD");
    }
    check(state).map_or_else(
        |error| response::error(&state.settings, &error, &head.request_id),
        response::ok,
    )
}

fn check(state: &State) -> Result<Json, Error> {
    if state.is_stopping() {
        return Err(Error::unavailable(
            "The server is shutting down.",
            "health check during shutdown",
        ));
    }
    if let Some(why) = state.store.failure() {
        return Err(Error::unavailable(
            "The database can no longer be written.",
            why.to_string(),
        ));
    }
    state
        .store
        .read(|conn| accounts::find(conn, accounts::DEFAULT))
        .map_err(|error| Error::unavailable("The database cannot be read.", error.to_string()))?;
    Ok(Json("{\"status\":\"ok\"}".to_owned()))
}
