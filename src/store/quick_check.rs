//! The check after an unclean stop: SQLite's quick check of one table after the other, so that no snapshot is held for
//! long, on a thread of its own. A start waits a moment for it; the rest is checked beside serving.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, InterruptHandle};

use super::damage::{Damage, is_damage};
use crate::error::Failure;

/// So long a start waits.
pub const PATIENCE: Duration = Duration::from_millis(300);

/// After that, the pause before each table: those who are served go first.
const PAUSE: Duration = Duration::from_millis(100);

/// What is damaged.
type Found = Result<(), String>;

/// A check that is under way. It ends with this handle.
pub struct QuickCheck {
    stop: Option<Sender<()>>,
    interrupt: InterruptHandle,
    thread: Option<JoinHandle<()>>,
}

impl QuickCheck {
    /// Starts the thread, with a connection of its own. What it finds it tells to `damage`, and, at its end, to the receiver.
    pub fn start(conn: Connection, damage: Damage) -> Result<(Self, Receiver<Found>), Failure> {
        let interrupt = conn.get_interrupt_handle();
        let (stop, stopped) = channel();
        let (end, ended) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("check".to_owned())
            .spawn(move || run(&conn, &damage, &stopped, &end))
            .map_err(|error| Failure::new(format!("cannot start the thread for the check: {error}")))?;
        let check = QuickCheck {
            stop: Some(stop),
            interrupt,
            thread: Some(thread),
        };
        Ok((check, ended))
    }
}

impl Drop for QuickCheck {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // An interrupt is of what runs just then, and the next statement may be about to begin.
            while !thread.is_finished() {
                self.interrupt.interrupt();
                std::thread::sleep(Duration::from_millis(1));
            }
            drop(thread.join());
        }
    }
}

fn run(conn: &Connection, damage: &Damage, stopped: &Receiver<()>, end: &SyncSender<Found>) {
    let found = check(conn, stopped);
    if let Err(why) = &found {
        damage.tell(why);
    }
    // The start may have stopped waiting.
    drop(end.send(found));
}

/// Checks every table, unless stopped before.
fn check(conn: &Connection, stopped: &Receiver<()>) -> Found {
    let began = Instant::now();
    let tables = match tables(conn) {
        Ok(tables) => tables,
        Err(error) => return judge(&error),
    };
    for table in tables {
        let pause = if began.elapsed() < PATIENCE {
            Duration::ZERO
        } else {
            PAUSE
        };
        if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            return Ok(());
        }
        let found = conn.query_row(&format!("PRAGMA quick_check(\"{table}\")"), [], |row| {
            row.get::<_, String>(0)
        });
        match found.as_deref() {
            Ok("ok") => {}
            Ok(what) => return Err(what.to_owned()),
            Err(error) => judge(error)?,
        }
    }
    tracing::info!(
        "the check after an unclean stop found nothing, in {:?}",
        began.elapsed()
    );
    Ok(())
}

/// The last also stands for the file's free pages.
fn tables(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' UNION ALL SELECT 'sqlite_schema'";
    conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

/// An error is damage, or keeps the check from its end.
fn judge(error: &rusqlite::Error) -> Found {
    if is_damage(error) {
        return Err(error.to_string());
    }
    tracing::warn!("the check after an unclean stop could not go on: {error}");
    Ok(())
}
