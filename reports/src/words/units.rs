//! Numbers as people read them: three significant digits and a unit that fits.

use serde_json::Value;

use crate::schema::Unit;

/// What stands where there is no figure.
pub const NO_FIGURE: &str = "–";

/// Significant digits of every printed measurement.
const DIGITS: i32 = 3;

/// A latency or duration in nanoseconds: `850 ns`, `12.3 µs`, `1.00 ms`, `2.50 s`.
///
/// ```
/// use reports::words::units::duration;
/// assert_eq!(duration(999_999.0), "1.00 ms");
/// assert_eq!(duration(52_340_000.0), "52.3 ms");
/// assert_eq!(duration(f64::NAN), "–");
/// ```
pub fn duration(ns: f64) -> String {
    scaled(ns, &[(1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")])
}

/// A round duration on an axis, without trailing zeros: `1 µs`, `2.5 ms`.
pub(crate) fn duration_tick(ns: f64) -> String {
    tick_scaled(ns, &[(1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")])
}

/// Records per second: `4.20 M records/s`.
///
/// ```
/// assert_eq!(reports::words::units::rate(4_204_000.0), "4.20 M records/s");
/// assert_eq!(reports::words::units::rate(812.0), "812 records/s");
/// ```
pub fn rate(per_s: f64) -> String {
    let (divisor, unit) = rate_unit(per_s);
    match per_s.is_finite() {
        true => format!("{} {unit}", significant(per_s / divisor)),
        false => NO_FIGURE.into(),
    }
}

/// Divisor and unit for rates up to `largest` per second.
pub(crate) fn rate_unit(largest: f64) -> (f64, &'static str) {
    match largest {
        rate if rate >= 0.999_5e9 => (1e9, "G records/s"),
        rate if rate >= 0.999_5e6 => (1e6, "M records/s"),
        rate if rate >= 0.999_5e4 => (1e3, "k records/s"),
        _ => (1.0, "records/s"),
    }
}

/// A planned rate in full: `200,000 events/s`.
pub fn planned_rate(per_s: Option<f64>) -> String {
    match per_s {
        None => "as fast as taken".into(),
        Some(rate) if !rate.is_finite() || rate < 0.0 => format!("{NO_FIGURE} events/s"),
        Some(rate) if rate < 1e3 => format!("{} events/s", trimmed(rate, 3)),
        Some(rate) => format!("{} events/s", count(rate.round() as u64)),
    }
}

/// Memory: `412 MiB`.
pub fn bytes(bytes: f64) -> String {
    let units = [(1.0, "B"), (1024.0, "KiB"), (1048576.0, "MiB"), (1073741824.0, "GiB")];
    scaled(bytes, &units)
}

/// A ratio: `1.82x`.
///
/// ```
/// assert_eq!(reports::words::units::ratio(57.14), "57.1x");
/// assert_eq!(reports::words::units::ratio(0.0), "–");
/// ```
pub fn ratio(ratio: f64) -> String {
    match ratio.is_finite() && ratio > 0.0 {
        true => format!("{}x", significant(ratio)),
        false => NO_FIGURE.into(),
    }
}

/// A whole number with thousands separated: `1,000,000`.
pub fn count(number: u64) -> String {
    group(&number.to_string())
}

/// Share of one, as per cent with a decimal, or with three digits when it is less than one: `12.5 %`,
/// `0.0417 %`.
pub fn share(share: f64) -> String {
    let percent = share * 100.0;
    match share.is_finite() {
        true if percent.abs() < 1.0 => format!("{} %", significant(percent)),
        true => format!("{} %", trimmed(percent, 1)),
        false => NO_FIGURE.into(),
    }
}

/// A value of a metric with its unit.
///
/// ```
/// use reports::schema::Metric;
/// use reports::words::units::figure;
/// assert_eq!(figure(Metric::P99_LATENCY.unit, 1_500_000.0), "1.50 ms");
/// assert_eq!(figure(Metric::THROUGHPUT.unit, 2e6), "2.00 M records/s");
/// ```
pub fn figure(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Nanoseconds => duration(value),
        Unit::Bytes => bytes(value),
        Unit::Share => share(value),
        Unit::RecordsPerSecond => rate(value),
        Unit::Count => trimmed(value, 3),
    }
}

/// A value of a setting or a knob as a reader would write it: `1,000`, `0.5`, `ring`.
pub fn setting(value: &Value) -> String {
    match value.as_f64() {
        Some(number) => trimmed(number, 3),
        None => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}

/// Three significant digits, without exponent; at least all digits before the point.
///
/// ```
/// use reports::words::units::significant;
/// assert_eq!(significant(1.8249), "1.82");
/// assert_eq!(significant(0.004567), "0.00457");
/// assert_eq!(significant(123456.7), "123,457");
/// ```
pub fn significant(value: f64) -> String {
    if !value.is_finite() {
        return NO_FIGURE.into();
    }
    if value == 0.0 {
        return "0".into();
    }
    let magnitude = |value: f64| value.abs().log10().floor() as i32;
    let mut decimals = (DIGITS - 1 - magnitude(value)).clamp(0, 12);
    let rounded = format!("{value:.*}", decimals as usize);
    // 9.996 rounds to 10.00: one digit too many.
    if decimals > 0 && rounded.parse().is_ok_and(|r: f64| magnitude(r) > magnitude(value)) {
        decimals -= 1;
    }
    group(&format!("{value:.*}", decimals as usize))
}

/// With a capital first letter.
pub(crate) fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase());
    first.into_iter().flatten().chain(letters).collect()
}

/// At most `decimals` digits after the point, and no zeros at the end; with an exponent from 1e7 on.
pub fn trimmed(value: f64, decimals: usize) -> String {
    const LONGEST: f64 = 1e7;
    if value.abs() >= LONGEST {
        return format!("{value:.2e}");
    }
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => group(text.trim_end_matches('0').trim_end_matches('.')),
        false => group(&text),
    }
}

/// In the largest unit that leaves at least 1 after rounding.
fn scaled(value: f64, units: &[(f64, &str)]) -> String {
    if !value.is_finite() {
        return NO_FIGURE.into();
    }
    let (divisor, unit) = fitting(value, units);
    let number = match (divisor, value.fract()) {
        (1.0, 0.0) => format!("{value:.0}"),
        _ => significant(value / divisor),
    };
    format!("{number} {unit}")
}

fn tick_scaled(value: f64, units: &[(f64, &str)]) -> String {
    let (divisor, unit) = fitting(value, units);
    format!("{} {unit}", trimmed(value / divisor, 3))
}

fn fitting<'a>(value: f64, units: &[(f64, &'a str)]) -> (f64, &'a str) {
    let fits = |unit: &&(f64, &str)| value.abs() >= unit.0 * 0.999_5;
    *units.iter().rev().find(fits).unwrap_or(&units[0])
}

/// Thousands separators in the digits before the point.
fn group(number: &str) -> String {
    let (sign, number) = match number.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", number),
    };
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut grouped = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_moves_to_the_next_unit() {
        assert_eq!(duration(0.0), "0 ns");
        assert_eq!(duration(999.0), "999 ns");
        assert_eq!(duration(999_400.0), "999 µs");
        assert_eq!(duration(999_600.0), "1.00 ms");
        assert_eq!(duration(10e9), "10.0 s");
        assert_eq!(significant(9.996), "10.0");
        assert_eq!(significant(99.96), "100");
        assert_eq!(rate(999_999.0), "1.00 M records/s");
        assert_eq!(rate(f64::INFINITY), "–");
        assert_eq!(bytes(431_000_000.0), "411 MiB");
        assert_eq!(duration_tick(2_500_000.0), "2.5 ms");
        assert_eq!(planned_rate(Some(f64::NAN)), "– events/s");
        assert_eq!(planned_rate(Some(200_000.0)), "200,000 events/s");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(trimmed(-1234.50, 2), "-1,234.5");
    }
}
