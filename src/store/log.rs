//! SQLite's log as its writer sees it: how long it is, and when what it holds is moved into the file.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::hooks::CheckpointMode;

use super::checkpoints::{self, Checkpoints};
use super::file;

/// Pages in the log from which on it is moved into the file: 12,000 are 47 MiB. What was written more than once is moved
/// once, so that a longer log is less work; a start after a crash reads it whole.
pub const CHECKPOINT_PAGES: i32 = 12_000;

/// Pages in the log at which the writer waits until they are moved: 125 MiB.
const LONGEST: i32 = 32_000;

/// Pages in the log from which on the chores wait until they are moved: long reads are in the way, and they go first.
const LONGEST_FOR_CHORES: i32 = 20_000;

/// On a disk that stays full the log is moved into the file and cut so often, to make room.
const ROOM_INTERVAL: Duration = Duration::from_secs(1);

thread_local! {
    /// Pages in the log after the last commit of this thread's connection.
    static PAGES: Cell<i32> = const { Cell::new(0) };
}

/// The log of the writer's connection, on its thread.
pub struct Log<'a> {
    conn: &'a Connection,
    checkpoints: Checkpoints,
    /// Whether it was told already that the log is too long.
    warned: bool,
    /// When room was made last, unless a commit has found some since.
    room_made: Option<Instant>,
}

impl<'a> Log<'a> {
    pub fn watch(conn: &'a Connection, checkpoints: Checkpoints) -> Self {
        conn.wal_hook(Some(|_, pages| {
            PAGES.set(pages);
            Ok(())
        }));
        Log {
            conn,
            checkpoints,
            warned: false,
            room_made: None,
        }
    }

    /// Whether the chores have to wait until it is shorter.
    pub fn is_too_long_for_chores(&self) -> bool {
        PAGES.get() >= LONGEST_FOR_CHORES
    }

    /// Has what it holds moved where it is long: beside the writer or, where it is too long for that, with the writer
    /// waiting.
    ///
    /// # Errors
    /// Here and below: why the disk cannot be trusted any more.
    pub fn keep_short(&mut self) -> Result<(), String> {
        let pages = PAGES.get();
        if pages >= LONGEST && !self.warned {
            tracing::warn!(
                "the log has grown to {} MiB: a read that does not end keeps it from being moved",
                pages >> 8
            );
        }
        self.warned = pages >= LONGEST;
        if self.has_checkpointed(pages >= LONGEST)? {
            self.checkpoint(CheckpointMode::PASSIVE)?;
        } else if pages >= CHECKPOINT_PAGES {
            self.checkpoints.begin();
        }
        Ok(())
    }

    /// Moves all of it and cuts it to nothing, unless a checkpoint is under way; tells whether something may be left.
    pub fn empty(&mut self) -> Result<bool, String> {
        self.has_checkpointed(false)?;
        Ok(self.checkpoints.is_running() || self.checkpoint(CheckpointMode::TRUNCATE)?)
    }

    /// Gives back what it takes of a full disk, which may be all that there is; tells whether it is worth another try.
    pub fn make_room(&mut self) -> Result<bool, String> {
        if self.room_made.is_some_and(|at| at.elapsed() < ROOM_INTERVAL) {
            return Ok(false);
        }
        self.room_made = Some(Instant::now());
        self.has_checkpointed(true)?;
        self.checkpoint(CheckpointMode::TRUNCATE).map(|_| true)
    }

    /// Tells that a commit has found room.
    pub fn found_room(&mut self) {
        self.room_made = None;
    }

    /// Waits for the thread for checkpoints and its connection to end, and moves what is left.
    pub fn end(mut self) -> Result<(), String> {
        self.has_checkpointed(true)?;
        drop(self.checkpoints);
        checkpoints::move_log(self.conn, CheckpointMode::TRUNCATE).map(|_| ())
    }

    /// As `Checkpoints::has_ended`. Where its sync was lost the log stays, also when the connection closes: SQLite
    /// believes that what was moved is in the file.
    fn has_checkpointed(&mut self, wait: bool) -> Result<bool, String> {
        self.checkpoints.has_ended(wait).inspect_err(|_| {
            if let Err(error) = file::keep_log(self.conn, true) {
                tracing::error!("the log could not be kept: {error}");
            }
        })
    }

    /// Moves what it holds; tells whether something may be left.
    fn checkpoint(&self, mode: CheckpointMode) -> Result<bool, String> {
        let left = checkpoints::move_log(self.conn, mode)?;
        if let Some(left) = left {
            // A log that was moved whole is begun anew by the next commit.
            PAGES.set(left);
        }
        Ok(left != Some(0))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::{Path, PathBuf};
    use std::sync::{Arc, Mutex};

    use tempfile::TempDir;

    use super::*;

    /// A file, and the connection of its writer.
    fn open() -> (TempDir, PathBuf, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("groups.db");
        let conn = file::open_shared(&path).unwrap();
        conn.execute_batch("CREATE TABLE long (x)").unwrap();
        (folder, path, conn)
    }

    fn checkpoints(path: &Path) -> Checkpoints {
        Checkpoints::start(path, Arc::new(file::open_for_sync(path).unwrap())).unwrap()
    }

    fn grow(conn: &Connection, pages: i32) {
        let sql = "INSERT INTO long VALUES (zeroblob(4096 * (?1 - ?2)))";
        conn.execute(sql, [pages, PAGES.get()]).unwrap();
        assert!(PAGES.get() >= pages);
    }

    #[test]
    fn a_log_that_a_read_keeps_long_is_told_of_once_and_moved_when_that_ends() {
        let (folder, path, conn) = open();
        let reader = file::open_shared(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM long").unwrap();
        let mut log = Log::watch(&conn, checkpoints(&path));
        let told = folder.path().join("told");
        let writer = Mutex::new(File::create(&told).unwrap());
        let _told = tracing::subscriber::set_default(tracing_subscriber::fmt().with_writer(writer).finish());
        let times_told = || fs::read_to_string(&told).unwrap().matches("has grown to").count();

        grow(&conn, CHECKPOINT_PAGES / 2);
        log.keep_short().unwrap();
        assert!(!log.checkpoints.is_running());
        grow(&conn, CHECKPOINT_PAGES);
        log.keep_short().unwrap();
        assert!(log.checkpoints.is_running() && !log.is_too_long_for_chores());
        grow(&conn, LONGEST_FOR_CHORES);
        assert!(log.is_too_long_for_chores());
        assert_eq!(times_told(), 0);
        grow(&conn, LONGEST);
        for _ in 0..3 {
            log.keep_short().unwrap();
            assert_eq!(times_told(), 1);
        }

        reader.execute_batch("COMMIT").unwrap();
        // The first may find that all was moved already, as far as the read let it be.
        log.keep_short().unwrap();
        log.keep_short().unwrap();
        assert!(!log.is_too_long_for_chores());
        assert_eq!(PAGES.get(), 0);
        grow(&conn, 1);
        assert!(PAGES.get() < CHECKPOINT_PAGES, "the log was not begun anew");
    }

    #[test]
    fn a_log_is_cut_where_the_disk_is_full_but_not_for_every_write() {
        let (folder, path, conn) = open();
        let mut log = Log::watch(&conn, checkpoints(&path));
        let length = || fs::metadata(folder.path().join("groups.db-wal")).unwrap().len();
        grow(&conn, 1);
        assert!(length() > 0);
        let began = Instant::now();
        assert_eq!(log.make_room(), Ok(true));
        assert_eq!(length(), 0);
        grow(&conn, 1);
        let again = log.make_room();
        assert!(again == Ok(false) || began.elapsed() >= ROOM_INTERVAL);
        log.found_room();
        assert_eq!(log.make_room(), Ok(true));
        assert_eq!(length(), 0);
        grow(&conn, 1);
        assert_eq!(log.empty(), Ok(false));
        assert_eq!(length(), 0);
    }
}
