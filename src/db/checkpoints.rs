//! Checkpoints: a thread beside the writer copies the WAL into the file. The writer copies only the little that was
//! written meanwhile, because the WAL restarts only after all of it was copied.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::hooks::CheckpointMode;

use super::error::{Error, ErrorKind};
use super::open;
use super::schema::{BUSY_TIMEOUT, Schema};
use crate::supervisor::Task;

/// Pages that the thread leaves to the writer, if it can keep up.
const LEFT: i32 = 100;

/// How often the thread repeats for what was written while it ran.
const ROUNDS: usize = 4;

/// The handle to the checkpoint thread.
pub struct Checkpoints {
    /// Dropped first, which ends the thread.
    wake: SyncSender<()>,
    ended: Receiver<Result<(), Error>>,
    running: bool,
    _thread: Task,
}

impl Checkpoints {
    /// Starts the thread with a connection of its own to the file at `path`, which closes with this handle. `synced` is the
    /// file itself: if it were closed before any connection to it, their POSIX locks would be lost.
    pub fn start(path: &Path, schema: &'static Schema, synced: Arc<File>) -> Result<Self, Error> {
        let conn = open::open_shared(path, schema)?;
        let (wake, woken) = sync_channel(1);
        let (end, ended) = sync_channel(1);
        let thread = Task::spawn("checkpoints", move |_| {
            while let Ok(()) = woken.recv() {
                if end.send(run(&conn, &synced)).is_err() {
                    break;
                }
            }
        });
        Ok(Checkpoints {
            wake,
            ended,
            running: false,
            _thread: thread.map_err(|error| Error::unusable(error.to_string()))?,
        })
    }

    /// Begins a checkpoint, unless one is running.
    pub fn begin(&mut self) {
        if !self.running {
            self.running = self.wake.send(()).is_ok();
        }
    }

    /// Whether one is running, or has ended without `has_ended` having returned it yet.
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// Whether a checkpoint has ended since the last call; with `wait`, waits for the running one.
    ///
    /// # Errors
    /// Why the disk cannot be trusted any more.
    pub fn has_ended(&mut self, wait: bool) -> Result<bool, Error> {
        if !self.running {
            return Ok(false);
        }
        let ended = match wait {
            true => self.ended.recv().map_err(|_| TryRecvError::Disconnected),
            false => self.ended.try_recv(),
        };
        match ended {
            Ok(result) => {
                self.running = false;
                result.map(|()| true)
            }
            Err(TryRecvError::Empty) => Ok(false),
            Err(TryRecvError::Disconnected) => Err(Error::fault("the checkpoint thread panicked")),
        }
    }
}

/// SQLite syncs the file only after copying all of the WAL, which is when the writer does the rest: without the sync here,
/// the writer would wait for everything that was copied.
fn run(conn: &Connection, file: &File) -> Result<(), Error> {
    let mut before = i32::MAX;
    for _ in 0..ROUNDS {
        let left = checkpoint(conn, CheckpointMode::PASSIVE)?.unwrap_or(0);
        // Nothing was copied: a reader is in the way.
        if left >= before {
            break;
        }
        file.sync_data().map_err(|error| Error::sync_failed(&error))?;
        if left <= LEFT {
            break;
        }
        before = left;
    }
    Ok(())
}

/// Copies the WAL into the file as far as readers allow, without waiting for any. Returns the number of pages left, or
/// `None` if another connection is checkpointing. What is left can be copied the next time.
///
/// # Errors
/// Why the disk cannot be trusted any more.
pub fn checkpoint(conn: &Connection, mode: CheckpointMode) -> Result<Option<i32>, Error> {
    let sql = match mode {
        CheckpointMode::TRUNCATE => "PRAGMA wal_checkpoint(TRUNCATE)",
        _ => "PRAGMA wal_checkpoint(PASSIVE)",
    };
    conn.busy_timeout(Duration::ZERO)?;
    let done = conn.query_row(sql, [], |row| Ok((row.get::<_, i32>(1)?, row.get::<_, i32>(2)?)));
    conn.busy_timeout(BUSY_TIMEOUT)?;
    match done.map_err(Error::from) {
        // -1 and -1 if another connection is checkpointing.
        Ok((-1, _)) => Ok(None),
        Ok((pages, copied)) => Ok(Some(pages - copied)),
        Err(error) if error.kind == ErrorKind::SyncFailed => Err(error),
        Err(error) => {
            tracing::warn!("the WAL could not be checkpointed: {error}");
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::schema::testing::SCHEMA;
    use crate::db::wal_size::CHECKPOINT_PAGES;
    use crate::db::writer::Writer;

    fn grow(conn: &Connection, pages: i32) -> Result<(), Error> {
        conn.execute_batch("CREATE TABLE long (x)")?;
        conn.execute("INSERT INTO long VALUES (zeroblob(4096 * ?1))", [pages])?;
        Ok(())
    }

    #[tokio::test]
    async fn a_failed_sync_of_the_thread_ends_the_writer_and_keeps_the_wal() {
        for closed_meanwhile in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("groups.db");
            let conn = open::open_shared(&path, &SCHEMA).unwrap();
            // A device without a disk stands for a disk that fails to sync.
            let synced = Arc::new(File::open("/dev/null").unwrap());
            let checkpoints = Checkpoints::start(&path, &SCHEMA, synced).unwrap();
            let writer = Writer::start(conn, checkpoints, &[], Box::new(|_| {})).unwrap();
            writer.write(|tx| grow(tx, CHECKPOINT_PAGES)).await.unwrap();
            if !closed_meanwhile {
                let why = tokio::time::timeout(10 * BUSY_TIMEOUT, writer.failed()).await;
                assert!(why.unwrap().to_string().contains("the disk did not confirm a write"));
            }
            assert!(writer.close().is_err());
            drop(writer);
            let wal = std::fs::metadata(folder.path().join("groups.db-wal"));
            assert!(wal.is_ok_and(|wal| wal.len() > 4096 * u64::try_from(CHECKPOINT_PAGES).unwrap()));
        }
    }

    #[test]
    fn the_thread_and_its_connection_have_ended_when_the_handle_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("groups.db");
        let conn = open::open_shared(&path, &SCHEMA).unwrap();
        grow(&conn, 5_000).unwrap();
        let synced = Arc::new(open::open_for_sync(&path).unwrap());
        let mut checkpoints = Checkpoints::start(&path, &SCHEMA, Arc::clone(&synced)).unwrap();
        checkpoints.begin();
        drop(checkpoints);
        assert_eq!(Arc::strong_count(&synced), 1);
    }
}
