//! What commands print: standard output is the result and must arrive, standard error is for people and may be closed.

use std::fmt::Display;
use std::io::{self, Write as _};

use crate::error::Failure;

/// Prints a result.
///
/// # Errors
/// That standard output cannot be written, such as a full disk or a reader that has gone.
pub fn print(text: impl Display) -> Result<(), Failure> {
    let mut out = io::stdout();
    let printed = write!(out, "{text}").and_then(|()| out.flush());
    printed.map_err(|error| Failure::new(format!("cannot write to standard output: {error}")))
}

/// Tells people something beside the result.
pub fn tell(text: impl Display) {
    // With standard error closed there is nobody to tell.
    drop(write!(io::stderr(), "{text}"));
}
