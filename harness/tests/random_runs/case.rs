//! One run, and how it is drawn.

use std::collections::BTreeMap;
use std::fmt;

use dataflow::StopSignal;
use rand::seq::IndexedRandom as _;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use reports::schema::RunResult;
use runtime::Victim;
use serde_json::Value;
use streamgauge::Registry;
use streamgauge::internals::{
    Answer, Clock, Executor, FaultSpec, Rate, Real, Recovery, RunIo, RunSpec, Silent,
};

use crate::lines;

/// Workloads whose operators meet event time.
const TIMED: [&str; 6] =
    ["windowed-count", "nexmark-q5", "nexmark-q6", "nexmark-q7", "nexmark-q8", "nexmark-q11"];
/// Workloads that end in a running aggregate.
const RUNNING: [&str; 5] =
    ["keyed-count", "word-count", "nexmark-q15", "nexmark-q16", "nexmark-q17"];
/// Planned events per second.
const RATE: f64 = 10_000.0;
/// Windows that the events of a run with windows span.
const WINDOWS: f64 = 90.0;

/// What is run.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) workload: String,
    pub(crate) engine: &'static str,
    pub(crate) parallelism: u32,
    pub(crate) seed: u64,
    pub(crate) events: u64,
    pub(crate) knobs: BTreeMap<String, Value>,
    pub(crate) shared: BTreeMap<String, Value>,
    /// Lines of an input; events are generated without.
    pub(crate) lines: Option<Vec<String>>,
    /// A share of the events at which somebody is killed.
    pub(crate) kill: Option<(Victim, f64)>,
}

impl Case {
    /// A run that is a function of this number.
    pub(crate) fn draw(seed: u64) -> Self {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let registry = Registry::standard();
        let workload = if random.random_bool(0.7) {
            (*TIMED.choose(&mut random).unwrap()).to_owned()
        } else if random.random_bool(0.4) {
            (*RUNNING.choose(&mut random).unwrap()).to_owned()
        } else {
            registry.workloads.choose(&mut random).unwrap().name().to_owned()
        };
        let engine = *["sequential", "pipelined", "microbatch"]
            .choose_weighted(&mut random, |engine| if *engine == "sequential" { 1 } else { 4 })
            .unwrap();
        let parallelism =
            if engine == "sequential" { 1 } else { *[1, 3, 8].choose(&mut random).unwrap() };
        let mut case = Self {
            events: random.random_range(200..900),
            workload,
            engine,
            parallelism,
            seed,
            knobs: BTreeMap::new(),
            shared: BTreeMap::new(),
            lines: None,
            kill: None,
        };
        case.draw_settings(&mut random);
        case.draw_events(&mut random);
        case
    }

    /// Whether it has windows of event time.
    pub(crate) fn is_timed(&self) -> bool {
        TIMED.contains(&self.workload.as_str())
    }

    fn draw_settings(&mut self, random: &mut Xoshiro256PlusPlus) {
        let mut set = |name: &str, value: Value| self.shared.insert(name.to_owned(), value);
        // Time moves on in small steps, so that records can be late.
        set("watermark_interval_records", random.random_range(1..40).into());
        set("watermark_interval_ms", 1.into());
        set("max_offsets_per_trigger", random.random_range(5..60).into());
        set("batch_interval_ms", random.random_range(0..4).into());
        set("buffer_timeout_ms", random.random_range(0..3).into());
        set("mini_batch_latency_ms", random.random_range(1..9).into());
        set("mini_batch_size", random.random_range(1..200).into());
        if RUNNING.contains(&self.workload.as_str()) {
            let mut set =
                |name: &str, value: &str| self.knobs.insert(name.to_owned(), value.into());
            set("changes", ["each", "last-per-key"].choose(random).unwrap());
            set("combiner", ["off", "on"].choose(random).unwrap());
        }
        if self.engine != "sequential" && random.random_bool(0.2) {
            set("guarantee", "exactly-once".into());
            set("checkpoint_interval_ms", 4.into());
            set("restart_delay_ms", 2.into());
            let victims = match self.engine {
                "pipelined" => [Victim::Subtask, Victim::Executor, Victim::Driver],
                _ => [Victim::Task, Victim::Executor, Victim::Driver],
            };
            let victim = *victims.choose(random).unwrap();
            self.kill = Some((victim, random.random_range(0.2..0.9)));
        }
    }

    fn draw_events(&mut self, random: &mut Xoshiro256PlusPlus) {
        let from_file = self.workload.starts_with("nexmark-") && random.random_bool(0.6);
        let is_timed = self.is_timed();
        let mut set = |name: &str, value: Value| self.knobs.insert(name.to_owned(), value);
        // With fewer events than splits no window closes before the end.
        let splits = if is_timed { &[1, 2, 3, 8][..] } else { &[1, 3, 8, 64, 1_024] };
        set("splits", (*splits.choose(random).unwrap()).into());
        // Milliseconds from one window to the next, or the gap of a session.
        let step: i64 = *[1, 7, 10, 40, 1_000].choose(random).unwrap();
        let mut size = step;
        if random.random_bool(0.15) {
            set("splits", 4.into());
            set("idle_splits", 1.into());
        }
        match self.workload.as_str() {
            "nexmark-q5" => {
                size = step + random.random_range(0..=3 * step);
                set("slide_ms", step.into());
                // Panes that are shared are as long as what divides both.
                let panes = if random.random_bool(0.5) { "shared" } else { "unshared" };
                set("panes", panes.into());
            }
            "windowed-count" if random.random_bool(0.3) => drop(set("split_keys", 3.into())),
            _ => {}
        }
        if is_timed && self.workload != "nexmark-q6" {
            set("window_ms", size.into());
        }
        let disorder = *[0, 1, step / 2, 2 * step].choose(random).unwrap();
        if disorder > 0 {
            set("disorder_ms", disorder.into());
        }
        let is_late = random.random_bool(0.85);
        if from_file {
            let style = lines::Style { step, disorder, is_late, windows: WINDOWS as i64 };
            let lines = style.draw(self.events, random);
            self.events = lines.len() as u64;
            self.lines = Some(lines);
            return;
        }
        if is_late {
            set("late_fraction", random.random_range(0.01..0.4).into());
        }
        let spanned_s = WINDOWS * step as f64 / 1e3;
        set("event_rate", (self.events as f64 / spanned_s).into());
        if self.workload.starts_with("nexmark-") {
            // Few windows are without a person and an auction.
            set("person_proportion", 10.into());
            set("auction_proportion", 12.into());
            set("active_people", (*[1, 5, 1_000].choose(random).unwrap()).into());
            set("in_flight_auctions", (*[1, 5, 100].choose(random).unwrap()).into());
            if random.random_bool(0.2) {
                set("out_of_order_group", 16.into());
            }
        } else if matches!(self.workload.as_str(), "windowed-count" | "keyed-count") {
            set("keys", (*[1, 3, 1_000, 1_000_000].choose(random).unwrap()).into());
            set("zipf_exponent", (*[0.0, 1.0, 3.0].choose(random).unwrap()).into());
        }
    }

    /// Runs it, and says what is wrong with the answer if anything is.
    pub(crate) fn run(&self) -> Result<RunResult, String> {
        let registry = Registry::standard();
        let faults =
            self.kill.iter().map(|(victim, share)| FaultSpec::kill_at(*victim, *share)).collect();
        let spec = RunSpec::new(&registry, self.engine, &self.workload)
            .map_err(|error| error.to_string())?
            .experiment("random")
            .shared_settings(self.shared.clone())
            .knobs(self.knobs.clone())
            .seed(self.seed)
            .rate(Rate::PerSecond(RATE))
            .events(self.events)
            .parallelism(self.parallelism)
            .clock(Clock::Virtual)
            .recovery(Recovery { faults, ..Recovery::default() })
            .resolve()
            .map_err(|error| error.to_string())?;
        let events = match &self.lines {
            None => spec.generate(),
            Some(lines) => {
                let text = lines.join("\n") + "\n";
                let read = spec.workload.lines(spec.knobs(), "drawn", &mut text.as_bytes());
                read.map_err(|error| error.to_string())?
            }
        };
        let run_clock = spec.run_clock().map_err(|error| error.to_string())?;
        let stop = StopSignal::default();
        let io = RunIo::new(Answer::Evaluated, &stop, &Silent).events(&*events).clock(&run_clock);
        let result = Real.run(&spec, io).map_err(|error| error.to_string())?.result;
        let output = &result.output;
        if output.is_wrong() || output.expected_digest.is_none() {
            return Err(format!(
                "{} instead of {:?}, late {:?}",
                output.digest, output.expected_digest, output.late
            ));
        }
        Ok(result)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} on {} at {}", self.workload, self.engine, self.parallelism)?;
        writeln!(f, "  {} events, knobs {:?}", self.events, self.knobs)?;
        writeln!(f, "  settings {:?}, kill {:?}, seed {}", self.shared, self.kill, self.seed)?;
        self.lines.iter().flatten().try_for_each(|line| writeln!(f, "{line}"))
    }
}
