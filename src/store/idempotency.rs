//! Requests with an `Idempotency-Key`: the answer is kept in the transaction of its effect, and given again.
//!
//! A day is one of the server's own time, so that a clock that is set forth and back makes nobody's retry a second effect.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Tx;
use super::accounts::Account;
use crate::error::{Code, Error};
use crate::types::idempotency::{HEADER, KeyedRequest};
use crate::types::time::Timestamp;

/// How long an answer is kept, in seconds: a day.
const KEPT: i64 = 24 * 60 * 60;

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The path of what was made.
    pub location: Option<String>,
    pub body: String,
}

/// Runs `work`, keeps what `answer` makes of its outcome, and answers with that; or answers with what is kept for the
/// same request, and `true`. Where `work` fails, nothing of it stays.
///
/// # Errors
/// `idempotency_mismatch` where the key was used with another request; faults of ours, which are not kept.
pub fn once<T>(
    tx: &Tx,
    account: Account,
    request: &KeyedRequest,
    work: impl FnOnce(&Tx) -> Result<T, Error>,
    answer: impl FnOnce(Result<T, Error>) -> Answer,
) -> Result<(Answer, bool), Error> {
    let now = Timestamp::steady().seconds();
    if let Some((fingerprint, answer)) = find(tx, account, request, now)? {
        if fingerprint == request.fingerprint {
            return Ok((answer, true));
        }
        let message = format!(
            "The key `{}` was used with another request: take a new one.",
            request.key
        );
        return Err(Error::new(Code::IdempotencyMismatch, message).at(HEADER));
    }
    let answer = answer(run(tx, work)?);
    tx.prepare_cached(
        "INSERT INTO idempotency_keys (account, key, fingerprint, status, location, body, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (account, key) DO UPDATE SET fingerprint = ?3, status = ?4, location = ?5, body = ?6, created_at = ?7",
    )?
    .execute(params![
        account.0,
        request.key.as_str(),
        request.fingerprint,
        answer.status,
        answer.location,
        answer.body,
        now,
    ])?;
    Ok((answer, false))
}

/// Runs `work` so that it stays whole or leaves nothing. `Err` for a fault of ours, with which the whole request goes.
fn run<T>(tx: &Tx, work: impl FnOnce(&Tx) -> Result<T, Error>) -> Result<Result<T, Error>, Error> {
    tx.prepare_cached("SAVEPOINT effect")?.execute([])?;
    let outcome = work(tx);
    if let Err(error) = &outcome {
        if error.is_ours() {
            return outcome.map(Ok);
        }
        tx.prepare_cached("ROLLBACK TO effect")?.execute([])?;
    }
    tx.prepare_cached("RELEASE effect")?.execute([])?;
    Ok(outcome)
}

/// Takes up what the last run kept. Where the newest of it seems to be of more than a day ago, or of a time to come, nobody
/// can tell whether the clock is wrong, was wrong, or no server ran: it counts as kept just now, and the others by it.
pub fn resume(conn: &Connection) -> Result<(), Error> {
    let now = Timestamp::steady().seconds();
    let newest: Option<i64> = conn.query_row("SELECT max(created_at) FROM idempotency_keys", [], |row| row.get(0))?;
    if let Some(newest) = newest
        && !(now - KEPT..=now).contains(&newest)
    {
        let sql = "UPDATE idempotency_keys SET created_at = max(created_at + ?1, 0)";
        conn.execute(sql, [now - newest])?;
    }
    Ok(())
}

/// What is kept under the key.
fn find(
    conn: &Connection,
    account: Account,
    request: &KeyedRequest,
    now: i64,
) -> Result<Option<([u8; 32], Answer)>, Error> {
    let found = conn
        .prepare_cached(
            "SELECT fingerprint, status, location, body FROM idempotency_keys
             WHERE account = ?1 AND key = ?2 AND created_at > ?3",
        )?
        .query_row((account.0, request.key.as_str(), now - KEPT), |row| {
            let answer = Answer {
                status: row.get(1)?,
                location: row.get(2)?,
                body: row.get(3)?,
            };
            Ok((row.get(0)?, answer))
        })
        .optional()?;
    Ok(found)
}

/// Whether there are answers that have been kept long enough.
pub fn any_expired(conn: &Connection) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM idempotency_keys WHERE created_at <= ?1)";
    let last = Timestamp::steady().seconds() - KEPT;
    Ok(conn.prepare_cached(sql)?.query_row([last], |row| row.get(0))?)
}

/// Forgets up to `most` of them.
pub fn forget_expired(tx: &Tx, most: usize) -> Result<(), Error> {
    let sql = "DELETE FROM idempotency_keys WHERE pk IN
        (SELECT pk FROM idempotency_keys WHERE created_at <= ?1 LIMIT ?2)";
    let last = Timestamp::steady().seconds() - KEPT;
    tx.prepare_cached(sql)?.execute((last, most))?;
    Ok(())
}
