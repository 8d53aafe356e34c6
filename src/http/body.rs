//! Request bodies: read within bounds of size, time and memory, and parsed as JSON or as a form.

use std::pin::pin;
use std::time::Duration;

use bytes::BufMut as _;
use futures_util::{StreamExt as _, stream};
use hyper::HeaderMap;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, TRANSFER_ENCODING};
use tokio::time::{Instant, timeout, timeout_at};
use warp::http::HeaderValue;
use warp::reply::Response;
use warp::{Buf, Stream};

use super::form;
use super::head::Head;
use super::limits::Reservation;
use super::response;
use super::settings::Settings;
use crate::error::{Code, Error};
use crate::types::fields::Fields;
use crate::types::json;
use crate::types::text::without_byte_order_mark;

/// How much of an unwanted body is read and dropped, in bytes, and for how long.
const MAX_DRAINED: usize = 64 << 10;
const DRAIN_DEADLINE: Duration = Duration::from_secs(1);

/// A whole body and the encoding that the headers declare. A wrong encoding is an error only once the body is parsed.
pub struct Body {
    pub bytes: Vec<u8>,
    encoding: Result<Encoding, Error>,
}

impl Body {
    pub fn new(headers: &HeaderMap, bytes: Vec<u8>) -> Self {
        let encoding = encoding(headers);
        Body { bytes, encoding }
    }

    /// The parameters in the body; none if it is empty.
    pub fn fields(self) -> Result<Fields, Error> {
        let text = without_byte_order_mark(&self.bytes);
        if text.is_empty() {
            return Ok(Fields::default());
        }
        match self.encoding? {
            Encoding::Json => json::object("The body", text),
            Encoding::Form => parse_form(text),
            Encoding::Unspecified => Err(unsupported("The body has no Content-Type")),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Json,
    Form,
    /// Valid for an empty body.
    Unspecified,
}

/// Whether the request announces a body (RFC 9112, 6.3).
pub fn is_expected(head: &Head) -> bool {
    let has_length = head.headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0");
    has_length || head.headers.contains_key(TRANSFER_ENCODING)
}

/// Reads the whole body into memory, which `reservation` covers. If `wanted` is false, the content type matters only for a
/// body that is not empty.
///
/// # Errors
/// `unsupported_media_type`, `body_too_large`; `body_malformed` if it does not arrive in time; `unavailable` without memory.
pub async fn read<B: Buf>(
    head: &Head,
    body: impl Stream<Item = Result<B, warp::Error>> + Send + Unpin,
    settings: &Settings,
    wanted: bool,
    reservation: &mut Reservation,
) -> Result<Body, Error> {
    let encoding = encoding(&head.headers);
    if wanted && let Err(error) = encoding {
        return Err(error);
    }
    let announced = head
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > settings.max_body as u64) {
        return Err(too_large(settings.max_body));
    }
    let mut chunks = pin!(bounded(body, settings.max_body, settings.body_deadline));
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        bytes.reserve(chunk.remaining());
        reservation.resize(bytes.capacity())?;
        bytes.put(chunk);
    }
    Ok(Body { bytes, encoding })
}

/// The chunks of a body, up to `max` bytes in all and until `deadline` from now; an error is the last item. Counts the bytes
/// that arrive, because a chunked body does not announce its length and an announced length may be wrong.
pub fn bounded<B: Buf>(
    body: impl Stream<Item = Result<B, warp::Error>> + Send + Unpin,
    max: usize,
    deadline: Duration,
) -> impl Stream<Item = Result<B, Error>> + Send {
    let end = Instant::now() + deadline;
    stream::unfold((body, Some(max)), move |(mut body, left)| async move {
        let left = left?;
        let next = match timeout_at(end, body.next()).await {
            Ok(next) => next?.map_err(|error| malformed(format!("The body could not be read completely: {error}."))),
            Err(_) => Err(malformed(format!("The body did not arrive within {deadline:?}."))),
        };
        let counted = next.and_then(|chunk| {
            let left = left.checked_sub(chunk.remaining());
            left.map(|left| (chunk, left)).ok_or_else(|| too_large(max))
        });
        Some(match counted {
            Ok((chunk, left)) => (Ok(chunk), (body, Some(left))),
            Err(error) => (Err(error), (body, None)),
        })
    })
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Error> {
    let is_identity = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(CONTENT_ENCODING).iter().all(is_identity) {
        let message = "The body must be sent without a Content-Encoding.";
        return Err(Error::new(Code::UnsupportedMediaType, message));
    }
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let Some(value) = types.next() else {
        return Ok(Encoding::Unspecified);
    };
    if types.next().is_some() {
        return Err(unsupported("The body has more than one Content-Type"));
    }
    let value = value.to_str().unwrap_or("?").to_ascii_lowercase();
    let mut parts = value.split(';').map(str::trim);
    let encoding = match parts.next() {
        Some("application/json") => Encoding::Json,
        Some("application/x-www-form-urlencoded") => Encoding::Form,
        _ => return Err(unsupported("The body's Content-Type is not supported")),
    };
    let other_charset = |part: &str| {
        let charset = part.strip_prefix("charset=").map(|charset| charset.trim_matches('"'));
        charset.is_some_and(|charset| !matches!(charset, "utf-8" | "utf8" | "us-ascii"))
    };
    match parts.any(other_charset) {
        true => Err(unsupported("The body's charset is not UTF-8")),
        false => Ok(encoding),
    }
}

fn unsupported(what: &str) -> Error {
    let message = format!("{what}; send `application/json` or `application/x-www-form-urlencoded`, in UTF-8.");
    Error::new(Code::UnsupportedMediaType, message)
}

fn malformed(message: String) -> Error {
    Error::new(Code::BodyMalformed, message)
}

fn too_large(max: usize) -> Error {
    Error::new(Code::BodyTooLarge, format!("The body may have at most {max} bytes."))
}

/// Called before a response that did not need the rest of the body: reads and drops what is left, if that is little and comes
/// soon, because closing the connection early could destroy the response. Otherwise announces that the connection closes.
pub async fn finish<B: Buf, E>(headers: &HeaderMap, body: impl Stream<Item = Result<B, E>>, response: &mut Response) {
    // A client that waits for `100 Continue` has not sent the body.
    if headers.contains_key(EXPECT) || !drain(body).await {
        response::close(response);
    }
}

/// Returns whether the body has ended.
async fn drain<B: Buf, E>(body: impl Stream<Item = Result<B, E>>) -> bool {
    let mut body = pin!(body);
    let rest = async {
        let mut left = MAX_DRAINED;
        while let Some(chunk) = body.next().await {
            let length = chunk.map_or(usize::MAX, |chunk| chunk.remaining());
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return false,
            }
        }
        true
    };
    timeout(DRAIN_DEADLINE, rest).await.unwrap_or(false)
}

fn parse_form(bytes: &[u8]) -> Result<Fields, Error> {
    if matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
        let message =
            "The body is JSON, but its Content-Type says it is a form; add -H 'Content-Type: application/json'.";
        return Err(Error::new(Code::BodyMalformed, message));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Error::new(Code::BodyMalformed, "The body is not UTF-8; percent-encode it."))?;
    form::parse(text)
}
