//! A profile: what each kind of work costs an implementation, and where that was measured.

use dataflow::job::runtime::CostKind;
use runtime::Place;

/// What work costs an implementation, measured on a machine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Profile {
    /// As results and verdicts name it.
    pub(crate) name: String,
    /// Of what, in a sentence.
    pub(crate) about: String,
    /// Where it was measured.
    pub(crate) machine: String,
    /// When, as `YYYY-MM-DD`.
    pub(crate) date: String,
    /// How.
    pub(crate) method: String,
    /// How far it is off, by what it left out of its own fit.
    pub(crate) error: String,
    /// Kinds that are not free, in the order of [`CostKind::ALL`].
    pub(crate) costs: Vec<Cost>,
}

/// What one kind of work costs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cost {
    pub(crate) kind: CostKind,
    pub(crate) place: Place,
    pub(crate) price: Price,
    /// What our own work took on the same machine; that of the shipped profile `bare` if it is absent.
    pub(crate) bare: Option<Price>,
}

/// A price in nanoseconds, which may depend on how many keys there are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Price {
    /// Numbers of keys with their prices, by rising number; one, and any number of keys, if the price
    /// does not depend on them.
    points: Vec<(f64, f64)>,
}

impl Price {
    /// One that depends on nothing.
    pub(crate) fn flat(nanos: f64) -> Self {
        Self { points: vec![(1.0, nanos)] }
    }

    /// Through these numbers of keys, which rise.
    pub(crate) fn through(points: Vec<(f64, f64)>) -> Self {
        Self { points }
    }

    /// Numbers of keys with their prices.
    pub(crate) fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// At a number of keys: between two points along the logarithm, as caches are outgrown step by
    /// step, and beyond the first and the last point that of the point. Without a number of keys that
    /// of the first.
    pub(crate) fn at(&self, keys: Option<f64>) -> f64 {
        let (first, last) = (self.points[0], self.points[self.points.len() - 1]);
        let keys = keys.unwrap_or(first.0).clamp(first.0, last.0);
        for pair in self.points.windows(2) {
            let ((low, cheap), (high, dear)) = (pair[0], pair[1]);
            if keys <= high {
                let share = (keys / low).ln() / (high / low).ln();
                return cheap + share * (dear - cheap);
            }
        }
        first.1
    }
}

/// Who pays for a kind of work, unless a profile says otherwise.
pub(crate) const fn place(kind: CostKind) -> Place {
    match kind {
        CostKind::Record
        | CostKind::ExchangeByte
        | CostKind::StateAccess
        | CostKind::UpdatedKey
        | CostKind::Buffer
        | CostKind::Task
        | CostKind::Snapshot => Place::Core,
        CostKind::Stage
        | CostKind::Batch
        | CostKind::LogWrite
        | CostKind::Commit
        | CostKind::Checkpoint => Place::Driver,
    }
}

impl Profile {
    /// What a kind of work costs, unless it is free.
    pub(crate) fn of(&self, kind: CostKind) -> Option<&Cost> {
        self.costs.iter().find(|cost| cost.kind == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_between_two_numbers_of_keys_lies_between_theirs() {
        let price = Price::through(vec![(1e3, 100.0), (1e5, 300.0)]);
        let at = |keys| price.at(Some(keys));
        assert_eq!([at(1e3), at(1e4), at(1e5)], [100.0, 200.0, 300.0]);
        assert_eq!([at(1.0), at(1e9), price.at(None)], [100.0, 300.0, 100.0]);
        assert_eq!(Price::flat(7.0).at(Some(1e6)), 7.0);
    }
}
