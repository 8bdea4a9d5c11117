//! Dashed lines: the drawing library has none that follow a path.

/// Lengths of the strokes and gaps of a dashed line.
const DASH: f64 = 6.0;

/// Cuts a path into strokes of [`DASH`] with gaps as long.
pub(crate) fn dashes(path: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    let (mut left, mut is_stroke) = (DASH, true);
    let mut piece = path.first().map_or(Vec::new(), |first| vec![*first]);
    for pair in path.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            if length <= left {
                left -= length;
                piece.push(to);
                break;
            }
            let share = left / length;
            from = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            piece.push(from);
            let whole = std::mem::replace(&mut piece, vec![from]);
            if is_stroke {
                pieces.push(whole);
            }
            (left, is_stroke) = (DASH, !is_stroke);
        }
    }
    if is_stroke && piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_cover_half_of_a_path_and_go_round_corners() {
        let pieces = dashes(&[(0.0, 0.0), (9.0, 0.0), (9.0, 9.0)]);
        let length = |piece: &Vec<(f64, f64)>| -> f64 {
            piece.windows(2).map(|it| (it[1].0 - it[0].0).hypot(it[1].1 - it[0].1)).sum()
        };
        assert_eq!(pieces.iter().map(length).collect::<Vec<_>>(), [6.0, 6.0]);
        assert_eq!(pieces[0], [(0.0, 0.0), (6.0, 0.0)]);
        assert_eq!(pieces[1], [(9.0, 3.0), (9.0, 9.0)]);
        assert!(dashes(&[]).is_empty());
    }
}
