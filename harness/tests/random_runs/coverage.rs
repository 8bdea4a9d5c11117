//! What the runs have met: a test that meets nothing proves nothing.

use std::collections::{BTreeMap, BTreeSet};

use reports::schema::RunResult;
use serde_json::Value;

use crate::case::Case;

/// Windows that close before the end of a run with windows, at least.
const FEWEST_WINDOWS: u64 = 20;
/// Runs below which shares tell nothing.
const FEWEST_RUNS: u64 = 200;

/// Numbers of runs.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    runs: u64,
    late: u64,
    partly_late: u64,
    in_disorder: u64,
    ties: u64,
    ids_twice: u64,
    empty_splits: u64,
    touching_sessions: u64,
    extremes: u64,
    with_faults: u64,
    struck: u64,
    windowed: u64,
    few_windows: u64,
    engines: BTreeMap<(&'static str, u32), u64>,
    workloads: BTreeSet<String>,
}

impl Coverage {
    pub(crate) fn add(&mut self, case: &Case, result: &RunResult) {
        let add = |count: &mut u64, is_so: bool| *count += u64::from(is_so);
        add(&mut self.runs, true);
        let late = result.output.late.as_ref();
        add(&mut self.late, late.is_some());
        let left_out = late.map_or(0, |late| late.left_out);
        add(&mut self.partly_late, left_out > result.late_records);
        add(&mut self.in_disorder, case.knobs.contains_key("disorder_ms"));
        let lines: Vec<Value> = case.lines.iter().flatten().map(|line| parse(line)).collect();
        let splits = case.knobs["splits"].as_u64().unwrap();
        add(&mut self.empty_splits, splits > case.events || case.knobs.contains_key("idle_splits"));
        add(&mut self.ties, comes_twice(lines.iter().map(|it| time_of(it).to_string())));
        let ids = lines.iter().filter(|it| it["event_type"] != 2);
        add(
            &mut self.ids_twice,
            comes_twice(ids.map(|it| {
                let id =
                    if it["event_type"] == 0 { &it["person"]["id"] } else { &it["auction"]["id"] };
                format!("{} {id}", it["event_type"])
            })),
        );
        let is_q11 = case.workload == "nexmark-q11";
        let touch = is_q11 && touching(&lines, case.knobs["window_ms"].as_i64().unwrap());
        add(&mut self.touching_sessions, touch);
        let extreme = |name: &str, values: &[i64]| {
            let value = case.knobs.get(name).and_then(Value::as_i64);
            value.is_some_and(|value| values.contains(&value))
        };
        add(
            &mut self.extremes,
            extreme("keys", &[1, 1_000_000])
                || extreme("window_ms", &[1])
                || extreme("slide_ms", &[1])
                || extreme("active_people", &[1])
                || extreme("splits", &[1_024]),
        );
        add(&mut self.with_faults, case.kill.is_some());
        add(&mut self.struck, result.recovery.restarts > 0);
        let is_windowed = case.is_timed() && case.workload != "nexmark-q6";
        add(&mut self.windowed, is_windowed);
        let closed = result.windows_closed.unwrap_or(0);
        add(&mut self.few_windows, is_windowed && closed < FEWEST_WINDOWS);
        *self.engines.entry((case.engine, case.parallelism)).or_default() += 1;
        self.workloads.insert(case.workload.clone());
    }

    /// Fails unless the runs have met what they are made for.
    pub(crate) fn assert_broad(&self) {
        println!("{self:#?}");
        if self.runs < FEWEST_RUNS {
            return;
        }
        let share = |count: u64, of: u64| count as f64 / of.max(1) as f64;
        let met = |what: &str, count: u64, least: f64| {
            assert!(share(count, self.runs) >= least, "{what}: {count} of {} runs", self.runs);
        };
        met("late records", self.late, 0.3);
        met("records that some windows refused", self.partly_late, 0.02);
        met("disorder", self.in_disorder, 0.3);
        met("equal times", self.ties, 0.1);
        met("ids that come twice", self.ids_twice, 0.1);
        met("empty splits", self.empty_splits, 0.1);
        met("sessions that touch", self.touching_sessions, 0.02);
        met("extremes of knobs", self.extremes, 0.2);
        met("faults", self.with_faults, 0.1);
        met("faults that struck", self.struck, 0.05);
        assert!(
            share(self.few_windows, self.windowed) <= 0.05,
            "{} of {} runs with windows closed fewer than {FEWEST_WINDOWS}",
            self.few_windows,
            self.windowed
        );
        for engine in ["pipelined", "microbatch"] {
            let own = self.engines.iter().filter(|((name, _), _)| *name == engine);
            met(engine, own.map(|(_, runs)| runs).sum(), 0.2);
            for parallelism in [1, 3, 8] {
                met(engine, self.engines[&(engine, parallelism)], 0.05);
            }
        }
        assert!(self.workloads.len() >= 29, "{:?}", self.workloads);
    }
}

fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

fn time_of(event: &Value) -> i64 {
    let kind = ["person", "auction", "bid"].into_iter().find(|kind| event.get(kind).is_some());
    event[kind.unwrap()]["dateTime"].as_i64().unwrap()
}

fn comes_twice(of: impl Iterator<Item = String>) -> bool {
    let mut seen = BTreeSet::new();
    let mut of = of;
    of.any(|it| !seen.insert(it))
}

/// Whether two neighbouring bids of somebody are exactly a gap apart.
fn touching(lines: &[Value], gap: i64) -> bool {
    let mut times: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
    for bid in lines.iter().filter_map(|line| line.get("bid")) {
        let time = bid["dateTime"].as_i64().unwrap();
        times.entry(bid["bidder"].as_u64().unwrap()).or_default().push(time);
    }
    times.values_mut().any(|times| {
        times.sort_unstable();
        times.windows(2).any(|pair| pair[1] - pair[0] == gap)
    })
}
