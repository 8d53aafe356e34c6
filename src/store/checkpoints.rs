//! Checkpoints: what the log holds is moved into the file by a thread of its own, beside the writer. The writer moves
//! only the little that came meanwhile, as a log begins anew only after all of it was moved.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::hooks::CheckpointMode;
use rusqlite::{Connection, ffi};

use super::file;
use super::schema::BUSY_TIMEOUT;
use crate::error::Failure;

/// Pages that the thread leaves to the writer at most, where it can.
const LEFT: i32 = 100;

/// How often the thread goes after what came while it was at work.
const ROUNDS: usize = 4;

/// The handle to the thread.
pub struct Checkpoints {
    wake: Option<SyncSender<()>>,
    ended: Receiver<Result<(), String>>,
    running: bool,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the thread with a connection of its own to the file at `path`, which closes with this handle. `synced` is
    /// that file itself; closed before any connection to it, it would take their locks with it (POSIX, fcntl).
    pub fn start(path: &Path, synced: Arc<File>) -> Result<Self, Failure> {
        let conn = file::open_shared(path)?;
        let (wake, woken) = sync_channel(1);
        let (end, ended) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("checkpoints".to_owned())
            .spawn(move || {
                while let Ok(()) = woken.recv() {
                    if end.send(run(&conn, &synced)).is_err() {
                        break;
                    }
                }
            })
            .map_err(|error| Failure::new(format!("cannot start the thread for checkpoints: {error}")))?;
        Ok(Checkpoints {
            wake: Some(wake),
            ended,
            running: false,
            thread: Some(thread),
        })
    }

    /// Begins a checkpoint, unless one is under way.
    pub fn begin(&mut self) {
        if !self.running
            && let Some(wake) = &self.wake
        {
            self.running = wake.send(()).is_ok();
        }
    }

    /// Whether one is under way, or has ended and that was not asked for yet.
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// Whether a checkpoint has ended since the last time that this was asked; with `wait`, waits for one under way.
    ///
    /// # Errors
    /// Why the disk cannot be trusted any more.
    pub fn has_ended(&mut self, wait: bool) -> Result<bool, String> {
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
            Err(TryRecvError::Disconnected) => Err("the thread for checkpoints has panicked".to_owned()),
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // What it panicked of is in the log already.
            drop(thread.join());
        }
    }
}

/// SQLite syncs the file only where it has moved all of the log, which is when the writer does the rest: without the
/// sync here, the writer would wait for everything that was moved.
fn run(conn: &Connection, file: &File) -> Result<(), String> {
    let mut before = i32::MAX;
    for _ in 0..ROUNDS {
        let left = move_log(conn, CheckpointMode::PASSIVE)?.unwrap_or(0);
        // Nothing was moved: a reader is in the way.
        if left >= before {
            break;
        }
        file.sync_data().map_err(|error| lost_sync(&error))?;
        if left <= LEFT {
            break;
        }
        before = left;
    }
    Ok(())
}

/// Moves the log into the file as far as readers allow, waiting for none; tells the pages that are left, if another
/// connection is not at it. What is left now can be moved the next time.
///
/// # Errors
/// Why the disk cannot be trusted any more.
pub fn move_log(conn: &Connection, mode: CheckpointMode) -> Result<Option<i32>, String> {
    let sql = match mode {
        CheckpointMode::TRUNCATE => "PRAGMA wal_checkpoint(TRUNCATE)",
        _ => "PRAGMA wal_checkpoint(PASSIVE)",
    };
    let patience = |time| conn.busy_timeout(time).map_err(|error| error.to_string());
    patience(Duration::ZERO)?;
    let left = conn.query_row(sql, [], |row| Ok((row.get::<_, i32>(1)?, row.get::<_, i32>(2)?)));
    patience(BUSY_TIMEOUT)?;
    match left {
        // -1 and -1 where another connection is at it.
        Ok((-1, _)) => Ok(None),
        Ok((pages, moved)) => Ok(Some(pages - moved)),
        Err(error) if is_lost_sync(&error) => Err(lost_sync(&error)),
        Err(error) => {
            tracing::warn!("the log could not be moved into the file: {error}");
            Ok(None)
        }
    }
}

pub fn is_lost_sync(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(code, Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC))
}

/// After a failed sync the system may have dropped what it could not write, and say so only once.
pub fn lost_sync(error: &dyn std::error::Error) -> String {
    format!("the disk did not confirm a write ({error}); check the disk, then start again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::log::CHECKPOINT_PAGES;
    use crate::store::writer::Writer;

    fn grow(conn: &Connection, pages: i32) -> rusqlite::Result<()> {
        conn.execute_batch("CREATE TABLE long (x)")?;
        conn.execute("INSERT INTO long VALUES (zeroblob(4096 * ?1))", [pages])
            .map(|_| ())
    }

    #[tokio::test]
    async fn a_sync_that_the_thread_loses_ends_the_writer_and_keeps_the_log() {
        for closed_meanwhile in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("groups.db");
            let conn = file::open_shared(&path).unwrap();
            // What has no disk stands for one that fails.
            let synced = Arc::new(File::open("/dev/null").unwrap());
            let checkpoints = Checkpoints::start(&path, synced).unwrap();
            let writer = Writer::start(conn, checkpoints, &[]).unwrap();
            writer.write(|tx| Ok(grow(tx, CHECKPOINT_PAGES)?)).await.unwrap();
            if !closed_meanwhile {
                let why = tokio::time::timeout(10 * BUSY_TIMEOUT, writer.failed()).await;
                assert!(why.unwrap().contains("the disk did not confirm a write"));
            }
            assert!(writer.close().is_err());
            drop(writer);
            let log = std::fs::metadata(folder.path().join("groups.db-wal"));
            assert!(log.is_ok_and(|log| log.len() > 4096 * u64::try_from(CHECKPOINT_PAGES).unwrap()));
        }
    }

    #[test]
    fn the_thread_and_its_connection_have_ended_when_the_handle_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("groups.db");
        let conn = file::open_shared(&path).unwrap();
        grow(&conn, 5_000).unwrap();
        let synced = Arc::new(file::open_for_sync(&path).unwrap());
        let mut checkpoints = Checkpoints::start(&path, Arc::clone(&synced)).unwrap();
        checkpoints.begin();
        drop(checkpoints);
        assert_eq!(Arc::strong_count(&synced), 1);
    }
}
