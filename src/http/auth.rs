//! Who sends a request: `Authorization: Bearer TOKEN`, or Basic with the token as the password, or as the user name
//! with an empty password.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;

use super::Api;
use crate::error::{Code, Error};
use crate::store::tokens::{self, Caller};
use crate::store::{Reading, Tx};
use crate::types::token::Token;

/// The caller, and the snapshot in which its token was looked up; or `unauthorized`: which of the ways a token can be
/// wrong is not told.
pub fn authenticate(api: &Api, headers: &HeaderMap) -> Result<(Caller, Reading), Error> {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let (Some(credentials), None) = (sent.next(), sent.next()) else {
        let message = "Send the access token, once: `Authorization: Bearer TOKEN`.";
        return Err(Error::new(Code::Unauthorized, message));
    };
    let token = credentials.to_str().ok().and_then(token).ok_or_else(refused)?;
    let hash = token.hash();
    let reading = api.store.begin_read()?;
    let caller = reading.run(|conn| tokens::authenticate(conn, &hash))?;
    Ok((caller.ok_or_else(refused)?, reading))
}

/// Refuses a caller whose token was revoked or has expired meanwhile.
pub fn authenticate_again(tx: &Tx, caller: Caller) -> Result<(), Error> {
    match tokens::still_admits(tx, caller)? {
        true => Ok(()),
        false => Err(refused()),
    }
}

/// The error of a path that is none: told only to those with a token, so that nobody can map the API without one.
pub fn unknown_path(api: &Api, headers: &HeaderMap) -> Error {
    let unknown = |_| Error::new(Code::NotFound, "There is nothing at this path.");
    authenticate(api, headers).map_or_else(|error| error, unknown)
}

fn refused() -> Error {
    Error::new(
        Code::Unauthorized,
        "This access token is malformed, unknown, expired or revoked.",
    )
}

fn token(credentials: &str) -> Option<Token> {
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
