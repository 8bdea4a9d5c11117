//! Internal consistency: what `streamgauge consistency` measures, held against what it must find.
//! `STREAMGAUGE_CONSISTENCY_SEEDS` says over how many seeds.

use std::collections::{BTreeMap, HashSet};

use clap::Parser;
use dataflow::StopSignal;
use reports::schema::consistency::ConsistencyCell;
use serde_json::Value;
use streamgauge::Registry;
use streamgauge::internals::{
    Cli, Clock, Command, ConsistencyPlan, JudgedStates, Rate, Real, RunSpec, Runner, Silent,
    TableState, VisibleStep, WatchedRun, consistency_all, watch,
};

/// Seeds unless asked for otherwise.
const SEEDS: u64 = 2;

fn seeds() -> u64 {
    let asked = std::env::var("STREAMGAUGE_CONSISTENCY_SEEDS").ok();
    asked.map_or(SEEDS, |text| text.parse().expect("a number of seeds"))
}

/// What the command measures, asked for as on its line.
fn measured(line: &str) -> Vec<ConsistencyCell> {
    let line = format!(
        "streamgauge consistency --seed 0 --seeds {} --set checkpoint_interval_ms=20 \
         --set batch_interval_ms=20 --set buffer_timeout_ms=5 --duration 300ms {line}",
        seeds()
    );
    let Command::Consistency(args) = Cli::parse_from(line.split_whitespace()).command else {
        panic!("{line}")
    };
    let plan = ConsistencyPlan::new(&args, &Registry::standard()).unwrap();
    let (mut cells, stop, mut real) = (Vec::new(), StopSignal::default(), Real);
    consistency_all(&plan, &mut cells, &mut Runner::new(&mut real, &stop, &Silent)).unwrap();
    cells
}

#[test]
fn a_commit_shows_only_answers_to_prefixes() {
    for clock in ["virtual", "wall"] {
        let cells = measured(&format!("--clock {clock}"));
        assert_eq!(cells.len(), 3 * 2 * 3);
        for cell in cells {
            let name = (&cell.workload, &cell.engine, &cell.guarantee);
            assert!(cell.states() > 0 && cell.keeps_its_promise(), "{name:?}: {:?}", cell.seeds);
            println!(
                "{name:?}, {clock}: {} states, {:?} unjustified, {:?} ns until consistent",
                cell.states(),
                cell.unjustified_share(),
                cell.until_consistent_ns()
            );
        }
    }
}

/// Every workload that it takes, and not only those that it runs by itself.
#[test]
fn commits_of_every_workload_show_only_answers_to_prefixes() {
    let registry = Registry::standard();
    let taken = registry.workloads.iter().filter(|it| !it.waits_for_watermarks());
    for name in taken.map(|it| it.name()) {
        for cell in measured(&format!("--clock virtual --workload {name}")) {
            let which = (&cell.workload, &cell.engine, &cell.guarantee);
            assert!(cell.keeps_its_promise(), "{which:?}: {:?}", cell.seeds);
        }
    }
}

/// The total over all accounts, of which a half of a transfer makes something other than 0.
#[test]
fn without_a_guarantee_the_pipelined_model_shows_halves_of_transfers() {
    let cells = measured("--clock virtual --workload transfers --set keys=20");
    let of = |engine: &str, guarantee: &str| {
        let mut cells = cells.iter();
        let cell = cells.find(|it| it.engine == engine && it.guarantee == guarantee).unwrap();
        cell.unjustified_share().unwrap()
    };
    assert!(of("pipelined", "none") > 0.3 && of("pipelined", "at-least-once") > 0.3);
    assert_eq!((of("microbatch", "none"), of("microbatch", "exactly-once")), (0.0, 0.0));
}

/// A run of `transfers` in micro-batches, and the answers to its prefixes.
fn batches() -> (WatchedRun, HashSet<TableState>) {
    const EVENTS: u64 = 200;
    let run = |engine: &str, events: u64, guarantee: &[(&str, Value)]| -> WatchedRun {
        let settings = guarantee.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let spec = RunSpec::new(&Registry::standard(), engine, "transfers")
            .unwrap()
            .settings(settings.collect())
            .knobs(BTreeMap::from([("splits".into(), 1.into()), ("keys".into(), 20.into())]))
            .seed(1)
            .rate(Rate::PerSecond(1_000.0))
            .events(events)
            .clock(Clock::Virtual)
            .resolve()
            .unwrap();
        let (stop, mut real) = (StopSignal::default(), Real);
        watch(&spec, &mut Runner::new(&mut real, &stop, &Silent)).unwrap().unwrap()
    };
    let answer = |events| {
        let mut table = TableState::default();
        let run = run("sequential", events, &[]);
        run.steps.iter().for_each(|step| table.follow(&step.lines));
        table
    };
    let prefixes = (1..=EVENTS).map(answer).chain([TableState::default()]).collect();
    let batches = [("guarantee", "exactly-once".into()), ("batch_interval_ms", 20.into())];
    (run("microbatch", EVENTS, &batches), prefixes)
}

/// The same, as if each row became visible by itself; the two halves of an update stay together.
fn row_by_row(steps: &[VisibleStep]) -> Vec<VisibleStep> {
    let mut rows: Vec<VisibleStep> = Vec::new();
    for VisibleStep { at, lines } in steps {
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            match rows.last_mut().filter(|_| line.starts_with(br#"{"op":"+U""#)) {
                Some(before) => before.lines.extend(line),
                None => rows.push(VisibleStep { at: *at, lines: line.to_vec() }),
            }
        }
    }
    rows
}

/// A batch that is seen row by row is found.
#[test]
fn a_batch_that_is_not_atomic_is_found() {
    let (WatchedRun { steps, ended, .. }, prefixes) = batches();
    let whole = JudgedStates::of(&steps, ended, &prefixes);
    assert!(whole.states >= 10 && whole.unjustified == 0 && whole.ends_justified, "{whole:?}");
    let torn = JudgedStates::of(&row_by_row(&steps), ended, &prefixes);
    assert!(torn.unjustified * 5 > torn.states, "{torn:?}");
}
