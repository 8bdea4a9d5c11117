//! What an implementation of a model does that costs something: kinds of work, and how much of each.

use std::fmt;
use std::ops::AddAssign;

/// A kind of work. A table of prices has a price for each, and says who pays: the core that a task runs
/// on, or the one thread of a driver or coordinator.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CostKind {
    /// A record that is read from a source, taken from a buffer or block, or made from state.
    Record,
    /// A byte that is sent from one stage to the next, as buffers count them.
    ExchangeByte,
    /// A record that a stage behind a hash exchange takes in: it looks its key up.
    StateAccess,
    /// A key whose row is made at the end of a unit of work, a micro-batch or a mini-batch, as it has
    /// changed in it (`changes=last-per-key`).
    UpdatedKey,
    /// A buffer or block received, whatever it holds.
    Buffer,
    /// A task launched, whatever it does (micro-batch).
    Task,
    /// A stage of a batch begun (micro-batch).
    Stage,
    /// A batch planned, once its offsets are cut (micro-batch).
    Batch,
    /// The offsets of a batch logged (micro-batch).
    LogWrite,
    /// The end of a batch logged (micro-batch).
    Commit,
    /// A checkpoint begun by its coordinator (pipelined).
    Checkpoint,
    /// The state of a subtask copied for a checkpoint, while it processes nothing (pipelined).
    Snapshot,
}

impl CostKind {
    /// How many there are.
    pub const COUNT: usize = 12;
    /// All.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Record,
        Self::ExchangeByte,
        Self::StateAccess,
        Self::UpdatedKey,
        Self::Buffer,
        Self::Task,
        Self::Stage,
        Self::Batch,
        Self::LogWrite,
        Self::Commit,
        Self::Checkpoint,
        Self::Snapshot,
    ];

    /// As profiles, settings and results name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::ExchangeByte => "exchange_byte",
            Self::StateAccess => "state_access",
            Self::UpdatedKey => "updated_key",
            Self::Buffer => "buffer",
            Self::Task => "task",
            Self::Stage => "stage",
            Self::Batch => "batch",
            Self::LogWrite => "log_write",
            Self::Commit => "commit",
            Self::Checkpoint => "checkpoint",
            Self::Snapshot => "snapshot",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for CostKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A set of kinds of work: those that have a price in a run. The others need not be counted.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct CostKinds(u16);

impl CostKinds {
    /// None.
    pub const NONE: Self = Self(0);
    /// All.
    pub const ALL: Self = Self((1 << CostKind::COUNT) - 1);

    /// These and one more.
    #[must_use]
    pub const fn with(self, kind: CostKind) -> Self {
        Self(self.0 | 1 << kind as u16)
    }

    /// Whether this one is among them.
    #[inline]
    pub const fn contains(self, kind: CostKind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }

    /// Whether there are none.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<CostKind> for CostKinds {
    fn from_iter<I: IntoIterator<Item = CostKind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::NONE, Self::with)
    }
}

/// Work that was just done, in countable units. A runtime turns it into nanoseconds by its prices;
/// without prices, on the wall clock, it has already taken its time.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// [`CostKind::Record`].
    pub records: u64,
    /// [`CostKind::ExchangeByte`].
    pub exchange_bytes: u64,
    /// [`CostKind::StateAccess`].
    pub state_accesses: u64,
    /// [`CostKind::UpdatedKey`].
    pub updated_keys: u64,
    /// [`CostKind::Buffer`].
    pub buffers: u64,
    /// [`CostKind::Task`].
    pub tasks: u64,
    /// [`CostKind::Stage`].
    pub stages: u64,
    /// [`CostKind::Batch`].
    pub batches: u64,
    /// [`CostKind::LogWrite`].
    pub log_writes: u64,
    /// [`CostKind::Commit`].
    pub commits: u64,
    /// [`CostKind::Checkpoint`].
    pub checkpoints: u64,
    /// [`CostKind::Snapshot`].
    pub snapshots: u64,
}

impl Work {
    /// None.
    pub const NONE: Self = Self {
        records: 0,
        exchange_bytes: 0,
        state_accesses: 0,
        updated_keys: 0,
        buffers: 0,
        tasks: 0,
        stages: 0,
        batches: 0,
        log_writes: 0,
        commits: 0,
        checkpoints: 0,
        snapshots: 0,
    };

    /// How much of a kind.
    pub const fn of(&self, kind: CostKind) -> u64 {
        match kind {
            CostKind::Record => self.records,
            CostKind::ExchangeByte => self.exchange_bytes,
            CostKind::StateAccess => self.state_accesses,
            CostKind::UpdatedKey => self.updated_keys,
            CostKind::Buffer => self.buffers,
            CostKind::Task => self.tasks,
            CostKind::Stage => self.stages,
            CostKind::Batch => self.batches,
            CostKind::LogWrite => self.log_writes,
            CostKind::Commit => self.commits,
            CostKind::Checkpoint => self.checkpoints,
            CostKind::Snapshot => self.snapshots,
        }
    }

    /// Whether there is none.
    #[inline]
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }
}

impl AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.exchange_bytes += other.exchange_bytes;
        self.state_accesses += other.state_accesses;
        self.updated_keys += other.updated_keys;
        self.buffers += other.buffers;
        self.tasks += other.tasks;
        self.stages += other.stages;
        self.batches += other.batches;
        self.log_writes += other.log_writes;
        self.commits += other.commits;
        self.checkpoints += other.checkpoints;
        self.snapshots += other.snapshots;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_named_counted_and_in_its_place() {
        let names: Vec<&str> = CostKind::ALL.map(CostKind::name).to_vec();
        for (place, kind) in CostKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
            assert_eq!(CostKind::named(names[place]), Some(kind));
            assert!(CostKinds::ALL.contains(kind) && !CostKinds::NONE.contains(kind));
            assert!(CostKinds::NONE.with(kind).contains(kind));
        }
        assert_eq!(CostKind::named("recrod"), None);
        let mut work = Work {
            records: 1,
            exchange_bytes: 2,
            state_accesses: 3,
            updated_keys: 4,
            buffers: 5,
            tasks: 6,
            stages: 7,
            batches: 8,
            log_writes: 9,
            commits: 10,
            checkpoints: 11,
            snapshots: 12,
        };
        work += work;
        let counts = CostKind::ALL.map(|kind| work.of(kind));
        assert_eq!(counts, [2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24]);
        assert!(Work::NONE.is_none() && !work.is_none());
    }
}
