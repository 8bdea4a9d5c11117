//! Sparklines: a series of numbers as a line of block characters.

/// Eighths of a letter, rising.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws a series from 0 to its largest value in at most `width` letters, each the largest of the
/// values that it stands for: a peak is never lost. What is no number above 0 is drawn lowest.
///
/// ```
/// use streamgauge::internals::sparkline;
/// assert_eq!(sparkline(&[1.0, 2.0, 4.0, 8.0], 8), "▁▂▄█");
/// assert_eq!(sparkline(&[1.0, 1.0, 1.0, 9.0], 2), "▁█");
/// assert_eq!(sparkline(&[], 8), "");
/// ```
pub fn sparkline(values: &[f64], width: usize) -> String {
    let shown = resampled(values, width);
    let largest = shown.iter().copied().fold(0.0, f64::max);
    shown.iter().map(|value| block(*value, largest)).collect()
}

fn block(value: f64, largest: f64) -> char {
    let share = if largest > 0.0 { value / largest } else { 0.0 };
    // Up to an eighth is the first block, and so on.
    let eighths = (share * BLOCKS.len() as f64).ceil() as usize;
    BLOCKS[eighths.clamp(1, BLOCKS.len()) - 1]
}

/// The largest value of each of at most `width` equal parts of a series.
pub(crate) fn resampled(values: &[f64], width: usize) -> Vec<f64> {
    let count = values.len();
    let parts = count.min(width);
    let part = |n: usize| &values[n * count / parts..(n + 1) * count / parts];
    let largest = |of: &[f64]| of.iter().copied().filter(|it| it.is_finite()).fold(0.0, f64::max);
    (0..parts).map(|n| largest(part(n))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_stands_in_one_part() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(resampled(&values, 4), [25.0, 50.0, 75.0, 100.0]);
        assert_eq!(resampled(&values, 1), [100.0]);
        assert_eq!(resampled(&values, 0), [0.0; 0]);
        assert_eq!(resampled(&values, 1_000).len(), 100);
    }

    #[test]
    fn what_cannot_be_drawn_is_drawn_lowest() {
        assert_eq!(sparkline(&[0.0, 0.0], 9), "▁▁");
        assert_eq!(sparkline(&[f64::NAN, 5.0, -3.0, f64::INFINITY], 9), "▁█▁▁");
    }
}
