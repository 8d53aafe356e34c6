//! The errors of the API's contract, and the failures of commands. `http/response.rs` maps codes to statuses,
//! `store/error.rs` maps the database's errors to codes.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The contract's error codes.
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
    Unavailable,
    StorageFull,
}

impl Code {
    /// All of them, in the order of their statuses.
    pub const ALL: [Code; 19] = [
        Code::BodyMalformed,
        Code::ParameterMissing,
        Code::ParameterInvalid,
        Code::ParameterUnknown,
        Code::Unauthorized,
        Code::Forbidden,
        Code::NotFound,
        Code::MethodNotAllowed,
        Code::Conflict,
        Code::PreconditionFailed,
        Code::BodyTooLarge,
        Code::UriTooLong,
        Code::UnsupportedMediaType,
        Code::IdempotencyMismatch,
        Code::RateLimited,
        Code::HeadersTooLarge,
        Code::Internal,
        Code::Unavailable,
        Code::StorageFull,
    ];
}

/// Why a request was refused or has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub code: Code,
    /// For the caller: which value was wrong, why, and what would be valid.
    pub message: Cow<'static, str>,
    /// The parameter at fault, as a path such as `contacts[2].id`.
    pub param: Option<String>,
    /// Seconds after which the request may be sent again, if that helps.
    pub retry_after: Option<u64>,
    /// For the log only, never for the caller.
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

    /// `parameter_invalid` at `param`. `what` continues the parameter's name, such as "must be 1 to 100, not 0".
    pub fn invalid(param: impl Into<String>, what: impl fmt::Display) -> Self {
        let param = param.into();
        Self::new(Code::ParameterInvalid, format!("`{param}` {what}.")).at(param)
    }

    /// An object that does not exist or belongs to another account: the caller cannot distinguish them.
    pub fn not_found(kind: &str, id: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no {kind} with the id `{id}`."))
    }

    /// A fault of the server; `detail` goes to the log.
    pub fn internal(detail: impl Into<String>) -> Self {
        Error {
            detail: Some(detail.into()),
            ..Self::new(
                Code::Internal,
                "Something went wrong on the server; its log has the details under this request id.",
            )
        }
    }

    /// The server cannot do it now but may soon; `detail` goes to the log.
    pub fn unavailable(message: &'static str, detail: impl Into<String>) -> Self {
        Error {
            retry_after: Some(1),
            detail: Some(detail.into()),
            ..Self::new(Code::Unavailable, message)
        }
    }

    /// A caller that has to wait `wait` before its credentials are checked.
    pub fn rate_limited(wait: Duration) -> Self {
        let message = "Too many wrong access tokens from this address; try again after `Retry-After` seconds.";
        Error {
            retry_after: Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)),
            ..Self::new(Code::RateLimited, message)
        }
    }

    /// Whether the server is at fault, and not the request.
    pub fn is_ours(&self) -> bool {
        matches!(self.code, Code::Internal | Code::Unavailable | Code::StorageFull)
    }

    /// The same error, with the parameter at fault.
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

/// Why a command cannot start or continue: one plain sentence for standard error. The exit code is 1.
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

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure(error.to_string())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure(error.to_string())
    }
}
