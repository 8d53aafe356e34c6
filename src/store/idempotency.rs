//! Requests with an `Idempotency-Key`: the response is stored in the transaction of its effect, and replayed.
//!
//! Their age is measured by the process's own clock, so that setting the system's clock forward and back gives no retry a
//! second effect.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::accounts::Account;
use super::error::Error;
use super::tx::Tx;
use crate::db::{self, Transaction};
use crate::error::{self, Code};
use crate::types::idempotency::KeyedRequest;
use crate::types::time::Timestamp;

/// How long a response is stored, in seconds: a day.
const STORED_FOR: i64 = 24 * 60 * 60;

/// A response as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredResponse {
    pub status: u16,
    /// The path of the created object.
    pub location: Option<String>,
    pub body: String,
}

/// Runs `work`, stores the `response` to its outcome, and returns it; or returns the response that is stored for the same
/// request, and `true`. If `work` fails, nothing of it remains.
///
/// # Errors
/// `idempotency_mismatch` if the key was used with a different request; errors of the database, which are not stored.
pub fn once<T>(
    tx: &Tx,
    request: &KeyedRequest,
    work: impl FnOnce(&Tx) -> Result<T, Error>,
    response: impl FnOnce(Result<T, error::Error>) -> StoredResponse,
) -> Result<(StoredResponse, bool), Error> {
    let now = Timestamp::steady().seconds();
    if let Some((fingerprint, response)) = find(tx, tx.account, request, now)? {
        if fingerprint == request.fingerprint {
            return Ok((response, true));
        }
        let message = format!(
            "The key `{}` was used with a different request; use a new one.",
            request.key
        );
        return Err(error::Error::new(Code::IdempotencyMismatch, message).into());
    }
    let response = response(run(tx, work)?);
    tx.prepare_cached(
        "INSERT INTO idempotency_keys (account, key, fingerprint, status, location, body, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (account, key) DO UPDATE SET fingerprint = ?3, status = ?4, location = ?5, body = ?6, created_at = ?7",
    )?
    .execute(params![
        tx.account.0,
        request.key.as_str(),
        request.fingerprint,
        response.status,
        response.location,
        response.body,
        now,
    ])?;
    Ok((response, false))
}

/// Runs `work` so that all of it remains or nothing. `Err` for an error of the database, which ends the whole request.
fn run<T>(tx: &Tx, work: impl FnOnce(&Tx) -> Result<T, Error>) -> Result<Result<T, error::Error>, Error> {
    tx.prepare_cached("SAVEPOINT effect")?.execute([])?;
    let outcome = match work(tx) {
        Ok(done) => Ok(done),
        Err(Error::Refused(refusal)) if !refusal.is_ours() => {
            tx.prepare_cached("ROLLBACK TO effect")?.execute([])?;
            Err(refusal)
        }
        Err(error) => return Err(error),
    };
    tx.prepare_cached("RELEASE effect")?.execute([])?;
    Ok(outcome)
}

/// Resumes with what the last run stored. If the newest response seems more than a day old, or of the future, nobody can
/// know whether the clock is wrong, was wrong, or no server ran: it counts as stored just now, and the others relative to
/// it.
pub fn resume(conn: &Connection) -> Result<(), db::Error> {
    let now = Timestamp::steady().seconds();
    let newest: Option<i64> = conn.query_row("SELECT max(created_at) FROM idempotency_keys", [], |row| row.get(0))?;
    if let Some(newest) = newest
        && !(now - STORED_FOR..=now).contains(&newest)
    {
        let sql = "UPDATE idempotency_keys SET created_at = max(created_at + ?1, 0)";
        conn.execute(sql, [now - newest])?;
    }
    Ok(())
}

/// The response that is stored under the key.
fn find(
    conn: &Connection,
    account: Account,
    request: &KeyedRequest,
    now: i64,
) -> Result<Option<([u8; 32], StoredResponse)>, Error> {
    let found = conn
        .prepare_cached(
            "SELECT fingerprint, status, location, body FROM idempotency_keys
             WHERE account = ?1 AND key = ?2 AND created_at > ?3",
        )?
        .query_row((account.0, request.key.as_str(), now - STORED_FOR), |row| {
            let response = StoredResponse {
                status: row.get(1)?,
                location: row.get(2)?,
                body: row.get(3)?,
            };
            Ok((row.get(0)?, response))
        })
        .optional()?;
    Ok(found)
}

/// Whether any response has expired.
pub fn any_expired(conn: &Connection) -> Result<bool, db::Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM idempotency_keys WHERE created_at <= ?1)";
    let last = Timestamp::steady().seconds() - STORED_FOR;
    Ok(conn.prepare_cached(sql)?.query_row([last], |row| row.get(0))?)
}

/// Deletes up to `limit` expired responses.
pub fn purge_expired(tx: &Transaction, limit: usize) -> Result<(), db::Error> {
    let sql = "DELETE FROM idempotency_keys WHERE pk IN
        (SELECT pk FROM idempotency_keys WHERE created_at <= ?1 LIMIT ?2)";
    let last = Timestamp::steady().seconds() - STORED_FOR;
    tx.prepare_cached(sql)?.execute((last, limit))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{SCHEMA, accounts};
    use crate::types::idempotency::Key;

    #[test]
    fn a_refusal_is_stored_and_replayed_but_a_fault_of_the_server_never() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(SCHEMA.definition).unwrap();
        let transaction = Transaction::unchecked(&conn);
        let account = accounts::find_or_create(&transaction, "default").unwrap();
        let tx = Tx::new(&transaction, account, Timestamp::now());
        let request = KeyedRequest {
            key: Key::parse(b"key").unwrap(),
            fingerprint: [0; 32],
        };
        let response = |outcome: Result<(), error::Error>| StoredResponse {
            status: 400,
            location: None,
            body: format!("{:?}", outcome.unwrap_err().message),
        };
        let once = |error: error::Error| once(&tx, &request, |_| Err(error.into()), response);
        assert!(once(error::Error::internal("planted")).is_err());
        let (first, replayed) = once(error::Error::invalid("name", "is planted")).unwrap();
        assert!(!replayed);
        assert_eq!(once(error::Error::internal("not run")).unwrap(), (first, true));
    }
}
