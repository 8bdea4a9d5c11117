//! Computes the values of all knobs from those that were given.

use std::collections::BTreeMap;

use dataflow::job::settings::{Setting, SettingError};
use serde_json::Value;

use crate::knobs::common::COMMON;
use crate::knobs::rules::KnobRules;
use crate::spec::Knobs;

/// Events per event-second when events are read as fast as they are taken.
const EVENT_RATE_AT_MAX: f64 = 1_000_000.0;

/// The values of declared knobs: those given, the defaults, and what follows from both and from
/// `rate`, the events per second of the plan; `None` at max.
///
/// # Errors
/// For an unknown knob, an invalid value, and values that do not go together.
pub fn resolve(
    owner: &str,
    declared: &[Setting],
    given: &BTreeMap<String, Value>,
    rate: Option<f64>,
) -> Result<Knobs, SettingError> {
    let mut knobs = Knobs::resolve(owner, declared, given, rate.is_none())?;
    if knobs.get_number("event_rate").is_none() {
        knobs.set("event_rate", rate.unwrap_or(EVENT_RATE_AT_MAX));
    }
    KnobRules { given, knobs: &mut knobs, rate }.settle()?;
    Ok(knobs)
}

/// A workload's own knobs and, where it has none of the same name, the common ones.
pub fn with_common(own: &[Setting]) -> Vec<Setting> {
    let replaced = |common: &Setting| own.iter().find(|own| own.name == common.name).copied();
    let mut all: Vec<Setting> =
        COMMON.iter().map(|common| replaced(common).unwrap_or(*common)).collect();
    all.extend(own.iter().filter(|own| COMMON.iter().all(|common| common.name != own.name)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_time::disorder::Disorder;
    use crate::events::key_distribution::MAX_KEYS;
    use crate::knobs::LONGEST_MS;
    use crate::spec::nanos;
    use crate::testing::knobs::common;

    #[test]
    fn an_own_knob_takes_the_place_of_a_common_one() {
        let own = [
            Setting::integer("keys", (1, MAX_KEYS), 7, ""),
            Setting::integer("tables", (1, 9), 2, ""),
        ];
        let all = with_common(&own);
        assert_eq!(all.len(), COMMON.len() + 1);
        assert_eq!(all[0], own[0]);
        assert_eq!(all[COMMON.len()], own[1]);
    }

    #[test]
    fn the_longest_spans_fit_into_nanoseconds() {
        let longest = LONGEST_MS.to_string();
        let knobs = common(&[
            ("disorder_ms", longest.as_str()),
            ("window_ms", longest.as_str()),
            ("late_fraction", "1"),
        ]);
        let disorder = Disorder::new(&knobs, 0);
        assert_eq!(disorder.longest_nanos(), 3 * nanos(&knobs, "window_ms"));
    }
}
