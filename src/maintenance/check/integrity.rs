//! Whether a file is intact: what SQLite can see, and what the schema stores twice or bounds. Nothing is repaired, and
//! corruption of what has no second copy, such as the time of a message, cannot be seen.

use std::path::Path;

use rusqlite::Connection;

use super::findings::Findings;
use super::{rules, search_index, values};
use crate::db::schema::{self, State};
use crate::db::{self, open, paths};
use crate::error::Failure;
use crate::store::SCHEMA;

/// Checks the file at `path`, which may be served at the same time. If no server has it, the WAL is examined first, for
/// commits that SQLite would lose.
///
/// # Errors
/// Why the file could not be checked. Corruption is not an error.
pub fn file(path: &Path) -> Result<Vec<String>, Failure> {
    let path = paths::resolve(path)?;
    let (conn, lost) = open::open_to_check(&path, &SCHEMA)?;
    let mut findings: Vec<String> = lost
        .map(|what| format!("SQLite would lose commits: {what}."))
        .into_iter()
        .collect();
    findings.append(&mut full(&conn)?);
    Ok(findings)
}

/// Checks one snapshot of the file. Nothing is written, but on a connection that cannot write, SQLite skips the schema's
/// CHECK constraints. A file of an earlier version gets only SQLite's own check.
///
/// # Errors
/// Why the file could not be checked, such as a failure of the disk. Corruption is not an error.
pub fn full(conn: &Connection) -> Result<Vec<String>, db::Error> {
    // The temporary tables that it creates go with the transaction.
    let transaction = conn.is_autocommit().then(|| conn.unchecked_transaction()).transpose()?;
    let mut findings = Findings::new();
    run(&mut findings, conn, "The database", by_sqlite)?;
    let current = match SCHEMA.state(conn).map_err(db::Error::from) {
        Ok(state) => state == State::Current,
        // Already among the findings.
        Err(error) if error.shows_corruption() => false,
        Err(error) => return Err(error),
    };
    if current {
        run(&mut findings, conn, "The schema", definitions)?;
        for rule in rules::rules() {
            run(&mut findings, conn, rule.what, |conn, findings| {
                rule.check(conn, findings)
            })?;
        }
        run(&mut findings, conn, "The tables", values::check)?;
        run(&mut findings, conn, "The search indexes", search_index::check)?;
    }
    if let Some(transaction) = transaction {
        transaction.rollback()?;
    }
    Ok(findings)
}

/// Runs one check. Corruption that keeps it from completing is a finding too.
fn run(
    findings: &mut Findings,
    conn: &Connection,
    what: &str,
    check: impl FnOnce(&Connection, &mut Findings) -> rusqlite::Result<()>,
) -> Result<(), db::Error> {
    match check(conn, findings).map_err(db::Error::from) {
        Err(error) if error.shows_corruption() => {
            findings.push(format!("{what}: could not be read completely ({error})."));
            Ok(())
        }
        other => other,
    }
}

/// SQLite's own check: pages, indexes against their tables, constraints, the internal structure of the search indexes.
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

/// Tables, indexes and triggers are as this version creates them. Others may exist beside them.
fn definitions(conn: &Connection, findings: &mut Findings) -> rusqlite::Result<()> {
    let found = schema::definitions(conn)?;
    for (name, definition) in SCHEMA.expected()? {
        if !found.iter().any(|(_, other)| *other == definition) {
            findings.push(format!("The schema: {name} is not as this version creates it."));
        }
    }
    Ok(())
}
