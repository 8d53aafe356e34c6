//! A restore: a backup, checked, replaces the database, which is kept under another name.
//!
//! SQLite would replay a WAL beside the database into any file of that name. So the old database is first checkpointed,
//! which makes it a single file; it gets a second name, and the new file replaces the first one in one step: a crash leaves
//! one or the other. If that cannot be done, as with a corrupt database, it and its WAL are renamed as they are. Until the
//! new file is in place, `FILE-restored` keeps a server from creating an empty database.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, ffi};

use super::backup;
use crate::db::paths::{self, JOURNALS, RESTORED, beside};
use crate::db::schema::State;
use crate::db::{Lock, open, wal_recovery};
use crate::error::Failure;
use crate::store::SCHEMA;
use crate::supervisor::Shutdown;
use crate::types::time::Timestamp;

/// How long to wait for a command that has the old database open.
const PATIENCE: Duration = Duration::from_secs(1);

/// The outcome of a restore.
pub struct Restored {
    /// The full path of the restored database.
    pub db: PathBuf,
    /// The previous database, with its WAL if it could not be checkpointed.
    pub kept: Vec<PathBuf>,
}

/// Replaces the database `db` with the backup `from`. The next start migrates a backup of an earlier version.
///
/// # Errors
/// Why nothing was restored.
pub fn restore(from: &Path, db: &Path) -> Result<Restored, Failure> {
    let from = paths::resolve(from)?;
    let db = paths::resolve(db)?;
    refuse_source(&from, &db)?;
    refuse_foreign(&db)?;
    let advice = "is in use by another groups-server; stop that one first, or give another --db";
    let _lock = Lock::acquire(&db, advice)?;
    let draft = beside(&db, "-new");
    match write_draft(&from, &draft).and_then(|()| place(&draft, &db)) {
        Ok(kept) => Ok(Restored { db, kept }),
        Err(error) => {
            // The error to report is why nothing was restored.
            drop(fs::remove_file(&draft));
            Err(Failure::new(format!("cannot restore {}: {error}", from.display())))
        }
    }
}

/// Refuses anything but a backup of groups-server, and what a restore would change.
fn refuse_source(from: &Path, db: &Path) -> Result<(), Failure> {
    let refused = |why: &str| Err(Failure::new(format!("{} {why}", from.display())));
    if open::is_missing(from)? {
        return refused("is missing or empty; give the file of a backup");
    }
    if paths::belongs_to(db, from) {
        return refused("is the database itself or belongs to it; give the file of a backup");
    }
    if paths::journal_of(from).is_some() {
        return refused("has a journal beside it, so it is a database and not a backup; use `groups-server backup`");
    }
    match open::look(from, &SCHEMA) {
        Ok(State::Older | State::Current) => Ok(()),
        Ok(State::Newer(version)) => refused(&format!(
            "was written by a newer groups-server (schema {version}, this one knows {}); use that one",
            SCHEMA.version()
        )),
        Ok(State::Foreign | State::Missing) => refused("is a database of another program; give the file of a backup"),
        Err(error) => refused(&format!("cannot be read as a backup ({error}); give another")),
    }
}

/// Refuses to replace another program's database. A corrupt one, or one of a newer version, is replaced and kept.
fn refuse_foreign(db: &Path) -> Result<(), Failure> {
    if !open::is_missing(db)? && matches!(open::look(db, &SCHEMA), Ok(State::Foreign)) {
        return Err(Failure::new(format!(
            "{} is a database of another program; give another --db",
            db.display()
        )));
    }
    Ok(())
}

/// Copies the backup to where it can be renamed into place, and checks the copy.
fn write_draft(from: &Path, draft: &Path) -> Result<(), Failure> {
    let mut copy = open::create_draft(draft)?;
    io::copy(&mut File::open(from)?, &mut copy)?;
    backup::clear_wal_mode(&copy)?;
    backup::check_copy(draft, &Shutdown::default())?;
    Ok(copy.sync_all()?)
}

/// Renames the copy into place. Returns the paths of the old database.
fn place(draft: &Path, db: &Path) -> Result<Vec<PathBuf>, Failure> {
    let aside = free_name(db);
    // Holds the old database until the new one is in place.
    let checkpointed = match open::is_missing(db)? {
        true => None,
        false => checkpoint_and_hold(db)?,
    };
    let restored = beside(db, RESTORED);
    fs::rename(draft, &restored)?;
    paths::sync_folder(db)?;
    // Not every file system has hard links.
    if checkpointed.is_none() || fs::hard_link(db, &aside).is_err() {
        move_aside(db, &aside)?;
    }
    paths::sync_folder(db)?;
    fs::rename(&restored, db)?;
    paths::sync_folder(db)?;
    Ok(with_journals(&aside).filter(|path| path.exists()).collect())
}

/// A database's file and its journals.
fn with_journals(db: &Path) -> impl Iterator<Item = PathBuf> {
    [""].iter().chain(&JOURNALS).map(|suffix| beside(db, suffix))
}

/// A free name for the old database.
fn free_name(db: &Path) -> PathBuf {
    let name = |seconds| {
        beside(
            db,
            &format!("-before-restore-{}", Timestamp::now().plus(seconds).stamp()),
        )
    };
    let free = |path: &PathBuf| !with_journals(path).any(|path| path.exists());
    (0..).map(name).find(free).expect("a folder has names left")
}

/// Checkpoints the database and removes its WAL. While the connection lives, no other process can use the file; a command
/// that has waited for it finds that it was renamed, and SQLite does not write to it. `None` if this cannot be done to the
/// database.
///
/// # Errors
/// Another process uses it.
fn checkpoint_and_hold(db: &Path) -> Result<Option<Connection>, Failure> {
    if !matches!(wal_recovery::examine(db), Ok(None)) {
        return Ok(None);
    }
    match try_checkpoint_and_hold(db) {
        Ok(conn) => Ok(Some(conn)),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Err(Failure::new(format!(
            "{} is in use by another process; try again when that has ended",
            db.display()
        ))),
        Err(_) => Ok(None),
    }
}

fn try_checkpoint_and_hold(db: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(db, open::WRITABLE)?;
    // Otherwise closing it would checkpoint what it can of a corrupt WAL, and remove the rest.
    open::keep_wal(&conn, true)?;
    conn.busy_timeout(PATIENCE)?;
    conn.execute_batch("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE")?;
    // Another process may have come in between.
    let mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    match mode.as_str() {
        "delete" => Ok(conn),
        _ => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)),
    }
}

/// Renames the database and then its journals. In this order a crash leaves a journal or `FILE-restored` without the file,
/// and no server creates an empty database beside these.
fn move_aside(db: &Path, aside: &Path) -> io::Result<()> {
    for (from, to) in with_journals(db).zip(with_journals(aside)) {
        ignore_missing(fs::rename(from, to))?;
        paths::sync_folder(db)?;
    }
    ignore_missing(fs::remove_file(beside(db, "-shm")))
}

fn ignore_missing(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
