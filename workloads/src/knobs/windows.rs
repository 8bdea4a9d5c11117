//! Rules between the lengths of windows and what they are made of.

use dataflow::job::settings::SettingError;

use crate::spec::Knobs;

/// Most windows that an event may be in, most panes that a window may be made of, and most windows
/// that the disorder of events may hold open at a time. Beyond that nothing would be measured but
/// the handling of windows, and a mistyped unit opens billions.
const MOST_WINDOWS: u64 = 10_000;
const NANOS_PER_MILLI: u64 = 1_000_000;

/// Windows of one length of which one begins at every multiple of another. `shares` says whether
/// they are made of panes.
///
/// # Errors
/// When a slide is longer than its window, and when an event would be in too many windows or a
/// window would be made of too many panes.
pub(crate) fn check_hops(
    knobs: &Knobs,
    (window, slide): (&str, &str),
    shares: bool,
) -> Result<(), SettingError> {
    let (size, step) = (knobs.integer(window), knobs.integer(slide));
    let refused = |cause: String| Err(SettingError::Refused(cause));
    if step > size {
        return refused(format!(
            "{slide}={step} is longer than {window}={size}, and what happens between two windows \
             would be in none; make {slide} at most {size} or {window} at least {step}"
        ));
    }
    if size / step > MOST_WINDOWS {
        return refused(format!(
            "{window}={size} with {slide}={step} puts every event into {} windows; make {slide} at \
             least {} or {window} at most {}, for {MOST_WINDOWS}",
            size / step,
            size.div_ceil(MOST_WINDOWS),
            step.saturating_mul(MOST_WINDOWS),
        ));
    }
    let pane = common_divisor(size, step);
    if shares && size / pane > MOST_WINDOWS {
        return refused(format!(
            "{window}={size} and {slide}={step} have no divisor in common above {pane}, so that a \
             window is made of {} panes, and {MOST_WINDOWS} is the most; make {window} a multiple \
             of {slide}, or set panes=unshared",
            size / pane
        ));
    }
    Ok(())
}

fn common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Windows of which one ends every `step`, a knob in milliseconds, over events that may be
/// `bound_nanos` out of order.
///
/// # Errors
/// When that many would be open at a time that closing them is all that is measured.
pub(crate) fn check_open_windows(
    knobs: &Knobs,
    step: &str,
    bound_nanos: i64,
) -> Result<(), SettingError> {
    let (length, bound) = (knobs.integer(step), bound_nanos.unsigned_abs() / NANOS_PER_MILLI);
    let open = bound / length;
    if open <= MOST_WINDOWS {
        return Ok(());
    }
    let disorder = knobs.integer("disorder_ms");
    let (what, less) = if disorder >= bound / 2 {
        (format!("disorder_ms={disorder}"), "disorder_ms")
    } else {
        let group = knobs.get_integer("out_of_order_group").unwrap_or(1);
        let rate = knobs.number("event_rate");
        (format!("out_of_order_group={group} at event_rate={rate}"), "out_of_order_group")
    };
    Err(SettingError::Refused(format!(
        "{what} keeps watermarks back by {bound} ms, in which {open} windows of {step}={length} are \
         open; make {less} less or {step} at least {}, for {MOST_WINDOWS} windows",
        bound.div_ceil(MOST_WINDOWS),
    )))
}
