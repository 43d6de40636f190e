//! A moment as AWS stamps it. Nothing here knows what time it is.

use std::time::Duration;

/// Milliseconds since the Unix epoch, as AWS stamps things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The last moment that can be written as a date (RFC 3339 has four digits for a year).
    const LAST: i64 = 253_402_300_799_999;

    /// A moment that somebody else stamped: what lies before the epoch or after the year 9999 is no
    /// date, and counts as the first or the last one.
    pub fn of_millis(millis: i64) -> Timestamp {
        Timestamp(millis.clamp(0, Timestamp::LAST))
    }

    /// The same within what can be written as a date.
    #[must_use]
    pub fn as_date(self) -> Timestamp {
        Timestamp::of_millis(self.0)
    }
    /// The time from `earlier` to `self`; zero where the clocks disagree about the order.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// `self` moved forward by `by`.
    pub fn plus(self, by: Duration) -> Timestamp {
        Timestamp(
            self.0
                .saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn a_moment_that_is_no_date_is_the_first_or_the_last_one() {
        assert_eq!(Timestamp::of_millis(i64::MIN), Timestamp(0));
        assert_eq!(Timestamp::of_millis(1_795_194_000_000).0, 1_795_194_000_000);
        assert_eq!(Timestamp::of_millis(i64::MAX).0, Timestamp::LAST);
    }
}
