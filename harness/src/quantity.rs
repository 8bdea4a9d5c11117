//! Rates, durations and counts as people write them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Largest parallelism: Flink's largest number of key groups.
pub(crate) const MAX_PARALLELISM: u32 = 32_768;

/// A rate: `max`, or events per second.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Rate {
    /// As fast as they are taken.
    #[default]
    Max,
    /// Events per second.
    PerSecond(f64),
}

impl Rate {
    /// A planned rate as results hold it: events per second, `None` for `max`.
    pub fn planned(per_second: Option<f64>) -> Self {
        per_second.map_or(Self::Max, Self::PerSecond)
    }

    /// Whether events are taken as fast as the engine can.
    pub const fn is_max(self) -> bool {
        matches!(self, Self::Max)
    }

    /// Events per second, `None` for `max`.
    pub const fn per_second(self) -> Option<f64> {
        match self {
            Self::Max => None,
            Self::PerSecond(rate) => Some(rate),
        }
    }
}

/// Lowest rate, in events per second: one event in a thousand seconds, as of the knob `event_rate`.
pub(crate) const LOWEST_RATE: f64 = 0.001;

/// Reads `max` or a number from [`LOWEST_RATE`]: `100000`, `100_000`, `1e5`, `100k`, `2M`.
///
/// # Errors
/// For anything else.
pub(crate) fn rate(text: &str) -> Result<Rate, String> {
    if text == "max" {
        return Ok(Rate::Max);
    }
    let number = scaled(text).ok_or_else(|| {
        format!("`{text}` is no rate; write events per second (100000, 1e5, 100k) or max")
    })?;
    if (LOWEST_RATE..=1e12).contains(&number) {
        Ok(Rate::PerSecond(number))
    } else if number > 0.0 && number < LOWEST_RATE {
        Err(format!(
            "at a rate of {text} the next event is more than a thousand seconds away; write \
             {LOWEST_RATE} events per second or more"
        ))
    } else {
        Err(format!("a rate is more than 0 and at most 1e12 events per second, not {text}"))
    }
}

/// Reads a count of at least one: `1000000`, `1_000_000`, `1e6`, `1M`.
///
/// # Errors
/// For anything else.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    let number = scaled(text).filter(|number| number.fract() == 0.0);
    match number {
        Some(number) if (1.0..=9e15).contains(&number) => Ok(number as u64),
        _ => {
            Err(format!("`{text}` is no count; write a whole number from 1, such as 1000000 or 1M"))
        }
    }
}

/// Reads a duration: `500ms`, `2s`, `1m 30s`.
///
/// # Errors
/// For anything else, and for nothing at all.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text.trim())
        .map_err(|error| format!("`{text}` is no duration, such as 500ms or 2s: {error}"))?;
    if duration.is_zero() {
        Err("a duration is longer than nothing".to_owned())
    } else {
        Ok(duration)
    }
}

/// Reads a percentage, as a share of one: `3%`, `0.5%`.
///
/// # Errors
/// For anything else, and for none at all or more than 100 %.
pub(crate) fn percentage(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').and_then(|digits| digits.trim().parse::<f64>().ok());
    match number {
        Some(number) if number > 0.0 && number <= 100.0 => Ok(number / 100.0),
        _ => {
            Err(format!("`{text}` is no percentage; write more than 0% and at most 100%, as in 3%"))
        }
    }
}

/// Reads a number of any sign: `0.5`, `1_000`, `1e6`, `100k`, `2M`, `1G`; `None` for anything else.
pub(crate) fn number(text: &str) -> Option<f64> {
    scaled(text)
}

/// A number with `_` between digits and `k`, `M` or `G` behind it.
fn scaled(text: &str) -> Option<f64> {
    let text = text.trim().replace('_', "");
    let (digits, scale) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1e3),
        None => match text.strip_suffix('M') {
            Some(digits) => (digits, 1e6),
            None => text.strip_suffix('G').map_or((text.as_str(), 1.0), |digits| (digits, 1e9)),
        },
    };
    digits.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        assert_eq!(rate("max"), Ok(Rate::Max));
        for same in ["100000", "100_000", "1e5", "100k"] {
            assert_eq!(rate(same), Ok(Rate::PerSecond(1e5)), "{same}");
        }
        assert_eq!(count("2M"), Ok(2_000_000));
        assert_eq!(percentage("0.5 %"), Ok(0.005));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for wrong in ["0", "-5", "1e-12", "NaN", "inf", "fast", ""] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
        for wrong in ["0", "-1", "1.5", "many"] {
            assert!(count(wrong).is_err(), "{wrong}");
        }
        for wrong in ["3", "0%", "-1%", "101%", "NaN%", "%", "3%%", ""] {
            assert!(percentage(wrong).is_err(), "{wrong}");
        }
        for wrong in ["0s", "5", "-1s", "soon"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
