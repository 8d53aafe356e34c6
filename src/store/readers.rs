//! Reads: a pool of connections that cannot write; each read sees one snapshot and has a deadline.

use std::cell::Cell;
use std::path::Path;
use std::time::{Duration, Instant};

use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags};

use super::schema;
use crate::error::{Error, Failure};

/// A read that takes longer is given up: it would keep a connection, and the log from being shortened.
const DEADLINE: Duration = Duration::from_secs(5);

/// How many of SQLite's instructions run between two looks at the clock: some tenths of a millisecond.
const INSTRUCTIONS_A_LOOK: i32 = 20_000;

thread_local! {
    /// When the read that this thread runs must end.
    static DUE: Cell<Option<Instant>> = const { Cell::new(None) };
}

pub struct Readers(r2d2::Pool<SqliteConnectionManager>);

impl Readers {
    pub fn open(path: &Path, count: u32) -> Result<Self, Failure> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let manager = SqliteConnectionManager::file(path).with_flags(flags).with_init(|conn| {
            schema::prepare_any(conn)?;
            conn.progress_handler(INSTRUCTIONS_A_LOOK, Some(overdue))
        });
        r2d2::Pool::builder()
            .max_size(count)
            .test_on_check_out(false)
            .connection_timeout(DEADLINE)
            .build(manager)
            .map(Readers)
            .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))
    }

    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let conn = self
            .0
            .get()
            .map_err(|error| Error::unavailable("Too many reads at once; try again soon.", error.to_string()))?;
        DUE.set(Some(Instant::now() + DEADLINE));
        let snapshot = Snapshot::begin(&conn)?;
        work(snapshot.0)
    }
}

/// A read transaction, ended whichever way the work ends: a pooled connection must not keep one.
struct Snapshot<'a>(&'a Connection);

impl<'a> Snapshot<'a> {
    fn begin(conn: &'a Connection) -> Result<Self, Error> {
        conn.prepare_cached("BEGIN")?.execute([])?;
        Ok(Snapshot(conn))
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        // SQLite may have ended it already.
        if !self.0.is_autocommit()
            && let Err(error) = self.0.prepare_cached("ROLLBACK").and_then(|mut end| end.execute([]))
        {
            tracing::error!("a read could not be ended: {error}");
        }
    }
}

fn overdue() -> bool {
    DUE.get().is_some_and(|due| Instant::now() > due)
}
