//! The size of the WAL as its writer sees it, and when it is checkpointed.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::hooks::CheckpointMode;

use super::checkpoints::{self, Checkpoints};
use super::error::Error;
use super::open;

/// Pages in the WAL from which on it is checkpointed: 12,000 are 47 MiB. A page that was written more than once is copied
/// once, so a longer WAL is less work; a start after a crash reads all of it.
pub const CHECKPOINT_PAGES: i32 = 12_000;

/// Pages in the WAL at which the writer waits for a checkpoint: 125 MiB.
const MAX_PAGES: i32 = 32_000;

/// Pages in the WAL from which on maintenance waits for a checkpoint: long reads hold it up, and they go first.
const MAX_PAGES_FOR_MAINTENANCE: i32 = 20_000;

/// While the disk stays full, the WAL is checkpointed and truncated this often to free space.
const FREE_SPACE_INTERVAL: Duration = Duration::from_secs(1);

thread_local! {
    /// Pages in the WAL after the last commit of this thread's connection.
    static PAGES: Cell<i32> = const { Cell::new(0) };
}

/// The WAL of the writer's connection, on its thread. `Err` of its methods: why the disk cannot be trusted any more.
pub struct WalSize<'a> {
    conn: &'a Connection,
    checkpoints: Checkpoints,
    /// Whether the log has the warning that the WAL is too long.
    warned: bool,
    /// When space was freed last, unless a commit has succeeded since.
    space_freed: Option<Instant>,
}

impl<'a> WalSize<'a> {
    pub fn watch(conn: &'a Connection, checkpoints: Checkpoints) -> Self {
        conn.wal_hook(Some(|_, pages| {
            PAGES.set(pages);
            Ok(())
        }));
        WalSize {
            conn,
            checkpoints,
            warned: false,
            space_freed: None,
        }
    }

    /// Whether maintenance has to wait until it is shorter.
    pub fn is_too_long_for_maintenance(&self) -> bool {
        PAGES.get() >= MAX_PAGES_FOR_MAINTENANCE
    }

    /// Checkpoints a long WAL: beside the writer or, once it is too long for that, with the writer waiting.
    pub fn limit(&mut self) -> Result<(), Error> {
        let pages = PAGES.get();
        if pages >= MAX_PAGES && !self.warned {
            tracing::warn!(
                "the WAL has grown to {} MiB: a long read keeps it from being checkpointed",
                pages >> 8
            );
        }
        self.warned = pages >= MAX_PAGES;
        if self.has_checkpointed(pages >= MAX_PAGES)? {
            self.checkpoint(CheckpointMode::PASSIVE)?;
        } else if pages >= CHECKPOINT_PAGES {
            self.checkpoints.begin();
        }
        Ok(())
    }

    /// Checkpoints and truncates it, unless a checkpoint is running. Returns whether something may be left.
    pub fn truncate(&mut self) -> Result<bool, Error> {
        self.has_checkpointed(false)?;
        Ok(self.checkpoints.is_running() || self.checkpoint(CheckpointMode::TRUNCATE)?)
    }

    /// Gives back its space on a full disk, which may be all that there is. Returns whether another attempt is worthwhile.
    pub fn free_space(&mut self) -> Result<bool, Error> {
        if self.space_freed.is_some_and(|at| at.elapsed() < FREE_SPACE_INTERVAL) {
            return Ok(false);
        }
        self.space_freed = Some(Instant::now());
        self.has_checkpointed(true)?;
        self.checkpoint(CheckpointMode::TRUNCATE).map(|_| true)
    }

    /// Notes that a commit has found space.
    pub fn found_space(&mut self) {
        self.space_freed = None;
    }

    /// Waits for the checkpoint thread and its connection to end, and copies the rest.
    pub fn close(mut self) -> Result<(), Error> {
        self.has_checkpointed(true)?;
        drop(self.checkpoints);
        checkpoints::checkpoint(self.conn, CheckpointMode::TRUNCATE).map(|_| ())
    }

    /// As `Checkpoints::has_ended`. If its sync failed, the WAL stays, also when the connection closes: SQLite believes
    /// that what was copied is in the file.
    fn has_checkpointed(&mut self, wait: bool) -> Result<bool, Error> {
        self.checkpoints.has_ended(wait).inspect_err(|_| {
            if let Err(error) = open::keep_wal(self.conn, true) {
                tracing::error!("the WAL could not be kept: {error}");
            }
        })
    }

    /// Checkpoints on this thread. Returns whether something may be left.
    fn checkpoint(&self, mode: CheckpointMode) -> Result<bool, Error> {
        let left = checkpoints::checkpoint(self.conn, mode)?;
        if let Some(left) = left {
            // After a full checkpoint the next commit restarts the WAL.
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
    use crate::db::schema::testing::SCHEMA;

    /// A file, and the connection of its writer.
    fn new_file() -> (TempDir, PathBuf, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("groups.db");
        let conn = open::open_shared(&path, &SCHEMA).unwrap();
        conn.execute_batch("CREATE TABLE long (x)").unwrap();
        (folder, path, conn)
    }

    fn checkpoints(path: &Path) -> Checkpoints {
        Checkpoints::start(path, &SCHEMA, Arc::new(open::open_for_sync(path).unwrap())).unwrap()
    }

    fn grow(conn: &Connection, pages: i32) {
        let sql = "INSERT INTO long VALUES (zeroblob(4096 * (?1 - ?2)))";
        conn.execute(sql, [pages, PAGES.get()]).unwrap();
        assert!(PAGES.get() >= pages);
    }

    #[test]
    fn a_wal_that_a_read_keeps_long_is_warned_of_once_and_checkpointed_when_the_read_ends() {
        let (folder, path, conn) = new_file();
        let reader = open::open_shared(&path, &SCHEMA).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM long").unwrap();
        let mut wal = WalSize::watch(&conn, checkpoints(&path));
        let log = folder.path().join("log");
        let writer = Mutex::new(File::create(&log).unwrap());
        let _guard = tracing::subscriber::set_default(tracing_subscriber::fmt().with_writer(writer).finish());
        let warnings = || fs::read_to_string(&log).unwrap().matches("has grown to").count();

        grow(&conn, CHECKPOINT_PAGES / 2);
        wal.limit().unwrap();
        assert!(!wal.checkpoints.is_running());
        grow(&conn, CHECKPOINT_PAGES);
        wal.limit().unwrap();
        assert!(wal.checkpoints.is_running() && !wal.is_too_long_for_maintenance());
        grow(&conn, MAX_PAGES_FOR_MAINTENANCE);
        assert!(wal.is_too_long_for_maintenance());
        assert_eq!(warnings(), 0);
        grow(&conn, MAX_PAGES);
        for _ in 0..3 {
            wal.limit().unwrap();
            assert_eq!(warnings(), 1);
        }

        reader.execute_batch("COMMIT").unwrap();
        // The first may only collect the end of the checkpoint that the read held up.
        wal.limit().unwrap();
        wal.limit().unwrap();
        assert!(!wal.is_too_long_for_maintenance());
        assert_eq!(PAGES.get(), 0);
        grow(&conn, 1);
        assert!(PAGES.get() < CHECKPOINT_PAGES, "the WAL was not restarted");
    }

    #[test]
    fn the_wal_is_truncated_on_a_full_disk_but_not_for_every_write() {
        let (folder, path, conn) = new_file();
        let mut wal = WalSize::watch(&conn, checkpoints(&path));
        let length = || fs::metadata(folder.path().join("groups.db-wal")).unwrap().len();
        grow(&conn, 1);
        assert!(length() > 0);
        let began = Instant::now();
        assert_eq!(wal.free_space(), Ok(true));
        assert_eq!(length(), 0);
        grow(&conn, 1);
        let again = wal.free_space();
        assert!(again == Ok(false) || began.elapsed() >= FREE_SPACE_INTERVAL);
        wal.found_space();
        assert_eq!(wal.free_space(), Ok(true));
        assert_eq!(length(), 0);
        grow(&conn, 1);
        assert_eq!(wal.truncate(), Ok(false));
        assert_eq!(length(), 0);
    }
}
