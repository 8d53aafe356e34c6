//! A backup: one snapshot of the database as a single file, checked, synced and then renamed into place, beside a server
//! or without one.
//!
//! SQLite's backup API copies pages as they are: the snapshot, which keeps the WAL from being reset, is held for no longer
//! than the disk takes to write the copy. VACUUM INTO would write a file without free pages, but hold the snapshot while
//! it rebuilds every b-tree.

use std::fmt::Display;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::check;
use crate::db::schema::State;
use crate::db::{open, paths};
use crate::error::Failure;
use crate::store::SCHEMA;
use crate::supervisor::Shutdown;

/// The name of an unfinished backup, the same for all in a folder: the next one overwrites what a killed one left.
const DRAFT: &str = "groups-backup-draft";

/// Pages copied between two checks for a shutdown: 4 MiB.
const PAGES_PER_STEP: i32 = 1_000;

/// Steps between two syncs, so that the last one does not write everything while others wait for the disk.
const STEPS_PER_SYNC: usize = 8;

/// SQLite's instructions between two checks for a shutdown.
const INSTRUCTIONS_PER_CHECK: i32 = 100_000;

/// The offset of the file format's write and read versions in the header, and their values for a file without a WAL.
const WRITE_AND_READ_VERSION: u64 = 18;
const WITHOUT_WAL: [u8; 2] = [1, 1];

/// Backs up the database `db` to the file `target`, and returns the size in bytes. An earlier backup there is replaced.
///
/// # Errors
/// Why there is no backup, a `shutdown` among others; `target` is unchanged.
pub fn create(db: &Path, target: &Path, shutdown: &Shutdown) -> Result<u64, Failure> {
    let db = paths::resolve(db)?;
    let source = open::open_as_is(&db, &SCHEMA)?;
    let target = paths::resolve(target)?;
    let draft = paths::folder_of(&target).join(DRAFT);
    refuse_target(&db, &target, &draft)?;
    let failure = |why: &dyn Display| Failure::new(format!("cannot back up to {}: {why}", target.display()));
    let draft_file = lock_draft(&draft).map_err(|error| failure(&error))?;
    let done = copy(source, &draft, &draft_file, shutdown)
        .and_then(|()| check_copy(&draft, shutdown))
        .and_then(|()| place(&draft, &draft_file, &target));
    done.map_err(|error| {
        // The error to report is why there is no backup.
        drop(fs::remove_file(&draft));
        failure(&error)
    })
}

/// Refuses to overwrite anything but an earlier backup.
fn refuse_target(db: &Path, target: &Path, draft: &Path) -> Result<(), Failure> {
    let refused = |why: String| Err(Failure::new(format!("{} {why}; give another FILE", target.display())));
    if paths::belongs_to(db, target) {
        return refused(format!("is the database {} itself or belongs to it", db.display()));
    }
    if target == draft || paths::belongs_to(db, draft) {
        return refused(format!(
            "is or belongs to {}, where a backup is drafted",
            draft.display()
        ));
    }
    if let Some(journal) = paths::journal_of(target) {
        return refused(format!("has a journal beside it, {}", journal.display()));
    }
    if open::is_missing(target)? {
        return Ok(());
    }
    match open::look(target, &SCHEMA) {
        Ok(State::Foreign) => refused("is a database of another program".to_owned()),
        Err(_) => refused("exists and is not a backup of groups-server".to_owned()),
        Ok(_) if !is_without_wal(target)? => refused("is a database that was in use, not a backup".to_owned()),
        Ok(_) => Ok(()),
    }
}

/// Whether the file is as a backup is written. Whatever has used it as a database has switched it to WAL.
fn is_without_wal(path: &Path) -> Result<bool, Failure> {
    let mut versions = [0; 2];
    let read = File::open(path).and_then(|file| file.read_exact_at(&mut versions, WRITE_AND_READ_VERSION));
    read.map_err(|error| open::cannot_open(path, error))?;
    Ok(versions == WITHOUT_WAL)
}

/// Creates the draft, or reuses one that a killed process left: its lock says whether another process uses it.
fn lock_draft(draft: &Path) -> Result<File, Failure> {
    loop {
        if draft.is_symlink() {
            return Err(Failure::new(format!("{} is a link; remove it", draft.display())));
        }
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(draft)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Failure::new("another backup to this folder is running")),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // The previous holder of the lock may have renamed the file meanwhile.
        let (own, found) = (file.metadata()?, fs::metadata(draft));
        if found.is_ok_and(|found| (found.dev(), found.ino()) == (own.dev(), own.ino())) {
            file.set_len(0)?;
            return Ok(file);
        }
    }
}

/// Copies one snapshot in steps, because a server that stops must not wait for all of it.
fn copy(source: Connection, draft: &Path, draft_file: &File, shutdown: &Shutdown) -> Result<(), Failure> {
    // The transaction holds the snapshot; without it, the steps would read several.
    source.execute_batch("BEGIN; SELECT 1 FROM sqlite_schema")?;
    let mut target = open_draft(draft, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
    let backup = Backup::new(&source, &mut target)?;
    for step in 1_usize.. {
        match backup.step(PAGES_PER_STEP)? {
            StepResult::Done => break,
            StepResult::More if shutdown.is_requested() => return Err(Failure::new("the server is stopping")),
            StepResult::More => {}
            other => return Err(Failure::new(format!("the database is locked ({other:?})"))),
        }
        if step.is_multiple_of(STEPS_PER_SYNC) {
            draft_file.sync_data()?;
        }
    }
    drop(backup);
    drop(target);
    Ok(clear_wal_mode(draft_file)?)
}

/// Marks a copy as a file without a WAL, so that reading it creates no files beside it.
pub fn clear_wal_mode(copy: &File) -> std::io::Result<()> {
    copy.write_all_at(&WITHOUT_WAL, WRITE_AND_READ_VERSION)
}

/// Checks all of a copy that no other process uses.
///
/// # Errors
/// The corruption that was found.
pub fn check_copy(copy: &Path, shutdown: &Shutdown) -> Result<(), Failure> {
    let conn = open_draft(copy, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let shutdown = shutdown.clone();
    conn.progress_handler(INSTRUCTIONS_PER_CHECK, Some(move || shutdown.is_requested()))?;
    let found = check::full(&conn)?;
    let Some(first) = found.first() else { return Ok(()) };
    // SQLite's findings may have several lines.
    let first = first.lines().collect::<Vec<_>>().join(" ");
    let more = match found.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    Err(Failure::new(format!("the database is corrupt: {first}{more}")))
}

/// Opens a file that our own lock keeps for this process, without SQLite's locks: on a network file system the two may be
/// the same.
fn open_draft(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    Connection::open_with_flags_and_vfs(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX, "unix-none")
}

fn place(draft: &Path, draft_file: &File, target: &Path) -> Result<u64, Failure> {
    draft_file.sync_all()?;
    fs::rename(draft, target)?;
    paths::sync_folder(target)?;
    Ok(draft_file.metadata()?.len())
}
