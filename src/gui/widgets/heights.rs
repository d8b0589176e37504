//! Heights of many rows of which few were ever laid out: where a row begins, and which row lies at a
//! place, in logarithmic time (a Fenwick tree of heights).

/// Rows with their heights.
#[derive(Debug, Default)]
pub struct Heights {
    rows: Vec<f32>,
    /// Sums of stretches, in double precision so that corrections do not add up to an error.
    sums: Vec<f64>,
}

impl Heights {
    /// `count` rows that are all as high as `guess`.
    pub fn new(count: usize, guess: f32) -> Self {
        let mut sums = vec![0.0; count.saturating_add(1)];
        for at in 1..sums.len() {
            if let Some(sum) = sums.get_mut(at) {
                *sum = f64::from(guess) * (at & at.wrapping_neg()) as f64;
            }
        }
        Self {
            rows: vec![guess; count],
            sums,
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The height of one row.
    pub fn row(&self, row: usize) -> f32 {
        self.rows.get(row).copied().unwrap_or(0.0)
    }

    /// The height of one row as it was laid out.
    pub fn set(&mut self, row: usize, height: f32) {
        let Some(old) = self.rows.get_mut(row) else {
            return;
        };
        let change = f64::from(height) - f64::from(*old);
        if change == 0.0 {
            return;
        }
        *old = height;
        let mut at = row.saturating_add(1);
        while let Some(sum) = self.sums.get_mut(at) {
            *sum += change;
            at = at.saturating_add(at & at.wrapping_neg());
        }
    }

    /// Where a row begins; for a row past the last, where that ends.
    pub fn top(&self, row: usize) -> f32 {
        let mut at = row.min(self.rows.len());
        let mut sum = 0.0;
        while at > 0 {
            sum += self.sums.get(at).copied().unwrap_or(0.0);
            at &= at.wrapping_sub(1);
        }
        sum as f32
    }

    /// The height of all rows together.
    pub fn total(&self) -> f32 {
        self.top(self.rows.len())
    }

    /// The row at a place; the first above all, the last below all.
    pub fn at(&self, place: f32) -> usize {
        let place = f64::from(place.max(0.0));
        let mut step = self.rows.len().checked_next_power_of_two().unwrap_or(0);
        let (mut row, mut below) = (0usize, 0.0);
        while step > 0 {
            let next = row.saturating_add(step);
            if let Some(sum) = self.sums.get(next)
                && below + sum <= place
            {
                row = next;
                below += sum;
            }
            step /= 2;
        }
        row.min(self.rows.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_agrees_with_adding_up(
            count in 0usize..200,
            changes in prop::collection::vec((0usize..220, 1u16..400), 0..60),
            place in -10.0f32..90_000.0,
        ) {
            let mut heights = Heights::new(count, 80.0);
            let mut plain = vec![80.0f32; count];
            for (row, height) in changes {
                heights.set(row, f32::from(height));
                if let Some(old) = plain.get_mut(row) {
                    *old = f32::from(height);
                }
            }
            let mut top = 0.0;
            for (row, height) in plain.iter().enumerate() {
                prop_assert_eq!(heights.top(row), top);
                prop_assert_eq!(heights.at(top), row);
                top += height;
            }
            prop_assert_eq!(heights.total(), top);
            prop_assert!(heights.at(place) < count.max(1));
        }
    }
}
