//! A stage's state and tallies, saved together: what an attempt that takes them up goes on from.

use serde::{Deserialize, Serialize};

use crate::exchange::outbox::Outbox;
use crate::operator::Counters;
use crate::operator::lateness::LateLog;
use crate::operator::snapshot::{Snapshot, Version};

/// How a stage's state is saved.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Save {
    /// All of it, and a delta may be asked for later.
    Full,
    /// All of it, and no delta is asked for later: unlike after [`Save::Full`], records then do not
    /// pay for remembering what they change.
    Alone,
    /// What has changed since this version, which was the last one saved.
    Since(Version),
}

/// What one subtask of a stage leaves behind at a cut through the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedState {
    /// The state.
    pub snapshot: Snapshot,
    /// What had been counted by then.
    pub tally: Tally,
}

/// What one subtask of a stage has counted since the job began. Results report it, so it is saved
/// with the state: after a restart every record counts once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// What operators have counted.
    pub counters: Counters,
    /// Late records that they have noted.
    pub late: LateLog,
    /// Records per outgoing edge and channel.
    pub loads: Vec<Vec<u64>>,
    /// Bytes per outgoing edge.
    pub bytes: Vec<u64>,
    /// Records handed to the sink.
    pub records_out: u64,
}

impl Tally {
    pub(crate) fn of(outbox: &Outbox, records_out: u64) -> Self {
        let (loads, bytes) = (outbox.loads().to_vec(), outbox.bytes().to_vec());
        let (counters, late) = (outbox.counters, outbox.late.clone());
        Self { counters, late, loads, bytes, records_out }
    }

    /// The tallies of a stage's former subtasks as those of another number of subtasks: sums go to
    /// the first. Records per channel are left out, since another layout has other channels.
    pub fn redealt(former: &[Self], subtasks: usize) -> Vec<Self> {
        let mut sum = Self::default();
        for tally in former {
            sum.counters.merge(&tally.counters);
            sum.records_out += tally.records_out;
        }
        // Every subtask closes the same windows: their number is the largest and not the sum.
        let windows_closed = sum.counters.windows_closed;
        let others = Counters { windows_closed, ..Counters::default() };
        let mut dealt = vec![Self { counters: others, ..Self::default() }; subtasks];
        if let Some(first) = dealt.first_mut() {
            *first = sum;
        }
        let late = LateLog::dealt(former.iter().map(|tally| &tally.late), subtasks);
        dealt.iter_mut().zip(late).for_each(|(tally, late)| tally.late = late);
        dealt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redealt_tallies_add_up_to_the_same() {
        let tally = |late_records, windows_closed, records_out| Tally {
            counters: Counters { late_records, windows_closed, fired: late_records },
            late: LateLog::default(),
            loads: vec![vec![1, 2]],
            bytes: vec![96],
            records_out,
        };
        let dealt = Tally::redealt(&[tally(3, 8, 1), tally(4, 9, 2)], 3);
        let mut sum = Counters::default();
        dealt.iter().for_each(|it| sum.merge(&it.counters));
        assert_eq!(sum, Counters { late_records: 7, windows_closed: 9, fired: 7 });
        assert_eq!(dealt.iter().map(|it| it.records_out).collect::<Vec<_>>(), [3, 0, 0]);
        assert!(dealt.iter().all(|it| it.loads.is_empty() && it.counters.windows_closed == 9));
    }
}
