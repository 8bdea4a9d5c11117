//! The folder of `--checkpoint-dir`, and the job that it holds.

use std::path::Path;
use std::sync::Arc;

use dataflow::ProcessingTime;
use dataflow::job::storage::Storage;
use files::Kind;
use runtime::DirectoryStorage;

use crate::cli::RunArgs;
use crate::error::{Error, Result};
use crate::run::clock::{RunClock, clock_with};
use crate::run::job_file::JobFile;
use crate::run::spec::RunSpec;

/// Where the checkpoints of a job survive the process.
pub(super) struct CheckpointFolder<'a> {
    path: &'a Path,
    /// The job as it was first started; `None` before that.
    pub(super) job: Option<JobFile>,
}

impl<'a> CheckpointFolder<'a> {
    /// Looks into the folder, and makes nothing; `None` if there is to be none.
    ///
    /// # Errors
    /// If it holds a job and a new one is to begin, or none and one is to go on.
    pub(super) fn look(args: &'a RunArgs) -> Result<Option<Self>> {
        let Some(path) = args.checkpoint_dir.as_deref() else { return Ok(None) };
        let folder = Self { path, job: None };
        let job = if path.exists() { JobFile::read(&folder.open()?)? } else { None };
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
        Ok(DirectoryStorage::open(self.path, Kind::Checkpoints).map_err(Error::input)?)
    }

    /// Makes the clock of a job with this output: one that is taken up goes on with its own. A new
    /// one is written down.
    ///
    /// # Errors
    /// If the folder holds another job, or cannot be written to.
    pub(super) fn clock(&self, spec: &RunSpec, output: &str, tracing: bool) -> Result<RunClock> {
        let storage = self.open()?;
        let given = JobFile::new(spec, output);
        let age = match &self.job {
            Some(job) => {
                job.fits(&given, &self.path.display().to_string())?;
                job.age()
            }
            None => {
                given.write(&storage)?;
                ProcessingTime::ZERO
            }
        };
        clock_with(spec.clock, spec.seed, spec.parallelism, tracing, (storage, age))
    }
}
