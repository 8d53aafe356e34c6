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
