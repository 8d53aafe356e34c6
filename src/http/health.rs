//! `/healthz`: whether the server can do its work, told without a token.

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::reply::Response;

use super::head::Head;
use super::{Api, reply, route};
use crate::error::Error;
use crate::store::accounts;
use crate::types::json::Json;

pub fn filter(api: &Api) -> BoxedFilter<(Response,)> {
    warp::path!("healthz").and(route::bodiless(api, answer)).boxed()
}

fn answer(api: &Api, head: &Head) -> Response {
    if head.method != Method::GET {
        return reply::method_not_allowed(&api.settings, head, "GET, HEAD");
    }
    check(api).map_or_else(|error| reply::error(&api.settings, &error, &head.request_id), reply::ok)
}

fn check(api: &Api) -> Result<Json, Error> {
    if api.is_stopping() {
        return Err(Error::unavailable(
            "The server is stopping.",
            "asked for its health while stopping",
        ));
    }
    if let Some(why) = api.store.failure() {
        return Err(Error::unavailable("Nothing can be written any more.", why.to_string()));
    }
    api.store
        .read(|conn| accounts::find(conn, accounts::DEFAULT))
        .map_err(|error| Error::unavailable("The database cannot be read.", error.to_string()))?;
    Ok(Json("{\"status\":\"ok\"}".to_owned()))
}
