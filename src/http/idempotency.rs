//! The `Idempotency-Key` header.

use hyper::HeaderMap;
use sha2::{Digest, Sha256};

use super::head::Head;
use crate::error::{Code, Error};
use crate::types::idempotency::{Key, KeyedRequest};

const HEADER: &str = "Idempotency-Key";

/// The request's key, if it has one.
pub fn key(headers: &HeaderMap) -> Result<Option<Key>, Error> {
    let mut sent = headers.get_all(HEADER).iter();
    match (sent.next(), sent.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let key = Key::parse(value.as_bytes()).map_err(|invalid| Error::invalid(HEADER, invalid))?;
            Ok(Some(key))
        }
        (Some(_), Some(_)) => Err(Error::invalid(HEADER, "is given more than once; give it once")),
    }
}

/// The request as `key` identifies it. The fingerprint covers the method, the target and the body, byte for byte.
pub fn keyed(key: Key, head: &Head, body: &[u8]) -> KeyedRequest {
    let head = format!("{} {}\n", head.method, head.uri);
    let hash = Sha256::new().chain_update(head).chain_update(body);
    KeyedRequest {
        key,
        fingerprint: hash.finalize().into(),
    }
}

/// Adds the header's name to the error for a key that was used with a different request.
pub fn name_header(error: Error) -> Error {
    match error.code {
        Code::IdempotencyMismatch => error.at(HEADER),
        _ => error,
    }
}
