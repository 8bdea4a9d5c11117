//! Where a run reads and writes, what it is checked against, and who listens.

use std::sync::Arc;

use dataflow::StopSignal;
use dataflow::job::storage::Storage;
use workloads::registry::AnyEvents;

use crate::files::rows::RowWriter;
use crate::measure::transactional::{CommitWatch, TopicOutput};
use crate::run::answer::Answer;
use crate::run::audience::Audience;
use crate::run::clock::RunClock;

/// Where a run reads and writes, what it is checked against, and who listens.
pub struct RunIo<'a> {
    /// Its events; generated from the spec if `None`.
    pub(crate) events: Option<&'a dyn AnyEvents>,
    /// Its clock; made from the spec if `None`.
    pub(crate) clock: Option<&'a RunClock>,
    /// Takes the rows, if anybody wants them.
    pub(crate) rows: Option<&'a RowWriter>,
    /// The folder that takes the rows under exactly-once, which has its own way of writing.
    pub(crate) folder: Option<&'a Arc<dyn Storage>>,
    /// The topic that takes the rows under exactly-once.
    pub(crate) topic: Option<&'a Arc<TopicOutput>>,
    /// Is told what a reader of that folder has come to see.
    pub(crate) watch: Option<&'a CommitWatch>,
    /// Whether the files of that folder are compared with what was written once the run is over.
    pub(crate) check_files: bool,
    /// Whether the process of a system is warmed up before.
    pub(crate) warms_up: bool,
    /// What its output is compared with.
    pub(crate) answer: Answer<'a>,
    /// Stops it.
    pub(crate) stop: &'a StopSignal,
    /// Is told how it goes.
    pub(crate) audience: &'a dyn Audience,
}

impl<'a> RunIo<'a> {
    /// For a run over generated events that writes its rows nowhere.
    pub const fn new(answer: Answer<'a>, stop: &'a StopSignal, audience: &'a dyn Audience) -> Self {
        Self {
            events: None,
            clock: None,
            rows: None,
            folder: None,
            topic: None,
            watch: None,
            check_files: true,
            warms_up: true,
            answer,
            stop,
            audience,
        }
    }

    /// Reads these events.
    #[must_use]
    pub fn events(self, events: &'a dyn AnyEvents) -> Self {
        Self { events: Some(events), ..self }
    }

    /// Runs on this clock.
    #[must_use]
    pub fn clock(self, clock: &'a RunClock) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// Writes rows, if there is a writer.
    #[must_use]
    pub fn rows(self, rows: Option<&'a RowWriter>) -> Self {
        Self { rows, ..self }
    }

    /// Commits rows into a folder, if there is one.
    #[must_use]
    pub fn folder(self, folder: Option<&'a Arc<dyn Storage>>) -> Self {
        Self { folder, ..self }
    }

    /// Publishes rows to a topic as they are committed, if there is one.
    #[must_use]
    pub fn topic(self, topic: Option<&'a Arc<TopicOutput>>) -> Self {
        Self { topic, ..self }
    }

    /// Tells of every commit into that folder, if somebody wants to know.
    #[must_use]
    pub fn watch(self, watch: Option<&'a CommitWatch>) -> Self {
        Self { watch, ..self }
    }

    /// Makes the run on a process as it is: its answer is what matters, or it warms up itself.
    #[must_use]
    pub const fn without_warm_up(self) -> Self {
        Self { warms_up: false, ..self }
    }

    /// Whether the folder's files are compared with what was written once the run is over.
    #[must_use]
    pub const fn check_files(self, check_files: bool) -> Self {
        Self { check_files, ..self }
    }
}
