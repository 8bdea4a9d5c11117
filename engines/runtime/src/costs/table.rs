//! What each kind of work costs, and who pays.

use std::fmt;

use dataflow::job::runtime::{CostKind, CostKinds, Work};

/// Who pays for work.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The core on which the task runs: as many at a time as there are cores.
    Core,
    /// The driver of a micro-batch job, or the coordinator of a pipelined one: one at a time.
    Driver,
}

impl Place {
    /// As profiles and results name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Driver => "driver",
        }
    }
}

/// Picoseconds of a nanosecond: prices are kept in them, as a byte costs less than a nanosecond.
const PICOS: u128 = 1_000;
/// The highest price, in nanoseconds: an hour.
pub const HIGHEST_PRICE_NANOS: f64 = 3.6e12;

/// The price of each kind of work in nanoseconds, and who pays it.
///
/// ```
/// use dataflow::job::runtime::{CostKind, Work};
/// use runtime::{CostTable, Place};
///
/// let costs = CostTable::FREE
///     .with(CostKind::Record, 10.0, Place::Core)
///     .with(CostKind::ExchangeByte, 0.25, Place::Core)
///     .with(CostKind::Batch, 1_000.0, Place::Driver);
/// let work = Work { records: 5, exchange_bytes: 8, batches: 1, ..Work::NONE };
/// assert_eq!(costs.nanos(&work, Place::Core), 52);
/// assert_eq!(costs.nanos(&work, Place::Driver), 1_000);
/// assert_eq!(costs.to_string(), "record 10 ns | exchange_byte 0.25 ns | batch 1000 ns (driver)");
/// ```
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct CostTable {
    picos: [u64; CostKind::COUNT],
    places: [Place; CostKind::COUNT],
}

impl CostTable {
    /// Everything is free: virtual time passes only where a task sleeps.
    pub const FREE: Self =
        Self { picos: [0; CostKind::COUNT], places: [Place::Core; CostKind::COUNT] };

    /// The same with this price for a kind, in nanoseconds, to the picosecond.
    ///
    /// # Panics
    /// Unless the price is between 0 and [`HIGHEST_PRICE_NANOS`].
    #[must_use]
    pub fn with(mut self, kind: CostKind, nanos: f64, place: Place) -> Self {
        assert!((0.0..=HIGHEST_PRICE_NANOS).contains(&nanos), "{kind} costs {nanos} ns");
        self.picos[kind as usize] = (nanos * PICOS as f64).round() as u64;
        self.places[kind as usize] = place;
        self
    }

    /// The price of a kind in nanoseconds.
    pub fn price(&self, kind: CostKind) -> f64 {
        self.picos[kind as usize] as f64 / PICOS as f64
    }

    /// Who pays for a kind.
    pub const fn place(&self, kind: CostKind) -> Place {
        self.places[kind as usize]
    }

    /// The kinds that are not free.
    pub fn kinds(&self) -> CostKinds {
        CostKind::ALL.into_iter().filter(|kind| self.picos[*kind as usize] > 0).collect()
    }

    /// The nanoseconds that `work` takes in a place, rounded, and held at [`u64::MAX`].
    pub fn nanos(&self, work: &Work, place: Place) -> u64 {
        let mut picos = 0;
        for kind in CostKind::ALL {
            if self.places[kind as usize] == place {
                picos += u128::from(self.picos[kind as usize]) * u128::from(work.of(kind));
            }
        }
        u64::try_from((picos + PICOS / 2) / PICOS).unwrap_or(u64::MAX)
    }

    /// The lower price of each kind in either table; who pays is said by this one.
    #[must_use]
    pub fn lower(mut self, other: &Self) -> Self {
        for (own, other) in self.picos.iter_mut().zip(other.picos) {
            *own = (*own).min(other);
        }
        self
    }
}

impl fmt::Display for CostTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.kinds();
        if kinds.is_empty() {
            return write!(f, "everything is free");
        }
        let priced = CostKind::ALL.into_iter().filter(|kind| kinds.contains(*kind));
        for (place, kind) in priced.enumerate() {
            let comma = if place > 0 { " | " } else { "" };
            write!(f, "{comma}{kind} {} ns", self.price(kind))?;
            if self.place(kind) == Place::Driver {
                write!(f, " (driver)")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_adds_up_in_its_place() {
        let mut costs = CostTable::FREE;
        assert_eq!(
            (costs.kinds(), costs.to_string().as_str()),
            (CostKinds::NONE, "everything is free")
        );
        for (number, kind) in (1_u32..).zip(CostKind::ALL) {
            let place = if number % 2 == 0 { Place::Driver } else { Place::Core };
            costs = costs.with(kind, f64::from(number), place);
        }
        assert_eq!(costs.kinds(), CostKinds::ALL);
        let work = Work { records: 3, buffers: 2, tasks: 1, snapshots: 10, ..Work::NONE };
        assert_eq!(costs.nanos(&work, Place::Core), 3 + 2 * 5);
        assert_eq!(costs.nanos(&work, Place::Driver), 6 + 10 * 12);
        assert_eq!(costs.nanos(&Work::NONE, Place::Core), 0);
    }

    #[test]
    fn parts_of_a_nanosecond_add_up_before_they_are_rounded() {
        let costs = CostTable::FREE.with(CostKind::ExchangeByte, 0.3, Place::Core);
        let bytes = |exchange_bytes| Work { exchange_bytes, ..Work::NONE };
        let nanos = [1, 2, 5, 1_000_000].map(|count| costs.nanos(&bytes(count), Place::Core));
        assert_eq!(nanos, [0, 1, 2, 300_000]);
    }

    #[test]
    fn a_cost_beyond_the_clock_is_held_at_its_end() {
        let costs = CostTable::FREE.with(CostKind::Record, 50.0, Place::Core);
        let work = Work { records: u64::MAX, ..Work::NONE };
        assert_eq!(costs.nanos(&work, Place::Core), u64::MAX);
    }
}
