//! The two logs of a job, and the rule by which a restart goes on from them.
//!
//! A batch is logged before it runs and committed after its results are where they belong, so at
//! most the last logged batch is open when a job fails, and it can be run again as it was.

use std::ops::Range;

use dataflow::exchange::sink::CommitHead;
use dataflow::job::plan::Layout;
use dataflow::placement::PlacementKind;
use dataflow::record::content_hash::ContentHash;
use dataflow::{EventTime, ProcessingTime};
use serde::{Deserialize, Serialize};

/// Everything that decides what a batch does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchSpec {
    /// Batch id, from 0. It opens the state version of this number and commits the next.
    pub batch: u64,
    /// Offsets to read of every split.
    pub ranges: Vec<Range<u64>>,
    /// The watermark in force: applied once, after the records.
    pub watermark: EventTime,
    /// The watermark that the batch before applied: it decides what is late.
    pub applied: EventTime,
    /// The newest event time of every split, of all batches before.
    pub newest: Vec<EventTime>,
    /// The processing time that operators meet.
    pub processing_time: ProcessingTime,
    /// Whether this is the batch without data that ends the job and releases everything.
    pub last: bool,
}

impl BatchSpec {
    /// Offsets in the batch: as many events, or fewer where these have gaps.
    pub fn offsets(&self) -> u64 {
        self.ranges.iter().map(|range| range.end - range.start).sum()
    }
}

/// `offsets/<batch>`: written before the batch runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetLog {
    /// The names of the job's stages.
    pub job: Vec<String>,
    /// The job's.
    pub identity: ContentHash,
    /// The batch.
    pub spec: BatchSpec,
    /// The seal of the commit log of the batch before; `None` for the first batch.
    pub after: Option<ContentHash>,
}

/// `commits/<batch>`: written once the batch's state and results are durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitLog {
    /// The newest event time of every split so far: the next batch's watermark comes from them.
    pub newest: Vec<EventTime>,
    /// The watermark that this batch applied.
    pub applied: EventTime,
    /// Events that have been read of every split, those of this batch among them.
    pub events: Vec<u64>,
    /// The layout in which the batch has written its state version.
    pub layout: LoggedLayout,
    /// The newest commit of the output by then; an output that does not have it has lost results.
    pub output: Option<CommitHead>,
    /// The seal of the batch's offset log.
    pub offsets: ContentHash,
    /// Per stage and partition: the seal of its state version.
    pub state: Vec<Vec<ContentHash>>,
}

/// By what a state version is spread over files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedLayout {
    /// Partitions per stage.
    pub partitions: Vec<u32>,
    /// How keys find their partition.
    pub placement: PlacementKind,
    /// `max_parallelism` of key-group placement; `None` for the default.
    pub max_parallelism: Option<u32>,
}

impl LoggedLayout {
    /// That of a running job.
    pub fn of(layout: &Layout) -> Self {
        Self {
            partitions: layout.parallelism.clone(),
            placement: layout.placement,
            max_parallelism: layout.max_parallelism,
        }
    }
}

/// What a restart finds of the logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogContents {
    /// The latest batch in the offset log.
    pub logged: Option<u64>,
    /// The latest batch in the commit log.
    pub committed: Option<u64>,
    /// Whether the latest file of the offset log cannot be read.
    pub damaged: bool,
    /// Whether there is state that only the latest logged batch can have written.
    pub started: bool,
}

/// Where a job goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// At the first batch.
    Fresh,
    /// Behind this batch, which was committed.
    After(u64),
    /// With this batch once more, exactly as it was logged.
    Again(u64),
    /// The latest file of the offset log never became whole, and its batch never began: without
    /// it, what is decided is this (`None`: at the first batch).
    WithoutLatest(Option<u64>),
    /// The latest file of the offset log is damaged, and its batch may have begun.
    Damaged(u64),
    /// No job can have left these logs.
    Inconsistent,
}

/// The recovery rule.
pub fn decide(found: LogContents) -> Decision {
    let LogContents { logged, committed, damaged, started } = found;
    let Some(latest) = logged else {
        let nothing = committed.is_none() && !started;
        return if nothing { Decision::Fresh } else { Decision::Inconsistent };
    };
    let open = committed == latest.checked_sub(1);
    match (damaged, open) {
        (true, true) if !started => Decision::WithoutLatest(committed),
        (true, _) => Decision::Damaged(latest),
        (false, true) => Decision::Again(latest),
        (false, false) if committed == logged => Decision::After(latest),
        (false, false) => Decision::Inconsistent,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dataflow::job::recovery::seal::{load_existing, save};

    use super::*;

    fn found(logged: Option<u64>, committed: Option<u64>) -> LogContents {
        LogContents { logged, committed, ..LogContents::default() }
    }

    #[test]
    fn nothing_found_is_a_fresh_start() {
        assert_eq!(decide(found(None, None)), Decision::Fresh);
    }

    #[test]
    fn a_committed_batch_is_followed_by_the_next() {
        assert_eq!(decide(found(Some(0), Some(0))), Decision::After(0));
        assert_eq!(decide(found(Some(7), Some(7))), Decision::After(7));
    }

    #[test]
    fn a_batch_that_was_not_committed_runs_again_whether_or_not_it_began() {
        for started in [false, true] {
            let run =
                |logged, committed| decide(LogContents { started, ..found(logged, committed) });
            assert_eq!(run(Some(0), None), Decision::Again(0));
            assert_eq!(run(Some(7), Some(6)), Decision::Again(7));
        }
    }

    #[test]
    fn logs_that_no_job_leaves_are_refused() {
        for (logged, committed) in
            [(None, Some(0)), (Some(1), None), (Some(7), Some(5)), (Some(7), Some(8))]
        {
            assert_eq!(decide(found(logged, committed)), Decision::Inconsistent);
        }
        assert_eq!(
            decide(LogContents { started: true, ..found(None, None) }),
            Decision::Inconsistent
        );
    }

    #[test]
    fn a_torn_offset_log_is_dropped_only_when_its_batch_cannot_have_begun() {
        let torn = |logged, committed| LogContents { damaged: true, ..found(logged, committed) };
        assert_eq!(decide(torn(Some(0), None)), Decision::WithoutLatest(None));
        assert_eq!(decide(torn(Some(7), Some(6))), Decision::WithoutLatest(Some(6)));
        let began = |it| decide(LogContents { started: true, ..it });
        assert_eq!(began(torn(Some(7), Some(6))), Decision::Damaged(7));
        assert_eq!(decide(torn(Some(7), Some(7))), Decision::Damaged(7), "it was committed");
        assert_eq!(decide(torn(Some(7), Some(5))), Decision::Damaged(7), "a commit is missing");
    }

    #[test]
    fn both_logs_come_back_as_they_were_written() {
        let log = OffsetLog {
            job: vec!["source".to_owned(), "window".to_owned()],
            identity: ContentHash([2; 16]),
            spec: BatchSpec {
                batch: 3,
                ranges: vec![5..9, 4..4],
                watermark: EventTime::MAX,
                applied: EventTime::MIN,
                newest: vec![EventTime(-7), EventTime::MIN],
                processing_time: ProcessingTime(11),
                last: true,
            },
            after: Some(ContentHash([3; 16])),
        };
        assert_eq!(log.spec.offsets(), 4);
        let layout = LoggedLayout {
            partitions: vec![2, 3],
            placement: PlacementKind::Ring { points: 64, seed: 7, lost: Some(2) },
            max_parallelism: Some(9),
        };
        let commit = CommitLog {
            newest: vec![EventTime(4), EventTime::MIN],
            applied: EventTime(2),
            events: vec![7, 0],
            layout,
            output: None,
            offsets: ContentHash([4; 16]),
            state: vec![vec![ContentHash([5; 16])], Vec::new()],
        };
        let time = runtime::VirtualTime::new(runtime::VirtualOptions::default());
        let storage: Arc<dyn dataflow::job::storage::Storage> = runtime::MemoryStorage::new();
        let body = async move {
            let seal = save(&storage, "offsets/3", &log).await.unwrap();
            assert_eq!(load_existing(&storage, "offsets/3").await, Ok((log, seal)));
            let seal = save(&storage, "commits/3", &commit).await.unwrap();
            assert_eq!(load_existing(&storage, "commits/3").await, Ok((commit, seal)));
        };
        dataflow::job::runtime::Runtime::block_on(&*time, Box::pin(body)).unwrap();
    }
}
