//! From values to places on an axis, and where the ticks go.

/// A linear or logarithmic axis between two values and two places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    values: (f64, f64),
    places: (f64, f64),
    logarithmic: bool,
}

impl Scale {
    /// Linear from `values` to `places`; a range of one value is widened.
    pub(crate) fn linear(values: (f64, f64), places: (f64, f64)) -> Scale {
        let (low, high) = values;
        let high = if high > low { high } else { low + 1.0 };
        Scale { values: (low, high), places, logarithmic: false }
    }

    /// Logarithmic; both values must be above zero, a range of one value is widened.
    pub(crate) fn logarithmic(values: (f64, f64), places: (f64, f64)) -> Scale {
        let low = values.0.max(f64::MIN_POSITIVE);
        let high = if values.1 > low * 1.000_001 { values.1 } else { low * 2.0 };
        Scale { values: (low, high), places, logarithmic: true }
    }

    /// The place of a value, held inside the axis.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let ((low, high), value) = (self.values, value.clamp(self.values.0, self.values.1));
        let share = match self.logarithmic {
            true => (value / low).ln() / (high / low).ln(),
            false => (value - low) / (high - low),
        };
        self.places.0 + share * (self.places.1 - self.places.0)
    }

    /// About `wanted` round values inside the axis; more where whole decades need them.
    pub(crate) fn ticks(&self, wanted: usize) -> Vec<f64> {
        let (low, high) = self.values;
        match self.logarithmic {
            true => log_ticks(low, high, wanted),
            false => linear_ticks(low, high, wanted),
        }
    }
}

fn linear_ticks(low: f64, high: f64, wanted: usize) -> Vec<f64> {
    let rough = (high - low) / wanted as f64;
    let power = 10f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    let step = steps.iter().map(|s| s * power).find(|s| *s >= rough * 0.8).unwrap_or(rough);
    let first = (low / step - 1e-9).ceil();
    let last = (high / step + 1e-9).floor();
    (0..=(last - first).clamp(0.0, 50.0) as usize).map(|i| (first + i as f64) * step).collect()
}

/// Decades, per tick wanted, from which on ticks at 2 and 5 would stand too close.
const WIDE_PER_TICK: f64 = 0.6;
/// Decades from which on they would anyway.
const WIDE: f64 = 3.6;

/// Whole decades over wide ranges, 1-2-5 over narrower ones, linear steps over the narrowest.
fn log_ticks(low: f64, high: f64, wanted: usize) -> Vec<f64> {
    let decades = (high / low).log10();
    let steps: &[f64] = match decades {
        d if d >= WIDE.min(WIDE_PER_TICK * wanted as f64) => &[1.0],
        d if d >= 1.2 => &[1.0, 2.0, 5.0],
        _ => return linear_ticks(low, high, wanted),
    };
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let every = ((last - first) / 9 + 1) as usize;
    (first..=last)
        .step_by(every)
        .flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)))
        .filter(|tick| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(tick))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(Scale::linear((0.0, 5.0), (0.0, 1.0)).ticks(5), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        let ticks = Scale::logarithmic((1e3, 1e7), (0.0, 1.0)).ticks(5);
        assert_eq!(ticks.len(), 5);
        // Where there is room for four, three decades and a half have no ticks between.
        let ticks = Scale::logarithmic((2e5, 6e8), (0.0, 1.0)).ticks(4);
        assert_eq!(ticks, [1e6, 1e7, 1e8]);
        assert!(Scale::logarithmic((1.0e6, 1.3e6), (0.0, 1.0)).ticks(5).len() >= 3);
        assert!(Scale::logarithmic((1.0e3, 3.0e4), (0.0, 1.0)).ticks(5).len() >= 4);
    }

    #[test]
    fn places_follow_the_scale() {
        let axis = Scale::logarithmic((1.0, 100.0), (0.0, 200.0));
        assert!((axis.place(10.0) - 100.0).abs() < 1e-9);
        assert_eq!(axis.place(1e9), 200.0);
        assert_eq!(Scale::linear((0.0, 0.0), (0.0, 10.0)).place(0.0), 0.0);
    }
}
