//! Answers: the only place that knows status codes.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, LOCATION,
    REFERRER_POLICY, RETRY_AFTER, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use serde::Serialize;
use warp::http::HeaderValue;
use warp::reply::Response;

use super::Settings;
use super::head::{Head, RequestId};
use crate::error::{Code, Error};
use crate::store::idempotency::StoredResponse as Answer;
use crate::types::etag::ETag;
use crate::types::json::Json;

/// `200` and what is no object of its own: a list, or the server's health.
pub fn ok(json: Json) -> Response {
    with_json(StatusCode::OK, json.0)
}

/// `200`, the object and its tag.
pub fn object(json: Json) -> Response {
    with_etag(StatusCode::OK, json)
}

/// `304` to an object that the caller has, told by the tag in the `response` with the whole of it.
pub fn not_modified(mut response: Response) -> Response {
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    *response.body_mut() = Response::default().into_body();
    response.headers_mut().remove(CONTENT_TYPE);
    response
}

/// `201`, the new object, its tag, and `path` (below the base path) in `Location`.
pub fn created(settings: &Settings, path: &str, json: Json) -> Response {
    let mut response = with_etag(StatusCode::CREATED, json);
    let location = settings.link(&format!("{}{path}", settings.base_path));
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// What is kept of the answer to a request that makes an object at `path`, or that is refused.
pub fn keep(settings: &Settings, made: Result<(String, Json), Error>, request_id: &RequestId) -> Answer {
    match made {
        Ok((path, Json(body))) => Answer {
            status: StatusCode::CREATED.as_u16(),
            location: Some(path),
            body,
        },
        Err(error) => Answer {
            status: status(error.code).0.as_u16(),
            location: None,
            body: error_body(settings, &error, request_id),
        },
    }
}

/// A kept answer, given for the first time or again.
pub fn kept(settings: &Settings, answer: Answer, replayed: bool) -> Response {
    let mut response = match answer.location {
        Some(path) => created(settings, &path, Json(answer.body)),
        None => {
            let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_REQUEST);
            with_json(status, answer.body)
        }
    };
    if replayed {
        let headers = response.headers_mut();
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}

/// `200` and a page, or what belongs to one, which may do what `policy` says.
pub fn document(kind: &'static str, policy: &'static str, text: Bytes) -> Response {
    let mut response = Response::new(text.into());
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-cache"),
        (VARY, "accept-encoding"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The same, whose body is compressed.
pub fn zipped(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response
}

/// `204` without a body.
pub fn no_content() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// The error as the contract has it; what is for the log alone goes there.
pub fn error(settings: &Settings, error: &Error, request_id: &RequestId) -> Response {
    let (status, name) = status(error.code);
    if let Some(detail) = &error.detail {
        tracing::error!(request_id = request_id.as_str(), "{name}: {detail}");
    }
    let mut response = with_json(status, error_body(settings, error, request_id));
    let headers = response.headers_mut();
    if error.code == Code::Unauthorized {
        let challenge = HeaderValue::from_static("Bearer realm=\"groups-server\"");
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    if let Some(seconds) = error.retry_after {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// Tells that the connection cannot go on, as the rest of the request is not read.
pub fn close(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
}

/// The whole answer, as bytes of HTTP/1.1, to a connection that is not let in.
pub fn turned_away(settings: &Settings) -> String {
    let request_id = RequestId::random();
    let error = Error::new(Code::Unavailable, "Too many connections; try again soon.");
    let (status, _) = status(error.code);
    let body = error_body(settings, &error, &request_id);
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nretry-after: 1\r\n\
         x-request-id: {}\r\nconnection: close\r\n\r\n{body}",
        body.len(),
        request_id.as_str(),
    )
}

/// `405` with the methods that the path has.
pub fn method_not_allowed(settings: &Settings, head: &Head, allow: &str) -> Response {
    let message = format!("{} is not for this path, which has {allow}.", head.method);
    let refused = Error::new(Code::MethodNotAllowed, message);
    let mut response = error(settings, &refused, &head.request_id);
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

/// An error's body, its properties in the contract's order.
#[derive(Serialize)]
struct ErrorBody<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    code: &'static str,
    message: &'a str,
    param: Option<&'a str>,
    documentation_url: String,
    request_id: &'a str,
}

pub fn error_body(settings: &Settings, error: &Error, request_id: &RequestId) -> String {
    let (_, name) = status(error.code);
    let body = ErrorBody {
        kind: if error.is_ours() {
            "api_error"
        } else {
            "invalid_request"
        },
        code: name,
        message: &error.message,
        param: error.param.as_deref(),
        documentation_url: settings.link(&format!("/docs#errors-{name}")),
        request_id: request_id.as_str(),
    };
    serde_json::to_string(&body).expect("strings always serialize")
}

/// The contract's table: status and name of each code.
pub fn status(code: Code) -> (StatusCode, &'static str) {
    match code {
        Code::BodyMalformed => (StatusCode::BAD_REQUEST, "body_malformed"),
        Code::ParameterMissing => (StatusCode::BAD_REQUEST, "parameter_missing"),
        Code::ParameterInvalid => (StatusCode::BAD_REQUEST, "parameter_invalid"),
        Code::ParameterUnknown => (StatusCode::BAD_REQUEST, "parameter_unknown"),
        Code::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
        Code::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
        Code::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        Code::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
        Code::Conflict => (StatusCode::CONFLICT, "conflict"),
        Code::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, "precondition_failed"),
        Code::IdempotencyMismatch => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch"),
        Code::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        Code::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
        Code::UriTooLong => (StatusCode::URI_TOO_LONG, "uri_too_long"),
        Code::HeadersTooLarge => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large"),
        Code::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
        Code::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Code::StorageFull => (StatusCode::INSUFFICIENT_STORAGE, "storage_full"),
    }
}

fn with_etag(status: StatusCode, json: Json) -> Response {
    let etag = HeaderValue::from_str(ETag::of(&json).as_str());
    let mut response = with_json(status, json.0);
    response
        .headers_mut()
        .insert(ETAG, etag.expect("a tag is visible ASCII"));
    response
}

fn with_json(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
