//! The state of the live view: one panel per variant of the current experiment.

use std::time::Duration;

use reports::schema::RunResult;

use crate::measure::snapshot::{FinishedWork, OngoingWork, Snapshot};
use crate::run::spec::RunSpec;

/// Rates kept for the line of a panel.
const RATES_KEPT: usize = 600;

/// What a session has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A run is over.
    Done,
    /// So many runs need not be made.
    Skipped(u64),
}

/// Everything that is shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Panels {
    /// Runs over, and runs in all.
    pub runs: (u64, u64),
    /// The experiment that is on.
    pub experiment: String,
    /// What is being done between runs.
    pub doing: String,
    /// Since the start.
    pub elapsed: Duration,
    /// The variants of the experiment, in the order in which they first ran.
    pub panels: Vec<Panel>,
    /// Lines for the reader, the newest last.
    pub notes: Vec<String>,
    /// The panel whose run is on.
    current: Option<usize>,
}

/// One variant.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Panel {
    /// Its name.
    pub variant: String,
    /// Which of its repeats is shown, from 0.
    pub repeat: u32,
    /// Whether that is on.
    pub is_running: bool,
    /// Events of a run; `None` when only the input knows.
    pub events: Option<u64>,
    /// Events read.
    pub read: u64,
    /// Events read of every split.
    pub splits: Vec<u64>,
    /// Events planned and not read.
    pub unread: u64,
    /// Events per second, look by look, the newest last.
    pub rates: Vec<f64>,
    /// Median and 99th percentile of latency so far, in nanoseconds.
    pub latency_ns: (Option<u64>, Option<u64>),
    /// The newest batch or checkpoint that is complete.
    pub latest: Option<FinishedWork>,
    /// The one in progress.
    pub begun: Option<OngoingWork>,
    /// How long it has been in progress, or the next one awaited.
    pub waiting: Duration,
    /// Records per partition of the last exchange, in the run before.
    pub partitions: Vec<u64>,
    /// Runs so far: valid, and all.
    pub valid: (u32, u32),
    /// When it was last looked at, and what was read by then.
    looked: Option<(Duration, u64)>,
    latest_since: Duration,
}

impl Panels {
    /// For that many runs.
    pub(crate) fn new(runs: u64) -> Self {
        Self { runs: (0, runs), ..Self::default() }
    }

    /// A run begins: its experiment's panels stay, those of another go.
    pub(crate) fn begin(&mut self, spec: &RunSpec) {
        let events = (spec.events != u64::MAX).then_some(spec.events);
        self.begin_named(&spec.experiment, &spec.variant, spec.repeat, events);
    }

    /// As [`Panels::begin`], by names.
    pub(crate) fn begin_named(
        &mut self,
        experiment: &str,
        variant: &str,
        repeat: u32,
        events: Option<u64>,
    ) {
        if self.experiment != experiment {
            experiment.clone_into(&mut self.experiment);
            self.panels.clear();
        }
        self.doing.clear();
        let known = self.panels.iter().position(|it| it.variant == variant);
        let place = known.unwrap_or(self.panels.len());
        if known.is_none() {
            self.panels.push(Panel { variant: variant.to_owned(), ..Panel::default() });
        }
        let panel = &mut self.panels[place];
        let (partitions, valid) = (std::mem::take(&mut panel.partitions), panel.valid);
        let variant = std::mem::take(&mut panel.variant);
        *panel = Panel {
            variant,
            repeat,
            events,
            is_running: true,
            partitions,
            valid,
            ..Panel::default()
        };
        self.current = Some(place);
    }

    /// Takes down how the run that is on stands.
    pub(crate) fn look(&mut self, seen: &Snapshot, elapsed: Duration) {
        let Some(panel) = self.current.and_then(|place| self.panels.get_mut(place)) else { return };
        panel.read = seen.read.iter().sum();
        panel.splits.clone_from(&seen.read);
        panel.unread = seen.unread;
        panel.latency_ns = (seen.p50_ns, seen.p99_ns);
        if (&panel.latest, panel.begun) != (&seen.latest, seen.begun) || panel.looked.is_none() {
            panel.latest.clone_from(&seen.latest);
            panel.begun = seen.begun;
            panel.latest_since = elapsed;
        }
        panel.waiting = elapsed.saturating_sub(panel.latest_since);
        if let Some((at, read)) = panel.looked {
            let seconds = elapsed.saturating_sub(at).as_secs_f64();
            if seconds > 0.0 {
                panel.rates.push(panel.read.saturating_sub(read) as f64 / seconds);
                let surplus = panel.rates.len().saturating_sub(RATES_KEPT);
                panel.rates.drain(..surplus);
            }
        }
        panel.looked = Some((elapsed, panel.read));
    }

    /// The run that is on is over; what was seen of it stays.
    pub(crate) fn end(&mut self) {
        if let Some(panel) = self.current.take().and_then(|place| self.panels.get_mut(place)) {
            panel.is_running = false;
        }
    }

    /// What a run has come to takes the place of what was seen.
    pub(crate) fn result(&mut self, result: &RunResult) {
        let own = self.panels.iter_mut().find(|it| it.variant == result.variant);
        let Some(panel) = own.filter(|_| result.experiment == self.experiment) else { return };
        panel.read = result.records_in;
        panel.unread = 0;
        let latency = &result.latency_ns.from_planned;
        panel.latency_ns = (latency.p50, latency.p99);
        if let Some(last) = result.exchanges.last() {
            panel.partitions.clone_from(&last.records);
        }
        panel.valid.0 += u32::from(result.valid);
        panel.valid.1 += 1;
    }

    /// One run more is over, or need not be made.
    pub(crate) fn step(&mut self, step: Step) {
        match step {
            Step::Done => self.runs.0 += 1,
            Step::Skipped(runs) => self.runs.1 = self.runs.1.saturating_sub(runs),
        }
    }

    /// What is being done between runs.
    pub(crate) fn say(&mut self, what: &str) {
        what.clone_into(&mut self.doing);
    }

    /// A line for the reader.
    pub(crate) fn note(&mut self, line: &str) {
        self.notes.push(line.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(read: &[u64], batch: u64) -> Snapshot {
        Snapshot {
            read: read.to_vec(),
            latest: Some(FinishedWork::Batch { id: batch, records: 5, took_ns: 1_000 }),
            ..Snapshot::default()
        }
    }

    #[test]
    fn rates_are_what_was_read_between_two_looks() {
        let mut panels = Panels::new(2);
        panels.begin_named("e", "a", 0, Some(1_000));
        panels.look(&seen(&[100, 100], 0), Duration::from_millis(100));
        panels.look(&seen(&[200, 300], 0), Duration::from_millis(300));
        panels.look(&seen(&[200, 300], 1), Duration::from_millis(400));
        let panel = &panels.panels[0];
        assert_eq!(panel.rates, [1_500.0, 0.0]);
        assert_eq!((panel.read, panel.waiting), (500, Duration::ZERO));
        panels.look(&seen(&[200, 300], 1), Duration::from_millis(700));
        assert_eq!(panels.panels[0].waiting, Duration::from_millis(300));
    }

    #[test]
    fn a_panel_per_variant_lasts_as_long_as_its_experiment() {
        let mut panels = Panels::new(4);
        panels.begin_named("e", "a", 0, None);
        panels.end();
        let result = RunResult {
            experiment: "e".into(),
            variant: "a".into(),
            valid: true,
            records_in: 7,
            ..RunResult::default()
        };
        panels.result(&result);
        panels.begin_named("e", "b", 0, None);
        panels.look(&seen(&[1], 0), Duration::ZERO);
        assert_eq!(panels.panels.iter().map(|it| it.is_running).collect::<Vec<_>>(), [false, true]);
        assert_eq!((panels.panels[0].read, panels.panels[0].valid), (7, (1, 1)));
        panels.begin_named("f", "a", 0, None);
        assert_eq!(panels.panels.len(), 1);
        assert_eq!(panels.panels[0].valid, (0, 0), "another experiment has other runs");
    }
}
