//! From a request whose path matched to its response. Checks run in a fixed order: authentication, method, permission,
//! headers and query, the body's type and size, the body's syntax. The handler checks the path's ids and the parameters.

use std::pin::pin;
use std::sync::Arc;

use futures_util::StreamExt as _;
use hyper::header::ETAG;
use warp::http::Method;
use warp::reply::Response;
use warp::{Buf, Stream};

use super::auth::Authenticated;
use super::body::{self, Body};
use super::call::Call;
use super::conditional::{self, Condition, IfMatch};
use super::form;
use super::head::Head;
use super::idempotency;
use super::limits::Reservation;
use super::path::Segments;
use super::response;
use super::route::{Route, allow};
use super::state::State;
use crate::error::{Code, Error};
use crate::store::Reading;
use crate::store::tokens::Caller;
use crate::types::fields::Fields;
use crate::types::idempotency::Key;

/// A request whose path matched, without its body.
pub struct Request {
    pub segments: Segments,
    pub head: Arc<Head>,
    pub caller: Result<Authenticated, Error>,
    pub state: State,
}

/// Responds to a request on the path of `routes`, which differ only by method.
pub async fn respond<B: Buf>(
    routes: Arc<[Route]>,
    request: Request,
    body: impl Stream<Item = Result<B, warp::Error>> + Send,
) -> Response {
    let (head, state) = (Arc::clone(&request.head), request.state.clone());
    let mut body = pin!(body.fuse());
    let result = dispatch(&routes, request, body.as_mut()).await;
    let mut response = result.unwrap_or_else(|error| response::error(&state.settings, &error, &head.request_id));
    if !body.is_done() {
        body::finish(&head.headers, body, &mut response).await;
    }
    response
}

async fn dispatch<B: Buf>(
    routes: &[Route],
    request: Request,
    body: impl Stream<Item = Result<B, warp::Error>> + Send + Unpin,
) -> Result<Response, Error> {
    let Request {
        segments,
        head,
        caller,
        state,
    } = request;
    let (caller, reading) = caller?;
    let Some(route) = routes.iter().find(|route| route.method == head.method) else {
        return Ok(response::method_not_allowed(&state.settings, &head, &allow(routes)));
    };
    check_permission(route, caller)?;
    let mut parameters = HeadParameters::parse(route, &head)?;
    let if_none_match = parameters.if_none_match.take();
    // No snapshot is held while a body arrives.
    let reading = (!route.writes() && !body::is_expected(&head)).then_some(reading);
    // Covers the request's body until the handler is done, and then the response's.
    let mut reservation = state.memory.reservation(caller.account);
    let body = body::read(&head, body, &state.settings, route.writes(), &mut reservation).await?;
    let call = parameters.into_call(caller, reading, &head, body)?;
    let response = route.handle(state.clone(), call, &segments).await?;
    conclude(route, if_none_match, response, reservation).await
}

fn check_permission(route: &Route, caller: Caller) -> Result<(), Error> {
    if route.writes() && caller.read_only {
        let message = "This token is read-only; use a token with write access.";
        return Err(Error::new(Code::Forbidden, message));
    }
    Ok(())
}

/// What the head says, apart from authentication and the body's type.
struct HeadParameters {
    if_match: IfMatch,
    if_none_match: Option<Condition>,
    query: Fields,
    key: Option<Key>,
}

impl HeadParameters {
    fn parse(route: &Route, head: &Head) -> Result<Self, Error> {
        Ok(HeadParameters {
            if_match: IfMatch(conditional::condition(&head.headers, conditional::IF_MATCH)?),
            if_none_match: conditional::condition(&head.headers, conditional::IF_NONE_MATCH)?,
            query: parse_query(head)?,
            key: match route.method {
                Method::POST => idempotency::key(&head.headers)?,
                _ => None,
            },
        })
    }

    fn into_call(self, caller: Caller, reading: Option<Reading>, head: &Head, body: Body) -> Result<Call, Error> {
        Ok(Call {
            caller,
            query: self.query,
            keyed: self.key.map(|key| idempotency::keyed(key, head, &body.bytes)),
            body: body.fields()?,
            if_match: self.if_match,
            reading,
            request_id: head.request_id.clone(),
        })
    }
}

fn parse_query(head: &Head) -> Result<Fields, Error> {
    form::parse_query(head.uri.query().unwrap_or_default()).map_err(|error| Error {
        code: Code::ParameterInvalid,
        ..error
    })
}

/// Replaces the response to a read by `304` if the client has the object, and reserves memory for any other response.
async fn conclude(
    route: &Route,
    if_none_match: Option<Condition>,
    response: Response,
    reservation: Reservation,
) -> Result<Response, Error> {
    match (if_none_match, response.headers().get(ETAG)) {
        (Some(condition), Some(etag)) if !route.writes() && condition.matches_weakly(etag.as_bytes()) => {
            Ok(response::not_modified(response))
        }
        _ => reservation.cover(response).await,
    }
}
