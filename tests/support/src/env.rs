//! Environment variables that scale a test up to a long run.

use std::str::FromStr;

/// The number in an environment variable, or `None` if the variable is not set.
///
/// # Panics
/// If the value is not a number of type `T`.
pub fn number<T: FromStr>(name: &str) -> Option<T> {
    let value = std::env::var(name).ok()?;
    let parsed = value.parse().ok();
    Some(parsed.unwrap_or_else(|| panic!("{name}={value:?} is not a number")))
}
