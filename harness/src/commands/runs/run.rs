//! `run`: one workload on one engine.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dataflow::job::engine::Start;
use dataflow::job::storage::Storage;
use dataflow::{Guarantee, ProcessingTime, StopSignal};
use reports::schema::{Measures, RunResult};
use runtime::{Costs, DirectoryStorage};
use workloads::registry::{AnyEvents, LiveInput};

use crate::analysis::threshold;
use crate::cli::RunArgs;
use crate::error::{Error, Outcome, Result};
use crate::experiment::registry::{EngineSpec, Given, Registry};
use crate::experiment::sizing::{Fixed, Oracle, fix, spec};
use crate::experiment::suite::{Experiment, Length, SuiteRate, Variant};
use crate::files::WholeFile;
use crate::files::rows::Writing;
use crate::files::uri::{InputUri, OutputUri};
use crate::measure::transactional::is_empty;
use crate::quantity::Rate;
use crate::run::clock::{Clock, RunClock, clock, clock_with};
use crate::run::execute::{Recovery, RunSpec, Surroundings, execute};
use crate::run::job_file::{JobFile, at_once};
use crate::terminal::progress::Progress;
use crate::terminal::{out, table};

/// Events of a run when nobody says.
const DEFAULT_EVENTS: u64 = 1_000_000;

/// Runs the command.
///
/// # Errors
/// For bad usage or input, and when the engine fails.
pub fn run(args: &RunArgs, registry: &Registry, stop: &StopSignal) -> Result<Outcome> {
    let experiment = experiment(args, registry)?;
    let writes_stdout = args.output == Some(OutputUri::Print);
    if args.json && writes_stdout {
        return Err(Error::Input(
            "--json and an output to standard output exclude one another: both are printed there"
                .to_owned(),
        ));
    }
    if args.trace.is_some() && args.clock == Clock::Wall {
        return Err(Error::Input("--trace needs --clock virtual".to_owned()));
    }
    check_recovery(args)?;
    let mut job = Prepared::new(args, &experiment, stop)?;
    let mut runs: Vec<RunResult> = Vec::new();
    for repeat in 0..experiment.repeats {
        if stop.is_requested() && !runs.is_empty() {
            break;
        }
        let mut result = job.run(repeat, stop)?;
        if args.json {
            out::json(&result);
        } else {
            show(args, &result, writes_stdout);
        }
        // They may be long, and nothing below looks at them.
        (result.batches, result.series) = (Vec::new(), Vec::new());
        runs.push(result);
    }
    let result = runs.last().ok_or_else(|| Error::run("nothing was run"))?;
    let violations = threshold::violations(&args.shared.thresholds, &runs);
    violations.iter().for_each(|line| out::note(line));
    let stopped_as_asked = args.stop_after.is_some_and(|after| result.records_in >= after);
    Ok(if result.interrupted && !stopped_as_asked {
        Outcome::Interrupted
    } else if (result.valid || result.interrupted) && violations.is_empty() {
        Outcome::Good
    } else {
        Outcome::Failed
    })
}

fn show(args: &RunArgs, result: &RunResult, on_stderr: bool) {
    let mut text = table::run(result);
    if args.batches {
        text.push('\n');
        text.push_str(&table::batches(result));
    }
    if args.clock == Clock::Virtual {
        text.push_str(&format!("\nModelled costs: {}", Costs::default()));
    }
    if on_stderr { out::note(&text) } else { out::line(&text) }
}

/// What cannot go together with recovery.
fn check_recovery(args: &RunArgs) -> Result<()> {
    let wrong = |what: &str| Err(Error::Input(what.to_owned()));
    let live = matches!(args.input, Some(InputUri::Stdin | InputUri::Tcp(_)));
    if args.checkpoint_dir.is_some() && live {
        return wrong("--checkpoint-dir needs an input that can be read again: a file, or none");
    }
    if args.checkpoint_dir.is_some() && args.shared.repeats.is_some_and(|repeats| repeats > 1) {
        return wrong("--checkpoint-dir holds one job; --repeats would need several");
    }
    Ok(())
}

fn experiment(args: &RunArgs, registry: &Registry) -> Result<Experiment> {
    let workload = registry.workload(&args.workload)?;
    let spec = EngineSpec::parse(&args.engine)?;
    let engine = registry.engine(&spec.name)?;
    let shared = &args.shared;
    let set = shared.settings()?;
    let given = Given::part(&set, &*workload, &[Arc::clone(&engine)])?;
    let variant =
        Variant { engine, name: spec.to_string(), own: spec.settings, shared: given.settings };
    Ok(Experiment {
        name: workload.name().to_owned(),
        workload,
        variants: vec![variant],
        rate: match shared.rate {
            Some(Rate::PerSecond(rate)) => SuiteRate::Fixed(rate),
            Some(Rate::Max) | None => SuiteRate::Max,
        },
        length: match (shared.events, shared.duration) {
            (Some(events), _) => Length::Events(events),
            (None, Some(duration)) => Length::Duration(duration),
            (None, None) => Length::Events(DEFAULT_EVENTS),
        },
        warm_up: shared.warm_up,
        repeats: shared.repeats.unwrap_or(1),
        parallelism: shared.parallelism.unwrap_or(2),
        seed: shared.seed.unwrap_or(42),
        knobs: given.knobs,
        faults: Vec::new(),
    })
}

/// A run with its input and output open.
struct Prepared<'a> {
    args: &'a RunArgs,
    spec: RunSpec,
    /// Events that can be read again; a live input is opened for its run.
    events: Option<Box<dyn AnyEvents>>,
    oracle: Oracle,
    /// Where checkpoints survive the process, and the job that they are of.
    durable: Option<Durable<'a>>,
}

struct Durable<'a> {
    path: &'a Path,
    /// The job as it was first started; `None` before that.
    job: Option<JobFile>,
}

impl<'a> Durable<'a> {
    /// Looks into the folder, and makes nothing.
    fn look(args: &'a RunArgs) -> Result<Option<Self>> {
        let Some(path) = args.checkpoint_dir.as_deref() else { return Ok(None) };
        let durable = Self { path, job: None };
        let job = if path.exists() { JobFile::read(&durable.open()?)? } else { None };
        let place = path.display();
        match (&job, args.resume) {
            (Some(_), false) => Err(Error::Input(format!(
                "{place} already holds a job; --resume goes on with it, and an empty folder \
                 begins a new one"
            ))),
            (None, true) => Err(Error::Input(format!("{place} holds no job to go on with"))),
            _ => Ok(Some(Self { path, job })),
        }
    }

    fn open(&self) -> Result<Arc<dyn Storage>> {
        Ok(DirectoryStorage::open(self.path).map_err(Error::input)?)
    }
}

impl<'a> Prepared<'a> {
    fn new(args: &'a RunArgs, experiment: &Experiment, stop: &StopSignal) -> Result<Self> {
        let quiet = Progress::new(0, true);
        let durable = Durable::look(args)?;
        let former = durable.as_ref().and_then(|durable| durable.job.clone());
        let variant = &experiment.variants[0];
        let is_virtual = args.clock == Clock::Virtual;
        let with_pilot = args.input.is_none()
            && !(is_virtual
                && matches!(experiment.length, Length::Duration(_))
                && args.shared.rate.is_none());
        if !with_pilot && args.input.is_none() {
            return Err(Error::Input(
                "a duration in virtual time needs --rate: there is no pilot there; or give --events".to_owned(),
            ));
        }
        let mut fixed = match (&former, &args.input, experiment.rate) {
            // What the pilot found out then still holds.
            (Some(job), ..) => Fixed {
                rate: job.rate,
                events: job.events,
                warm_up: job.warm_up,
                ..Fixed::default()
            },
            (None, Some(_), SuiteRate::Fixed(rate)) => {
                Fixed { rate: Some(rate), events: u64::MAX, ..Fixed::default() }
            }
            (None, Some(_), _) => Fixed { events: u64::MAX, ..Fixed::default() },
            (None, None, _) => fix(experiment, stop, &quiet)?,
        };
        let mut spec = spec(experiment, variant, fixed, 0)?;
        spec.clock = args.clock;
        let events = match &args.input {
            None => Some(spec.workload.generate(&spec.knobs, spec.seed)),
            Some(InputUri::File(path)) => {
                let name = path.display().to_string();
                let mut input = open_file(path)?;
                let events =
                    spec.workload.lines(&spec.knobs, &name, &mut input).map_err(Error::input)?;
                let count = events.count().unwrap_or(0);
                let limit = args.shared.events.unwrap_or(u64::MAX);
                fixed.events = count.min(limit);
                Some(events)
            }
            Some(live) => {
                if is_virtual {
                    return Err(Error::Input(format!(
                        "{live} has no virtual time; read a file instead"
                    )));
                }
                if args.shared.repeats.is_some_and(|repeats| repeats > 1) {
                    return Err(Error::Input(format!(
                        "{live} can be read once; --repeats needs a file"
                    )));
                }
                // Every record of a live input is timed from when it became readable.
                spec.measures = Measures::Latency;
                spec.rate = None;
                None
            }
        };
        spec.events = fixed.events;
        spec.recovery = Recovery {
            start: if args.resume { Start::Resume } else { Start::Fresh },
            stop_after: args.stop_after,
            faults: args.faults.clone(),
            outlives_process: durable.is_some(),
        };
        let guarantee = spec.guarantee();
        if guarantee == Guarantee::None && (durable.is_some() || args.stop_after.is_some()) {
            return Err(Error::Input(
                "--checkpoint-dir and --stop-after need a job that can go on: add \
                 --guarantee exactly-once or at-least-once"
                    .to_owned(),
            ));
        }
        if guarantee != Guarantee::None && events.is_none() {
            return Err(Error::Input(format!(
                "{} needs an input that can be read again: a file, or none",
                guarantee.name()
            )));
        }
        Ok(Self { args, spec, events, oracle: Oracle::default(), durable })
    }

    /// The folder that results go to under exactly-once.
    fn folder(&self) -> Result<Option<Arc<dyn Storage>>> {
        if self.spec.guarantee() != Guarantee::ExactlyOnce {
            return Ok(None);
        }
        let path = match &self.args.output {
            Some(OutputUri::File(path)) => path,
            None | Some(OutputUri::Discard) => return Ok(None),
            Some(other) => {
                return Err(Error::Input(format!(
                    "exactly-once needs an output that can be committed: file:PATH, which becomes \
                     a folder of part files, or discard; {other} shows everything at once"
                )));
            }
        };
        let folder: Arc<dyn Storage> = DirectoryStorage::open(path).map_err(Error::input)?;
        let looked_at = Arc::clone(&folder);
        if !self.args.resume && !at_once(async move { is_empty(&looked_at, "").await })? {
            return Err(Error::Input(format!(
                "{} already holds results; name an empty folder",
                path.display()
            )));
        }
        Ok(Some(folder))
    }

    /// Makes the clock: a job that is taken up goes on with its own.
    fn clock(&self) -> Result<RunClock> {
        let spec = &self.spec;
        let tracing = self.args.trace.is_some();
        let Some(durable) = &self.durable else {
            return clock(spec.clock, spec.seed, spec.parallelism, tracing);
        };
        let storage = durable.open()?;
        let output = self.args.output.as_ref().map_or("discard".to_owned(), ToString::to_string);
        let given = JobFile::new(spec, &output);
        let age = match &durable.job {
            Some(job) => {
                job.fits(&given, &durable.path.display().to_string())?;
                job.age()
            }
            None => {
                given.write(&storage)?;
                ProcessingTime::ZERO
            }
        };
        clock_with(spec.clock, spec.seed, spec.parallelism, tracing, (storage, age))
    }

    fn run(&mut self, repeat: u32, stop: &StopSignal) -> Result<RunResult> {
        self.spec.repeat = repeat;
        let folder = self.folder()?;
        let run_clock = self.clock()?;
        let spec = &self.spec;
        let live;
        let events: &dyn AnyEvents = match (&self.events, &self.args.input) {
            (Some(events), _) => &**events,
            (None, Some(uri)) => {
                live = open_live(uri, spec, &run_clock, stop)?;
                &*live
            }
            (None, None) => return Err(Error::run("a run without events")),
        };
        let writing = match &self.args.output {
            Some(output) if folder.is_none() => Writing::open(output)?,
            _ => None,
        };
        let trace = match &self.args.trace {
            Some(path) => {
                Some((path, WholeFile::create(path).map_err(|error| unwritable(path, &error))?))
            }
            None => None,
        };
        let rows = writing.as_ref().map(Writing::writer);
        let hidden = self.args.json || rows.is_some();
        let progress = Progress::with_view(1, hidden, self.args.live);
        let around = Surroundings {
            events,
            rows: rows.as_ref(),
            folder: folder.as_ref(),
            stop,
            progress: &progress,
            clock: &run_clock,
        };
        let generated = self.args.input.is_none();
        let oracle = &mut self.oracle;
        let mut expected = || {
            if generated {
                oracle.expected(spec, events, &progress)
            } else {
                events.expected(spec.events)
            }
        };
        let result = execute(spec, around, &mut expected).map(|executed| executed.result);
        progress.finish();
        let result = result?;
        drop(rows);
        if let Some(writing) = writing {
            writing.finish()?;
        }
        if let (Some((path, mut file)), RunClock::Virtual(clock)) = (trace, &run_clock) {
            let written = file.write_all(clock.take_trace().as_bytes()).and_then(|()| file.keep());
            written.map_err(|error| unwritable(path, &error))?;
        }
        Ok(result)
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::Input(format!("cannot write {}: {error}", path.display()))
}

fn open_file(path: &Path) -> Result<BufReader<File>> {
    let refused = |cause: String| Error::Input(format!("cannot read {}: {cause}", path.display()));
    let file = File::open(path).map_err(|error| refused(error.to_string()))?;
    match file.metadata() {
        Ok(found) if found.is_dir() => Err(refused("it is a folder".to_owned())),
        Ok(_) => Ok(BufReader::new(file)),
        Err(error) => Err(refused(error.to_string())),
    }
}

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

fn open_live(
    uri: &InputUri,
    spec: &RunSpec,
    run_clock: &RunClock,
    stop: &StopSignal,
) -> Result<Box<dyn AnyEvents>> {
    let input: Box<dyn BufRead + Send> = match uri {
        InputUri::Stdin => Box::new(BufReader::new(std::io::stdin())),
        InputUri::Tcp(address) => Box::new(BufReader::new(connect(address)?)),
        InputUri::File(path) => Box::new(open_file(path)?),
    };
    let runtime = run_clock.runtime();
    let start = ProcessingTime::ZERO;
    let clock = Arc::new(move || runtime.now());
    let live = LiveInput { name: uri.to_string(), input, clock, stop: stop.clone(), start };
    Ok(spec.workload.live(&spec.knobs, live))
}

fn connect(address: &str) -> Result<TcpStream> {
    use std::net::ToSocketAddrs;
    let refused = |cause: String| Error::Input(format!("cannot connect to tcp:{address}: {cause}"));
    let mut last = "the name has no address".to_owned();
    for target in address.to_socket_addrs().map_err(|error| refused(error.to_string()))? {
        match TcpStream::connect_timeout(&target, CONNECT_TIMEOUT) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error.to_string(),
        }
    }
    Err(refused(last))
}
