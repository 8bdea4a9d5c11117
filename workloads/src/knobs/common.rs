//! The knobs that every workload understands.

use dataflow::job::settings::Setting;

use crate::event_time::disorder::DISORDERS;
use crate::events::key_distribution::{KEY_DISTRIBUTIONS, MAX_KEYS};
use crate::events::payload_lengths::PAYLOAD_DISTRIBUTIONS;
use crate::knobs::limits::{
    DEFAULT_INPUT_BYTES, DEFAULT_LINE_BYTES, LARGEST_INPUT_BYTES, MAX_INPUT_BYTES, MAX_LINE_BYTES,
};
use crate::schedule::load_shape::LOAD_SHAPES;

/// Longest span of event time that a knob takes, in milliseconds: 31 years.
pub(crate) const LONGEST_MS: i64 = 1_000_000_000_000;

/// Longest delay of a straggling split, in milliseconds: 11 days.
const LONGEST_STRAGGLE_MS: i64 = 1_000_000_000;

/// What every generator understands. A workload's own knob of the same name replaces one of these.
pub const COMMON: &[Setting] = &[
    Setting::integer("keys", (1, MAX_KEYS), 100_000, "number of distinct keys"),
    Setting::choice(
        "key_distribution",
        KEY_DISTRIBUTIONS,
        "how often each key occurs; default: file if there is a key_file, else zipf if \
         zipf_exponent is above 0, else uniform",
    )
    .derived(),
    Setting::number(
        "zipf_exponent",
        (0.0, 3.0),
        0.0,
        "skew of keys: the k-th most frequent occurs as often as k to the power of minus this; \
         0 is uniform",
    ),
    Setting::number(
        "hot_share",
        (0.0, 1.0),
        0.0,
        "of hot-set, the share of events that go to hot keys; default: 0.5",
    )
    .derived(),
    Setting::integer(
        "hot_keys",
        (1, MAX_KEYS),
        1,
        "of hot-set, how many keys are hot at a time; default: a hundredth of the keys",
    )
    .derived(),
    Setting::integer(
        "hot_drift_events",
        (0, i64::MAX),
        0,
        "of hot-set, after how many events the next keys become hot; default: 0, never",
    )
    .derived(),
    Setting::path(
        "key_file",
        "keys of key_distribution=file: an unsigned integer on each line, and its weight behind a \
         comma or a tab if not 1",
    ),
    Setting::choice(
        "disorder",
        DISORDERS,
        "how event times spread over disorder_ms: evenly, or exponentially with a mean of a fifth \
         of it and cut there",
    ),
    Setting::integer(
        "disorder_ms",
        (0, LONGEST_MS),
        0,
        "event times are up to this many milliseconds earlier than in order; watermarks allow for \
         as much",
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
    Setting::choice(
        "payload_distribution",
        PAYLOAD_DISTRIBUTIONS,
        "lengths of payloads around payload_bytes: all the same, evenly from 0 to twice as many, \
         or log-normal with a sigma of 1",
    ),
    Setting::integer(
        "splits",
        (1, 4_096),
        8,
        "splits of the source, which are dealt to its subtasks",
    ),
    Setting::integer(
        "idle_splits",
        (0, 4_095),
        0,
        "splits, the last ones, that have no event; they hold no watermark back",
    ),
    Setting::integer(
        "straggler_delay_ms",
        (0, LONGEST_STRAGGLE_MS),
        0,
        "the events of split 0 can be read this many milliseconds after they are planned; \
         watermarks allow for as much; without effect at --rate max",
    ),
    Setting::choice(
        "load_shape",
        LOAD_SHAPES,
        "how the rate of events changes over time, around the rate as its mean; event time follows \
         at event_rate",
    ),
    Setting::number(
        "load_peak",
        (1.0, 1_000.0),
        1.0,
        "highest rate over the mean; default: 1.5 of ramp, steps, sine and square, 5 of burst and \
         bursts, 1 / load_duty of on-off, which is then silent in between",
    )
    .derived(),
    Setting::number(
        "load_period_s",
        (0.001, 1e6),
        10.0,
        "time after which the load repeats itself, on average for on-off, in s; a burst comes in \
         the middle of the first one; default: 10",
    )
    .derived(),
    Setting::number(
        "load_duty",
        (0.000_001, 0.999_999),
        0.5,
        "share of a period at the peak, of square, burst, bursts and on-off; default: 0.5, of \
         burst and bursts 0.1",
    )
    .derived(),
    Setting::integer(
        "load_steps",
        (0, 10_000),
        0,
        "steps of a period, of steps and sine; default: 10, of sine 0: smooth",
    )
    .derived(),
    Setting::number(
        "load_phase",
        (0.0, 1.0),
        0.0,
        "share of a period that has passed at the start, of ramp, steps, sine, square and bursts, \
         which begin at their lowest; default: 0",
    )
    .derived(),
    Setting::number(
        "pareto_shape",
        (1.01, 100.0),
        1.5,
        "of pareto, how fast long gaps get rare: the power of their length, less 1, by which their \
         density falls; default: 1.5",
    )
    .derived(),
    Setting::integer("window_ms", (1, LONGEST_MS), 1_000, "length of windows, in event time"),
    Setting::integer(
        MAX_LINE_BYTES,
        (1, 1 << 30),
        DEFAULT_LINE_BYTES,
        "of an input, bytes that a line may have; default: 1,048,576",
    )
    .derived(),
    Setting::integer(
        MAX_INPUT_BYTES,
        (1, LARGEST_INPUT_BYTES),
        DEFAULT_INPUT_BYTES,
        "of an input, bytes that it may have, as it is held in memory; default: 1,073,741,824",
    )
    .derived(),
    Setting::number(
        "event_rate",
        (0.001, 1e9),
        0.0,
        "events per second of event time; default: the rate, or 1,000,000 at max",
    )
    .derived(),
];
