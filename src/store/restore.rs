//! A restore: a backup, checked, takes the place of the database, which is kept under another name.
//!
//! A log that lies beside the database would be replayed into whatever has its name. So the old database's log is first
//! moved into it, which makes it a single file; this gets a second name, and the new one takes the first over in one
//! step: a crash leaves one or the other. Where that cannot be done, as with a damaged database, it and its log are moved
//! away as they are. Meanwhile there is none, and `FILE-restored` keeps an empty one from being made.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, ffi};

use super::backup::{self, Stop, Tried};
use super::file;
use super::lock::Lock;
use super::paths::{self, LOGS, RESTORED, beside};
use super::schema::{self, State};
use super::wal;
use crate::error::Failure;
use crate::types::time::Timestamp;

/// How long a command that has the old database open is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a restore did.
pub struct Restored {
    /// The database that is there now, by its full name.
    pub db: PathBuf,
    /// What was there before: a database, with its log where it could not be moved into it.
    pub kept: Vec<PathBuf>,
}

/// Puts the backup `from` in the place of the database `db`. A backup of an earlier version is brought to the current
/// schema by the next start.
///
/// # Errors
/// Why nothing was restored.
pub fn restore(from: &Path, db: &Path) -> Result<Restored, Failure> {
    let from = paths::resolve(from)?;
    let db = paths::resolve(db)?;
    refuse_source(&from, &db)?;
    refuse_foreign(&db)?;
    let _lock = Lock::acquire(&db)?;
    let draft = beside(&db, "-new");
    match write_draft(&from, &draft).and_then(|()| place(&draft, &db)) {
        Ok(kept) => Ok(Restored { db, kept }),
        Err(error) => {
            // What there is to tell is why nothing was restored.
            drop(fs::remove_file(&draft));
            Err(Failure::new(format!("cannot restore {}: {error}", from.display())))
        }
    }
}

/// Refuses what is no backup of ours, and what would be changed by a restore.
fn refuse_source(from: &Path, db: &Path) -> Result<(), Failure> {
    let refused = |why: &str| Err(Failure::new(format!("{} {why}", from.display())));
    if file::is_missing(from)? {
        return refused("is missing or empty; give the file of a backup");
    }
    if paths::belongs_to(db, from) {
        return refused("is the database itself or belongs to it; give the file of a backup");
    }
    if paths::log_of(from).is_some() {
        return refused("has a log beside it, so it is a database and no backup; make one by `groups-server backup`");
    }
    match file::look(from) {
        Ok(State::Older | State::Current) => Ok(()),
        Ok(State::Newer(version)) => refused(&format!(
            "was written by a newer groups-server (schema {version}, this one knows {}); use that one",
            schema::VERSION
        )),
        Ok(State::Foreign | State::Missing) => refused("is a database of another program; give the file of a backup"),
        Err(error) => refused(&format!("is no backup that can be read ({error}); give another")),
    }
}

/// What is damaged, or was written by a newer program, gives way and is kept.
fn refuse_foreign(db: &Path) -> Result<(), Failure> {
    if !file::is_missing(db)? && matches!(file::look(db), Ok(State::Foreign)) {
        return Err(Failure::new(format!(
            "{} is a database of another program; give another --db",
            db.display()
        )));
    }
    Ok(())
}

/// Copies the backup to where it can be put in its place at once, and checks the copy.
fn write_draft(from: &Path, draft: &Path) -> Tried<()> {
    let mut copy = file::make_draft(draft)?;
    io::copy(&mut File::open(from)?, &mut copy)?;
    backup::forget_log(&copy)?;
    backup::check_copy(draft, &Stop::default())?;
    Ok(copy.sync_all()?)
}

/// Puts the copy in its place; tells where the old database is.
fn place(draft: &Path, db: &Path) -> Tried<Vec<PathBuf>> {
    let aside = free_name(db);
    // Until the new one is there, nobody can use the old one.
    let at_rest = match file::is_missing(db)? {
        true => None,
        false => bring_to_rest(db)?,
    };
    let restored = beside(db, RESTORED);
    fs::rename(draft, &restored)?;
    paths::sync_folder(db)?;
    // Not every file system gives a file a second name.
    if at_rest.is_none() || fs::hard_link(db, &aside).is_err() {
        move_aside(db, &aside)?;
    }
    paths::sync_folder(db)?;
    fs::rename(&restored, db)?;
    paths::sync_folder(db)?;
    Ok(with_logs(&aside).filter(|path| path.exists()).collect())
}

/// A database's file and its logs.
fn with_logs(db: &Path) -> impl Iterator<Item = PathBuf> {
    [""].iter().chain(&LOGS).map(|suffix| beside(db, suffix))
}

/// A name for the old database that nothing has yet.
fn free_name(db: &Path) -> PathBuf {
    let name = |late| beside(db, &format!("-before-restore-{}", Timestamp::now().plus(late).stamp()));
    let free = |path: &PathBuf| !with_logs(path).any(|path| path.exists());
    (0..).map(name).find(free).expect("a folder has names left")
}

/// Moves the log of the database into it and takes the log away. While the answer lives nobody else can use the file; a
/// command that has waited for it then finds that it was moved, and SQLite does not write to it.
/// `None` where this cannot be done to what is there.
///
/// # Errors
/// Somebody else uses it.
fn bring_to_rest(db: &Path) -> Tried<Option<Connection>> {
    if !matches!(wal::examine(db), Ok(None)) {
        return Ok(None);
    }
    match try_bring_to_rest(db) {
        Ok(conn) => Ok(Some(conn)),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Err(format!(
            "{} is in use by another process; try again when that has ended",
            db.display()
        )
        .into()),
        Err(_) => Ok(None),
    }
}

fn try_bring_to_rest(db: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(db, file::WRITABLE)?;
    // Else its close would move what it can of a log that is damaged, and take the rest away.
    file::keep_log(&conn, true)?;
    conn.busy_timeout(PATIENCE)?;
    conn.execute_batch("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE")?;
    // Somebody may have come in between.
    let mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    match mode.as_str() {
        "delete" => Ok(conn),
        _ => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)),
    }
}

/// Moves the database and then its logs to another name. In this order a crash leaves either a log without its file or
/// `FILE-restored` without one, and nothing is made anew beside these.
fn move_aside(db: &Path, aside: &Path) -> io::Result<()> {
    for (from, to) in with_logs(db).zip(with_logs(aside)) {
        if_there(fs::rename(from, to))?;
        paths::sync_folder(db)?;
    }
    if_there(fs::remove_file(beside(db, "-shm")))
}

fn if_there(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
