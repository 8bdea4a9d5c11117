//! Prices from measurements: least squares, of relative errors, with no price below zero.

/// What one design took, and how often the model did what an unknown is the price of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Equation {
    /// By unknown.
    pub(crate) counts: Vec<f64>,
    /// In nanoseconds, above 0.
    pub(crate) took: f64,
}

impl Equation {
    /// What these prices say that it takes.
    pub(crate) fn predicted(&self, prices: &[f64]) -> f64 {
        self.counts.iter().zip(prices).map(|(count, price)| count * price).sum()
    }

    /// By how much these prices are off, as a share of what it took: above 0 if they say too much.
    pub(crate) fn error(&self, prices: &[f64]) -> f64 {
        self.predicted(prices) / self.took - 1.0
    }
}

/// Passes over all unknowns at most, and the change below which prices have settled, as a share.
const PASSES: usize = 200_000;
const SETTLED: f64 = 1e-12;

/// The prices of `unknowns` kinds of work that explain all equations best: the sum of the squares of
/// relative errors is least, and none is below zero (coordinate descent on the normal equations, which
/// are convex).
pub(crate) fn fit(equations: &[Equation], unknowns: usize) -> Vec<f64> {
    // Columns are scaled to a length of 1: a task costs a million times what a byte does.
    let rows: Vec<Vec<f64>> = equations
        .iter()
        .map(|equation| equation.counts.iter().map(|count| count / equation.took).collect())
        .collect();
    let length = |unknown: usize| rows.iter().map(|row| row[unknown].powi(2)).sum::<f64>().sqrt();
    let lengths: Vec<f64> = (0..unknowns).map(length).collect();
    let column = |row: &[f64], unknown: usize| row[unknown] / lengths[unknown];
    let mut scaled = vec![0.0; unknowns];
    let mut left = vec![1.0; rows.len()];
    for _ in 0..PASSES {
        let mut moved = 0.0_f64;
        for unknown in (0..unknowns).filter(|unknown| lengths[*unknown] > 0.0) {
            let slope: f64 =
                rows.iter().zip(&left).map(|(row, left)| column(row, unknown) * left).sum();
            let value = (scaled[unknown] + slope).max(0.0);
            let change = value - scaled[unknown];
            for (row, left) in rows.iter().zip(&mut left) {
                *left -= change * column(row, unknown);
            }
            scaled[unknown] = value;
            moved = moved.max(change.abs());
        }
        if moved < SETTLED {
            break;
        }
    }
    let price = |unknown: usize| {
        if lengths[unknown] > 0.0 { scaled[unknown] / lengths[unknown] } else { 0.0 }
    };
    (0..unknowns).map(price).collect()
}

/// For each equation, by how much the prices that all others give are off; `None` if it alone tells of
/// an unknown, whose price the others cannot give.
pub(crate) fn left_out_errors(equations: &[Equation], unknowns: usize) -> Vec<Option<f64>> {
    let alone = |own: usize| {
        (0..unknowns).any(|unknown| {
            let tell = |(place, it): (usize, &Equation)| place != own && it.counts[unknown] > 0.0;
            equations[own].counts[unknown] > 0.0 && !equations.iter().enumerate().any(tell)
        })
    };
    let error = |own: usize| {
        let others = equations.iter().enumerate().filter(|(place, _)| *place != own);
        let others: Vec<Equation> = others.map(|(_, equation)| equation.clone()).collect();
        equations[own].error(&fit(&others, unknowns))
    };
    (0..equations.len()).map(|own| (!alone(own)).then(|| error(own))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equation(counts: &[f64], prices: &[f64]) -> Equation {
        let took = counts.iter().zip(prices).map(|(count, price)| count * price).sum();
        Equation { counts: counts.to_vec(), took }
    }

    #[test]
    fn prices_that_made_the_measurements_are_found_again() {
        let prices = [20.0, 0.25, 5e6];
        let counts: [&[f64]; 5] = [
            &[1.0, 0.0, 0.0],
            &[2.0, 32.0, 0.0],
            &[2.0, 1_000.0, 1e-3],
            &[2.0, 32.0, 1e-2],
            &[1.0, 0.0, 0.5],
        ];
        let equations = counts.map(|counts| equation(counts, &prices));
        for (found, price) in fit(&equations, 3).into_iter().zip(prices) {
            assert!((found / price - 1.0).abs() < 1e-6, "{found} for {price}");
        }
        let errors = left_out_errors(&equations, 3);
        assert!(errors.iter().flatten().all(|error| error.abs() < 1e-6), "{errors:?}");
        assert_eq!(errors.iter().flatten().count(), 5);
    }

    #[test]
    fn no_price_is_below_zero_and_who_alone_tells_of_one_cannot_be_left_out() {
        // The second unknown would have to be negative.
        let equations = [
            Equation { counts: vec![1.0, 0.0, 0.0], took: 10.0 },
            Equation { counts: vec![1.0, 1.0, 0.0], took: 9.0 },
            Equation { counts: vec![1.0, 0.0, 2.0], took: 30.0 },
        ];
        let prices = fit(&equations, 3);
        assert!((9.0..=10.0).contains(&prices[0]) && prices[1] == 0.0, "{prices:?}");
        let errors = left_out_errors(&equations, 3);
        assert_eq!(errors.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false]);
        // And one that nobody tells of is free.
        assert_eq!(fit(&[Equation { counts: vec![1.0, 0.0], took: 5.0 }], 2)[1], 0.0);
    }
}
