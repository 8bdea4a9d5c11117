//! The job of `run`, with its input and output.

use std::io::{BufReader, Write};
use std::path::Path;
use std::sync::Arc;

use dataflow::job::engine::Start;
use dataflow::job::recovery::fingerprint::FingerprintReader;
use dataflow::record::content_hash::ContentHash;
use dataflow::{Guarantee, StopSignal};
use kafka::{ClientSettings, OutputTopic};
use reports::schema::{Measures, RunResult};
use workloads::registry::AnyEvents;

use super::checkpoint_folder::CheckpointFolder;
use super::input::{open_file, open_live, open_topic};
use super::output::{OpenOutput, output_topic};
use super::usage::check_resumed;
use crate::cli::RunArgs;
use crate::error::{Error, Result};
use crate::experiment::foresight::Foresight;
use crate::experiment::sizing;
use crate::experiment::sizing::RunSize;
use crate::experiment::suite::Experiment;
use crate::files::WholeFile;
use crate::files::uri::{InputUri, OutputUri};
use crate::quantity::Rate;
use crate::run::answer::{Answer, Oracle};
use crate::run::audience::Silent;
use crate::run::clock::{RunClock, in_memory};
use crate::run::executor::{Executor, Runner};
use crate::run::io::RunIo;
use crate::run::job_file::JobFile;
use crate::run::job_input::{HeldInput, JobInput, check_file};
use crate::run::real::Real;
use crate::run::spec::{Recovery, RunSpec};
use crate::run::topic_input::TopicInput;
use crate::terminal::out;
use crate::terminal::progress::Progress;

/// A run with its input and output open.
pub(super) struct RunJob<'a> {
    args: &'a RunArgs,
    spec: RunSpec,
    /// Events that can be read again; a live input is opened for its run.
    events: Option<Box<dyn AnyEvents>>,
    oracle: Oracle,
    checkpoints: Option<CheckpointFolder<'a>>,
    /// What they were read from; of a topic that is told once it is opened.
    input: JobInput,
    /// How to talk to Kafka.
    client: ClientSettings,
}

impl<'a> RunJob<'a> {
    /// Opens what can be opened before the run, and checks what goes together.
    ///
    /// # Errors
    /// For bad usage or input, and when an engine fails in a sizing run.
    pub(super) fn new(
        args: &'a RunArgs,
        experiment: &Experiment,
        stop: &StopSignal,
    ) -> Result<Self> {
        let checkpoints = CheckpointFolder::look(args)?;
        let former = checkpoints.as_ref().and_then(|folder| folder.job.as_ref());
        let former = former.map(|job| &job.file);
        let size = size(args, experiment, former, stop)?;
        if is_for_figures(args) && !stop.is_requested() {
            foresee(experiment, size)?;
        }
        let mut spec = sizing::spec(experiment, &experiment.variants[0], size, 0)?;
        let held = checkpoints.as_ref().and_then(CheckpointFolder::held);
        let OpenEvents { events, input } = open_events(args, &mut spec, held)?;
        if let Some(job) = former {
            check_resumed(args, job)?;
        }
        spec.recovery = Recovery {
            start: if args.resume { Start::Resume } else { Start::Fresh },
            stop_after: args.stop_after,
            faults: args.faults.clone(),
            identity: ContentHash::default(),
            outlives_process: checkpoints.is_some(),
            keeps_failed: false,
        };
        let is_topic = matches!(args.input, Some(InputUri::Kafka(_)));
        check_places(args, &spec)?;
        check_guarantee(args, &spec, events.is_some() || is_topic)?;
        let client = client(args)?;
        Ok(Self { args, spec, events, oracle: Oracle::default(), checkpoints, input, client })
    }

    /// Settles which offsets of a topic are read: once, and of a job that goes on by its first start.
    fn settle_topic(&mut self) -> Result<()> {
        let Some(InputUri::Kafka(address)) = &self.args.input else { return Ok(()) };
        if self.spec.topic.is_none() {
            let held = self.checkpoints.as_ref().and_then(CheckpointFolder::held);
            let topic = open_topic(address, &self.client, held)?;
            self.spec.topic = Some(Arc::new(TopicInput::new(topic, out::tell())));
        }
        Ok(())
    }

    /// The job as it is given now, where it is to survive the process; one that is taken up must be
    /// the same.
    fn given(&self, output_topic: Option<&OutputTopic>) -> Result<Option<JobFile>> {
        let (spec, Some(folder)) = (&self.spec, &self.checkpoints) else { return Ok(None) };
        let output = match (output_topic, &self.args.output) {
            (Some(topic), _) => topic.identity(),
            (None, Some(output)) => output.to_string(),
            (None, None) => "discard".to_owned(),
        };
        let input = match &spec.topic {
            Some(input) => JobInput::Topic(input.topic().fingerprint()?),
            None => self.input.clone(),
        };
        let events = match (&input, self.args.shared.events, &folder.job) {
            (JobInput::Generated, ..) => spec.events,
            (_, Some(limit), _) => limit,
            (_, None, Some(job)) => job.file.events,
            (_, None, None) => u64::MAX,
        };
        let given = JobFile::new(spec, events, &output, input);
        folder.check(&given)?;
        Ok(Some(given))
    }

    /// Makes the clock: a job that is taken up goes on with its own.
    fn clock(&mut self, given: Option<&JobFile>) -> Result<RunClock> {
        let (spec, tracing) = (&self.spec, self.args.trace.is_some());
        let (Some(folder), Some(given)) = (&self.checkpoints, given) else {
            return spec.run_clock_with(tracing, in_memory());
        };
        let (clock, identity) = folder.clock(spec, given, tracing)?;
        self.spec.recovery.identity = identity;
        Ok(clock)
    }

    /// Runs it.
    ///
    /// # Errors
    /// When the engine fails, and when an input or output cannot be opened.
    pub(super) fn run(&mut self, repeat: u32, stop: &StopSignal) -> Result<RunResult> {
        self.spec.repeat = repeat;
        self.settle_topic()?;
        let output_topic = output_topic(self.args, &self.client)?;
        let given = self.given(output_topic.as_ref())?;
        let output = OpenOutput::open(self.args, self.spec.guarantee(), output_topic)?;
        let trace = self.args.trace.as_deref().map(Trace::open).transpose()?;
        // Last, as it writes down a new job: one that cannot run leaves none.
        let run_clock = self.clock(given.as_ref())?;
        let writing = output.begin(self.args, &self.spec, &run_clock)?;
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
        let hidden = self.args.json || self.args.output == Some(OutputUri::Print);
        let progress = Progress::with_view(1, hidden, self.args.live);
        let answer = match self.args.input {
            None => Answer::Remembered(&mut self.oracle),
            Some(_) => Answer::Evaluated,
        };
        let io = RunIo::new(answer, stop, &progress).events(events).clock(&run_clock);
        let io = writing.taken_by(io);
        let executed = Real.run(spec, io.check_files(!self.args.no_check_output));
        progress.finish();
        let result = executed?.result;
        let (struck, planned) = (run_clock.struck().len(), spec.recovery.faults.len());
        if struck < planned && !result.interrupted {
            out::note(&format!(
                "--fault: {struck} of {planned} struck; the rest found nobody to strike on {}, or \
                 the run was over before",
                spec.engine.name()
            ));
        }
        writing.finish()?;
        if let (Some(trace), RunClock::Virtual(clock)) = (trace, &run_clock) {
            trace.keep(&clock.take_trace())?;
        }
        Ok(result)
    }
}

/// The file of `--trace`, opened before the run, so that nothing is run in vain.
struct Trace<'a> {
    path: &'a Path,
    file: WholeFile,
}

impl<'a> Trace<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let file = WholeFile::create(path).map_err(|error| unwritable(path, &error))?;
        Ok(Self { path, file })
    }

    fn keep(mut self, text: &str) -> Result<()> {
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.keep());
        written.map_err(|error| unwritable(self.path, &error))
    }
}

/// Whether nothing comes of the run but its figures. A run that writes rows, reads an input or can be
/// gone on with is worth making however short it is.
fn is_for_figures(args: &RunArgs) -> bool {
    let writes = args.output.as_ref().is_some_and(|output| *output != OutputUri::Discard);
    !writes && args.input.is_none() && args.checkpoint_dir.is_none() && args.stop_after.is_none()
}

/// Refuses a run that cannot be valid, and says what will be missing.
fn foresee(experiment: &Experiment, size: RunSize) -> Result<()> {
    let foreseen = Foresight::of(experiment, size)?;
    foreseen.check(&experiment.name)?;
    foreseen.missing.iter().for_each(|line| out::note(line));
    Ok(())
}

/// What will be missing of a run that has not been made, as far as it is known before.
///
/// # Errors
/// When it cannot be valid.
#[cfg(test)]
pub(super) fn missing(args: &RunArgs, experiment: &Experiment) -> Result<Vec<String>> {
    if !is_for_figures(args) {
        return Ok(Vec::new());
    }
    let foreseen = Foresight::unmeasured(experiment)?;
    foreseen.check(&experiment.name)?;
    Ok(foreseen.missing)
}

/// Settings of the Kafka client.
fn client(args: &RunArgs) -> Result<ClientSettings> {
    let path = args.kafka_config.as_deref();
    Ok(path.map_or(Ok(ClientSettings::default()), ClientSettings::read)?)
}

/// Rate and number of events.
fn size(
    args: &RunArgs,
    experiment: &Experiment,
    former: Option<&JobFile>,
    stop: &StopSignal,
) -> Result<RunSize> {
    match (former, &args.input) {
        // What sizing runs found out then still holds.
        (Some(job), _) => Ok(RunSize {
            rate: Rate::planned(job.rate),
            events: job.events,
            warm_up: job.warm_up,
            ..RunSize::default()
        }),
        (None, Some(_)) => {
            let rate = args.shared.rate.unwrap_or_default();
            Ok(RunSize { rate, events: u64::MAX, ..RunSize::default() })
        }
        (None, None) => {
            let mut real = Real;
            sizing::size(experiment, &mut Runner::new(&mut real, stop, &Silent))
        }
    }
}

/// Events that are at hand, and what they were read from. None of a live input, which is opened for
/// its run.
struct OpenEvents {
    events: Option<Box<dyn AnyEvents>>,
    input: JobInput,
}

/// Opens events that are at hand; a file must be what was `held` at earlier starts.
fn open_events(args: &RunArgs, spec: &mut RunSpec, held: Option<&HeldInput>) -> Result<OpenEvents> {
    match &args.input {
        None => Ok(OpenEvents { events: Some(spec.generate()), input: JobInput::Generated }),
        Some(InputUri::File(path)) => {
            let name = path.display().to_string();
            let held = held.map_or(&[][..], HeldInput::of_file);
            let marks = held.iter().map(|held| held.offset).collect();
            let reader = FingerprintReader::new(open_file(path)?, marks);
            let mut input = BufReader::new(reader);
            let events =
                spec.workload.lines(spec.knobs(), &name, &mut input).map_err(Error::input)?;
            let reader = input.into_inner();
            check_file(&name, held, &reader)?;
            let limit = args.shared.events.unwrap_or(spec.events);
            spec.events = events.replay().most().unwrap_or(0).min(limit);
            let input = JobInput::File { name, held: reader.whole() };
            Ok(OpenEvents { events: Some(events), input })
        }
        Some(input) => {
            // Every record is timed: from its plan, or from when it came.
            spec.measures = Measures::Latency;
            if !matches!(input, InputUri::Kafka(_)) {
                spec.rate = Rate::Max;
            }
            spec.events = args.shared.events.unwrap_or(u64::MAX);
            Ok(OpenEvents { events: None, input: JobInput::Generated })
        }
    }
}

/// Refuses places that a real system would leave empty: it stores what it needs by itself, and what it
/// holds back under exactly-once is committed by nobody here.
fn check_places(args: &RunArgs, spec: &RunSpec) -> Result<()> {
    let Some(system) = spec.engine.system() else { return Ok(()) };
    let refused = if args.checkpoint_dir.is_some() {
        "keeps its checkpoints by itself and is not taken up by another process; leave --checkpoint-dir out"
    } else if args.output.is_some() && spec.guarantee() == Guarantee::ExactlyOnce {
        "cannot commit its rows there under exactly-once; leave --output out, or use at-least-once"
    } else {
        return Ok(());
    };
    Err(Error::Input(format!("engine {} ({system}) {refused}", spec.engine.name())))
}

/// Refuses what needs a guarantee without one, and a guarantee without events to read again.
fn check_guarantee(args: &RunArgs, spec: &RunSpec, can_be_read_again: bool) -> Result<()> {
    let guarantee = spec.guarantee();
    let needs_one = args.checkpoint_dir.is_some() || args.stop_after.is_some();
    if guarantee == Guarantee::None && needs_one {
        return Err(Error::Input(
            "--checkpoint-dir and --stop-after need a job that can go on: add \
             --guarantee exactly-once or at-least-once"
                .to_owned(),
        ));
    }
    let writes = !matches!(args.output, None | Some(OutputUri::Discard));
    let to_topic = matches!(args.output, Some(OutputUri::Kafka(_)));
    if guarantee == Guarantee::AtLeastOnce && args.checkpoint_dir.is_some() && writes && !to_topic {
        return Err(Error::Input(
            "under at-least-once the rows of an earlier process are not kept: with \
             --checkpoint-dir write to --output discard or a topic, or use --guarantee exactly-once, \
             whose folder goes on"
                .to_owned(),
        ));
    }
    if let Some(OutputUri::Kafka(address)) = &args.output {
        address.check(guarantee)?;
    }
    if guarantee == Guarantee::ExactlyOnce && to_topic && args.checkpoint_dir.is_none() {
        return Err(Error::Input(
            "exactly-once into a topic keeps rows on disk until they are published: add \
             --checkpoint-dir FOLDER"
                .to_owned(),
        ));
    }
    let repeats = args.shared.repeats.is_some_and(|repeats| repeats > 1);
    if guarantee == Guarantee::ExactlyOnce && repeats && writes {
        return Err(Error::Input(
            "a folder of part files or a topic holds the output of one job; --repeats would need \
             several: leave --repeats or --output out"
                .to_owned(),
        ));
    }
    if guarantee != Guarantee::None && !can_be_read_again {
        return Err(Error::Input(format!(
            "{} needs an input that can be read again: a file, or none",
            guarantee.name()
        )));
    }
    Ok(())
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::Input(format!("cannot write {}: {error}", path.display()))
}
