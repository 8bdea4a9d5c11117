//! `skew`: where every placement puts the same keys, over the run and window by window.

mod meter;
mod table;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use dataflow::exchange::sink::{SinkSlot, Wants};
use dataflow::job::settings::Settings;
use dataflow::placement::PlacementKind;
use dataflow::{Engine, Plan, StopSignal};
use reports::schema::Measures;
use reports::schema::skew::{SKEW_SCHEMA, SkewResult};
use serde_json::Value;
use workloads::registry::AnyWorkload;
use workloads::schedule::arrival::Schedule;

use crate::cli::SkewArgs;
use crate::error::{Error, Outcome, Result};
use crate::files::invocation::command_line;
use crate::files::result_folder::ResultFolder;
use crate::registry::{EngineSpec, Overrides, Registry, key_values};
use crate::run::answer::Answer;
use crate::run::clock::Clock;
use crate::run::environment;
use crate::run::executor::Runner;
use crate::run::real::Real;
use crate::run::spec::RunSpec;
use crate::terminal::interrupted::{Interrupted, Results, with_note};
use crate::terminal::out;
use crate::terminal::progress::Progress;

use meter::{Meter, MeterPlan};

/// Default windows, in records.
const DEFAULT_WINDOWS: [u64; 5] = [500, 1_000, 5_000, 20_000, 100_000];
/// Events between two looks at whether the user wants to stop.
const EVENTS_AT_ONCE: u64 = 1 << 16;

/// Runs the command.
///
/// # Errors
/// For unknown names and invalid values, for a workload without a keyed exchange behind its source,
/// and when results cannot be written.
pub(crate) fn skew(args: &SkewArgs, registry: &Registry, stop: &StopSignal) -> Result<Outcome> {
    let folder = || ResultFolder::make(args.out.folder(), "skew");
    let (folder, result) = measure(args, registry, stop, folder)?;
    let result = SkewResult { started: folder.started.clone(), ..result };
    let filled = folder.fill(&result)?;
    let (read, planned) = (result.events, result.events_planned);
    let interrupted = result.interrupted.then(|| Interrupted::after(read, planned, "events"));
    if args.json {
        out::json(&Results::new(interrupted, &result.rows));
    } else {
        out::results(&filled, false, || with_note(table::skew(&result), interrupted));
    }
    Ok(if result.interrupted { Outcome::Interrupted } else { Outcome::Good })
}

/// Places the keys; `ready` is called once the arguments are found to be good.
///
/// # Errors
/// For unknown names and invalid values, for a workload without a keyed exchange behind its source,
/// and what `ready` gives.
pub(crate) fn measure<T>(
    args: &SkewArgs,
    registry: &Registry,
    stop: &StopSignal,
    ready: impl FnOnce() -> Result<T>,
) -> Result<(T, SkewResult)> {
    let set = key_values(args.set.iter().map(String::as_str))?;
    let reading = Reading::new(args, registry, &set)?;
    let plan = reading.plan();
    let edges = plan.keyed_outputs_of_source();
    let [first, ..] = edges.as_slice() else {
        let name = reading.workload.name();
        return Err(Error::Input(format!("{name} has no keyed exchange behind its source")));
    };
    let ready = ready()?;
    let batches = reading.batches(stop)?;
    let wanted = wanted(args, batches.is_some())?;

    let meter = Arc::new(Mutex::new(Meter::new(&wanted, args.events)));
    let mut keys = plan.tap_source(*first, &meter);
    let meter = || meter.lock().expect("the listener has not failed");
    let mut ends = batches.iter().flatten().copied().peekable();
    let mut read = 0;
    while read < args.events && !stop.is_requested() {
        let upto = args.events.min(read + EVENTS_AT_ONCE);
        let upto = ends.peek().map_or(upto, |end| upto.min(*end));
        keys.read(read..upto).map_err(Error::run)?;
        read = upto;
        if ends.next_if_eq(&read).is_some() {
            meter().end_batch();
        }
    }
    let meter = meter();
    // A stop that came behind the last event has cut nothing.
    let interrupted = read < args.events;
    let (rows, heat) = meter.figures();
    let result = SkewResult {
        schema: SKEW_SCHEMA.to_owned(),
        started: String::new(),
        command: command_line(),
        workload: reading.workload.name().to_owned(),
        knobs: reading.knobs.values().clone(),
        seed: args.seed,
        interrupted,
        events_planned: args.events,
        events: read,
        exchange: plan.edge_name(&plan.edges[*first]),
        records: meter.records(),
        keys: meter.keys(),
        hottest: meter.hottest(),
        rows,
        heat,
        environment: environment::describe(),
    };
    Ok((ready, result))
}

fn wanted(args: &SkewArgs, batches: bool) -> Result<MeterPlan> {
    let mut windows = match args.windows.as_slice() {
        [] => DEFAULT_WINDOWS.to_vec(),
        given => given.to_vec(),
    };
    windows.sort_unstable();
    windows.dedup();
    if windows.first() == Some(&0) {
        return Err(Error::Input("a window has at least one record".to_owned()));
    }
    let placements = match args.placements.as_slice() {
        [] => dataflow::placement::PLACEMENTS.to_vec(),
        given => given.iter().map(String::as_str).collect(),
    };
    let placements: Vec<PlacementKind> = placements.into_iter().map(PlacementKind::named).collect();
    Ok(MeterPlan { placements, parallelisms: args.parallelism.clone(), windows, batches })
}

/// What is read, and how it is cut into batches.
struct Reading<'a> {
    args: &'a SkewArgs,
    workload: Arc<dyn AnyWorkload>,
    knobs: Settings,
    /// The run that makes the batches, if there is one.
    batches: Option<RunSpec>,
}

impl<'a> Reading<'a> {
    fn new(args: &'a SkewArgs, registry: &Registry, set: &BTreeMap<String, Value>) -> Result<Self> {
        let workload = registry.workload(&args.workload)?;
        let spec = args.engine.as_deref().map(EngineSpec::parse).transpose()?;
        let engine = spec.as_ref().map(|spec| registry.engine(&spec.name)).transpose()?;
        let engines: Vec<Arc<dyn Engine>> = engine.iter().cloned().collect();
        let given = Overrides::part(set, &*workload, &engines)?;
        let own = engines.into_iter().zip(spec.iter().map(|it| &it.settings));
        given.check_reach(&own.collect::<Vec<_>>())?;
        let rate = args.rate().per_second();
        let knobs = workload.resolve(&given.knobs, rate).map_err(Error::input)?;
        let batches = spec.zip(engine).map(|(spec, engine)| {
            RunSpec::of(engine, Arc::clone(&workload))
                .experiment("skew")
                .variant(spec.to_string())
                .settings(spec.settings)
                .shared_settings(given.settings)
                .knobs(given.knobs)
                .rate(args.rate())
                .measures(Measures::Throughput)
                .events(args.events)
                .seed(args.seed)
                .parallelism(args.parallelism[0])
                .clock(Clock::Virtual)
                .resolve()
        });
        Ok(Self { args, workload, knobs, batches: batches.transpose()? })
    }

    /// The job over events that come one after the other, as one split holds them.
    fn plan(&self) -> Plan {
        let mut knobs = self.knobs.clone();
        knobs.set("splits", 1);
        let schedule = Schedule::at_once(self.args.events);
        let wants = Wants::default();
        let sink = SinkSlot::plain(wants, |_| unreachable!("only the first stage is run"));
        self.workload.generate(&knobs, self.args.seed).plan(schedule, sink)
    }

    /// The numbers of events at which the batches of a run on the engine end, if there is one.
    fn batches(&self, stop: &StopSignal) -> Result<Option<Vec<u64>>> {
        let Some(spec) = &self.batches else { return Ok(None) };
        let (progress, mut real) = (Progress::new(0, self.args.json), Real);
        let mut runner = Runner::new(&mut real, stop, &progress);
        let result = runner.run(spec, Answer::Evaluated)?.result;
        if result.batches.is_empty() && !result.interrupted {
            let name = spec.engine.name();
            return Err(Error::Input(format!("{name} has no batches; write --engine microbatch")));
        }
        let mut end = 0;
        let ends = result.batches.iter().map(|batch| {
            end += batch.records;
            end
        });
        Ok(Some(ends.collect()))
    }
}
