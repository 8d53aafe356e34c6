//! The schema and what every connection is set to: made from schema.sql, brought forward by migrations.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior, ffi};

/// "GRPS": tells our files from other programs' (PRAGMA application_id).
const APPLICATION_ID: i32 = 0x4752_5053;

const SCHEMA: &str = include_str!("../../schema.sql");

/// The step at index `i` turns schema `i + 1` into schema `i + 2`. A step, once released, is never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/from_1.sql"),
    include_str!("migrations/from_2.sql"),
];

/// The schema that this program writes (PRAGMA user_version).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "there are few migrations"
)]
pub const VERSION: i32 = 1 + MIGRATIONS.len() as i32;

/// How long a connection waits for another process's write before it gives up.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What a file is to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is no file yet.
    Missing,
    Foreign,
    Older,
    Current,
    /// Of a newer program: its schema version.
    Newer(i32),
}

/// Reads what the file is, by its application id and version.
///
/// # Errors
/// `NotADatabase` also where the file is too short to have a page.
pub fn state(conn: &Connection) -> rusqlite::Result<State> {
    if pragma(conn, "page_count")? == 0 {
        return Err(rusqlite::Error::SqliteFailure(
            ffi::Error::new(ffi::SQLITE_NOTADB),
            None,
        ));
    }
    if pragma(conn, "application_id")? != APPLICATION_ID {
        return Ok(State::Foreign);
    }
    Ok(match pragma(conn, "user_version")? {
        version if version < VERSION => State::Older,
        VERSION => State::Current,
        version => State::Newer(version),
    })
}

/// Makes the whole schema in the empty file at `path`, in one transaction, and closes it.
pub fn create(path: &Path) -> rusqlite::Result<()> {
    let mut conn = Connection::open(path)?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(SCHEMA)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", VERSION)?;
    tx.commit()?;
    wal(&conn)?;
    conn.close().map_err(|(_, error)| error)
}

/// Every table, index and trigger: its name, and its definition without comments, white space and quotes, in which an
/// upgraded file may differ from a fresh one.
pub fn definitions(conn: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = conn
        .prepare("SELECT name, type || '|' || name || '|' || tbl_name || '|' || coalesce(sql, '') FROM sqlite_schema ORDER BY type, name")?;
    let plain = |text: String| -> String {
        let lines = text.lines().map(|line| line.split("--").next().unwrap_or_default());
        lines
            .flat_map(str::chars)
            .filter(|c| !c.is_whitespace() && *c != '"')
            .collect()
    };
    let rows = statement.query_map([], |row| Ok((row.get(0)?, plain(row.get(1)?))))?;
    rows.collect()
}

/// The definitions of a fresh file.
pub fn expected() -> rusqlite::Result<Vec<(String, String)>> {
    let fresh = Connection::open_in_memory()?;
    fresh.execute_batch(SCHEMA)?;
    definitions(&fresh)
}

/// The SQL of a contact's object, which is kept ready.
pub fn contact_object() -> &'static str {
    let generated = SCHEMA.split_once("GENERATED ALWAYS AS (");
    let object = generated.and_then(|(_, rest)| rest.split_once(") STORED"));
    object.expect("schema.sql has it").0
}

/// Brings an older file to the current schema.
pub fn migrate(conn: &mut Connection) -> rusqlite::Result<()> {
    migrate_by(conn, MIGRATIONS)
}

/// Each step in a transaction of its own, with its version, so that a crash leaves a whole schema.
fn migrate_by(conn: &mut Connection, steps: &[&str]) -> rusqlite::Result<()> {
    loop {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version = pragma(&tx, "user_version")?;
        let Some(step) = usize::try_from(version - 1).ok().and_then(|index| steps.get(index)) else {
            return Ok(());
        };
        tx.execute_batch(step)?;
        tx.pragma_update(None, "user_version", version + 1)?;
        tx.commit()?;
    }
}

/// Sets a connection up to write, after `prepare_any`: each commit is synced. Both settings are read back, as SQLite
/// may keep another.
pub fn prepare_writer(conn: &Connection) -> rusqlite::Result<()> {
    wal(conn)?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    // The writer sees to its checkpoints itself. A log that grew longer than it should is shrunk back to this; one that
    // did not keeps its blocks, and is written over.
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_| Ok(()))?;
    const FULL: i32 = 2;
    match pragma(conn, "synchronous")? {
        FULL => Ok(()),
        other => Err(refused(&format!("synchronous is {other} and not FULL"))),
    }
}

/// Sets up what every connection has.
pub fn prepare_any(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    // Else SQLite prepares a statement with `LIMIT ?` anew for each value, in case another plan fits that one better.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(128);
    Ok(())
}

fn wal(conn: &Connection) -> rusqlite::Result<()> {
    let mode: String = conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    match mode.as_str() {
        "wal" => Ok(()),
        other => Err(refused(&format!(
            "this file system cannot hold a write-ahead log (journal_mode is {other})"
        ))),
    }
}

fn pragma(conn: &Connection, name: &str) -> rusqlite::Result<i32> {
    conn.pragma_query_value(None, name, |row| row.get(0))
}

fn refused(why: &str) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CANTOPEN), Some(why.to_owned()))
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    fn made() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("groups.db");
        create(&path).unwrap();
        let conn = Connection::open(path).unwrap();
        (folder, conn)
    }

    #[test]
    fn a_new_file_is_ours_and_current() {
        let (_folder, conn) = made();
        assert_eq!(state(&conn).unwrap(), State::Current);
        let foreign = Connection::open_in_memory().unwrap();
        foreign.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert_eq!(state(&foreign).unwrap(), State::Foreign);
    }

    #[test]
    fn a_statement_is_not_prepared_anew_for_other_values() {
        let (_folder, conn) = made();
        prepare_any(&conn).unwrap();
        let mut statement = conn
            .prepare("SELECT pk FROM groups WHERE account = ?1 AND pk < ?2 ORDER BY pk DESC LIMIT ?3")
            .unwrap();
        for n in 1..10 {
            assert!(!statement.exists([n, 100 * n, n]).unwrap());
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }

    #[test]
    fn each_migration_runs_once_and_sets_its_version() {
        let (_folder, mut conn) = made();
        conn.pragma_update(None, "user_version", 1).unwrap();
        let mut steps = vec!["CREATE TABLE one (x) ", "ALTER TABLE one ADD COLUMN y"];
        migrate_by(&mut conn, &steps[..1]).unwrap();
        migrate_by(&mut conn, &steps).unwrap();
        migrate_by(&mut conn, &steps).unwrap();
        assert_eq!(pragma(&conn, "user_version").unwrap(), 3);
        conn.execute("INSERT INTO one (x, y) VALUES (1, 2)", []).unwrap();
        steps.resize(MIGRATIONS.len() + 1, "");
        migrate_by(&mut conn, &steps).unwrap();
        assert_eq!(state(&conn).unwrap(), State::Newer(VERSION + 1));
    }

    #[test]
    fn a_migration_that_fails_leaves_the_version_before_it_whole() {
        let (_folder, mut conn) = made();
        conn.pragma_update(None, "user_version", 1).unwrap();
        let steps = ["CREATE TABLE one (x)", "CREATE TABLE two (x); CREATE TABLE one (x)"];
        migrate_by(&mut conn, &steps).unwrap_err();
        assert_eq!(pragma(&conn, "user_version").unwrap(), 2);
        assert!(conn.prepare("SELECT x FROM one").is_ok());
        assert!(conn.prepare("SELECT x FROM two").is_err());
    }

    #[test]
    fn an_upgraded_file_has_the_schema_of_a_fresh_one() {
        let (folder, fresh) = made();
        for version in 1..VERSION {
            let older = format!("{}/tests/fixtures/schema-{version}.db", env!("CARGO_MANIFEST_DIR"));
            let path = folder.path().join(format!("{version}.db"));
            std::fs::copy(older, &path).unwrap();
            let mut upgraded = Connection::open(path).unwrap();
            assert_eq!(state(&upgraded).unwrap(), State::Older);
            assert_ne!(definitions(&upgraded).unwrap(), definitions(&fresh).unwrap());
            migrate(&mut upgraded).unwrap();
            assert_eq!(state(&upgraded).unwrap(), State::Current);
            assert_eq!(definitions(&upgraded).unwrap(), definitions(&fresh).unwrap());
        }
    }

    #[test]
    fn the_schema_is_strict_throughout() {
        let (_folder, conn) = made();
        let loose: i64 = conn
            .query_row(
                "SELECT count(*) FROM pragma_table_list
                 WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(loose, 0);
    }

    #[test]
    fn the_build_has_no_lock_under_all_of_sqlite_s_memory() {
        let (_folder, conn) = made();
        let mut statement = conn
            .prepare("SELECT compile_options FROM pragma_compile_options")
            .unwrap();
        let options: Vec<String> = statement
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert!(
            options.iter().any(|option| option == "DEFAULT_MEMSTATUS=0"),
            "{options:?}"
        );
        assert!(
            !options.iter().any(|option| option == "ENABLE_MEMORY_MANAGEMENT"),
            "{options:?}"
        );
    }
}
