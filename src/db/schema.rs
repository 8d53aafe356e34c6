//! What makes a SQLite file one of the product's: its application id, its schema and the migrations from older ones; and
//! the settings of every connection.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior, ffi};

use super::error::Error;

/// How long a connection waits for another process's write before it gives up.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The schema of a product.
pub struct Schema {
    /// The name of the program, as messages to the operator have it.
    pub program: &'static str,
    /// Distinguishes the product's files from others' (PRAGMA application_id).
    pub application_id: i32,
    /// The whole current schema, in SQL.
    pub definition: &'static str,
    /// The step at index `i` migrates schema `i + 1` to schema `i + 2`. A released step is never changed.
    pub migrations: &'static [&'static str],
}

/// What a file is to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is no file yet.
    Missing,
    /// A database of another program.
    Foreign,
    Older,
    Current,
    /// Of a newer version of this program, with its schema version.
    Newer(i32),
}

impl Schema {
    /// The current schema version (PRAGMA user_version).
    pub fn version(&self) -> i32 {
        i32::try_from(1 + self.migrations.len()).expect("there are few migrations")
    }

    /// Reads what the file is, by its application id and version.
    ///
    /// # Errors
    /// `NotADatabase` also if the file is too short to have a page.
    pub fn state(&self, conn: &Connection) -> rusqlite::Result<State> {
        if pragma(conn, "page_count")? == 0 {
            return Err(rusqlite::Error::SqliteFailure(
                ffi::Error::new(ffi::SQLITE_NOTADB),
                None,
            ));
        }
        if pragma(conn, "application_id")? != self.application_id {
            return Ok(State::Foreign);
        }
        let version = pragma(conn, "user_version")?;
        Ok(match version.cmp(&self.version()) {
            std::cmp::Ordering::Less => State::Older,
            std::cmp::Ordering::Equal => State::Current,
            std::cmp::Ordering::Greater => State::Newer(version),
        })
    }

    /// Creates the whole schema in the empty file at `path`, in one transaction, and closes it.
    pub fn create(&self, path: &Path) -> Result<(), Error> {
        let mut conn = Connection::open(path)?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(self.definition)?;
        tx.pragma_update(None, "application_id", self.application_id)?;
        tx.pragma_update(None, "user_version", self.version())?;
        tx.commit()?;
        use_wal(&conn)?;
        conn.close().map_err(|(_, error)| error.into())
    }

    /// Migrates an older file to the current schema. Each step runs in a transaction of its own, with its version, so that a
    /// crash leaves a whole schema.
    pub fn migrate(&self, conn: &mut Connection) -> Result<(), Error> {
        loop {
            let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let version = pragma(&tx, "user_version")?;
            let step = usize::try_from(version - 1).ok();
            let Some(step) = step.and_then(|index| self.migrations.get(index)) else {
                return Ok(());
            };
            tx.execute_batch(step)?;
            tx.pragma_update(None, "user_version", version + 1)?;
            tx.commit()?;
        }
    }

    /// The definitions of a new file.
    pub fn expected(&self) -> rusqlite::Result<Vec<(String, String)>> {
        let fresh = Connection::open_in_memory()?;
        fresh.execute_batch(self.definition)?;
        definitions(&fresh)
    }
}

/// Every table, index and trigger: its name, and its definition without comments, white space and quotes, in which a
/// migrated file may differ from a new one.
pub fn definitions(conn: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = conn.prepare(
        "SELECT name, type || '|' || name || '|' || tbl_name || '|' || coalesce(sql, '')
         FROM sqlite_schema ORDER BY type, name",
    )?;
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

/// Configures a connection to write, after `configure`: each commit is synced. Both settings are read back, because SQLite
/// may keep another.
pub fn configure_writer(conn: &Connection) -> Result<(), Error> {
    use_wal(conn)?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    // The writer decides when to checkpoint. A WAL that grew beyond the limit is shrunk to it; one below keeps its blocks,
    // and is overwritten.
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_| Ok(()))?;
    const FULL: i32 = 2;
    match pragma(conn, "synchronous")? {
        FULL => Ok(()),
        other => Err(Error::unusable(format!("synchronous is {other} and not FULL"))),
    }
}

/// Configures what every connection has.
pub fn configure(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    // Otherwise SQLite prepares a statement with `LIMIT ?` again for each value, in case another plan fits it better.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(128);
    Ok(())
}

fn use_wal(conn: &Connection) -> Result<(), Error> {
    let mode: String = conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    match mode.as_str() {
        "wal" => Ok(()),
        other => Err(Error::unusable(format!(
            "this file system cannot hold a write-ahead log (journal_mode is {other})"
        ))),
    }
}

fn pragma(conn: &Connection, name: &str) -> rusqlite::Result<i32> {
    conn.pragma_query_value(None, name, |row| row.get(0))
}

/// A schema for the tests of this room, and new files for every test of a schema.
#[cfg(test)]
pub mod testing {
    use rusqlite::Connection;

    use super::Schema;

    pub static SCHEMA: Schema = Schema {
        program: "test",
        application_id: 7,
        definition: "CREATE TABLE numbers (n INTEGER) STRICT",
        migrations: &[],
    };

    /// A new database file with this schema, and a connection to it. The file is deleted with its folder.
    pub fn new_file(schema: &Schema) -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("groups.db");
        schema.create(&path).unwrap();
        let conn = Connection::open(path).unwrap();
        (folder, conn)
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{SCHEMA, new_file};
    use super::*;

    fn with_migrations(migrations: &'static [&'static str]) -> Schema {
        Schema { migrations, ..SCHEMA }
    }

    #[test]
    fn a_new_file_is_current_and_another_program_s_is_foreign() {
        let (_folder, conn) = new_file(&SCHEMA);
        assert_eq!(SCHEMA.state(&conn).unwrap(), State::Current);
        let foreign = Connection::open_in_memory().unwrap();
        foreign.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert_eq!(SCHEMA.state(&foreign).unwrap(), State::Foreign);
    }

    #[test]
    fn each_migration_runs_once_and_sets_its_version() {
        const STEPS: &[&str] = &["CREATE TABLE one (x) ", "ALTER TABLE one ADD COLUMN y"];
        let (_folder, mut conn) = new_file(&SCHEMA);
        assert_eq!(with_migrations(STEPS).state(&conn).unwrap(), State::Older);
        with_migrations(&STEPS[..1]).migrate(&mut conn).unwrap();
        with_migrations(STEPS).migrate(&mut conn).unwrap();
        with_migrations(STEPS).migrate(&mut conn).unwrap();
        assert_eq!(pragma(&conn, "user_version").unwrap(), 3);
        conn.execute("INSERT INTO one (x, y) VALUES (1, 2)", []).unwrap();
        assert_eq!(with_migrations(STEPS).state(&conn).unwrap(), State::Current);
        assert_eq!(SCHEMA.state(&conn).unwrap(), State::Newer(3));
    }

    #[test]
    fn a_failed_migration_leaves_the_version_before_it_whole() {
        const STEPS: &[&str] = &["CREATE TABLE one (x)", "CREATE TABLE two (x); CREATE TABLE one (x)"];
        let (_folder, mut conn) = new_file(&SCHEMA);
        with_migrations(STEPS).migrate(&mut conn).unwrap_err();
        assert_eq!(pragma(&conn, "user_version").unwrap(), 2);
        assert!(conn.prepare("SELECT x FROM one").is_ok());
        assert!(conn.prepare("SELECT x FROM two").is_err());
    }

    #[test]
    fn the_build_has_no_lock_around_sqlite_s_memory() {
        let (_folder, conn) = new_file(&SCHEMA);
        let mut statement = conn
            .prepare("SELECT compile_options FROM pragma_compile_options")
            .unwrap();
        let options: Vec<String> = statement
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let has = |name| options.iter().any(|option| option == name);
        assert!(has("DEFAULT_MEMSTATUS=0"), "{options:?}");
        assert!(!has("ENABLE_MEMORY_MANAGEMENT"), "{options:?}");
    }
}
