//! `/healthz`: whether the server can do its work, told without a token.

use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::reply::Response;

use super::gate::Head;
use super::{Api, reply, route};
use crate::error::{Code, Error};
use crate::store::accounts;
use crate::types::json::Json;

pub fn filter(api: &Api) -> BoxedFilter<(Response,)> {
    warp::path!("healthz")
        .and(route::head())
        .and(route::with(api))
        .map(|head: Arc<Head>, api: Api| {
            check(&api, &head.method).map_or_else(
                |error| {
                    let mut response = reply::error(&api.settings, &error, &head.request_id);
                    if error.code == Code::MethodNotAllowed {
                        reply::set_allow(&mut response, "GET, HEAD");
                    }
                    response
                },
                reply::ok,
            )
        })
        .boxed()
}

fn check(api: &Api, method: &Method) -> Result<Json, Error> {
    if method != Method::GET {
        let message = format!("{method} is not for this path, which has GET, HEAD.");
        return Err(Error::new(Code::MethodNotAllowed, message));
    }
    if api.is_stopping() {
        return Err(Error::unavailable(
            "The server is stopping.",
            "asked for its health while stopping",
        ));
    }
    api.store
        .read(|conn| accounts::find(conn, accounts::DEFAULT))
        .map_err(|error| Error::unavailable("The database cannot be read.", error.to_string()))?;
    Ok(Json("{\"status\":\"ok\"}".to_owned()))
}
