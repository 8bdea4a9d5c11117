//! The file in a checkpoint directory that describes its job.

use std::sync::Arc;

use dataflow::ProcessingTime;
use dataflow::job::recovery::fingerprint::Fingerprint;
use dataflow::job::recovery::seal::{load, save};
use dataflow::job::storage::Storage;
use dataflow::record::content_hash::ContentHash;
use kafka::TopicFingerprint;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::files::at_once::at_once;
use crate::files::invocation::unix_nanos;
use crate::run::job_input::{HeldInput, JobInput};
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
    /// Where results go; of a topic, what must stay the same of it.
    pub output: String,
    /// Planned events per second.
    pub rate: Option<f64>,
    /// How many events; of an input, at most so many.
    pub events: u64,
    /// The input as it was at the first start.
    pub input: JobInput,
    /// Events that are not timed.
    pub warm_up: u64,
    /// When it was first started, in nanoseconds since 1970.
    pub started_unix_nanos: u64,
}

impl JobFile {
    /// Of a job that starts now.
    pub(crate) fn new(spec: &RunSpec, events: u64, output: &str, input: JobInput) -> Self {
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

    /// What the input held at the first start and at later ones.
    ///
    /// # Errors
    /// When the file that tells it cannot be read or is damaged.
    pub(crate) fn held(&self, storage: &Arc<dyn Storage>) -> Result<HeldInput> {
        let storage = Arc::clone(storage);
        Ok(match &self.input {
            JobInput::Generated => HeldInput::Generated,
            JobInput::File { held, .. } => {
                let later =
                    at_once(async move { load::<Vec<Fingerprint>>(&storage, LATER).await })?;
                let mut held = vec![*held];
                held.extend(later.into_iter().flat_map(|(later, _)| later));
                HeldInput::File(held)
            }
            JobInput::Topic(began) => {
                let later =
                    at_once(async move { load::<TopicFingerprint>(&storage, LATER).await })?;
                let newest = later.map_or_else(|| began.clone(), |(newest, _)| newest);
                HeldInput::Topic { began: began.clone(), newest }
            }
        })
    }

    /// Writes down what the input of this start holds, if that is more than it ever `held`.
    ///
    /// # Errors
    /// When that cannot be written.
    pub(crate) fn note_held(&self, held: &HeldInput, storage: &Arc<dyn Storage>) -> Result<()> {
        let storage = Arc::clone(storage);
        match (held, &self.input) {
            (HeldInput::File(held), JobInput::File { held: now, .. })
                if held.iter().all(|held| held.offset < now.offset) =>
            {
                let later = [&held[1..], &[*now]].concat();
                at_once(async move { save(&storage, LATER, &later).await.map(drop) })
            }
            (HeldInput::Topic { newest, .. }, JobInput::Topic(now))
                if now.covers_more_than(newest) =>
            {
                let now = now.clone();
                at_once(async move { save(&storage, LATER, &now).await.map(drop) })
            }
            _ => Ok(()),
        }
    }

    /// Whether a job that is to be taken up is this one.
    ///
    /// # Errors
    /// Says what differs.
    pub(crate) fn fits(&self, given: &Self, place: &str) -> Result<()> {
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
            ("input", &self.input.named(), &given.input.named()),
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
