//! Opening the file: made whole or not at all where there is none, refused untouched where it is not ours.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::damage::Damage;
use super::lock::Lock;
use super::paths::{LOGS, RESTORED, beside, sync_folder};
use super::quick_check::{self, QuickCheck};
use super::schema::{self, State};
use super::wal;
use crate::error::Failure;

/// Else SQLite would make a file where there is none.
pub const WRITABLE: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Whether there is nothing at `path` yet: no file, or an empty one.
pub fn is_missing(path: &Path) -> Result<bool, Failure> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(found.len() == 0),
        Ok(_) => Err(Failure::new(format!("{} is not a file", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(cannot_open(path, error)),
    }
}

/// Opens the file to be served, and the right to do so. Damage that is found after this has returned is told to `damage`.
pub fn open_served(path: &Path, damage: &Damage) -> Result<Served, Failure> {
    // Looked at before the lock's file is made: nothing is left beside a file that is not ours.
    inspect(path)?;
    let lock = Lock::acquire(path)?;
    if inspect(path)? == State::Missing {
        create(path)?;
    }
    let unclean = has_log(path);
    if unclean {
        examine_log(path)?;
    }
    let (mut conn, state) = connect(path)?;
    let check = unclean.then(|| check_quickly(path, &conn, damage)).transpose()?;
    if state == State::Older {
        schema::migrate(&mut conn).map_err(|error| cannot_open(path, error))?;
    }
    Ok(Served { check, conn, lock })
}

/// A file that is open to be served.
pub struct Served {
    /// The check after an unclean stop, which may go on.
    pub check: Option<QuickCheck>,
    pub conn: Connection,
    pub lock: Lock,
}

/// Whether the last to have the file open did not close it: its log is there and holds something.
fn has_log(path: &Path) -> bool {
    fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0)
}

/// Refuses a log of which SQLite would drop more than a power cut left behind. Nothing else may have the file open, but
/// for commands.
fn examine_log(path: &Path) -> Result<(), Failure> {
    let log = beside(path, "-wal");
    match wal::examine(path) {
        Ok(None) => {}
        Ok(Some(lost)) => return Err(damaged(path, &lost)),
        Err(error) => return Err(Failure::new(format!("cannot read {}: {error}", log.display()))),
    }
    // A killed process may have left a commit there that is not on the disk yet. From now on it is shown to callers.
    match File::open(&log).and_then(|log| log.sync_data()) {
        // A command that had the file open has closed it: what was in the log is in the file.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        synced => synced.map_err(|error| Failure::new(format!("cannot sync {}: {error}", log.display()))),
    }
}

fn damaged(path: &Path, what: &str) -> Failure {
    Failure::new(format!(
        "{} cannot be served whole: {what}. Nothing was changed. Keep the file and its log, and restore a backup with \
         `groups-server restore`; README.md, \"Damage\", tells how to go on without one",
        path.display()
    ))
}

/// Begins the check after an unclean stop, and refuses a file in which it finds damage at once: as it is, with its log.
fn check_quickly(path: &Path, conn: &Connection, damage: &Damage) -> Result<QuickCheck, Failure> {
    let failure = |error| cannot_open(path, error);
    keep_log(conn, true).map_err(failure)?;
    let (check, ended) = QuickCheck::start(connect(path)?.0, damage.clone())?;
    if let Ok(found) = ended.recv_timeout(quick_check::PATIENCE) {
        found.map_err(|why| damaged(path, &why))?;
    }
    keep_log(conn, false).map_err(failure)?;
    Ok(check)
}

/// Sets whether the log stays when the last connection closes; else it is moved into the file and removed.
pub fn keep_log(conn: &Connection, keep: bool) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep)
        .map(|_| ())
}

/// The right to look at the log: there where it holds something and no server has the file.
fn lock_log(path: &Path) -> Result<Option<Lock>, Failure> {
    match has_log(path) {
        true => Lock::try_acquire(path),
        false => Ok(None),
    }
}

/// Opens the file for a check, and tells what is wrong with its log. Whatever is found, the log stays as it is; a server
/// or commands may have the file open.
pub fn open_to_check(path: &Path) -> Result<(Connection, Option<String>), Failure> {
    if inspect(path)? == State::Missing {
        return Err(missing(path));
    }
    let failure = |error| cannot_open(path, error);
    let unclean = has_log(path);
    let lost = lock_log(path)?.map(|_lock| wal::examine(path)).transpose();
    let lost = lost.map_err(|error| Failure::new(format!("cannot read the log of {}: {error}", path.display())))?;
    let conn = Connection::open_with_flags(path, WRITABLE).map_err(failure)?;
    keep_log(&conn, unclean).map_err(failure)?;
    schema::prepare_any(&conn).map_err(failure)?;
    Ok((conn, lost.flatten()))
}

/// Opens the file itself, for syncs of what was written through a connection. It must be closed after all of them.
pub fn open_for_sync(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| cannot_open(path, error))
}

/// Opens the file for a command, beside a server that may have it; takes the lock only to make it or bring it to the
/// current schema.
pub fn open_shared(path: &Path) -> Result<Connection, Failure> {
    if inspect(path)? != State::Missing
        && let (conn, State::Current) = connect_beside(path)?
    {
        return Ok(conn);
    }
    open_served(path, &Damage::default()).map(|served| served.conn)
}

/// Opens the file for a command that only reads, whatever its schema.
pub fn open_as_is(path: &Path) -> Result<Connection, Failure> {
    match inspect(path)? {
        State::Missing => Err(missing(path)),
        _ => connect_beside(path).map(|(conn, _)| conn),
    }
}

/// Opens the file beside a server that may have it: that one has looked at the log, else this does.
fn connect_beside(path: &Path) -> Result<(Connection, State), Failure> {
    let lock = lock_log(path)?;
    if lock.is_some() {
        examine_log(path)?;
    }
    connect(path)
}

/// Opens a file that has been looked at, and looks again: its log may tell more than the file itself.
fn connect(path: &Path) -> Result<(Connection, State), Failure> {
    let failure = |error| cannot_open(path, error);
    let conn = Connection::open_with_flags(path, WRITABLE).map_err(failure)?;
    if conn.is_readonly("main").map_err(failure)? {
        return Err(Failure::new(format!(
            "{} may not be written by this user",
            path.display()
        )));
    }
    // A file that is refused keeps its log.
    keep_log(&conn, true).map_err(failure)?;
    schema::prepare_any(&conn).map_err(failure)?;
    let state = accept(path, schema::state(&conn))?;
    schema::prepare_writer(&conn).map_err(failure)?;
    keep_log(&conn, false).map_err(failure)?;
    Ok((conn, state))
}

/// What is at `path`, if it is ours to open.
fn inspect(path: &Path) -> Result<State, Failure> {
    match is_missing(path)? {
        true => Ok(State::Missing),
        false => accept(path, look(path)),
    }
}

/// Looks at a file without leaving a trace: `immutable` keeps SQLite from locking it and from making files beside it.
/// It also hides the log, without which a file whose move from the log was interrupted is shorter than its first page
/// says; `writable_schema` has SQLite read that page all the same.
pub fn look(path: &Path) -> rusqlite::Result<State> {
    let uri = format!(
        "file:{}?immutable=1",
        percent_encode(path.as_os_str().as_bytes(), NON_ALPHANUMERIC)
    );
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(uri, flags).and_then(|conn| {
        conn.pragma_update(None, "writable_schema", true)?;
        schema::state(&conn)
    })
}

/// Refuses what is not ours to open.
fn accept(path: &Path, state: rusqlite::Result<State>) -> Result<State, Failure> {
    match state {
        Ok(State::Foreign) => Err(Failure::new(format!(
            "{} is a database of another program; give another --db",
            path.display()
        ))),
        Ok(State::Newer(version)) => Err(Failure::new(format!(
            "{} was written by a newer groups-server (schema {version}, this one knows {}); use that one",
            path.display(),
            schema::VERSION
        ))),
        Ok(state) => Ok(state),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => Err(Failure::new(format!(
            "{} is not a database; give another --db",
            path.display()
        ))),
        // SQLite would name the file by a URI here.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => Err(cannot_open(
            path,
            "this user may not read it, or may not make files beside it",
        )),
        Err(error) => Err(cannot_open(path, error)),
    }
}

/// Makes the file under another name, whole and synced, then puts it in its place: a crash leaves either nothing there
/// or a complete file. Readable by its owner alone, as are the files that SQLite makes beside it.
fn create(path: &Path) -> Result<(), Failure> {
    refuse_orphans(path)?;
    let failure = |error| Failure::new(format!("cannot make {}: {error}", path.display()));
    let draft = beside(path, "-new");
    let made = write_draft(&draft).and_then(|()| {
        fs::rename(&draft, path)?;
        Ok(sync_folder(path)?)
    });
    made.map_err(|error| {
        // What there is to tell is why the file could not be made.
        drop(fs::remove_file(&draft));
        failure(error)
    })
}

fn write_draft(draft: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let file = make_draft(draft)?;
    schema::create(draft)?;
    Ok(file.sync_all()?)
}

/// Makes an empty file for its owner alone; what a killed process left under the name goes.
pub fn make_draft(draft: &Path) -> io::Result<File> {
    match fs::remove_file(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new()
        .create_new(true)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(draft)
}

/// A log without its file may hold acknowledged writes, and SQLite would replay it into a new file. Nor is a new one made
/// where a restored one was to be.
fn refuse_orphans(path: &Path) -> Result<(), Failure> {
    for suffix in LOGS {
        let log = beside(path, suffix);
        if fs::metadata(&log).is_ok_and(|found| found.len() > 0) {
            return Err(Failure::new(format!(
                "{} is missing, but its log {} is there: put the file back, or move the log away to begin anew",
                path.display(),
                log.display()
            )));
        }
    }
    let restored = beside(path, RESTORED);
    if restored.exists() {
        return Err(Failure::new(format!(
            "{} is missing, as a restore did not come to its end: restore again, or rename {} to it",
            path.display(),
            restored.display()
        )));
    }
    Ok(())
}

pub fn missing(path: &Path) -> Failure {
    Failure::new(format!("there is no file {}", path.display()))
}

pub fn cannot_open(path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("cannot open {}: {error}", path.display()))
}
