//! Which files are needed no more: those behind the batches that are kept.

use std::collections::{BTreeMap, VecDeque};

use crate::state_store::{StateFile, commit_name, offset_name};

/// What is kept of logs and state versions: what a restart needs, and a number of batches besides.
///
/// It knows what there is by what it was told, so that a batch's end lists no directory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Retention {
    /// Committed batches that are kept.
    batches: u64,
    /// The oldest batch that may still have a log.
    oldest_log: u64,
    /// The state version that this attempt has taken up: its own are newer, and its first of
    /// every partition is full.
    taken_up: u64,
    /// State that earlier attempts have left.
    former: Vec<StateFile>,
    /// State of this attempt: versions of a stage's partition, and whether they are full.
    written: BTreeMap<(usize, u32), VecDeque<(u64, bool)>>,
}

impl Retention {
    /// Of an attempt that begins with state version `taken_up` and finds these files. Of
    /// `partitions` per stage its own versions overwrite what an unfinished batch has left.
    pub(crate) fn new(
        batches: u64,
        oldest_log: u64,
        taken_up: u64,
        former: Vec<StateFile>,
        partitions: &[u32],
    ) -> Self {
        let overwritten = |file: &StateFile| {
            let owned = partitions.get(file.stage).is_some_and(|count| file.partition < *count);
            owned && file.version > taken_up
        };
        let former = former.into_iter().filter(|file| !overwritten(file)).collect();
        Self { batches, oldest_log, taken_up, former, written: BTreeMap::new() }
    }

    /// A partition has written a version of its state.
    pub(crate) fn wrote(&mut self, stage: usize, partition: u32, version: u64, full: bool) {
        self.written.entry((stage, partition)).or_default().push_back((version, full));
    }

    /// Files that may go once this batch is committed.
    pub(crate) fn expired(&mut self, committed: u64) -> Vec<String> {
        let oldest_batch = (committed + 1).saturating_sub(self.batches);
        let logs = self.oldest_log..oldest_batch.max(self.oldest_log);
        self.oldest_log = logs.end;
        let mut expired: Vec<String> =
            logs.flat_map(|batch| [offset_name(batch), commit_name(batch)]).collect();
        let oldest_version = oldest_batch + 1;
        let taken_up = self.taken_up;
        self.former.retain(|file| {
            let keep = file.version.max(taken_up) >= oldest_version;
            if !keep {
                expired.push(file.name());
            }
            keep
        });
        for (&(stage, partition), versions) in &mut self.written {
            let is_base = |&(version, full): &(u64, bool)| full && version <= oldest_version;
            let base = versions.iter().rposition(is_base).unwrap_or(0);
            for (version, _) in versions.drain(..base) {
                expired.push(StateFile { stage, partition, version }.name());
            }
        }
        expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(partition: u32, version: u64) -> StateFile {
        StateFile { stage: 1, partition, version }
    }

    #[test]
    fn logs_are_kept_for_as_many_batches_as_are_asked_for() {
        let mut retention = Retention { batches: 2, ..Retention::default() };
        assert_eq!(retention.expired(0), [""; 0]);
        assert_eq!(retention.expired(1), [""; 0]);
        assert_eq!(retention.expired(2), [offset_name(0), commit_name(0)]);
        assert_eq!(retention.expired(3), [offset_name(1), commit_name(1)]);
    }

    #[test]
    fn a_version_goes_only_when_no_kept_one_is_a_delta_to_it() {
        let mut retention = Retention { batches: 1, oldest_log: 99, ..Retention::default() };
        let mut gone = Vec::new();
        for (version, full) in [(1, true), (2, false), (3, false), (4, true), (5, false)] {
            retention.wrote(1, 0, version, full);
            gone.push(retention.expired(version - 1));
        }
        let none = Vec::<String>::new();
        let first = vec![file(0, 1).name(), file(0, 2).name(), file(0, 3).name()];
        assert_eq!(gone, [none.clone(), none.clone(), none.clone(), first, none]);
    }

    #[test]
    fn the_base_of_the_oldest_kept_version_stays() {
        let mut retention = Retention { batches: 2, oldest_log: 99, ..Retention::default() };
        for (version, full) in [(1, true), (2, false), (3, true)] {
            retention.wrote(1, 0, version, full);
            assert_eq!(retention.expired(version - 1), [""; 0], "version {version}");
        }
        retention.wrote(1, 0, 4, false);
        assert_eq!(retention.expired(3), [file(0, 1).name(), file(0, 2).name()]);
    }

    #[test]
    fn what_earlier_attempts_left_goes_once_this_ones_own_versions_suffice() {
        let left = vec![file(0, 3), file(0, 5), file(0, 6), file(1, 5), file(1, 6)];
        // One partition instead of two: its version 6 is overwritten, the other's is not.
        let mut retention = Retention::new(1, 99, 5, left, &[1, 1]);
        retention.wrote(1, 0, 6, true);
        let gone = retention.expired(5);
        assert_eq!(gone, [file(0, 3).name(), file(0, 5).name(), file(1, 5).name()]);
        retention.wrote(1, 0, 7, true);
        assert_eq!(retention.expired(6), [file(1, 6).name(), file(0, 6).name()]);
    }

    #[test]
    fn with_many_batches_kept_the_former_state_stays_with_them() {
        let mut retention = Retention::new(3, 99, 5, vec![file(0, 4), file(0, 5)], &[1, 1]);
        for version in 6..8 {
            retention.wrote(1, 0, version, version == 6);
            assert_eq!(retention.expired(version - 1), [""; 0], "version {version}");
        }
        retention.wrote(1, 0, 8, false);
        assert_eq!(retention.expired(7), [file(0, 4).name(), file(0, 5).name()]);
    }
}
