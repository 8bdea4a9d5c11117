//! The sink of a run: seen at once, or once committed.

use dataflow::exchange::failure::FailureKind;
use std::sync::{Arc, Mutex};

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::runtime::Runtime;
use reports::schema::OutputFiles;

use crate::error::{Error, Result};
use crate::files::at_once::at_once;
use crate::measure::latency::Recorder;
use crate::measure::sink::{SinkMeasurement, measuring};
use crate::measure::transactional::{
    CheckedOutput, Options, SINK, TopicCheck, Transactional, transactional,
};
use crate::run::io::RunIo;
use crate::run::spec::RunSpec;

/// Where results go, and what has been measured of them.
#[derive(Clone)]
pub(super) enum RunSink {
    /// Seen at once.
    AtOnce(SinkSlot, Arc<Mutex<SinkMeasurement>>),
    /// Seen once committed; one for each start of the job.
    Committed(Box<Options>, Arc<Mutex<Vec<Arc<Transactional>>>>),
}

impl RunSink {
    pub(super) fn new(
        spec: &RunSpec,
        io: &RunIo<'_>,
        latency: Option<Recorder>,
        runtime: &Arc<dyn Runtime>,
    ) -> Self {
        if !spec.commits_here() {
            let (slot, measured) = measuring(latency, io.rows.cloned());
            return Self::AtOnce(slot, measured);
        }
        let wants = Recorder::wants(latency.as_ref(), io.folder.is_some() || io.topic.is_some());
        let (storage, prefix) = match io.folder {
            Some(folder) => (Arc::clone(folder), String::new()),
            None => (runtime.storage(), SINK.to_owned()),
        };
        let watch = io.watch.cloned();
        let topic = io.topic.cloned();
        let options = Options { storage, prefix, wants, latency, watch, topic };
        Self::Committed(Box::new(options), Arc::default())
    }

    /// The sink of a job that is about to start.
    pub(super) fn open(&self) -> SinkSlot {
        match self {
            Self::AtOnce(slot, _) => slot.clone(),
            Self::Committed(options, opened) => {
                let (slot, transactional) = transactional((**options).clone());
                opened.lock().expect("no holder fails").push(transactional);
                slot
            }
        }
    }

    /// Holds the files of a folder of results against what was committed, by earlier processes too;
    /// `None` where there is no such folder.
    ///
    /// # Errors
    /// When a file is missing, altered or there twice, and when one cannot be read.
    pub(super) fn files(&self, io: &RunIo<'_>) -> Result<Option<OutputFiles>> {
        let Self::Committed(_, opened) = self else { return Ok(None) };
        if io.folder.is_none() {
            return Ok(None);
        }
        if !io.check_files {
            return Ok(Some(OutputFiles::default()));
        }
        let newest = opened.lock().expect("no holder fails").last().map(Arc::clone);
        let Some(newest) = newest else { return Ok(None) };
        let CheckedOutput { parts, bytes } = at_once(async move { Ok(newest.check().await) })?
            .map_err(|error| {
                if error.kind == FailureKind::Damaged {
                    Error::input(error)
                } else {
                    Error::run(error)
                }
            })?;
        Ok(Some(OutputFiles { checked: true, parts, bytes }))
    }

    /// Holds the rows of a topic against what was published, by earlier processes too; `None` where
    /// there is no such topic.
    ///
    /// # Errors
    /// When they differ.
    pub(super) fn topic(&self, io: &RunIo<'_>) -> Result<Option<TopicCheck>> {
        match io.topic {
            Some(topic) if io.check_files => topic.check().map(Some),
            Some(_) => Ok(Some(TopicCheck::LeftOut)),
            None => Ok(None),
        }
    }

    /// Everything that was seen: by an earlier process too, as far as the digest is concerned.
    pub(super) fn measured(&self) -> SinkMeasurement {
        match self {
            Self::AtOnce(_, measured) => {
                std::mem::take(&mut *measured.lock().expect("every sink is gone"))
            }
            Self::Committed(_, opened) => {
                let opened = opened.lock().expect("no holder fails");
                let mut all = SinkMeasurement::default();
                for transactional in &*opened {
                    let own = transactional.measured();
                    // The newest one has added up what all have committed.
                    all.digest = own.digest;
                    match (&mut all.latency, own.latency) {
                        (Some(latency), Some(own)) => latency.merge(&own),
                        (latency, own) => *latency = own,
                    }
                }
                all
            }
        }
    }
}
