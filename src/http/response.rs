//! Responses: the only place that knows status codes.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, LOCATION,
    REFERRER_POLICY, RETRY_AFTER, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use serde::Serialize;
use warp::http::HeaderValue;
use warp::reply::Response;

use super::conditional::ETag;
use super::head::Head;
use super::request_id::RequestId;
use super::settings::Settings;
use crate::error::{Code, Error};
use crate::store::idempotency::StoredResponse;
use crate::types::json::Json;

/// `200` with JSON that has no ETag: a page of a list, or the server's health.
pub fn ok(json: Json) -> Response {
    with_json(StatusCode::OK, json.0)
}

/// `200` with an object and its ETag.
pub fn object(json: Json) -> Response {
    with_etag(StatusCode::OK, json)
}

/// `304` in place of a `response` whose object the client already has.
pub fn not_modified(mut response: Response) -> Response {
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    *response.body_mut() = Response::default().into_body();
    response.headers_mut().remove(CONTENT_TYPE);
    response
}

/// `201` with the new object, its ETag and its `Location`; `path` is below the base path.
pub fn created(settings: &Settings, path: &str, json: Json) -> Response {
    let mut response = with_etag(StatusCode::CREATED, json);
    let location = settings.link(&format!("{}{path}", settings.base_path));
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// The response to a request that created an object at a path, or that failed, as it is stored for replays.
pub fn to_stored(
    settings: &Settings,
    created: Result<(String, Json), Error>,
    request_id: &RequestId,
) -> StoredResponse {
    match created {
        Ok((path, Json(body))) => StoredResponse {
            status: StatusCode::CREATED.as_u16(),
            location: Some(path),
            body,
        },
        Err(error) => StoredResponse {
            status: status(error.code).0.as_u16(),
            location: None,
            body: error_body(settings, &error, request_id),
        },
    }
}

/// A stored response, sent for the first time or replayed.
pub fn from_stored(settings: &Settings, stored: StoredResponse, replayed: bool) -> Response {
    let mut response = match stored.location {
        Some(path) => created(settings, &path, Json(stored.body)),
        None => {
            let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::BAD_REQUEST);
            with_json(status, stored.body)
        }
    };
    if replayed {
        let headers = response.headers_mut();
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}

/// `200` with a document that a browser may show; `policy` is its Content-Security-Policy.
pub fn document(content_type: &'static str, policy: &'static str, text: Bytes) -> Response {
    let mut response = Response::new(text.into());
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, content_type),
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

/// Declares that the body is compressed with gzip.
pub fn gzipped(mut response: Response) -> Response {
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

/// The response to a failed request. Logs the error's detail, which the client does not see.
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

/// Announces that the connection closes after this response, because the rest of the request is not read.
pub fn close(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
}

/// `503` as the bytes of a whole HTTP/1.1 response, for a connection over the limit.
pub fn too_many_connections(settings: &Settings) -> String {
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

/// `405` with the methods that the path allows.
pub fn method_not_allowed(settings: &Settings, head: &Head, allow: &str) -> Response {
    let message = format!("{} is not allowed here; use {allow}.", head.method);
    let not_allowed = Error::new(Code::MethodNotAllowed, message);
    let mut response = error(settings, &not_allowed, &head.request_id);
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

/// The body of an error, with its properties in the contract's order.
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

/// The body of an error as JSON.
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

/// The status and the name of each code.
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
