//! Opening the file: made whole or not at all where there is none, refused untouched where it is not ours.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::schema::{self, State};
use crate::error::Failure;

/// How long a connection waits for another process's write before it gives up.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The right to serve a file, held by at most one process: an advisory lock on `FILE-lock` beside it.
pub struct Lock(#[expect(dead_code, reason = "held for its lock, which ends with it")] File);

impl Lock {
    pub fn acquire(path: &Path) -> Result<Self, Failure> {
        let lock_path = beside(path, "-lock");
        let failure = |error: io::Error| Failure::new(format!("cannot open {}: {error}", lock_path.display()));
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(failure)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => Err(Failure::new(format!(
                "{} is in use by another groups-server; stop that one first, or give another --db",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(failure(error)),
        }
    }
}

/// The absolute path of the file itself, symbolic links followed, so that every process locks the same one.
pub fn resolve(path: &Path) -> Result<PathBuf, Failure> {
    if let Ok(found) = fs::canonicalize(path) {
        return Ok(found);
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let folder_found = fs::canonicalize(folder).map_err(|error| {
        Failure::new(format!(
            "cannot open the folder {}: {error}; make it first",
            folder.display()
        ))
    })?;
    match path.file_name() {
        Some(name) => Ok(folder_found.join(name)),
        None => Err(Failure::new(format!("{} does not name a file", path.display()))),
    }
}

/// Whether there is nothing at `path` yet: no file, or an empty one.
pub fn is_missing(path: &Path) -> Result<bool, Failure> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(found.len() == 0),
        Ok(_) => Err(Failure::new(format!("{} is not a file", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(cannot_open(path, error)),
    }
}

/// Opens the file for writing, made or brought to the current schema first where needed, which takes the lock:
/// `lock` is the caller's, if it has it.
pub fn open(path: &Path, lock: Option<&Lock>) -> Result<Connection, Failure> {
    let missing = is_missing(path)?;
    let state = if missing { State::Current } else { inspect(path)? };
    let _own = match lock {
        None if missing || state == State::Older => Some(Lock::acquire(path)?),
        _ => None,
    };
    if is_missing(path)? {
        create(path)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(path, flags).map_err(|error| cannot_open(path, error))?;
    schema::prepare_writer(&conn, BUSY_TIMEOUT).map_err(|error| cannot_open(path, error))?;
    schema::migrate(&mut conn).map_err(|error| cannot_open(path, error))?;
    Ok(conn)
}

/// Looks at a file without leaving a trace: `immutable` keeps SQLite from locking it and from making files beside it.
fn inspect(path: &Path) -> Result<State, Failure> {
    let uri = format!(
        "file:{}?immutable=1",
        percent_encode(path.as_os_str().as_bytes(), NON_ALPHANUMERIC)
    );
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let state = Connection::open_with_flags(uri, flags).and_then(|conn| schema::state(&conn));
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
        Err(error) => Err(cannot_open(path, error)),
    }
}

/// Makes the file under another name, whole and synced, then puts it in its place: a crash leaves either nothing there
/// or a complete file. Readable by its owner alone, as are the files that SQLite makes beside it.
fn create(path: &Path) -> Result<(), Failure> {
    let failure = |error: &dyn std::fmt::Display| Failure::new(format!("cannot make {}: {error}", path.display()));
    let draft = beside(path, "-new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failure(&error)),
        _ => {}
    }
    let file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&draft)
        .map_err(|error| failure(&error))?;
    schema::create(&draft).map_err(|error| failure(&error))?;
    file.sync_all().map_err(|error| failure(&error))?;
    fs::rename(&draft, path).map_err(|error| failure(&error))?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| failure(&error))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

fn cannot_open(path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("cannot open {}: {error}", path.display()))
}
