//! What commands print. Standard output carries the result, which must arrive; standard error is for people and may be
//! closed.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::path::Path;

use crate::error::Failure;

/// Prints a result to standard output.
///
/// # Errors
/// Standard output cannot be written, such as to a full disk or a closed pipe.
pub fn print(text: impl Display) -> Result<(), Failure> {
    let mut out = io::stdout();
    let printed = write!(out, "{text}").and_then(|()| out.flush());
    printed.map_err(|error| Failure::new(format!("cannot write to standard output: {error}")))
}

/// Reports something on standard error, if that is open.
pub fn report(text: impl Display) {
    drop(write!(io::stderr(), "{text}"));
}

/// Whether a FILE argument means standard input or output.
pub fn is_standard_stream(path: &Path) -> bool {
    path == Path::new("-")
}
