//! Times as RFC 3339 writes them.

use std::ops::Range;

/// Bytes up to the seconds: `2026-11-30T10:00:00`.
const TO_SECONDS: usize = 19;

/// Nanoseconds since 1970 of a time such as `2026-11-30T10:00:00.25+01:00`; digits behind them are
/// left out. `None` if it is no time, or more than 292 years from 1970.
pub(crate) fn unix_nanos(text: &str) -> Option<i64> {
    let (time, rest) = text.as_bytes().split_at_checked(TO_SECONDS)?;
    let parting = [(4, &b"-"[..]), (7, b"-"), (10, b"Tt "), (13, b":"), (16, b":")];
    if !parting.iter().all(|(place, any)| any.contains(&time[*place])) {
        return None;
    }
    let part = |place: Range<usize>, known: Range<i64>| number(&time[place], known);
    let (year, month) = (part(0..4, 0..10_000)?, part(5..7, 1..13)?);
    let days = days_before(year, month) + part(8..10, 1..days_of(year, month) + 1)? - 1;
    // A leap second is the first of the next minute.
    let (hours, minutes, seconds) =
        (part(11..13, 0..24)?, part(14..16, 0..60)?, part(17..19, 0..61)?);
    let (nanos, zone) = fraction(rest)?;
    let seconds = ((days * 24 + hours) * 60 + minutes) * 60 + seconds - offset(zone)?;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos)
}

/// A number of digits alone, within bounds.
fn number(digits: &[u8], known: Range<i64>) -> Option<i64> {
    let is_plain = digits.iter().all(u8::is_ascii_digit);
    let value: i64 = str::from_utf8(digits).ok().filter(|_| is_plain)?.parse().ok()?;
    known.contains(&value).then_some(value)
}

/// Nanoseconds of `.25`, and what stands behind it.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = rest.strip_prefix(b".") else { return Some((0, rest)) };
    let end = digits.iter().position(|it| !it.is_ascii_digit()).unwrap_or(digits.len());
    let (digits, zone) = digits.split_at(end);
    let value = |digit: &u8| i64::from(digit - b'0');
    let scales = std::iter::successors(Some(100_000_000), |scale: &i64| Some(scale / 10));
    let nanos = digits.iter().zip(scales).map(|(digit, scale)| value(digit) * scale).sum();
    (!digits.is_empty()).then_some((nanos, zone))
}

/// By how many seconds the clock of `Z` or `+01:00` is ahead.
fn offset(zone: &[u8]) -> Option<i64> {
    match zone {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), hours @ .., b':', tens, ones] => {
            let hours = number(hours, 0..24).filter(|_| hours.len() == 2)?;
            let seconds = hours * 3_600 + number(&[*tens, *ones], 0..60)? * 60;
            Some(if *sign == b'+' { seconds } else { -seconds })
        }
        _ => None,
    }
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days of a month, from 1.
const fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970 to the first day of a month.
fn days_before(year: i64, month: i64) -> i64 {
    // Leap years before a year, counted from the year 0, which was one.
    let leaps = |year: i64| (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
    let years = (year - 1970) * 365 + leaps(year) - leaps(1970);
    years + (1..month).map(|month| days_of(year, month)).sum::<i64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_that_date_prints() {
        // `date -u -d TIME +%s%N`.
        for (text, nanos) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-30T10:00:00Z", 1_796_032_800_000_000_000),
            ("2026-11-30t10:00:00.25z", 1_796_032_800_250_000_000),
            ("2026-11-30 10:00:00.123456789999Z", 1_796_032_800_123_456_789),
            ("2026-11-30T11:30:00+01:30", 1_796_032_800_000_000_000),
            ("2026-11-30T04:00:00-06:00", 1_796_032_800_000_000_000),
            ("1969-12-31T23:59:59.999Z", -1_000_000),
            ("2000-02-29T00:00:00Z", 951_782_400_000_000_000),
            ("2000-03-01T00:00:00Z", 951_868_800_000_000_000),
            ("1900-03-01T00:00:00Z", -2_203_891_200_000_000_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
        ] {
            assert_eq!(unix_nanos(text), Some(nanos), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2026-11-30",
            "2026-11-30T10:00:00",
            "2026-11-30T10:00Z",
            "2026-11-31T10:00:00Z",
            "2025-02-29T10:00:00Z",
            "2026-00-30T10:00:00Z",
            "2026-11-30T24:00:00Z",
            "2026-11-30T10:00:00.Z",
            "2026-11-30T10:00:00+1:00",
            "2026-11-30T10:00:00+0100",
            "2026-11-30T10:00:00+24:00",
            "2026-11-30T10:00:00Zulu",
            "+026-11-30T10:00:00Z",
            "2026-11-30T10:00:0éZ",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
        ] {
            assert_eq!(unix_nanos(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let mut expected = days_before(1770, 1);
        for year in 1770..2170 {
            for month in 1..13 {
                assert_eq!(days_before(year, month), expected, "{year}-{month}");
                expected += days_of(year, month);
            }
        }
        assert_eq!(expected - days_before(1770, 1), 146_097);
    }
}
