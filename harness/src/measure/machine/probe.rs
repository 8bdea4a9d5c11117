//! The probe: a thread that does nothing but to wake at fixed instants and to note how late it was.
//! (After jHiccup; but where an engine fills the cores by itself, its own load makes the probe late,
//! so the processor time of the process is noted too.)

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use dataflow::ProcessingTime;
use dataflow::job::runtime::Runtime;

use super::cpu_times::{CpuMeter, CpuTimes};

/// Between two instants at which the probe wakes, where stalls are looked for, in nanoseconds.
pub(crate) const TICK_NANOS: u64 = 1_000_000;
/// A shorter delay is no stall, in nanoseconds.
pub(crate) const STALL_NANOS: u64 = 2_000_000;
/// Between two looks at the processor time of all, in nanoseconds.
const SAMPLE_NANOS: u64 = 100_000_000;
/// Stalls, and looks, that are kept.
const MOST_KEPT: usize = 100_000;

/// A wake that was late.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct LateWake {
    /// When it came.
    pub(crate) at: ProcessingTime,
    /// How long after its instant, in nanoseconds: at least [`STALL_NANOS`].
    pub(crate) late_nanos: u64,
    /// Since the wake before, in nanoseconds.
    pub(crate) since_nanos: u64,
    /// Processor time of this process since the wake before.
    pub(crate) own_nanos: u64,
}

/// What the probe has noted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MachineTrace {
    /// Cores that this process may use: of its affinity, and as far as its quota goes.
    pub(crate) cores: usize,
    /// Cores of its affinity.
    pub(crate) allowed: usize,
    /// Late wakes, in order; none where stalls were not looked for.
    pub(crate) late: Vec<LateWake>,
    /// Processor times, in order; none where the system does not tell.
    pub(crate) samples: Vec<(ProcessingTime, CpuTimes)>,
    /// Events that the run had read at each of these.
    pub(crate) read: Vec<u64>,
    /// Processor time of the probe itself, in nanoseconds.
    pub(crate) probe_nanos: u64,
}

/// A probe at work.
pub(crate) struct MachineProbe {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<MachineTrace>,
}

impl MachineProbe {
    /// Starts one on the clock of a runtime. Stalls matter to latencies; without them it wakes for
    /// the processor times alone, ten times a second. `processes` are part of
    /// the run besides this one. `read` says how many events have been read.
    /// `None` when the thread cannot be started, or there is nothing that it could tell.
    pub(crate) fn start(
        runtime: Arc<dyn Runtime>,
        stalls: bool,
        processes: Vec<u32>,
        read: impl Fn() -> u64 + Send + 'static,
    ) -> Option<Self> {
        let meter = CpuMeter::open()?.with(processes);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let watch = move || Watch::new(&*runtime, meter, stalls, &read).run(&stopped);
        let thread =
            std::thread::Builder::new().name("streamgauge-probe".to_owned()).spawn(watch).ok()?;
        Some(Self { stop, thread })
    }

    /// Ends it, and takes what it has noted; `None` when it has failed.
    pub(crate) fn stop(self) -> Option<MachineTrace> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        self.thread.join().ok()
    }
}

/// What the thread of a probe does.
struct Watch<'a> {
    runtime: &'a dyn Runtime,
    meter: CpuMeter,
    own: cpu_time::ThreadTime,
    every: u64,
    read: &'a dyn Fn() -> u64,
    trace: MachineTrace,
}

impl<'a> Watch<'a> {
    fn new(
        runtime: &'a dyn Runtime,
        meter: CpuMeter,
        stalls: bool,
        read: &'a dyn Fn() -> u64,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let trace = MachineTrace { cores, allowed: meter.allowed.len(), ..Default::default() };
        let every = if stalls { TICK_NANOS } else { SAMPLE_NANOS };
        Self { runtime, meter, own: cpu_time::ThreadTime::now(), every, read, trace }
    }

    fn run(mut self, stop: &AtomicBool) -> MachineTrace {
        let began = self.runtime.now();
        let (mut due, mut last) = (began, (began, self.meter.own_nanos()));
        let mut next_sample = began;
        while !stop.load(Ordering::Relaxed) {
            let now = self.runtime.now();
            if now < due {
                // An early wake is none: it looks again.
                std::thread::park_timeout(Duration::from_nanos(due.since(now)));
                continue;
            }
            let own = self.meter.own_nanos();
            self.note(now, due, last, own);
            last = (now, own);
            // Instants that went by are not made up for.
            due = due.after((now.since(due) / self.every + 1) * self.every);
            if now >= next_sample {
                self.sample(now);
                next_sample = now.after(SAMPLE_NANOS - self.every / 2);
            }
        }
        self.sample(self.runtime.now());
        self.trace.probe_nanos = self.own.elapsed().as_nanos() as u64;
        self.trace
    }

    fn note(
        &mut self,
        now: ProcessingTime,
        due: ProcessingTime,
        last: (ProcessingTime, u64),
        own: u64,
    ) {
        let late_nanos = now.since(due);
        let is_stall = self.every == TICK_NANOS && late_nanos >= STALL_NANOS;
        if is_stall && self.trace.late.len() < MOST_KEPT {
            self.trace.late.push(LateWake {
                at: now,
                late_nanos,
                since_nanos: now.since(last.0),
                own_nanos: own.saturating_sub(last.1),
            });
        }
    }

    fn sample(&mut self, now: ProcessingTime) {
        if let Some(times) = self.meter.read().filter(|_| self.trace.samples.len() < MOST_KEPT) {
            self.trace.samples.push((now, times));
            self.trace.read.push((self.read)());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::clock::{Clock, clock};

    #[test]
    fn a_probe_keeps_processor_times_from_its_start_to_its_end() {
        let runtime = clock(Clock::Wall, 1, 1, false).unwrap().runtime();
        let Some(probe) = MachineProbe::start(Arc::clone(&runtime), true, Vec::new(), || 7) else {
            return;
        };
        let own = cpu_time::ThreadTime::now();
        let mut sum = 0_u64;
        while own.elapsed() < Duration::from_millis(30) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let trace = probe.stop().expect("it has not failed");
        assert!((1..=trace.allowed).contains(&trace.cores));
        assert!(trace.samples.len() >= 2, "one at the start, one at the end");
        assert_eq!(trace.read, vec![7; trace.samples.len()]);
        let (first, last) = (trace.samples[0].1, trace.samples[trace.samples.len() - 1].1);
        assert!(last.own_nanos - first.own_nanos >= 25_000_000, "{trace:?}");
        assert!(trace.probe_nanos < last.own_nanos, "{trace:?}");
        let mut wakes = trace.late.iter();
        assert!(wakes.all(|it| it.late_nanos >= STALL_NANOS && it.since_nanos >= it.late_nanos));
    }

    #[test]
    fn without_stalls_it_only_looks_at_processor_times() {
        let runtime = clock(Clock::Wall, 1, 1, false).unwrap().runtime();
        let Some(probe) = MachineProbe::start(runtime, false, Vec::new(), || 0) else { return };
        let trace = probe.stop().expect("it has not failed");
        assert_eq!(trace.late, []);
        assert!(!trace.samples.is_empty());
    }
}
