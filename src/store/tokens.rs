//! Access tokens: created, listed, revoked, and looked up for every request, so that a revocation takes effect at once.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::accounts::{self, Account};
use super::error::Error;
use crate::db::Transaction;
use crate::error::{self, Code};
use crate::types::id::Id;
use crate::types::time::Timestamp;
use crate::types::token::{Token, TokenHash};

/// The account that a request acts for, and whether it may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    pub account: Account,
    pub read_only: bool,
    /// The internal key of the token.
    token: i64,
}

/// A token to be created.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The account's name; the account is created if there is none.
    pub account: String,
    pub name: Option<String>,
    pub read_only: bool,
    pub expires_at: Option<Timestamp>,
}

impl NewToken {
    /// A token of the account `account` that may read and write and does not expire.
    pub fn full(account: &str) -> Self {
        NewToken {
            account: account.to_owned(),
            name: None,
            read_only: false,
            expires_at: None,
        }
    }
}

/// A token as it is listed. The secret itself is not stored.
#[derive(Clone, Debug)]
pub struct Listed {
    pub id: String,
    pub account: String,
    pub name: Option<String>,
    pub read_only: bool,
    /// In UTC, such as `2026-01-31 12:00:00Z`.
    pub created: String,
    pub expires: Option<String>,
    pub state: &'static str,
}

/// The caller whose token has this hash; `None` if it is unknown, revoked or expired. Hashes are compared, in an index, so
/// the time that this takes reveals nothing about a token.
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

/// The error of a token that does not authenticate. It does not say in which way the token is wrong.
pub fn unauthorized() -> error::Error {
    error::Error::new(
        Code::Unauthorized,
        "This access token is malformed, unknown, expired or revoked.",
    )
}

/// Refuses a caller whose token was revoked or has expired meanwhile.
pub fn authenticate_again(conn: &Connection, caller: Caller) -> Result<(), Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM tokens
                              WHERE pk = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2))";
    let now = Timestamp::now().seconds();
    let is_valid = conn
        .prepare_cached(sql)?
        .query_row((caller.token, now), |row| row.get(0))?;
    if is_valid { Ok(()) } else { Err(unauthorized().into()) }
}

/// Creates a token. Returns its id and the token, which cannot be read again.
pub fn create(tx: &Transaction, new: &NewToken) -> Result<(Id, Token), Error> {
    let token = Token::random();
    let id = insert(tx, new, &token, false)?;
    Ok((id, token))
}

/// Creates the first token of a file without any. Revoked ones count, so that revoking the last one is not undone.
pub fn create_first(tx: &Transaction) -> Result<Option<Token>, Error> {
    let any: bool = tx.query_row("SELECT EXISTS (SELECT 1 FROM tokens)", [], |row| row.get(0))?;
    if any {
        return Ok(None);
    }
    create(tx, &NewToken::full(accounts::DEFAULT)).map(|(_, token)| Some(token))
}

/// Sets the bootstrap token, in place of the one that was set before. A token of the default account that may read and
/// write can be given as it is.
///
/// # Errors
/// `conflict` if the token exists with fewer rights, or belongs to another account.
pub fn set_bootstrap(tx: &Transaction, token: &Token) -> Result<(), Error> {
    let hash = token.hash();
    tx.execute("DELETE FROM tokens WHERE environment = 1 AND hash <> ?1", [hash.0])?;
    // A start sets it again, even if it was revoked.
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
            let message = "the token from the environment already exists and is read-only, revoked, expired or not of the \
                           account `default`; use another";
            Err(error::Error::new(Code::Conflict, message).into())
        }
    }
}

fn insert(tx: &Transaction, new: &NewToken, token: &Token, environment: bool) -> Result<Id, Error> {
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

/// All tokens, oldest first.
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
pub fn revoke(tx: &Transaction, id: Id) -> Result<(), Error> {
    let revoked = tx.execute(
        "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1",
        (id.as_str(), Timestamp::now().seconds()),
    )?;
    match revoked {
        0 => Err(error::Error::not_found("token", id.as_str()).into()),
        _ => Ok(()),
    }
}
