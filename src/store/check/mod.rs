//! Whether a file is sound: what SQLite can see, and what the schema keeps twice or bounds. Nothing is repaired, and what
//! has no second copy, such as the time of a message, cannot be seen.

mod rules;
mod values;
mod words;

use std::path::Path;

use rusqlite::Connection;

use super::damage::is_damage;
use super::file;
use super::paths;
use super::schema::{self, State};
use crate::error::{Error, Failure};

/// What was found, a sentence each.
type Findings = Vec<String>;

/// Of one fault so many rows are named.
const NAMED: usize = 5;

/// What is wrong with the file at `path`, which may be served at the same time. Where no server has it, the log is looked
/// at too: commits that it has lost, before what SQLite makes of the rest.
///
/// # Errors
/// Why the file could not be looked at.
pub fn file(path: &Path) -> Result<Vec<String>, Failure> {
    let path = paths::resolve(path)?;
    let (conn, lost) = file::open_to_check(&path)?;
    let mut findings: Vec<String> = lost
        .map(|what| format!("SQLite would lose commits: {what}."))
        .into_iter()
        .collect();
    findings.append(&mut full(&conn)?);
    Ok(findings)
}

/// What is wrong with the file, in one snapshot of it. Nothing is written; on a connection that cannot write, though,
/// SQLite passes over the schema's CHECKs. Of a file of an earlier version only what SQLite sees is told.
///
/// # Errors
/// Why the file could not be looked at, such as a failure of the disk. Damage is no error.
pub fn full(conn: &Connection) -> Result<Vec<String>, Error> {
    // The tables that it makes for itself go with the transaction.
    let transaction = conn.is_autocommit().then(|| conn.unchecked_transaction()).transpose()?;
    let mut findings = Findings::new();
    run(&mut findings, conn, "The database", by_sqlite)?;
    let current = match schema::state(conn) {
        Ok(state) => state == State::Current,
        // This has been told.
        Err(error) if is_damage(&error) => false,
        Err(error) => return Err(error.into()),
    };
    if current {
        run(&mut findings, conn, "The schema", definitions)?;
        for rule in rules::rules() {
            run(&mut findings, conn, rule.what, |conn, findings| {
                rule.check(conn, findings)
            })?;
        }
        run(&mut findings, conn, "The tables", values::check)?;
        run(&mut findings, conn, "The words to be found by", words::check)?;
    }
    if let Some(transaction) = transaction {
        transaction.rollback()?;
    }
    Ok(findings)
}

/// Runs one check; damage that keeps it from its end is a finding too.
fn run(
    findings: &mut Findings,
    conn: &Connection,
    what: &str,
    check: impl FnOnce(&Connection, &mut Findings) -> rusqlite::Result<()>,
) -> Result<(), Error> {
    match check(conn, findings) {
        Err(error) if is_damage(&error) => findings.push(format!("{what}: could not be read to its end ({error}).")),
        other => other?,
    }
    Ok(())
}

/// SQLite's own check: pages, indexes against their tables, the schema's constraints, the indexes of words in themselves.
fn by_sqlite(conn: &Connection, findings: &mut Findings) -> rusqlite::Result<()> {
    let mut check = conn.prepare("PRAGMA integrity_check")?;
    let mut rows = check.query([])?;
    while let Some(row) = rows.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            findings.push(format!("SQLite: {line}."));
        }
    }
    let mut keys =
        conn.prepare("SELECT \"table\" || ' ' || coalesce(rowid, ''), parent FROM pragma_foreign_key_check LIMIT 100")?;
    let mut rows = keys.query([])?;
    while let Some(row) = rows.next()? {
        let (row, parent): (String, String) = (row.get(0)?, row.get(1)?);
        findings.push(format!("{row} refers to a row that {parent} does not have."));
    }
    Ok(())
}

/// Tables, indexes and triggers are as this version makes them. More than those may be there.
fn definitions(conn: &Connection, findings: &mut Findings) -> rusqlite::Result<()> {
    let found = schema::definitions(conn)?;
    for (name, definition) in schema::expected()? {
        if !found.iter().any(|(_, other)| *other == definition) {
            findings.push(format!("The schema: {name} is not as this version makes it."));
        }
    }
    Ok(())
}
