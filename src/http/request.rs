//! From a request to a `Call`: query and body read, bounded in size and time, whatever their encoding.

use std::pin::pin;
use std::time::Duration;

use bytes::BufMut as _;
use futures_util::StreamExt as _;
use hyper::HeaderMap;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, TRANSFER_ENCODING};
use percent_encoding::percent_decode_str;
use warp::http::HeaderValue;
use warp::reply::Response;
use warp::{Buf, Stream};

use super::form;
use super::head::{Head, RequestId};
use super::room::Place;
use super::{Api, Settings, reply};
use crate::error::{Code, Error};
use crate::store::Reading;
use crate::store::tokens::Caller;
use crate::types::etag::{Condition, IfMatch};
use crate::types::fields::Fields;
use crate::types::id::Id;
use crate::types::idempotency::{self, Key, KeyedRequest};
use crate::types::json;
use crate::types::kind::Kind;
use crate::types::quote::shortened;

/// The most that is read of a body that is not wanted, in bytes.
const MOST_DRAINED: usize = 64 << 10;

/// How long such a body may take to arrive.
const DRAIN_DEADLINE: Duration = Duration::from_secs(1);

/// A request that is let in, for its handler.
pub struct Call {
    pub caller: Caller,
    /// The variable segments of the path, as sent.
    pub params: Vec<String>,
    pub query: Fields,
    pub body: Fields,
    pub if_match: IfMatch,
    pub keyed: Option<KeyedRequest>,
    /// The snapshot in which the caller was looked up, where nothing had to be waited for since.
    pub reading: Option<Reading>,
    pub request_id: RequestId,
}

impl Call {
    /// The path's first variable segment as the id of an object of this kind; what is none names nothing.
    pub fn id(&self, kind: Kind) -> Result<Id, Error> {
        self.id_at(0, kind)
    }

    /// The same for the variable segment at `place`, counted from 0.
    pub fn id_at(&self, place: usize, kind: Kind) -> Result<Id, Error> {
        let text = self.params.get(place).map_or("", String::as_str);
        let decoded = percent_decode_str(text).decode_utf8_lossy();
        Id::parse(&decoded).ok_or_else(|| kind.not_found(&shortened(&decoded)))
    }

    /// Ends the taking of parameters: any that is left is an error. Every handler calls it before it acts, and one
    /// that changes an object asks the condition that it answers with, inside its write.
    pub fn finish(self) -> Result<IfMatch, Error> {
        self.query.finish()?;
        self.body.finish()?;
        Ok(self.if_match)
    }

    /// The same for one that reads: answers with the snapshot that it is answered from.
    pub fn finish_read(mut self, api: &Api) -> Result<Reading, Error> {
        let reading = self.reading.take();
        self.finish()?;
        Ok(reading.map_or_else(|| api.store.begin_read(), Ok)?)
    }
}

/// The key that the request has, if it has one.
pub fn key(headers: &HeaderMap) -> Result<Option<Key>, Error> {
    let mut sent = headers.get_all(idempotency::HEADER).iter();
    match (sent.next(), sent.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => Key::parse(value.as_bytes()).map(Some),
        (Some(_), Some(_)) => Err(Error::invalid(
            idempotency::HEADER,
            "is given more than once: give it once",
        )),
    }
}

/// What the header `name` asks of an object's tag, in however many lines it came.
pub fn condition(headers: &HeaderMap, name: &'static str) -> Result<Option<Condition>, Error> {
    let lines: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
        .collect();
    match lines.is_empty() {
        true => Ok(None),
        false => Condition::parse(name, &lines.join(",")).map(Some),
    }
}

/// The parameters of the URI.
pub fn query(head: &Head) -> Result<Fields, Error> {
    form::parse_query(head.uri.query().unwrap_or_default()).map_err(|error| Error {
        code: Code::ParameterInvalid,
        ..error
    })
}

/// A body as it came, and the encoding that the headers tell, which matters where there is one.
pub struct Body {
    pub bytes: Vec<u8>,
    encoding: Result<Encoding, Error>,
}

impl Body {
    /// These bytes, read as the headers say.
    pub fn new(headers: &HeaderMap, bytes: Vec<u8>) -> Self {
        let encoding = encoding(headers);
        Body { bytes, encoding }
    }

    /// The parameters that it spells.
    pub fn fields(self) -> Result<Fields, Error> {
        if self.bytes.is_empty() {
            return Ok(Fields::default());
        }
        match self.encoding? {
            Encoding::Json => json::object("The body", &self.bytes),
            Encoding::Form => read_form(&self.bytes),
            Encoding::None => Err(unsupported("The body has no Content-Type")),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Json,
    Form,
    /// No type was given: right where there is no body.
    None,
}

/// Whether the request has a body (RFC 9112, 6.3).
pub fn has_body(head: &Head) -> bool {
    let announced = head.headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0");
    announced || head.headers.contains_key(TRANSFER_ENCODING)
}

/// The body, bounded in size and time and held in `place`. Where `expected` is false, a type matters only with a body.
pub async fn body<B: Buf>(
    head: &Head,
    body: impl Stream<Item = Result<B, warp::Error>> + Send,
    settings: &Settings,
    expected: bool,
    place: &mut Place,
) -> Result<Body, Error> {
    let max = settings.max_body;
    let encoding = encoding(&head.headers);
    if expected && let Err(error) = encoding {
        return Err(error);
    }
    let announced = head
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max as u64) {
        return Err(too_large(max));
    }
    let bytes = tokio::time::timeout(settings.body_deadline, collect(body, max, place))
        .await
        .map_err(|_| {
            let message = format!("The body did not arrive within {:?}.", settings.body_deadline);
            Error::new(Code::BodyMalformed, message)
        })??;
    Ok(Body { bytes, encoding })
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Error> {
    let is_identity = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(CONTENT_ENCODING).iter().all(is_identity) {
        let message = "The body must be sent without a Content-Encoding.";
        return Err(Error::new(Code::UnsupportedMediaType, message));
    }
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let Some(value) = types.next() else {
        return Ok(Encoding::None);
    };
    if types.next().is_some() {
        return Err(unsupported("The body has more than one Content-Type"));
    }
    let value = value.to_str().unwrap_or("?").to_ascii_lowercase();
    let mut parts = value.split(';').map(str::trim);
    let encoding = match parts.next() {
        Some("application/json") => Encoding::Json,
        Some("application/x-www-form-urlencoded") => Encoding::Form,
        _ => return Err(unsupported("The body has another Content-Type")),
    };
    let other_charset = |part: &str| {
        let charset = part.strip_prefix("charset=").map(|charset| charset.trim_matches('"'));
        charset.is_some_and(|charset| !matches!(charset, "utf-8" | "utf8" | "us-ascii"))
    };
    match parts.any(other_charset) {
        true => Err(unsupported("The body has another charset than UTF-8")),
        false => Ok(encoding),
    }
}

fn unsupported(what: &str) -> Error {
    let message = format!("{what}; send `application/json` or `application/x-www-form-urlencoded`, in UTF-8.");
    Error::new(Code::UnsupportedMediaType, message)
}

/// Counts what really arrives: a chunked body announces nothing, and what is announced may never come.
async fn collect<B: Buf>(
    body: impl Stream<Item = Result<B, warp::Error>>,
    max: usize,
    place: &mut Place,
) -> Result<Vec<u8>, Error> {
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| {
            Error::new(
                Code::BodyMalformed,
                format!("The body could not be read to its end: {error}."),
            )
        })?;
        if chunk.remaining() > max - bytes.len() {
            return Err(too_large(max));
        }
        bytes.reserve(chunk.remaining());
        place.hold(bytes.capacity())?;
        bytes.put(chunk);
    }
    Ok(bytes)
}

/// Before an answer that did not need the rest of the body: reads and drops it, if it is little and comes soon, as its
/// sender may else meet a closed connection and not the answer. Where it does not end, the answer tells that the
/// connection will.
pub async fn finish<B: Buf, E>(headers: &HeaderMap, body: impl Stream<Item = Result<B, E>>, answer: &mut Response) {
    // Whoever waits to be asked for the body has not sent it.
    if headers.contains_key(EXPECT) || !drain(body).await {
        reply::close(answer);
    }
}

/// Tells whether the body has ended.
async fn drain<B: Buf, E>(body: impl Stream<Item = Result<B, E>>) -> bool {
    let mut body = pin!(body);
    let rest = async {
        let mut left = MOST_DRAINED;
        while let Some(chunk) = body.next().await {
            let length = chunk.map_or(usize::MAX, |chunk| chunk.remaining());
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return false,
            }
        }
        true
    };
    tokio::time::timeout(DRAIN_DEADLINE, rest).await.unwrap_or(false)
}

fn too_large(max: usize) -> Error {
    Error::new(Code::BodyTooLarge, format!("The body may have at most {max} bytes."))
}

fn read_form(bytes: &[u8]) -> Result<Fields, Error> {
    if matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
        let message =
            "The body is JSON, but its Content-Type says it is a form: add -H 'Content-Type: application/json'.";
        return Err(Error::new(Code::BodyMalformed, message));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Error::new(Code::BodyMalformed, "The body is not UTF-8: percent-encode it."))?;
    form::parse(text)
}
