//! How long an input and its lines may be.

use crate::spec::Knobs;
use crate::text::{Limit, Limits};

/// The knob for the longest line of an input.
pub(crate) const MAX_LINE_BYTES: &str = "max_line_bytes";
/// The knob for the largest input.
pub(crate) const MAX_INPUT_BYTES: &str = "max_input_bytes";
/// Bytes of a line unless set otherwise: 1 MiB.
pub(crate) const DEFAULT_LINE_BYTES: i64 = 1 << 20;
/// Bytes of an input unless set otherwise: 1 GiB.
pub(crate) const DEFAULT_INPUT_BYTES: i64 = 1 << 30;
/// Most bytes of an input that can be allowed: 64 GiB.
pub(crate) const LARGEST_INPUT_BYTES: i64 = 1 << 36;

/// By the knobs `max_line_bytes` and `max_input_bytes`. What is read is held in memory, so that it
/// can be read again and the answer computed from it.
pub(crate) fn input_limits(knobs: &Knobs) -> Limits {
    let limit = |name, default, advice| Limit {
        bytes: knobs.get_integer(name).unwrap_or(default).unsigned_abs(),
        advice,
    };
    Limits {
        line: limit(
            MAX_LINE_BYTES,
            DEFAULT_LINE_BYTES,
            "is this a text of lines? If it is, allow more with --set max_line_bytes=BYTES",
        ),
        input: limit(
            MAX_INPUT_BYTES,
            DEFAULT_INPUT_BYTES,
            "an input is held in memory; if there is room, allow more with --set \
             max_input_bytes=BYTES",
        ),
    }
}
