//! The check after an unclean shutdown: SQLite's quick check of one table after the other, so that no snapshot is held for
//! long, on a thread of its own. A start waits a moment for it; the rest runs while the file is served.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rusqlite::{Connection, InterruptHandle};

use super::corruption::Corruption;
use super::error::{Error, ErrorKind};
use crate::supervisor::{Shutdown, Task};

/// How long a start waits.
pub const PATIENCE: Duration = Duration::from_millis(300);

/// The pause before each table after that: requests go first.
const PAUSE: Duration = Duration::from_millis(100);

/// A running check. It ends with this handle.
pub struct QuickCheck {
    interrupt: InterruptHandle,
    thread: Task,
}

impl QuickCheck {
    /// Starts the thread, with a connection of its own. It reports what it finds to `corruption` and, at its end, to the
    /// receiver.
    pub fn start(conn: Connection, corruption: Corruption) -> Result<(Self, Receiver<Result<(), Error>>), Error> {
        let interrupt = conn.get_interrupt_handle();
        let (end, ended) = sync_channel(1);
        let thread = Task::spawn("quick-check", move |shutdown| run(&conn, &corruption, shutdown, &end));
        let thread = thread.map_err(|error| Error::unusable(error.to_string()))?;
        Ok((QuickCheck { interrupt, thread }, ended))
    }
}

impl Drop for QuickCheck {
    fn drop(&mut self) {
        self.thread.shutdown().request();
        // An interrupt ends the statement that runs at that moment; the next one may be about to begin.
        while !self.thread.is_finished() {
            self.interrupt.interrupt();
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn run(conn: &Connection, corruption: &Corruption, shutdown: &Shutdown, end: &SyncSender<Result<(), Error>>) {
    let found = check(conn, shutdown);
    if let Err(error) = &found {
        corruption.report(&error.to_string());
    }
    // The start may have stopped waiting.
    drop(end.send(found));
}

/// Checks every table, unless shut down before.
///
/// # Errors
/// The corruption that it found.
fn check(conn: &Connection, shutdown: &Shutdown) -> Result<(), Error> {
    let began = Instant::now();
    let tables = match tables(conn) {
        Ok(tables) => tables,
        Err(error) => return corruption_in(error),
    };
    for table in tables {
        let pause = match began.elapsed() < PATIENCE {
            true => Duration::ZERO,
            false => PAUSE,
        };
        if shutdown.wait(pause) {
            return Ok(());
        }
        let found = conn.query_row(&format!("PRAGMA quick_check(\"{table}\")"), [], |row| {
            row.get::<_, String>(0)
        });
        match found {
            Ok(found) if found == "ok" => {}
            Ok(found) => return Err(Error::new(ErrorKind::Corrupt, found)),
            Err(error) => corruption_in(error)?,
        }
    }
    tracing::info!(
        "the check after an unclean shutdown found no corruption in {:?}",
        began.elapsed()
    );
    Ok(())
}

/// The last also stands for the file's free pages.
fn tables(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' UNION ALL SELECT 'sqlite_schema'";
    conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

/// An error shows corruption, or keeps the check from completing.
fn corruption_in(error: rusqlite::Error) -> Result<(), Error> {
    let error = Error::from(error);
    if error.shows_corruption() {
        return Err(error);
    }
    tracing::warn!("the check after an unclean shutdown could not be completed: {error}");
    Ok(())
}
