//! A profile as a file.

use std::fmt::Write as _;

use reports::words::units;
use serde_json::Value;

use super::found::{Found, FoundPrice};
use crate::cli::CalibrateArgs;
use crate::files::invocation::wall_time;
use crate::run::environment;

/// Digits of a price behind the first that is not 0.
const DIGITS: i32 = 3;

/// The profile of what was found. Each price stands beside the least and the most that a single repeat
/// would have found.
pub(super) fn profile(args: &CalibrateArgs, found: &Found) -> String {
    let date = humantime::format_rfc3339_seconds(wall_time()).to_string();
    let environment = environment::describe();
    let of = |name: &str| match &environment[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let machine = format!("{} cores, {}", of("cores"), of("processor"));
    let method = format!(
        "`calibrate {}`: {} runs of {} subtasks per stage, {} times each; least squares of relative \
         errors of processor time",
        args.target.profile(),
        found.runs.len(),
        args.parallelism,
        found.repeats,
    );
    let error = match found.error() {
        Some((median, largest, runs)) => format!(
            "of what a run took that was left out of the fit, one of {runs}: {} in the median, {} at most",
            units::share(median),
            units::share(largest)
        ),
        None => "unknown: each run alone tells of a price".to_owned(),
    };
    let mut text = String::new();
    let head = [
        ("name", args.target.profile()),
        ("about", args.target.about()),
        ("machine", &machine),
        ("date", &date[..10]),
        ("method", &method),
        ("error", &error),
    ];
    for (name, value) in head {
        text.push_str(&format!("{name} = {}\n", Value::from(value)));
    }
    let mut kinds: Vec<&str> = found.prices.iter().map(|price| price.kind).collect();
    kinds.dedup();
    for kind in kinds {
        let points: Vec<_> = found.prices.iter().filter(|price| price.kind == kind).collect();
        if points.iter().all(|price| price.price_ns == 0.0) {
            continue;
        }
        let mut comment = String::new();
        for price in &points {
            let (low, high) = (rounded(price.range_ns.0), rounded(price.range_ns.1));
            let keys = price.keys.map_or(String::new(), |keys| format!(" at {keys} keys"));
            let comma = if comment.is_empty() { "" } else { ", " };
            let _ = write!(comment, "{comma}{low} to {high}{keys}");
        }
        let price = match &points[..] {
            [flat] => rounded(flat.price_ns).to_string(),
            points => {
                let pair = |price: &&&FoundPrice| {
                    format!("[{}, {}]", price.keys.unwrap_or(1), rounded(price.price_ns))
                };
                format!("[{}]", points.iter().map(|it| pair(&it)).collect::<Vec<_>>().join(", "))
            }
        };
        text.push_str(&format!(
            "\n[cost.{kind}]\n# {comment} by single repeats\nprice_ns = {price}\n"
        ));
    }
    text
}

/// To a few digits: the rest is noise.
fn rounded(nanos: f64) -> f64 {
    if nanos <= 0.0 {
        return 0.0;
    }
    let unit = 10_f64.powi(nanos.log10().floor() as i32 - DIGITS);
    let digits = (nanos / unit).round();
    // Whole powers of ten are exact where those of a tenth are not.
    if unit < 1.0 { digits / (1.0 / unit).round() } else { digits * unit.round() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_has_four_digits() {
        let all = [0.0, 0.123_456, 12.345_67, 1_234_567.0, 9_999.9, 1.0].map(rounded);
        assert_eq!(all, [0.0, 0.1235, 12.35, 1_235_000.0, 10_000.0, 1.0]);
    }
}
