//! Days, hours and minutes of event time, in UTC from 1970.

/// Milliseconds in a minute.
const MINUTE: i64 = 60_000;
/// And in an hour.
const HOUR: i64 = 60 * MINUTE;
/// And in a day.
const DAY: i64 = 24 * HOUR;

/// Hour of the day of a time in milliseconds.
pub(crate) const fn hour(millis: i64) -> i64 {
    millis.rem_euclid(DAY) / HOUR
}

/// Days since 1970.
pub(crate) const fn day(millis: i64) -> i64 {
    millis.div_euclid(DAY)
}

/// Minute of the day.
pub(crate) const fn minute(millis: i64) -> i64 {
    millis.rem_euclid(DAY) / MINUTE
}

/// A minute of the day as `HH:mm`.
pub(crate) fn clock_text(minute: i64) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// A day as `yyyy-MM-dd`.
pub(crate) fn day_text(day: i64) -> String {
    // Howard Hinnant's civil_from_days: years that begin in March, in eras of 400.
    let shifted = day + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        // `date -u -d @SECONDS +%F`
        for (seconds, text) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_774_915_200, "2026-03-31"),
            (4_107_542_400, "2100-03-01"),
            (-86_400, "1969-12-31"),
        ] {
            assert_eq!(day_text(day(seconds * 1_000)), text);
        }
        let time = 13 * HOUR + 5 * MINUTE + 59_999;
        assert_eq!((hour(time), clock_text(minute(time)).as_str()), (13, "13:05"));
        assert_eq!(hour(-1), 23);
    }
}
