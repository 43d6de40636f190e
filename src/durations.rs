//! Durations in words, the same everywhere. Pure, and it knows no time of its own.

use std::time::Duration;

/// A limit as it is given: whole, in the largest unit that it is whole in. `20 seconds`, `1 minute`,
/// `90 minutes`, `2 hours`.
pub fn limit(time: Duration) -> String {
    let seconds = time.as_secs();
    let (unit, of_unit) = match seconds {
        0 => ("second", 1),
        _ if seconds.is_multiple_of(3600) => ("hour", 3600),
        _ if seconds.is_multiple_of(60) => ("minute", 60),
        _ => ("second", 1),
    };
    counted(seconds / of_unit, unit)
}

/// Full minutes that have passed: `1 minute`, `12 minutes`.
pub fn minutes(time: Duration) -> String {
    counted(time.as_secs() / 60, "minute")
}

/// `9m 12s`; beyond an hour nobody counts seconds.
pub fn length(time: Duration) -> String {
    let seconds = match time.as_secs() {
        seconds @ 0..3_600 => seconds,
        seconds => seconds / 60 * 60,
    };
    to_the_second(Duration::from_secs(seconds))
}

/// `1h 5s`.
pub fn to_the_second(time: Duration) -> String {
    humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
}

fn counted(number: u64, unit: &str) -> String {
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{Duration, length, limit, minutes, to_the_second};

    #[test]
    fn a_limit_is_shown_as_it_was_given() {
        for (seconds, words) in [
            (1, "1 second"),
            (20, "20 seconds"),
            (60, "1 minute"),
            (90, "90 seconds"),
            (30 * 60, "30 minutes"),
            (90 * 60, "90 minutes"),
            (3600, "1 hour"),
            (24 * 3600, "24 hours"),
        ] {
            assert_eq!(limit(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn what_has_passed_is_shown_as_far_as_it_matters() {
        let long = Duration::from_secs(2 * 3600 + 65);
        assert_eq!(minutes(Duration::from_secs(119)), "1 minute");
        assert_eq!(minutes(long), "121 minutes");
        assert_eq!(length(Duration::from_secs(552)), "9m 12s");
        assert_eq!(length(long), "2h 1m");
        assert_eq!(to_the_second(long), "2h 1m 5s");
    }
}
