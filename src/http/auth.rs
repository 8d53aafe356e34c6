//! Who sends a request: `Authorization: Bearer TOKEN`, or Basic with the token as the password, or as the user name
//! with an empty password.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use warp::http::HeaderValue;

use super::Api;
use crate::error::{Code, Error};
use crate::store::Reading;
use crate::store::tokens::{self, Caller};
use crate::types::peer::Peer;
use crate::types::token::Token;

/// The caller, and the snapshot in which its token was looked up; or `unauthorized`: which of the ways a token can be
/// wrong is not told. A peer that sends too many wrong ones is `rate_limited`; a token that cannot be guessed is let in
/// all the same, so that nobody is locked out by another at the same address.
pub fn authenticate(api: &Api, address: IpAddr, headers: &HeaderMap) -> Result<(Caller, Reading), Error> {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let peer = || api.settings.trusted_proxies.peer(address, headers);
    let error = match (sent.next(), sent.next()) {
        // No guess.
        (None, _) => return Err(not_once()),
        (Some(_), Some(_)) => not_once(),
        (Some(credentials), None) => match look_up(api, credentials, peer)? {
            Some(admitted) => return Ok(admitted),
            None => tokens::unauthorized(),
        },
    };
    Err(api.guesses.take(peer()).map_or_else(Error::rate_limited, |()| error))
}

fn look_up(api: &Api, credentials: &HeaderValue, peer: impl Fn() -> Peer) -> Result<Option<(Caller, Reading)>, Error> {
    let Some(token) = credentials.to_str().ok().and_then(token) else {
        return Ok(None);
    };
    if token.is_short() {
        // Before it is looked up, so that neither the answer nor its time tells whether it is right.
        api.guesses.check(peer()).map_err(Error::rate_limited)?;
    }
    let hash = token.hash();
    let reading = api.store.begin_read()?;
    let caller = reading.run(|conn| tokens::authenticate(conn, &hash))?;
    Ok(caller.map(|caller| (caller, reading)))
}

/// The error of a path that is none: told only to those with a token, so that nobody can map the API without one.
pub fn unknown_path(api: &Api, address: IpAddr, headers: &HeaderMap) -> Error {
    let unknown = |_| Error::new(Code::NotFound, "There is nothing at this path.");
    authenticate(api, address, headers).map_or_else(|error| error, unknown)
}

fn not_once() -> Error {
    let message = "Send the access token, once: `Authorization: Bearer TOKEN`.";
    Error::new(Code::Unauthorized, message)
}

/// The token that the value of `Authorization` holds.
pub fn token(credentials: &str) -> Option<Token> {
    let (scheme, value) = credentials.split_once(' ')?;
    let value = value.trim_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") {
        return Token::parse(value);
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        return Token::parse(if password.is_empty() { user } else { password });
    }
    None
}
