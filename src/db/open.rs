//! Opening the file: created whole or not at all, and refused untouched if it is not the product's.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::corruption::Corruption;
use super::error::Error;
use super::lock::Lock;
use super::paths::{JOURNALS, RESTORED, beside, sync_folder};
use super::quick_check::{self, QuickCheck};
use super::schema::{self, Schema, State};
use super::wal_recovery;

/// Without SQLITE_OPEN_CREATE, so that SQLite does not create a file.
pub const WRITABLE: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Whether there is nothing at `path` yet: no file, or an empty one.
pub fn is_missing(path: &Path) -> Result<bool, Error> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(found.len() == 0),
        Ok(_) => Err(Error::unusable(format!("{} is not a file", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(cannot_open(path, error)),
    }
}

/// A file that is open to be served.
pub struct Served {
    /// The check after an unclean shutdown, which may go on.
    pub check: Option<QuickCheck>,
    pub conn: Connection,
    pub lock: Lock,
}

/// Opens the file to be served, and takes the lock. Corruption that is found later is reported to `corruption`.
pub fn open_served(path: &Path, schema: &'static Schema, corruption: &Corruption) -> Result<Served, Error> {
    // Before the lock file is created: nothing is left beside a file that is not the product's.
    inspect(path, schema)?;
    let advice = format!(
        "is in use by another {}; stop that one first, or give another --db",
        schema.program
    );
    let lock = Lock::acquire(path, &advice)?;
    if inspect(path, schema)? == State::Missing {
        create(path, schema)?;
    }
    let unclean = has_wal(path);
    if unclean {
        recover_wal(path, schema)?;
    }
    let (mut conn, state) = connect(path, schema)?;
    let check = unclean
        .then(|| check_quickly(path, schema, &conn, corruption))
        .transpose()?;
    if state == State::Older {
        schema.migrate(&mut conn).map_err(|error| cannot_open(path, error))?;
    }
    Ok(Served { check, conn, lock })
}

/// Whether the last process did not close the file: its WAL exists and is not empty.
fn has_wal(path: &Path) -> bool {
    fs::metadata(beside(path, "-wal")).is_ok_and(|wal| wal.len() > 0)
}

/// Refuses a WAL of which SQLite would drop more than a power cut can have left. Nothing but commands may have the file
/// open.
fn recover_wal(path: &Path, schema: &Schema) -> Result<(), Error> {
    let wal = beside(path, "-wal");
    match wal_recovery::examine(path) {
        Ok(None) => {}
        Ok(Some(lost)) => {
            let salvage = "; without one, `sqlite3 COPY 'PRAGMA wal_checkpoint(TRUNCATE)'` on a copy of both files drops \
                           the commits from the bad frame on";
            return Err(corrupt(path, schema, &lost, salvage));
        }
        Err(error) => return Err(Error::unusable(format!("cannot read {}: {error}", wal.display()))),
    }
    // A killed process may have left a commit there that is not on the disk yet. From now on it is shown to callers.
    match File::open(&wal).and_then(|wal| wal.sync_data()) {
        // A command that had the file open has closed it: what was in the WAL is in the file.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        synced => synced.map_err(|error| Error::unusable(format!("cannot sync {}: {error}", wal.display()))),
    }
}

/// `salvage` continues the advice.
fn corrupt(path: &Path, schema: &Schema, what: &str, salvage: &str) -> Error {
    let (path, program) = (path.display(), schema.program);
    Error::unusable(format!(
        "{path} is corrupt and is not served: {what}. Nothing was changed: keep the file and its WAL, and restore a backup \
         with `{program} restore`{salvage}"
    ))
}

/// Begins the check after an unclean shutdown. A file in which it finds corruption at once is refused as it is, with its
/// WAL.
fn check_quickly(
    path: &Path,
    schema: &'static Schema,
    conn: &Connection,
    corruption: &Corruption,
) -> Result<QuickCheck, Error> {
    let failure = |error| cannot_open(path, error);
    keep_wal(conn, true).map_err(failure)?;
    let (check, ended) = QuickCheck::start(connect(path, schema)?.0, corruption.clone())?;
    if let Ok(found) = ended.recv_timeout(quick_check::PATIENCE) {
        found.map_err(|what| corrupt(path, schema, &what.to_string(), ""))?;
    }
    keep_wal(conn, false).map_err(failure)?;
    Ok(check)
}

/// Sets whether the WAL stays when the last connection closes. Otherwise it is checkpointed and removed.
pub fn keep_wal(conn: &Connection, keep: bool) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep)
        .map(|_| ())
}

/// The right to examine the WAL: `Some` if it is not empty and no server has the file.
fn lock_wal(path: &Path) -> Result<Option<Lock>, Error> {
    match has_wal(path) {
        true => Lock::try_acquire(path),
        false => Ok(None),
    }
}

/// Opens the file for a check, and returns what is wrong with its WAL. Whatever is found, the WAL stays as it is. A server
/// or commands may have the file open.
pub fn open_to_check(path: &Path, schema: &Schema) -> Result<(Connection, Option<String>), Error> {
    if inspect(path, schema)? == State::Missing {
        return Err(missing(path));
    }
    let failure = |error| cannot_open(path, error);
    let unclean = has_wal(path);
    let lost = lock_wal(path)?.map(|_lock| wal_recovery::examine(path)).transpose();
    let lost = lost.map_err(|error| Error::unusable(format!("cannot read the WAL of {}: {error}", path.display())))?;
    let conn = Connection::open_with_flags(path, WRITABLE).map_err(failure)?;
    keep_wal(&conn, unclean).map_err(failure)?;
    schema::configure(&conn).map_err(failure)?;
    Ok((conn, lost.flatten()))
}

/// Opens the file itself, to sync what was written through a connection. It must be closed after all connections.
pub fn open_for_sync(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(|error| cannot_open(path, error))
}

/// Opens the file for a command, beside a server that may have it. Takes the lock only to create or migrate it.
pub fn open_shared(path: &Path, schema: &'static Schema) -> Result<Connection, Error> {
    if inspect(path, schema)? != State::Missing
        && let (conn, State::Current) = connect_beside(path, schema)?
    {
        return Ok(conn);
    }
    open_served(path, schema, &Corruption::new(schema.program)).map(|served| served.conn)
}

/// Opens the file for a command that only reads, whatever its schema version.
pub fn open_as_is(path: &Path, schema: &Schema) -> Result<Connection, Error> {
    match inspect(path, schema)? {
        State::Missing => Err(missing(path)),
        _ => connect_beside(path, schema).map(|(conn, _)| conn),
    }
}

/// Opens the file beside a server that may have it. The server has examined the WAL; without one, this does.
fn connect_beside(path: &Path, schema: &Schema) -> Result<(Connection, State), Error> {
    let lock = lock_wal(path)?;
    if lock.is_some() {
        recover_wal(path, schema)?;
    }
    connect(path, schema)
}

/// Opens a file that was inspected, and inspects it again: its WAL may hold more than the file itself.
fn connect(path: &Path, schema: &Schema) -> Result<(Connection, State), Error> {
    let failure = |error| cannot_open(path, error);
    let conn = Connection::open_with_flags(path, WRITABLE).map_err(failure)?;
    if conn.is_readonly("main").map_err(failure)? {
        return Err(Error::unusable(format!(
            "{} is not writable by this user",
            path.display()
        )));
    }
    // A file that is refused keeps its WAL.
    keep_wal(&conn, true).map_err(failure)?;
    schema::configure(&conn).map_err(failure)?;
    let state = accept(path, schema, schema.state(&conn))?;
    schema::configure_writer(&conn).map_err(|error| cannot_open(path, error))?;
    keep_wal(&conn, false).map_err(failure)?;
    Ok((conn, state))
}

/// What is at `path`, if it is the product's.
fn inspect(path: &Path, schema: &Schema) -> Result<State, Error> {
    match is_missing(path)? {
        true => Ok(State::Missing),
        false => accept(path, schema, look(path, schema)),
    }
}

/// Looks at a file without leaving a trace: `immutable` keeps SQLite from locking it and from creating files beside it. It
/// also hides the WAL, without which a file whose checkpoint was interrupted is shorter than its first page says; with
/// `writable_schema`, SQLite reads that page all the same.
pub fn look(path: &Path, schema: &Schema) -> rusqlite::Result<State> {
    let uri = format!(
        "file:{}?immutable=1",
        percent_encode(path.as_os_str().as_bytes(), NON_ALPHANUMERIC)
    );
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(uri, flags).and_then(|conn| {
        conn.pragma_update(None, "writable_schema", true)?;
        schema.state(&conn)
    })
}

/// Refuses what is not the product's.
fn accept(path: &Path, schema: &Schema, state: rusqlite::Result<State>) -> Result<State, Error> {
    match state {
        Ok(State::Foreign) => Err(Error::unusable(format!(
            "{} is a database of another program; give another --db",
            path.display()
        ))),
        Ok(State::Newer(version)) => Err(Error::unusable(format!(
            "{} was written by a newer {program} (schema {version}, this one knows {}); use that one",
            path.display(),
            schema.version(),
            program = schema.program
        ))),
        Ok(state) => Ok(state),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => Err(Error::unusable(format!(
            "{} is not a database; give another --db",
            path.display()
        ))),
        // SQLite would name the file by a URI here.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => Err(cannot_open(
            path,
            "this user may not read it, or may not create files beside it",
        )),
        Err(error) => Err(cannot_open(path, error)),
    }
}

/// Creates the file under another name, whole and synced, then renames it into place: a crash leaves either nothing or a
/// complete file. It is readable by its owner alone, as are the files that SQLite creates beside it.
fn create(path: &Path, schema: &Schema) -> Result<(), Error> {
    refuse_orphans(path)?;
    let draft = beside(path, "-new");
    write_draft(&draft, schema)
        .and_then(|()| put_in_place(&draft, path))
        .map_err(|error| {
            // The error to report is why the file could not be created.
            drop(fs::remove_file(&draft));
            Error::unusable(format!("cannot create {}: {error}", path.display()))
        })
}

fn write_draft(draft: &Path, schema: &Schema) -> Result<(), Error> {
    let io_error = |error: io::Error| Error::unusable(error.to_string());
    let file = create_draft(draft).map_err(io_error)?;
    schema.create(draft)?;
    file.sync_all().map_err(io_error)
}

fn put_in_place(draft: &Path, path: &Path) -> Result<(), Error> {
    let renamed = fs::rename(draft, path).and_then(|()| sync_folder(path));
    renamed.map_err(|error| Error::unusable(error.to_string()))
}

/// Creates an empty file for its owner alone, in place of what a killed process left under the name.
pub fn create_draft(draft: &Path) -> io::Result<File> {
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

/// A WAL without its file may hold acknowledged writes, and SQLite would replay it into a new file. Nor is a new file
/// created while a restored one waits to take its place.
fn refuse_orphans(path: &Path) -> Result<(), Error> {
    for suffix in JOURNALS {
        let journal = beside(path, suffix);
        if fs::metadata(&journal).is_ok_and(|found| found.len() > 0) {
            return Err(Error::unusable(format!(
                "{} is missing, but its journal {} exists: put the file back, or move the journal away to start with an \
                 empty database",
                path.display(),
                journal.display()
            )));
        }
    }
    let restored = beside(path, RESTORED);
    if restored.exists() {
        return Err(Error::unusable(format!(
            "{} is missing because a restore was interrupted: restore again, or rename {} to it",
            path.display(),
            restored.display()
        )));
    }
    Ok(())
}

pub fn missing(path: &Path) -> Error {
    Error::unusable(format!("there is no file {}", path.display()))
}

pub fn cannot_open(path: &Path, error: impl std::fmt::Display) -> Error {
    Error::unusable(format!("cannot open {}: {error}", path.display()))
}
