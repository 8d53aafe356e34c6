//! A backup: one snapshot of the database as a single file, checked, synced and then renamed into place, beside a server
//! or without one. When a server makes one is server/backups.rs's to say; restore.rs puts it back.
//!
//! SQLite's backup copies pages as they are: the snapshot, for which the log cannot begin anew, is held for no longer
//! than the disk takes to write the copy. VACUUM INTO would make a file without free pages, and hold the snapshot while it
//! builds every b-tree anew.

use std::fmt::Display;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::check;
use super::file;
use super::paths;
use super::schema::State;
use crate::error::Failure;

/// The name of an unfinished backup, the same for all in a folder: what a killed one left is written over by the next.
const DRAFT: &str = "groups-backup-draft";

/// Pages copied between two looks at whether to stop: 4 MiB.
const PIECE: i32 = 1_000;

/// Pieces between two syncs, so that the last does not have everything to write while others wait for the disk.
const PIECES_A_SYNC: usize = 8;

/// SQLite's instructions between two looks at whether to stop.
const INSTRUCTIONS_A_LOOK: i32 = 100_000;

/// Where the header tells how the file is written and read, and what stands there for one without a log.
const WRITE_AND_READ_VERSION: u64 = 18;
const WITHOUT_LOG: [u8; 2] = [1, 1];

/// Its error is the end of a sentence.
pub type Tried<T> = Result<T, Box<dyn std::error::Error>>;

/// Set to end a backup that is under way.
pub type Stop = Arc<AtomicBool>;

/// Backs the database `db` up to the file `target`, and tells its size. An earlier backup there is replaced.
///
/// # Errors
/// Why there is no backup; `target` is then as it was.
pub fn create(db: &Path, target: &Path, stop: &Stop) -> Result<u64, Failure> {
    let db = paths::resolve(db)?;
    let source = file::open_as_is(&db)?;
    let target = paths::resolve(target)?;
    let draft = paths::folder_of(&target).join(DRAFT);
    refuse_target(&db, &target, &draft)?;
    let failure = |why: &dyn Display| Failure::new(format!("cannot back up to {}: {why}", target.display()));
    let draft_file = lock_draft(&draft).map_err(|error| failure(&error))?;
    let done = copy(source, &draft, &draft_file, stop)
        .and_then(|()| check_copy(&draft, stop))
        .and_then(|()| place(&draft, &draft_file, &target));
    done.map_err(|error| {
        // What there is to tell is why there is no backup.
        drop(fs::remove_file(&draft));
        failure(&error)
    })
}

/// Refuses to write over what is not an earlier backup.
fn refuse_target(db: &Path, target: &Path, draft: &Path) -> Result<(), Failure> {
    let refused = |why: String| Err(Failure::new(format!("{} {why}; give another FILE", target.display())));
    if paths::belongs_to(db, target) {
        return refused(format!("is the database {} itself or belongs to it", db.display()));
    }
    if target == draft || paths::belongs_to(db, draft) {
        return refused(format!(
            "is or lies beside {}, where a backup is drafted",
            draft.display()
        ));
    }
    if let Some(log) = paths::log_of(target) {
        return refused(format!("has a log beside it, {}", log.display()));
    }
    if file::is_missing(target)? {
        return Ok(());
    }
    match file::look(target) {
        Ok(State::Foreign) => refused("is a database of another program".to_owned()),
        Err(_) => refused("is there and is no backup of a groups-server".to_owned()),
        Ok(_) if !is_without_log(target)? => refused("is a database that was in use, and not a backup".to_owned()),
        Ok(_) => Ok(()),
    }
}

/// Whether the file is as backups are; whatever has used it as a database has given it a log.
fn is_without_log(path: &Path) -> Result<bool, Failure> {
    let mut versions = [0; 2];
    let read = File::open(path).and_then(|file| file.read_exact_at(&mut versions, WRITE_AND_READ_VERSION));
    read.map_err(|error| file::cannot_open(path, error))?;
    Ok(versions == WITHOUT_LOG)
}

/// Makes the draft, or takes one that a killed process left: its lock tells whether somebody is at it.
fn lock_draft(draft: &Path) -> Tried<File> {
    loop {
        if draft.is_symlink() {
            return Err(format!("{} is a link; remove it", draft.display()).into());
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
            Err(TryLockError::WouldBlock) => return Err("another backup to this folder is under way".into()),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // Whoever had the lock may have renamed the file meanwhile.
        let (own, found) = (file.metadata()?, fs::metadata(draft));
        if found.is_ok_and(|found| (found.dev(), found.ino()) == (own.dev(), own.ino())) {
            file.set_len(0)?;
            return Ok(file);
        }
    }
}

/// Copies one snapshot, in pieces, as a server that stops must not wait for all of it.
fn copy(source: Connection, draft: &Path, draft_file: &File, stop: &Stop) -> Tried<()> {
    // The transaction is the snapshot; the pieces would else be of many.
    source.execute_batch("BEGIN; SELECT 1 FROM sqlite_schema")?;
    let mut target = open_draft(draft, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
    let backup = Backup::new(&source, &mut target)?;
    for piece in 1_usize.. {
        match backup.step(PIECE)? {
            StepResult::Done => break,
            StepResult::More if stop.load(Ordering::Relaxed) => return Err("the server stops".into()),
            StepResult::More => {}
            other => return Err(format!("the database is in use otherwise ({other:?})").into()),
        }
        if piece.is_multiple_of(PIECES_A_SYNC) {
            draft_file.sync_data()?;
        }
    }
    drop(backup);
    drop(target);
    Ok(forget_log(draft_file)?)
}

/// Marks a copy as a file without a log, so that it is one file, and reading it makes none beside it.
pub fn forget_log(copy: &File) -> std::io::Result<()> {
    copy.write_all_at(&WITHOUT_LOG, WRITE_AND_READ_VERSION)
}

/// Checks a copy that nobody else uses, to the last page.
///
/// # Errors
/// What is damaged.
pub fn check_copy(copy: &Path, stop: &Stop) -> Tried<()> {
    let conn = open_draft(copy, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let stop = Arc::clone(stop);
    conn.progress_handler(INSTRUCTIONS_A_LOOK, Some(move || stop.load(Ordering::Relaxed)))?;
    let found = check::full(&conn)?;
    let Some(first) = found.first() else { return Ok(()) };
    // SQLite's own may have several lines.
    let first = first.lines().collect::<Vec<_>>().join(" ");
    let more = match found.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    Err(format!("the database is damaged: {first}{more}").into())
}

/// Opens a file that another lock than SQLite's keeps for this process: on a network's file system the two may be one.
fn open_draft(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    Connection::open_with_flags_and_vfs(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX, "unix-none")
}

fn place(draft: &Path, draft_file: &File, target: &Path) -> Tried<u64> {
    draft_file.sync_all()?;
    fs::rename(draft, target)?;
    paths::sync_folder(target)?;
    Ok(draft_file.metadata()?.len())
}
