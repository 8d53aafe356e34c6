//! Points in time as the API has them: whole UNIX seconds.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::fields::{Field, FromField};
use crate::error::Error;

/// Whole seconds since 1970-01-01T00:00:00Z, up to the end of the year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 9999-12-31T23:59:59Z: the last second that date libraries agree on.
    pub const LAST: i64 = 253_402_300_799;

    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_secs()).unwrap_or(Self::LAST).min(Self::LAST))
    }

    /// The time as this process counts it: what the clock said at the first use of this, and what has passed since. It
    /// goes on evenly where somebody sets the clock.
    pub fn steady() -> Self {
        static FIRST: OnceLock<(Timestamp, Instant)> = OnceLock::new();
        let (time, at) = FIRST.get_or_init(|| (Self::now(), Instant::now()));
        time.plus(at.elapsed().as_secs())
    }

    pub fn seconds(self) -> i64 {
        self.0
    }

    /// This time and `seconds` more, at most the last that can be told.
    #[must_use]
    pub fn plus(self, seconds: u64) -> Self {
        let seconds = i64::try_from(seconds).unwrap_or(Self::LAST);
        Timestamp(self.0.saturating_add(seconds).min(Self::LAST))
    }
}

impl FromField for Timestamp {
    fn from_field(field: Field) -> Result<Self, Error> {
        let path = field.path.clone();
        let seconds = i64::from_field(field)?;
        if (0..=Self::LAST).contains(&seconds) {
            return Ok(Timestamp(seconds));
        }
        Err(Error::invalid(
            path,
            format!("must be a time in UNIX seconds, 0 to {}, not {seconds}", Self::LAST),
        ))
    }
}
