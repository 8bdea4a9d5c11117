//! Keeps labels at the ends of curves from covering one another.

/// A label that wants to stand at a height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wish {
    /// Where its middle should be.
    pub middle: f64,
    /// How high it is, with the gap to its neighbours.
    pub height: f64,
}

/// Middles of labels that do not overlap, near their wishes and, if they fit, inside `bounds`.
///
/// Labels keep the order of their wishes. Neighbours that collide are moved as one block to the
/// mean of what they wish.
pub(crate) fn spread(wishes: &[Wish], bounds: (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wishes.len()).collect();
    order.sort_by(|a, b| wishes[*a].middle.total_cmp(&wishes[*b].middle));
    let mut blocks: Vec<Block> = Vec::new();
    for index in order {
        let Wish { middle, height } = wishes[index];
        let mut block = Block { members: vec![index], wished_top: middle - height / 2.0, height };
        while let Some(above) = blocks.pop_if(|above| above.bottom(bounds) > block.top(bounds)) {
            block = above.joined(block);
        }
        blocks.push(block);
    }
    let mut middles = vec![0.0; wishes.len()];
    for block in &blocks {
        let mut top = block.top(bounds);
        for &member in &block.members {
            middles[member] = top + wishes[member].height / 2.0;
            top += wishes[member].height;
        }
    }
    middles
}

struct Block {
    members: Vec<usize>,
    /// Mean over the members of the block's top as each would have it.
    wished_top: f64,
    height: f64,
}

impl Block {
    fn top(&self, (first, last): (f64, f64)) -> f64 {
        self.wished_top.min(last - self.height).max(first)
    }

    fn bottom(&self, bounds: (f64, f64)) -> f64 {
        self.top(bounds) + self.height
    }

    /// This block and the next one under it, as one.
    fn joined(mut self, under: Block) -> Block {
        let (n, m) = (self.members.len() as f64, under.members.len() as f64);
        let under_top = under.wished_top - self.height;
        self.wished_top = (self.wished_top * n + under_top * m) / (n + m);
        self.height += under.height;
        self.members.extend(under.members);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(middle: f64) -> Wish {
        Wish { middle, height: 20.0 }
    }

    #[test]
    fn free_labels_stay_and_colliding_ones_part() {
        assert_eq!(spread(&[wish(50.0), wish(100.0)], (0.0, 200.0)), [50.0, 100.0]);
        assert_eq!(spread(&[wish(100.0), wish(100.0)], (0.0, 200.0)), [90.0, 110.0]);
        assert_eq!(spread(&[wish(195.0), wish(198.0)], (0.0, 200.0)), [170.0, 190.0]);
        assert_eq!(spread(&[wish(2.0)], (0.0, 200.0)), [10.0]);
        assert!(spread(&[], (0.0, 1.0)).is_empty());
    }

    #[test]
    fn many_labels_never_overlap() {
        let wishes: Vec<Wish> = (0..9).map(|i| wish(f64::from(i * 7 % 5) * 3.0)).collect();
        let mut middles = spread(&wishes, (0.0, 400.0));
        middles.sort_by(f64::total_cmp);
        assert!(middles.windows(2).all(|pair| pair[1] - pair[0] >= 20.0 - 1e-9), "{middles:?}");
    }
}
