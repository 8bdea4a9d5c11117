//! The progress bar: how far a run is, how fast, how far behind, how long it will take.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use reports::schema::RunResult;
use reports::schema::text::visible;

use crate::measure::run_observer::{RunObserver, Teller};
use crate::run::audience::Audience;
use crate::run::clock::Clock;
use crate::run::spec::RunSpec;
use crate::terminal::live::{Live, Step};
use crate::terminal::out;

/// How often the bar is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// A bar on standard error, or a view of the engines in its place; nothing is drawn when that is no
/// terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    live: Mutex<Option<Live>>,
    is_live: bool,
    /// Whether restarts are told of as they happen.
    tells: bool,
    /// Draws the bar while a run is on.
    follower: Mutex<Option<Follower>>,
}

impl Progress {
    /// For that many runs, or hidden.
    pub(crate) fn new(runs: u64, hidden: bool) -> Self {
        let bar = if hidden { ProgressBar::hidden() } else { ProgressBar::new(runs) };
        let style =
            ProgressStyle::with_template("[{pos}/{len}] {wide_msg} {elapsed} elapsed, {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self {
            bar,
            live: Mutex::new(None),
            is_live: false,
            tells: false,
            follower: Mutex::new(None),
        }
    }

    /// The same with a view of the engines, if that is asked for and there is a terminal, else with a
    /// line for every restart.
    pub(crate) fn with_view(runs: u64, hidden: bool, live: bool) -> Self {
        if hidden || !live || !Live::is_possible() {
            return Self { tells: true, ..Self::new(runs, hidden) };
        }
        let quiet = Self::new(runs, true);
        let bar = quiet.bar.clone();
        match Live::start(runs, move || bar.elapsed()) {
            Ok(live) => Self { live: Mutex::new(Some(live)), is_live: true, ..quiet },
            Err(_) => Self { tells: true, ..Self::new(runs, hidden) },
        }
    }

    /// Tells the view, if there is one.
    fn with_live(&self, tell: impl FnOnce(&Live)) {
        if let Some(live) = &*self.live.lock().expect("no holder fails") {
            tell(live);
        }
    }

    /// Ends the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
        let live = self.live.lock().expect("no holder fails").take();
        let notes = live.map(Live::close).unwrap_or_default();
        notes.iter().for_each(|line| out::note(line));
    }
}

impl Audience for Progress {
    fn wants_latency_so_far(&self) -> bool {
        self.is_live
    }

    fn begin(&self, observer: &Arc<RunObserver>, spec: &RunSpec, _: &[u32]) {
        self.with_live(|live| live.begin(observer, spec));
        if !self.bar.is_hidden() {
            let follower = Follower::start(self.bar.clone(), Arc::clone(observer), spec);
            *self.follower.lock().expect("no holder fails") = Some(follower);
        }
    }

    fn end(&self) {
        self.with_live(Live::end);
        drop(self.follower.lock().expect("no holder fails").take());
    }

    fn result(&self, result: &RunResult) {
        self.with_live(|live| live.result(result));
    }

    fn step(&self) {
        self.bar.inc(1);
        self.with_live(|live| live.step(Step::Done));
    }

    fn skip(&self, runs: u64) {
        self.bar.dec_length(runs);
        self.with_live(|live| live.step(Step::Skipped(runs)));
    }

    fn say(&self, what: &str) {
        self.with_live(|live| live.say(what));
        self.bar.set_message(visible(what).into_owned());
    }

    /// Prints the line above the bar; under a view, once that is closed.
    fn note(&self, line: &str) {
        if self.is_live {
            self.with_live(|live| live.note(line));
        } else {
            self.bar.suspend(|| out::note(line));
        }
    }

    /// Under a view there is no room for lines; what happened stands in the result.
    fn teller(&self) -> Option<Teller> {
        let bar = self.bar.clone();
        self.tells
            .then(|| -> Teller { Arc::new(move |line: &str| bar.suspend(|| out::note(line))) })
    }

    fn elapsed(&self) -> Duration {
        self.bar.elapsed()
    }
}

/// A thread that draws how far a run is; ends when dropped.
struct Follower {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    fn start(bar: ProgressBar, observer: Arc<RunObserver>, spec: &RunSpec) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let what = format!("{} on {}", spec.workload.name(), spec.variant);
        let what = visible(&what).into_owned();
        let (events, is_wall) = (spec.events, spec.clock == Clock::Wall);
        let thread = std::thread::spawn(move || {
            let mut last = 0;
            while !stopped.load(Ordering::Relaxed) {
                let read = observer.read();
                let rate = (read - last.min(read)) as f64 / DRAW_EVERY.as_secs_f64();
                last = read;
                let share = if events == u64::MAX {
                    String::new()
                } else {
                    format!("{:.0} %, ", read as f64 * 100.0 / events.max(1) as f64)
                };
                let backlog = HumanCount(observer.unread());
                let rate = HumanCount(rate as u64);
                bar.set_message(if is_wall {
                    format!("{what}: {share}{rate} records/s, backlog {backlog};")
                } else {
                    format!("{what}: {share}virtual time;")
                });
                std::thread::park_timeout(DRAW_EVERY);
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A bar that fails to draw is no reason to lose a measurement.
            drop(thread.join());
        }
    }
}
