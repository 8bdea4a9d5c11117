//! The file in a checkpoint directory that describes its job.

use std::io::Read;
use std::sync::Arc;

use dataflow::ProcessingTime;
use dataflow::job::recovery::fingerprint::{Fingerprint, FingerprintReader};
use dataflow::job::recovery::seal::{load, save};
use dataflow::job::storage::Storage;
use dataflow::record::content_hash::ContentHash;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::files::at_once::at_once;
use crate::files::invocation::unix_nanos;
use crate::run::spec::RunSpec;

/// Its name in the directory.
const NAME: &str = "job";
/// The file of what the input held at later starts.
const LATER: &str = "input";

/// A job as it was first started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct JobFile {
    /// The workload.
    pub workload: String,
    /// The engine.
    pub engine: String,
    /// The guarantee.
    pub guarantee: String,
    /// The clock.
    pub clock: String,
    /// The workload's knobs, as JSON.
    pub knobs: String,
    /// Seed of everything drawn.
    pub seed: u64,
    /// Where results go.
    pub output: String,
    /// Planned events per second.
    pub rate: Option<f64>,
    /// How many events; of an input, at most so many.
    pub events: u64,
    /// The input as it was at the first start; `None` when events are generated.
    pub input: Option<InputFile>,
    /// Events that are not timed.
    pub warm_up: u64,
    /// When it was first started, in nanoseconds since 1970.
    pub started_unix_nanos: u64,
}

/// A file of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InputFile {
    /// As the user named it.
    pub name: String,
    /// What it held at the first start, as it is stored. It may grow.
    pub held: Fingerprint,
}

impl JobFile {
    /// Of a job that starts now.
    pub(crate) fn new(spec: &RunSpec, events: u64, output: &str, input: Option<InputFile>) -> Self {
        Self {
            workload: spec.workload.name().to_owned(),
            engine: spec.engine.name().to_owned(),
            guarantee: spec.guarantee().name().to_owned(),
            clock: spec.clock.name().to_owned(),
            knobs: serde_json::to_string(spec.knobs().values()).unwrap_or_default(),
            seed: spec.seed,
            output: output.to_owned(),
            rate: spec.rate.per_second(),
            events,
            input,
            warm_up: spec.warm_up,
            started_unix_nanos: unix_nanos(),
        }
    }

    /// How long ago the job was started: its clock goes on from there.
    pub(crate) fn age(&self) -> ProcessingTime {
        ProcessingTime(unix_nanos().saturating_sub(self.started_unix_nanos))
    }

    /// Reads the file of a directory, and its seal, by which checkpoints know the job; `None` when
    /// it holds no job.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub(crate) fn read(storage: &Arc<dyn Storage>) -> Result<Option<(Self, ContentHash)>> {
        let storage = Arc::clone(storage);
        at_once(async move { load(&storage, NAME).await })
    }

    /// Writes the file. Returns its seal.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, storage: &Arc<dyn Storage>) -> Result<ContentHash> {
        let (storage, own) = (Arc::clone(storage), self.clone());
        at_once(async move { save(&storage, NAME, &own).await })
    }

    /// Whether a job that is to be taken up is this one.
    ///
    /// # Errors
    /// Says what differs.
    pub(crate) fn fits(&self, given: &Self, place: &str) -> Result<()> {
        let named = |input: &Option<InputFile>| match input {
            None => "generated".to_owned(),
            Some(_) => "read from a file".to_owned(),
        };
        let events = |job: &Self| match job.events {
            u64::MAX => "without a limit".to_owned(),
            events => events.to_string(),
        };
        let same: [(&str, &dyn ToString, &dyn ToString); 9] = [
            ("workload", &self.workload, &given.workload),
            ("engine", &self.engine, &given.engine),
            ("guarantee", &self.guarantee, &given.guarantee),
            ("knobs", &self.knobs, &given.knobs),
            ("clock", &self.clock, &given.clock),
            ("seed", &self.seed, &given.seed),
            ("input", &named(&self.input), &named(&given.input)),
            ("number of events", &events(self), &events(given)),
            ("output", &self.output, &given.output),
        ];
        for (what, own, other) in same {
            let (own, other) = (own.to_string(), other.to_string());
            if own != other {
                return Err(Error::Input(format!(
                    "{place} holds a job whose {what} is {own}, and {other} was given; \
                     --resume needs the same"
                )));
            }
        }
        Ok(())
    }
}

impl InputFile {
    /// What the input held at the first start and at later ones.
    ///
    /// # Errors
    /// When the file that tells it cannot be read or is damaged.
    pub(crate) fn all_held(&self, storage: &Arc<dyn Storage>) -> Result<Vec<Fingerprint>> {
        let storage = Arc::clone(storage);
        let later = at_once(async move { load::<Vec<Fingerprint>>(&storage, LATER).await })?;
        let mut held = vec![self.held];
        held.extend(later.into_iter().flat_map(|(later, _)| later));
        Ok(held)
    }

    /// Writes down what it holds now, if that is more than ever.
    ///
    /// # Errors
    /// When that cannot be written.
    pub(crate) fn grown(held: &[Fingerprint], storage: &Arc<dyn Storage>) -> Result<()> {
        let (storage, later) = (Arc::clone(storage), held[1..].to_vec());
        at_once(async move { save(&storage, LATER, &later).await.map(drop) })
    }

    /// Refuses a file that is not the one that was read at each earlier start, with more lines behind
    /// it or not. One that is what it was at some earlier start may not be what was read since: the
    /// engine knows how far that was.
    ///
    /// # Errors
    /// Says what it held and what it holds.
    pub(crate) fn check<R: Read>(
        path: &str,
        held: &[Fingerprint],
        now: &FingerprintReader<R>,
    ) -> Result<()> {
        let whole = now.whole();
        let was_so = held.contains(&whole);
        for held in held {
            if was_so && held.offset > whole.offset {
                continue;
            }
            let there = now.upto(held.offset);
            if there != *held {
                return Err(Error::Input(format!(
                    "{path} is not the input that the job has read: that began with {held}, and \
                     this with {there}; --resume needs the same input, with more behind it or not"
                )));
            }
            // What had no end yet was read as a whole line.
            let in_a_line = now.byte_before(held.offset).is_some_and(|byte| byte != b'\n');
            if in_a_line && whole.offset > held.offset {
                return Err(Error::Input(format!(
                    "{path} has grown within a line that the job has read: at byte {} that line \
                     was at its end, without a newline; --resume needs the same input, with more \
                     lines behind it or not",
                    held.offset
                )));
            }
        }
        Ok(())
    }
}
