//! Points in time as the API has them: whole UNIX seconds.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::fields::{Field, FromField};
use super::json_schema::Schema;
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

    /// The system clock at the first call plus the time that has passed since. It advances evenly even if the system clock
    /// is set.
    pub fn steady() -> Self {
        static FIRST: OnceLock<(Timestamp, Instant)> = OnceLock::new();
        let (time, at) = FIRST.get_or_init(|| (Self::now(), Instant::now()));
        time.plus(at.elapsed().as_secs())
    }

    /// This time in UTC for file names, which sort by it: `20261121T142036Z`.
    pub fn stamp(self) -> String {
        let (day, second) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let (year, month, day) = date(day);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
    }

    /// Parses what `stamp` returns.
    pub fn from_stamp(text: &str) -> Option<Self> {
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
        let day = days(number(0, 4)?, number(4, 6)?, number(6, 8)?);
        let second = number(9, 11)? * 3_600 + number(11, 13)? * 60 + number(13, 15)?;
        let time = Timestamp(day * DAY + second);
        // An invalid date, or one in another form, formats to a different text.
        (time.stamp() == text).then_some(time)
    }

    pub fn seconds(self) -> i64 {
        self.0
    }

    /// This time plus `seconds`, at most `LAST`.
    #[must_use]
    pub fn plus(self, seconds: u64) -> Self {
        let seconds = i64::try_from(seconds).unwrap_or(Self::LAST);
        Timestamp(self.0.saturating_add(seconds).min(Self::LAST))
    }
}

const DAY: i64 = 86_400;

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years begin in March here, so that a leap day is the last of
/// its year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let since_march = (month + 9) % 12;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * since_march + 2) / 5 + day
        - 719_469
}

/// The date of a day counted from 1970-01-01: year, month, day.
fn date(day: i64) -> (i64, i64, i64) {
    // Without leap days, the estimate is at most a few years late.
    let mut year = 1970 + day.div_euclid(365);
    while days(year, 1, 1) > day {
        year -= 1;
    }
    let month = (1..=12).rev().find(|month| days(year, *month, 1) <= day).unwrap_or(1);
    (year, month, day - days(year, month, 1) + 1)
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

    fn schema() -> Schema {
        json!({"title": "timestamp", "type": "integer", "format": "int64", "minimum": 0, "maximum": Self::LAST})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_the_time_in_utc_and_parses_back() {
        for (seconds, stamp) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (1_709_251_199, "20240229T235959Z"),
            (1_795_271_436, "20261121T143036Z"),
            (4_107_542_400, "21000301T000000Z"),
            (Timestamp::LAST, "99991231T235959Z"),
        ] {
            assert_eq!(Timestamp(seconds).stamp(), stamp);
            assert_eq!(Timestamp::from_stamp(stamp), Some(Timestamp(seconds)));
        }
        for day in (0..Timestamp::LAST / DAY).step_by(17) {
            let time = Timestamp(day * DAY + day % DAY);
            assert_eq!(Timestamp::from_stamp(&time.stamp()), Some(time));
        }
        for wrong in [
            "",
            "20230229T000000Z",
            "20231301T000000Z",
            "20230101T240000Z",
            "20230101T00000Z",
            "20230101T000000",
            "+0230101T000000Z",
            "2023010éT00000Z",
            "20230101T000000Z.db",
        ] {
            assert_eq!(Timestamp::from_stamp(wrong), None, "{wrong}");
        }
    }
}
