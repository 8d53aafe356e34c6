//! What a read or a write of the product's data can fail with.

use std::fmt;

use crate::db::{self, ErrorKind, WorkError};
use crate::error::{self, Code, Failure};

/// Why something could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The request is at fault, in the API's terms; nothing was changed.
    Refused(error::Error),
    /// The database is.
    Database(db::Error),
}

impl WorkError for Error {
    fn database(&self) -> Option<&db::Error> {
        match self {
            Error::Refused(_) => None,
            Error::Database(error) => Some(error),
        }
    }
}

impl From<error::Error> for Error {
    fn from(error: error::Error) -> Self {
        Error::Refused(error)
    }
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        Error::Database(error)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Error::Database(error.into())
    }
}

/// What the caller of the API gets: details of the database's errors are for the log alone.
impl From<Error> for error::Error {
    fn from(error: Error) -> Self {
        let error = match error {
            Error::Refused(error) => return error,
            Error::Database(error) => error,
        };
        let unavailable = |message| error::Error::unavailable(message, error.to_string());
        match error.kind {
            ErrorKind::Full => error::Error {
                detail: Some(error.to_string()),
                ..error::Error::new(Code::StorageFull, "The server's disk is full; nothing was changed.")
            },
            ErrorKind::Busy => unavailable("The database is in use by another process; try again soon."),
            ErrorKind::Interrupted => unavailable("The read took too long and was interrupted; try again soon."),
            ErrorKind::TooManyReads => unavailable("Too many reads at once; try again soon."),
            ErrorKind::TooManyLongReads => unavailable("Too many searches at once; try again soon."),
            ErrorKind::TooManyWrites => unavailable("Too many writes are waiting; try again soon."),
            ErrorKind::Closed => unavailable("The server is stopping; try again soon."),
            ErrorKind::Corrupt | ErrorKind::SyncFailed | ErrorKind::System | ErrorKind::Refused | ErrorKind::Fault => {
                error::Error::internal(error.to_string())
            }
        }
    }
}

impl From<db::Error> for error::Error {
    fn from(error: db::Error) -> Self {
        Error::from(error).into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Refused(error) => error.fmt(f),
            Error::Database(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

/// For commands: their failures are sentences.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::new(error.to_string())
    }
}

impl From<db::Error> for Failure {
    fn from(error: db::Error) -> Self {
        Failure::new(error.to_string())
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        db::Error::from(error).into()
    }
}
