//! Draws from any discrete distribution in constant time.

use crate::random::below;

/// Keys up to which keys are drawn from a table, of 8 bytes a key.
pub(crate) const TABLE_KEYS: u64 = 1 << 22;

/// An alias table (Walker, Vose): as many cells as outcomes, each shared by at most two of them.
///
/// `rand_distr` has one too, but it takes two draws and touches two arrays. A cell here is 8 bytes,
/// so that a draw costs one multiplication and one access to memory.
#[derive(Clone, Debug)]
pub struct AliasTable {
    cells: Box<[Cell]>,
}

#[derive(Copy, Clone, Debug)]
struct Cell {
    /// The cell's own outcome has this share of it, in units of 2^-32.
    own: u32,
    /// The outcome that has the rest.
    alias: u32,
}

impl AliasTable {
    /// For outcomes `0..weights.len()`, each as likely as its weight says. Probabilities are exact
    /// to 2^-32, and so do not depend on the last bits of the weights.
    ///
    /// # Panics
    /// Without weights, with more than 2^32, and when a weight is negative or not finite or all
    /// are 0.
    pub fn new(weights: &[f64]) -> Self {
        let count = u32::try_from(weights.len()).expect("at most 2^32 outcomes");
        let sum: f64 = weights.iter().sum();
        assert!(sum > 0.0 && sum.is_finite(), "weights have a sum");
        assert!(weights.iter().all(|weight| *weight >= 0.0), "no weight is negative");
        let mut shares: Vec<f64> =
            weights.iter().map(|weight| weight / sum * f64::from(count)).collect();
        let mut cells: Vec<Cell> = (0..count).map(|alias| Cell { own: u32::MAX, alias }).collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..count).partition(|&outcome| shares[outcome as usize] < 1.0);
        // A cell that is left over in the end is full, apart from rounding, and is its own alias.
        while let (Some(poor), Some(&rich)) = (small.pop(), large.last()) {
            let share = shares[poor as usize];
            cells[poor as usize] = Cell { own: (share * TWO_TO_32) as u32, alias: rich };
            shares[rich as usize] -= 1.0 - share;
            if shares[rich as usize] < 1.0 {
                large.pop();
                small.push(rich);
            }
        }
        Self { cells: cells.into() }
    }

    /// The outcome of a draw.
    #[inline]
    pub fn pick(&self, draw: u64) -> u64 {
        let count = self.cells.len() as u64;
        let number = below(draw, count);
        let cell = self.cells[number as usize];
        // What the multiplication leaves below the number is uniform within the cell.
        let within = (draw.wrapping_mul(count) >> 32) as u32;
        std::hint::select_unpredictable(within < cell.own, number, u64::from(cell.alias))
    }
}

const TWO_TO_32: f64 = 4_294_967_296.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// The probability of every outcome, read off the table.
    fn probabilities(table: &AliasTable) -> Vec<f64> {
        let cells = &table.cells;
        let mut shares = vec![0.0; cells.len()];
        for (outcome, cell) in cells.iter().enumerate() {
            let own = f64::from(cell.own) / TWO_TO_32;
            shares[outcome] += own;
            shares[cell.alias as usize] += 1.0 - own;
        }
        shares.iter().map(|share| share / cells.len() as f64).collect()
    }

    #[test]
    fn every_outcome_is_as_likely_as_its_weight_says() {
        let weights = [5.0, 0.0, 1.0, 2.0, 8.0];
        for (probability, weight) in probabilities(&AliasTable::new(&weights)).iter().zip(weights) {
            assert!((probability - weight / 16.0).abs() < 1e-9, "{probability} for {weight}");
        }
    }

    #[test]
    fn a_draw_falls_into_the_cell_that_it_points_to() {
        // Cell 0 belongs to 0 for half of its width, and to 1 for the rest.
        let table = AliasTable::new(&[1.0, 3.0]);
        let quarter = 1_u64 << 62;
        assert_eq!(
            [0, quarter, 2 * quarter, 3 * quarter].map(|draw| table.pick(draw)),
            [0, 1, 1, 1]
        );
        assert_eq!(table.pick(quarter - 1), 0);
        assert_eq!(AliasTable::new(&[0.1]).pick(u64::MAX), 0);
    }

    #[test]
    #[should_panic(expected = "weights have a sum")]
    fn weights_without_a_sum_are_refused() {
        AliasTable::new(&[0.0, 0.0]);
    }
}
