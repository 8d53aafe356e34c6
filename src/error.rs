//! What can go wrong, in the product's words. Knows neither HTTP's numbers nor SQL: `http/reply.rs` maps a code to
//! its status, `store/mod.rs` maps SQLite's errors to codes.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The contract's error codes that a request can meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    BodyMalformed,
    ParameterMissing,
    ParameterInvalid,
    ParameterUnknown,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Conflict,
    PreconditionFailed,
    IdempotencyMismatch,
    RateLimited,
    BodyTooLarge,
    UriTooLong,
    HeadersTooLarge,
    UnsupportedMediaType,
    Internal,
    /// The database was seen to be damaged.
    Damaged,
    /// `internal` to the caller: the disk did not confirm a write, and nothing may be acknowledged any more.
    LostSync,
    Unavailable,
    StorageFull,
}

/// Why a request was refused or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub code: Code,
    /// For the caller: what was wrong with which value, and what would be right.
    pub message: Cow<'static, str>,
    /// The parameter at fault as a path such as `contacts[2].id`.
    pub param: Option<String>,
    /// After how many seconds the request may be sent again, where that helps.
    pub retry_after: Option<u64>,
    /// For the log alone, never for the caller.
    pub detail: Option<String>,
}

impl Error {
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Error {
            code,
            message: message.into(),
            param: None,
            retry_after: None,
            detail: None,
        }
    }

    /// A value that breaks its rule: `parameter_invalid` at `param`. `what` goes on from the parameter's name, such as
    /// "must be 1 to 100, not 0".
    pub fn invalid(param: impl Into<String>, what: impl fmt::Display) -> Self {
        let param = param.into();
        Self::new(Code::ParameterInvalid, format!("`{param}` {what}.")).at(param)
    }

    /// An object that does not exist, or that belongs to another account: the caller cannot tell which.
    pub fn not_found(kind: &str, id: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no {kind} with the id `{id}`."))
    }

    /// A fault of ours; `detail` goes to the log.
    pub fn internal(detail: impl Into<String>) -> Self {
        Error {
            detail: Some(detail.into()),
            ..Self::new(
                Code::Internal,
                "Something went wrong on the server; its log has the details under this request id.",
            )
        }
    }

    /// The server cannot do it now and may soon; `detail` goes to the log.
    pub fn unavailable(message: &'static str, detail: impl Into<String>) -> Self {
        Error {
            retry_after: Some(1),
            detail: Some(detail.into()),
            ..Self::new(Code::Unavailable, message)
        }
    }

    /// A caller that must wait, before any credentials of its can be looked at.
    pub fn rate_limited(wait: Duration) -> Self {
        let message = "Too many wrong access tokens came from this address; try again after `Retry-After` seconds.";
        Error {
            retry_after: Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)),
            ..Self::new(Code::RateLimited, message)
        }
    }

    /// Whether it is a fault of ours, and not of the request.
    pub fn is_ours(&self) -> bool {
        matches!(
            self.code,
            Code::Internal | Code::Damaged | Code::LostSync | Code::Unavailable | Code::StorageFull
        )
    }

    /// The same error, with the parameter that it is about.
    #[must_use]
    pub fn at(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// Why a command cannot start or go on: one plain sentence for standard error; the exit code is 1.
#[derive(Clone, Debug)]
pub struct Failure(pub String);

impl Failure {
    pub fn new(sentence: impl Into<String>) -> Self {
        Failure(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure(error.to_string())
    }
}
