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
        let detail = error.to_string();
        match (error.kind, explanation(error.kind)) {
            (ErrorKind::Full, Some(message)) => error::Error {
                detail: Some(detail),
                ..error::Error::new(Code::StorageFull, message)
            },
            (_, Some(message)) => error::Error::unavailable(message, detail),
            (_, None) => error::Error::internal(detail),
        }
    }
}

/// What an error of the database means to whoever asked, and what to do; `None` if that is only for the log.
fn explanation(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Full => Some("The disk is full; nothing was changed."),
        ErrorKind::Busy => Some("The database is in use by another process; try again soon."),
        ErrorKind::Interrupted => Some("The read took too long and was interrupted; try again soon."),
        ErrorKind::TooManyReads => Some("Too many reads at once; try again soon."),
        ErrorKind::TooManyLongReads => Some("Too many searches at once; try again soon."),
        ErrorKind::TooManyWrites => Some("Too many writes are waiting; try again soon."),
        ErrorKind::Closed => Some("The server is stopping; try again soon."),
        ErrorKind::Corrupt | ErrorKind::SyncFailed | ErrorKind::System | ErrorKind::Unusable | ErrorKind::Fault => None,
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
        match error {
            Error::Refused(error) => error.into(),
            Error::Database(error) => error.into(),
        }
    }
}

impl From<db::Error> for Failure {
    fn from(error: db::Error) -> Self {
        Failure::new(match explanation(error.kind) {
            Some(message) => format!("{message} ({error})"),
            None => error.to_string(),
        })
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        db::Error::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_and_operators_learn_what_a_database_error_means() {
        let busy = db::Error::new(ErrorKind::Busy, "database is locked");
        let failure = Failure::from(busy.clone()).to_string();
        assert_eq!(
            failure,
            "The database is in use by another process; try again soon. (database is locked)"
        );
        let error = error::Error::from(Error::from(busy));
        assert_eq!((error.code, error.retry_after), (Code::Unavailable, Some(1)));
        let full = error::Error::from(Error::from(db::Error::new(ErrorKind::Full, "database or disk is full")));
        assert_eq!(full.code, Code::StorageFull);
        for kind in [
            ErrorKind::Corrupt,
            ErrorKind::SyncFailed,
            ErrorKind::System,
            ErrorKind::Fault,
        ] {
            let error = error::Error::from(Error::from(db::Error::new(kind, "a secret of the log")));
            assert_eq!(error.code, Code::Internal);
            assert!(!error.message.contains("secret") && error.detail.is_some_and(|detail| detail.contains("secret")));
        }
    }
}
