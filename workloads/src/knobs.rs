//! The knobs that every workload understands.

use dataflow::settings::Setting;

use crate::spec::Knobs;

/// Largest number of keys.
pub const MAX_KEYS: i64 = 1 << 31;

/// Events per event-second when events are read as fast as they are taken.
pub const EVENT_RATE_AT_MAX: f64 = 1_000_000.0;

/// Longest span of event time that a knob takes, in milliseconds: 31 years.
const LONGEST_MS: i64 = 1_000_000_000_000;

/// What every generator understands. A workload's own knob of the same name replaces one of these.
pub const COMMON: &[Setting] = &[
    Setting::integer("keys", (1, MAX_KEYS), 100_000, "number of distinct keys"),
    Setting::number(
        "zipf_exponent",
        (0.0, 3.0),
        0.0,
        "skew of keys: the k-th most frequent occurs as often as k to the power of minus this; \
         0 is uniform",
    ),
    Setting::integer(
        "disorder_ms",
        (0, LONGEST_MS),
        0,
        "event times are up to this many milliseconds earlier than in order, uniformly; watermarks \
         allow for as much",
    ),
    Setting::number(
        "late_fraction",
        (0.0, 1.0),
        0.0,
        "share of events that are earlier than watermarks allow for, by up to disorder_ms and \
         window_ms more",
    ),
    Setting::integer(
        "payload_bytes",
        (0, 1 << 20),
        0,
        "bytes that an event carries besides its key",
    ),
    Setting::integer(
        "splits",
        (1, 4_096),
        8,
        "splits of the source, which are dealt to its subtasks",
    ),
    Setting::integer("window_ms", (1, LONGEST_MS), 1_000, "length of windows, in event time"),
    Setting::number(
        "event_rate",
        (0.001, 1e9),
        0.0,
        "events per second of event time; default: the rate, or 1,000,000 at max",
    )
    .derived(),
];

/// A workload's own knobs and, where it has none of the same name, the common ones.
pub fn with_common(own: &[Setting]) -> Vec<Setting> {
    let replaced = |common: &Setting| own.iter().find(|own| own.name == common.name).copied();
    let mut all: Vec<Setting> =
        COMMON.iter().map(|common| replaced(common).unwrap_or(*common)).collect();
    all.extend(own.iter().filter(|own| COMMON.iter().all(|common| common.name != own.name)));
    all
}

/// A knob in milliseconds, as nanoseconds.
///
/// # Panics
/// When the knob is not declared with a default.
pub fn nanos(knobs: &Knobs, name: &str) -> i64 {
    knobs.integer(name) as i64 * 1_000_000
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The common knobs, some of them given.
    pub(crate) fn common(given: &[(&str, &str)]) -> Knobs {
        resolved(&[], given)
    }

    /// The common knobs and a workload's own, some of them given.
    pub(crate) fn resolved(own: &[Setting], given: &[(&str, &str)]) -> Knobs {
        let given =
            given.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let mut knobs = Knobs::resolve("test", &with_common(own), &given, false).unwrap();
        if knobs.get_number("event_rate").is_none() {
            knobs.set("event_rate", EVENT_RATE_AT_MAX);
        }
        knobs
    }

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
        let disorder = crate::disorder::Disorder::new(&knobs, 0);
        assert_eq!(disorder.longest_nanos(), 3 * nanos(&knobs, "window_ms"));
    }
}
