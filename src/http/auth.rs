//! Authentication: `Authorization: Bearer TOKEN`, or Basic with the token as the password, or as the username with an empty
//! password.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use warp::http::HeaderValue;

use super::peer_addr::PeerAddr;
use super::state::State;
use crate::error::{Code, Error};
use crate::store::Reading;
use crate::store::tokens::{self, Caller};
use crate::types::peer::Peer;
use crate::types::token::Token;

/// A caller, and the snapshot in which its token was found.
pub type Authenticated = (Caller, Reading);

/// Authenticates a request with these headers over a connection from `end`. Wrong tokens cost their peer an attempt. When
/// none is left, only tokens too long to be guessed are still looked up, so that a peer cannot lock out another client at
/// the same address.
///
/// # Errors
/// `unauthorized`, which does not reveal why the token was rejected; `rate_limited`; errors of the store.
pub fn authenticate(state: &State, end: PeerAddr, headers: &HeaderMap) -> Result<Authenticated, Error> {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let peer = || state.settings.trusted_proxies.peer(end, headers);
    let error = match (sent.next(), sent.next()) {
        // No token is no guess.
        (None, _) => return Err(one_token_required()),
        (Some(_), Some(_)) => one_token_required(),
        (Some(credentials), None) => match look_up(state, credentials, peer)? {
            Some(authenticated) => return Ok(authenticated),
            None => tokens::unauthorized(),
        },
    };
    Err(state
        .auth_rate
        .record_failure(peer())
        .map_or_else(Error::rate_limited, |()| error))
}

fn look_up(state: &State, credentials: &HeaderValue, peer: impl Fn() -> Peer) -> Result<Option<Authenticated>, Error> {
    let Some(token) = credentials.to_str().ok().and_then(token) else {
        return Ok(None);
    };
    if token.is_short() {
        // Checked before the lookup, so that neither the response nor its timing reveals whether the token is right.
        state.auth_rate.check(peer()).map_err(Error::rate_limited)?;
    }
    let hash = token.hash();
    let reading = state.store.begin_read()?;
    let caller = reading.run(|conn| tokens::authenticate(conn, &hash))?;
    Ok(caller.map(|caller| (caller, reading)))
}

/// 404 for unknown paths, but only to authenticated callers; others get 401, so the API cannot be enumerated.
pub fn unknown_path(state: &State, end: PeerAddr, headers: &HeaderMap) -> Error {
    let unknown = |_| Error::new(Code::NotFound, "There is nothing at this path.");
    authenticate(state, end, headers).map_or_else(|error| error, unknown)
}

fn one_token_required() -> Error {
    let message = "Send the access token, once: `Authorization: Bearer TOKEN`.";
    Error::new(Code::Unauthorized, message)
}

/// The token in a value of `Authorization`.
pub fn token(credentials: &str) -> Option<Token> {
    let (scheme, value) = credentials.split_once(' ')?;
    let value = value.trim_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") {
        return Token::parse(value);
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
        // Some generated clients send the token alone, without the colon.
        let (user, password) = decoded.split_once(':').unwrap_or((&decoded, ""));
        return Token::parse(if password.is_empty() { user } else { password });
    }
    None
}
