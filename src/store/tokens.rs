//! Access tokens: made, listed, revoked, and looked up at every request, so that a revoked one stops at once.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Tx;
use super::accounts::{self, Account};
use crate::error::{Code, Error};
use crate::types::id::Id;
use crate::types::time::Timestamp;
use crate::types::token::{Token, TokenHash};

/// Who sends a request, and what that one may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    pub account: Account,
    pub read_only: bool,
    /// The internal key of the token.
    token: i64,
}

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The account's name; the account is made if there is none.
    pub account: String,
    pub name: Option<String>,
    pub read_only: bool,
    pub expires_at: Option<Timestamp>,
}

impl NewToken {
    /// A token of the account `account` that may do everything, for ever.
    pub fn full(account: &str) -> Self {
        NewToken {
            account: account.to_owned(),
            name: None,
            read_only: false,
            expires_at: None,
        }
    }
}

/// A token as it is listed; the token itself is not known any more.
#[derive(Clone, Debug)]
pub struct Listed {
    pub id: String,
    pub account: String,
    pub name: Option<String>,
    pub read_only: bool,
    /// Such as `2026-01-31 12:00:00Z`.
    pub created: String,
    pub expires: Option<String>,
    pub state: &'static str,
}

/// The caller whose token has this hash, unless it is unknown, revoked or expired. The comparison is of hashes, in an
/// index: its time tells nothing about a token.
pub fn authenticate(conn: &Connection, hash: &TokenHash) -> Result<Option<Caller>, Error> {
    let caller = conn
        .prepare_cached(
            "SELECT account, read_only, pk FROM tokens
             WHERE hash = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)",
        )?
        .query_row((hash.0, Timestamp::now().seconds()), |row| {
            Ok(Caller {
                account: Account(row.get(0)?),
                read_only: row.get(1)?,
                token: row.get(2)?,
            })
        })
        .optional()?;
    Ok(caller)
}

/// Whether the caller's token is neither revoked nor expired by now.
pub fn still_admits(conn: &Connection, caller: Caller) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM tokens
                              WHERE pk = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2))";
    let now = Timestamp::now().seconds();
    Ok(conn
        .prepare_cached(sql)?
        .query_row((caller.token, now), |row| row.get(0))?)
}

/// Makes a token and tells its id and, this once, the token.
pub fn create(tx: &Tx, new: &NewToken) -> Result<(Id, Token), Error> {
    let token = Token::random();
    let id = insert(tx, new, &token, false)?;
    Ok((id, token))
}

/// Makes the first token of a file that has none at all; revoked ones count, so that revoking the last is not undone.
pub fn create_first(tx: &Tx) -> Result<Option<Token>, Error> {
    let any: bool = tx.query_row("SELECT EXISTS (SELECT 1 FROM tokens)", [], |row| row.get(0))?;
    if any {
        return Ok(None);
    }
    create(tx, &NewToken::full(accounts::DEFAULT)).map(|(_, token)| Some(token))
}

/// Sets the token that the environment brings, in place of the one that it brought before. A token of the default
/// account that may do everything can be brought as it is.
///
/// # Errors
/// `conflict` where the token is known as one that may do less, or is another account's.
pub fn set_from_environment(tx: &Tx, token: &Token) -> Result<(), Error> {
    let hash = token.hash();
    tx.execute("DELETE FROM tokens WHERE environment = 1 AND hash <> ?1", [hash.0])?;
    // It is set anew at each start, also after it was revoked.
    tx.execute(
        "UPDATE tokens SET revoked_at = NULL WHERE environment = 1 AND hash = ?1",
        [hash.0],
    )?;
    let known: bool = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM tokens WHERE hash = ?1)",
        [hash.0],
        |row| row.get(0),
    )?;
    if !known {
        let mut new = NewToken::full(accounts::DEFAULT);
        new.name = Some("from the environment".to_owned());
        return insert(tx, &new, token, true).map(|_| ());
    }
    let account = accounts::find(tx, accounts::DEFAULT)?;
    match authenticate(tx, &hash)? {
        Some(caller) if Some(caller.account) == account && !caller.read_only => Ok(()),
        _ => {
            let message = "the token from the environment is known already, as one that is not of the account `default`, \
                           is read-only, revoked or expired; bring another";
            Err(Error::new(Code::Conflict, message))
        }
    }
}

fn insert(tx: &Tx, new: &NewToken, token: &Token, environment: bool) -> Result<Id, Error> {
    let account = accounts::find_or_create(tx, &new.account)?;
    let id = Id::random();
    tx.execute(
        "INSERT INTO tokens (id, account, hash, name, read_only, environment, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            id.as_str(),
            account.0,
            token.hash().0,
            new.name,
            new.read_only,
            environment,
            Timestamp::now().seconds(),
            new.expires_at.map(Timestamp::seconds),
        ],
    )?;
    Ok(id)
}

/// All tokens, the oldest first.
pub fn list(conn: &Connection) -> Result<Vec<Listed>, Error> {
    let mut statement = conn.prepare(
        "SELECT t.id, a.name, t.name, t.read_only, datetime(t.created_at, 'unixepoch') || 'Z',
                datetime(t.expires_at, 'unixepoch') || 'Z', t.revoked_at IS NOT NULL, coalesce(t.expires_at <= ?1, 0)
         FROM tokens t JOIN accounts a ON a.pk = t.account ORDER BY t.pk",
    )?;
    let tokens = statement.query_map([Timestamp::now().seconds()], |row| {
        let (revoked, expired): (bool, bool) = (row.get(6)?, row.get(7)?);
        Ok(Listed {
            id: row.get(0)?,
            account: row.get(1)?,
            name: row.get(2)?,
            read_only: row.get(3)?,
            created: row.get(4)?,
            expires: row.get(5)?,
            state: match (revoked, expired) {
                (true, _) => "revoked",
                (false, true) => "expired",
                (false, false) => "valid",
            },
        })
    })?;
    Ok(tokens.collect::<Result<_, _>>()?)
}

/// Revokes the token with this id.
pub fn revoke(tx: &Tx, id: Id) -> Result<(), Error> {
    let revoked = tx.execute(
        "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1",
        (id.as_str(), Timestamp::now().seconds()),
    )?;
    match revoked {
        0 => Err(Error::not_found("token", id.as_str())),
        _ => Ok(()),
    }
}
