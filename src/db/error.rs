//! What can go wrong with the database, and the one classification of SQLite's errors.

use std::fmt;

use rusqlite::{ErrorCode, ffi};

/// What an error is about. Callers steer by it; the text is for the log and the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The disk is full; the transaction was rolled back.
    Full,
    /// Another process holds a lock for longer than the busy timeout.
    Busy,
    /// A read was interrupted at its deadline.
    Interrupted,
    /// The file's content is not what SQLite wrote.
    Corrupt,
    /// A sync failed. The system may have dropped what it could not write and reports that only once, so this process
    /// must not acknowledge anything any more.
    SyncFailed,
    /// The disk, the memory or the permissions: about the machine, not the file's content.
    System,
    /// All connections for reads are in use.
    TooManyReads,
    /// Too many long reads wait for their turn.
    TooManyLongReads,
    /// The queue of the writer is full.
    TooManyWrites,
    /// The database is closed, or its writer has ended.
    Closed,
    /// The file cannot be opened or used; the text is a sentence for the operator.
    Unusable,
    /// A fault in this program: a wrong statement, a violated constraint, a panic.
    Fault,
}

impl ErrorKind {
    fn of(error: &rusqlite::Error) -> Self {
        if let Some(code) = error.sqlite_error().map(|error| error.extended_code)
            && matches!(code, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC)
        {
            return ErrorKind::SyncFailed;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => ErrorKind::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ErrorKind::Busy,
            Some(ErrorCode::OperationInterrupted) => ErrorKind::Interrupted,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => ErrorKind::Corrupt,
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied,
            ) => ErrorKind::System,
            _ => ErrorKind::Fault,
        }
    }
}

/// Why something could not be done with the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub kind: ErrorKind,
    text: String,
}

impl Error {
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Error {
            kind,
            text: text.into(),
        }
    }

    /// Why a file cannot be opened or used, as a sentence for the operator.
    pub fn unusable(sentence: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unusable, sentence)
    }

    /// A fault in this program.
    pub fn fault(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Fault, text)
    }

    /// A sync that failed.
    pub fn sync_failed(error: &dyn fmt::Display) -> Self {
        let text = format!("the disk did not confirm a write ({error}); check the disk, then restart");
        Self::new(ErrorKind::SyncFailed, text)
    }

    /// Whether a check of the file's content that ends with this error has found corruption: anything but a failure of
    /// the machine or a conflict with another process.
    pub fn shows_corruption(&self) -> bool {
        matches!(self.kind, ErrorKind::Corrupt | ErrorKind::Fault)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match ErrorKind::of(&error) {
            ErrorKind::SyncFailed => Error::sync_failed(&error),
            kind => Error::new(kind, error.to_string()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}

/// What the work of a read or a write may fail with: an error of its own, or the database's.
pub trait WorkError: From<Error> {
    /// The database's error, if it is one.
    fn database(&self) -> Option<&Error>;
}

impl WorkError for Error {
    fn database(&self) -> Option<&Error> {
        Some(self)
    }
}
