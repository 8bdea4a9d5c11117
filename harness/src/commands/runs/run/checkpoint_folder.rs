//! The folder of `--checkpoint-dir`, and the job that it holds.

use std::path::Path;
use std::sync::Arc;

use dataflow::ProcessingTime;
use dataflow::job::storage::Storage;
use dataflow::record::content_hash::ContentHash;
use files::owned_folder::Found;
use files::{Kind, OwnedFolder};
use runtime::DirectoryStorage;

use crate::cli::RunArgs;
use crate::error::{Error, Result};
use crate::run::clock::RunClock;
use crate::run::job_file::JobFile;
use crate::run::job_input::HeldInput;
use crate::run::spec::RunSpec;

/// Where the checkpoints of a job survive the process.
pub(super) struct CheckpointFolder<'a> {
    path: &'a Path,
    /// The job as it was first started; `None` before that.
    pub(super) job: Option<FormerJob>,
}

/// A job that a folder holds.
pub(super) struct FormerJob {
    pub(super) file: JobFile,
    /// By what its checkpoints know it.
    seal: ContentHash,
    /// What its input held at each start.
    held: HeldInput,
}

impl<'a> CheckpointFolder<'a> {
    /// Looks into the folder, and makes nothing; `None` if there is to be none.
    ///
    /// # Errors
    /// If it holds a job and a new one is to begin, or none and one is to go on.
    pub(super) fn look(args: &'a RunArgs) -> Result<Option<Self>> {
        let Some(path) = args.checkpoint_dir.as_deref() else { return Ok(None) };
        let folder = Self { path, job: None };
        let place = path.display();
        let is_ours = path.exists()
            && OwnedFolder::look(path, Kind::Checkpoints).map_err(Error::input)? == Found::Marked;
        let job = if is_ours { folder.former()? } else { None };
        match (&job, args.resume) {
            (Some(_), false) => Err(Error::Input(format!(
                "{place} already holds a job; --resume goes on with it, and an empty folder \
                 begins a new one"
            ))),
            (None, true) => Err(Error::Input(format!("{place} holds no job to go on with"))),
            _ => Ok(Some(Self { path, job })),
        }
    }

    fn former(&self) -> Result<Option<FormerJob>> {
        let storage = self.open()?;
        let Some((file, seal)) = JobFile::read(&storage)? else { return Ok(None) };
        let held = file.held(&storage)?;
        Ok(Some(FormerJob { file, seal, held }))
    }

    fn open(&self) -> Result<Arc<dyn Storage>> {
        Ok(DirectoryStorage::open(self.path, Kind::Checkpoints).map_err(Error::input)?)
    }

    /// What the input held at each start; `None` before the first.
    pub(super) fn held(&self) -> Option<&HeldInput> {
        self.job.as_ref().map(|job| &job.held)
    }

    /// Refuses a job that is not the one in the folder.
    ///
    /// # Errors
    /// Says what differs.
    pub(super) fn check(&self, given: &JobFile) -> Result<()> {
        let place = self.path.display().to_string();
        self.job.as_ref().map_or(Ok(()), |job| job.file.fits(given, &place))
    }

    /// Makes the clock of a job that [`CheckpointFolder::check`] has found to be the one of the
    /// folder: one that is taken up goes on with its own. A new one is written down. Returns the clock, and by what checkpoints know the job.
    ///
    /// # Errors
    /// If another run has begun a job there, or the folder cannot be written to.
    pub(super) fn clock(
        &self,
        spec: &RunSpec,
        given: &JobFile,
        tracing: bool,
    ) -> Result<(RunClock, ContentHash)> {
        let storage = self.open()?;
        // Another run may have begun here since this one has looked.
        let found = JobFile::read(&storage)?.map(|(_, seal)| seal);
        if found != self.job.as_ref().map(|job| job.seal) {
            let place = self.path.display();
            return Err(Error::Input(format!("another run has begun a job in {place} meanwhile")));
        }
        let (age, seal) = match &self.job {
            Some(FormerJob { file, seal, held }) => {
                given.note_held(held, &storage)?;
                (file.age(), *seal)
            }
            None => (ProcessingTime::ZERO, given.write(&storage)?),
        };
        let from = (storage, age);
        Ok((spec.run_clock_with(tracing, from)?, seal))
    }
}
