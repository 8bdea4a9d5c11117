//! The rules by which the figures of a run are valid.

use reports::schema::{RunResult, Slope};

use crate::analysis::statistics::{CONFIDENCE, student};

/// A backlog of this share of the events at the end of the plan makes a run invalid, and so does
/// one that grows by this share of the rate.
const BACKLOG_ALLOWED: f64 = 0.01;
/// Fewer events than this are no backlog, whatever their share.
const FEWEST_BEHIND: f64 = 10.0;
/// Windows that a workload with windows closes at least before the end of its input.
pub(crate) const FEWEST_WINDOWS: u64 = 20;
/// Bins below which a trend is not computed.
const FEWEST_BINS: usize = 10;
/// A generator must be able to make events this many times as fast as they are asked for.
pub(crate) const GENERATOR_HEADROOM: f64 = 2.0;

/// Least squares through (seconds, events), with the interval of the slope by Student's t; `None`
/// below ten points.
pub(crate) fn slope(points: &[(f64, f64)]) -> Option<Slope> {
    let count = points.len();
    if count < FEWEST_BINS {
        return None;
    }
    let n = count as f64;
    let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / n;
    let (mean_x, mean_y) = (mean(|it| it.0), mean(|it| it.1));
    let spread: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let together: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let per_s = together / spread;
    let residual = |(x, y): &(f64, f64)| (y - mean_y - per_s * (x - mean_x)).powi(2);
    let error = (points.iter().map(residual).sum::<f64>() / (n - 2.0) / spread).sqrt();
    let half = student::half_width(error, n - 2.0, CONFIDENCE)?;
    Some(Slope { per_s, interval: (per_s - half, per_s + half) })
}

/// What a run is judged with beside its figures.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Evidence {
    /// Whether the output is the evaluator's; `None` where nothing was compared.
    pub(crate) right: Option<bool>,
    /// Whether it was made for its figures, over as many events as were asked for; not for its rows,
    /// nor over an input that is as long as it is.
    pub(crate) for_figures: bool,
}

/// Every reason for which the figures of a run may not be used.
pub(crate) fn why_invalid(result: &RunResult, evidence: Evidence) -> Vec<String> {
    let mut because = Vec::new();
    if result.interrupted {
        because.push("The run was interrupted.".to_owned());
    } else if result.records_in != result.events {
        let (read, events) = (result.records_in, result.events);
        because.push(format!("The sources read {read} of {events} events."));
    }
    if evidence.right == Some(false) {
        because.push("The output differs from the evaluator's.".to_owned());
    }
    let clipped = result.latency_ns.from_planned.clipped;
    if clipped > 0 {
        because.push(format!("{clipped} latencies lie above the histogram's range."));
    }
    if result.emitted_early > 0 {
        let early = result.emitted_early;
        because.push(format!(
            "The clock went back: {early} results were emitted before their events were planned."
        ));
    }
    because.extend(did_not_keep_up(result));
    because.extend(generator_too_slow(result));
    if evidence.for_figures {
        because.extend(disturbed(result));
        because.extend(too_few_windows(result));
    }
    because
}

/// An answer that could not be compared, as its events cannot be read again.
pub(crate) fn unread_answer(why: &str) -> String {
    format!("The answer was compared with nothing, as the input cannot be read again: {why}.")
}

/// Too few windows closed before the end of the input: the rest was released by the end, and says
/// nothing about latency, nor about the work that a closing window is.
fn too_few_windows(result: &RunResult) -> Option<String> {
    let closed = result.windows_closed.filter(|closed| *closed < FEWEST_WINDOWS)?;
    (!result.interrupted).then(|| {
        format!(
            "Only {closed} windows closed before the end of the input; at least {FEWEST_WINDOWS} must."
        )
    })
}

/// Whether the engine kept up with the plan: the backlog at its end, and its trend.
pub(crate) fn kept_up(result: &RunResult) -> bool {
    did_not_keep_up(result).is_none()
}

fn did_not_keep_up(result: &RunResult) -> Option<String> {
    // The plan went on while the job was down.
    if result.resumed {
        return None;
    }
    let events = result.events as f64;
    if result.backlog_at_end >= BACKLOG_ALLOWED && result.backlog_at_end * events >= FEWEST_BEHIND {
        let percent = result.backlog_at_end * 100.0;
        return Some(format!(
            "The engine did not keep up: {percent:.1} % of the events were unread when the plan ended."
        ));
    }
    let (slope, rate) = (result.backlog_slope?, result.rate?);
    let grown = slope.interval.0 * events / rate;
    (slope.interval.0 > rate * BACKLOG_ALLOWED && grown >= FEWEST_BEHIND).then(|| {
        format!(
            "The engine did not keep up: the backlog grew by {:.0} events per second (95 % interval \
             {:.0} to {:.0}), which is {:.1} % of the rate.",
            slope.per_s,
            slope.interval.0,
            slope.interval.1,
            slope.per_s / rate * 100.0
        )
    })
}

/// Splits that never had an event while others had, of an input whose splits stay open: no window closes
/// before they have one, where the split that is behind decides the watermark. `read` tells how many
/// events of each were read.
pub(crate) fn held_back(result: &RunResult, read: &[u64]) -> Option<String> {
    let setting = |name| result.settings.get(name);
    let idle_after = setting("idle_timeout_ms").and_then(serde_json::Value::as_f64);
    let leaves_out = idle_after.is_some_and(|millis| millis > 0.0);
    let goes_by_the_one_ahead = setting("watermark").is_some_and(|rule| rule == "max");
    let silent: Vec<String> = (0..)
        .zip(read)
        .filter(|(_, read)| **read == 0)
        .map(|(split, _)| split.to_string())
        .collect();
    let is_open = result.interrupted && result.windows_closed.is_some();
    if !is_open
        || leaves_out
        || goes_by_the_one_ahead
        || silent.is_empty()
        || silent.len() == read.len()
    {
        return None;
    }
    let cure =
        if idle_after.is_some() { "; `--set idle_timeout_ms=1000` leaves it out" } else { "" };
    Some(format!(
        "Split {} never had an event while others had, and held the watermark back{cure}.",
        silent.join(", ")
    ))
}

/// A topic whose rows nobody could read again: whether they are those that were published is unknown.
pub(crate) fn unread(cause: &str) -> String {
    format!("The rows in the topic could not be compared with what was published ({cause}).")
}

/// In virtual time generating costs nothing.
fn generator_too_slow(result: &RunResult) -> Option<String> {
    if result.clock == "virtual" {
        return None;
    }
    let (generator, rate) = (result.generator_per_s?, result.rate?);
    (generator < rate * GENERATOR_HEADROOM).then(|| {
        format!(
            "The generator may be what is measured: by itself it makes {generator:.0} events per \
             second, less than twice the rate."
        )
    })
}

/// What else went on on the machine.
fn disturbed(result: &RunResult) -> Option<String> {
    // What disturbs both sides of a duet at once is in none of their ratios.
    if result.duet.is_some() {
        return None;
    }
    let because = result.machine.as_ref()?.disturbed_because.as_ref()?;
    Some(format!("The machine was disturbed: {because}; see `doctor`."))
}

/// Why a run is left out with another of its round that was disturbed.
pub(crate) fn fell_with(disturbed: &RunResult) -> String {
    format!("It is left out with the run of {} beside it, which was disturbed.", disturbed.variant)
}

/// Whether a run is invalid for what else went on on the machine, so that another may be valid.
pub(crate) fn is_disturbed(result: &RunResult) -> bool {
    disturbed(result).is_some()
}

#[cfg(test)]
mod tests {
    use reports::schema::MachineLoad;

    use super::*;

    #[test]
    fn a_slope_agrees_with_scipy() {
        // from scipy import stats; import numpy as np
        // x = np.arange(10) / 10; y = [3, 5, 4, 8, 7, 9, 12, 10, 14, 13]
        // r = stats.linregress(x, y); h = stats.t.ppf(0.975, 8) * r.stderr
        // r.slope, r.slope - h, r.slope + h -> 11.93939393939394, 8.715862177841, 15.162925700946879
        let y = [3.0, 5.0, 4.0, 8.0, 7.0, 9.0, 12.0, 10.0, 14.0, 13.0];
        let points: Vec<_> = (0..).map(|n| f64::from(n) / 10.0).zip(y).collect();
        let slope_of = slope(&points).unwrap();
        assert!((slope_of.per_s - 11.939_393_939_393_94).abs() < 1e-9, "{slope_of:?}");
        assert!((slope_of.interval.0 - 8.715_862_177_841).abs() < 1e-6, "{slope_of:?}");
        assert!((slope_of.interval.1 - 15.162_925_700_947).abs() < 1e-6, "{slope_of:?}");
        assert_eq!(slope(&points[1..]), None, "nine bins are too few");
    }

    #[test]
    fn a_run_needs_twenty_windows_where_there_are_windows() {
        let closed = |windows_closed| RunResult { windows_closed, ..good() };
        assert_eq!(too_few_windows(&closed(None)), None, "a workload without windows");
        assert_eq!(too_few_windows(&closed(Some(20))), None);
        let because = too_few_windows(&closed(Some(19))).unwrap();
        assert!(because.starts_with("Only 19 windows closed"), "{because}");
        let stopped = RunResult { interrupted: true, ..closed(Some(0)) };
        assert_eq!(too_few_windows(&stopped), None, "that it was stopped is said already");
    }

    #[test]
    fn a_split_without_events_that_held_a_run_back_is_named() {
        let run = |settings: &[(&str, serde_json::Value)]| RunResult {
            interrupted: true,
            windows_closed: Some(0),
            settings: settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
            ..good()
        };
        let waits = run(&[("idle_timeout_ms", 0.0.into())]);
        let because = held_back(&waits, &[7, 0, 9, 0]).unwrap();
        assert!(because.starts_with("Split 1, 3 never had an event"), "{because}");
        assert!(because.contains("idle_timeout_ms=1000"), "{because}");
        assert_eq!(held_back(&waits, &[0, 0]), None, "nobody had one");
        assert_eq!(held_back(&waits, &[1, 2]), None);
        let without = |settings: &[(&str, serde_json::Value)]| held_back(&run(settings), &[7, 0]);
        assert_eq!(without(&[("idle_timeout_ms", 5.0.into())]), None);
        assert_eq!(without(&[("watermark", "max".into()), ("idle_timeout_ms", 0.0.into())]), None);
        assert!(without(&[("watermark", "min".into()), ("idle_timeout_ms", 0.0.into())]).is_some());
        let ended = RunResult { interrupted: false, ..waits };
        assert_eq!(held_back(&ended, &[7, 0]), None, "the end has released everything");
    }

    /// A run with nothing wrong, and just within every limit.
    fn good() -> RunResult {
        RunResult {
            events: 1_000,
            records_in: 1_000,
            rate: Some(1_000.0),
            backlog_at_end: 0.009,
            backlog_slope: Some(Slope { per_s: 50.0, interval: (10.0, 90.0) }),
            windows_closed: Some(20),
            generator_per_s: Some(2_000.0),
            machine: Some(MachineLoad::default()),
            ..RunResult::default()
        }
    }

    fn why(run: &RunResult, right: Option<bool>) -> Vec<String> {
        why_invalid(run, Evidence { right, for_figures: true })
    }

    #[test]
    fn every_rule_trips_by_itself_and_none_without_a_cause() {
        assert_eq!(why(&good(), Some(true)), [""; 0]);
        assert_eq!(why(&good(), None), [""; 0]);
        let clipped = |clipped| {
            let mut run = good();
            run.latency_ns.from_planned.clipped = clipped;
            run
        };
        let modelled =
            RunResult { clock: "virtual".to_owned(), generator_per_s: Some(1.0), ..good() };
        assert_eq!(why(&modelled, None), [""; 0]);
        let few = RunResult { events: 60, records_in: 60, backlog_at_end: 9.0 / 60.0, ..good() };
        assert_eq!(why(&few, None), [""; 0], "nine events are no backlog");
        let rises = Some(Slope { per_s: 9.0, interval: (9.0, 9.0) });
        let slow = RunResult { backlog_slope: rises, rate: Some(1_000.0), ..good() };
        assert_eq!(why(&slow, None), [""; 0], "nor are nine more in a second");
        let disturbed_because = Some("other programs took the cores".to_owned());
        let machine = Some(MachineLoad { disturbed_because, ..MachineLoad::default() });
        let few_windows = RunResult { windows_closed: Some(19), machine, ..good() };
        let for_rows = Evidence { right: None, for_figures: false };
        assert_eq!(why_invalid(&few_windows, for_rows), [""; 0], "its rows are right");
        let because = "other programs took 34 % of the cores".to_owned();
        let taken = MachineLoad { disturbed_because: Some(because), ..MachineLoad::default() };
        let steep = Slope { per_s: 50.0, interval: (10.1, 90.0) };
        for (run, right, because) in [
            (RunResult { interrupted: true, ..good() }, None, "The run was interrupted."),
            (RunResult { records_in: 999, ..good() }, None, "The sources read 999 of 1000 events."),
            (good(), Some(false), "The output differs from the evaluator's."),
            (clipped(3), None, "3 latencies lie above the histogram's range."),
            (RunResult { emitted_early: 2, ..good() }, None, "The clock went back: 2 results"),
            (RunResult { backlog_at_end: 0.01, ..good() }, None, "1.0 % of the events were unread"),
            (
                RunResult { backlog_slope: Some(steep), ..good() },
                None,
                "the backlog grew by 50 events per second (95 % interval 10 to 90), which is 5.0 %",
            ),
            (
                RunResult { machine: Some(taken.clone()), ..good() },
                None,
                "The machine was disturbed: other programs took 34 % of the cores; see `doctor`.",
            ),
            (
                RunResult { windows_closed: Some(19), ..good() },
                None,
                "Only 19 windows closed before the end",
            ),
            (
                RunResult { generator_per_s: Some(1_999.0), ..good() },
                None,
                "by itself it makes 1999 events per second, less than twice the rate",
            ),
        ] {
            let found = why(&run, right);
            assert_eq!(found.len(), 1, "{because}: {found:?}");
            assert!(found[0].contains(because), "{because}: {found:?}");
        }
    }
}
