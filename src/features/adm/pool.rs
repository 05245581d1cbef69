use std::iter::Sum;
use std::ops::Range;

use crate::features::fixed::ceil_log2;

/// The centre of a band, over which its cubes are summed; a tenth is left out on every side.
#[derive(Clone)]
pub(super) struct Window {
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
}

impl Window {
    pub(super) fn of_band(width: usize, height: usize) -> Self {
        let centre = |n: usize| {
            let margin = n.saturating_sub(5) / 10;
            margin..n - margin
        };
        Self { rows: centre(height), columns: centre(width) }
    }

    pub(super) fn area(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    pub(super) fn row_bits(&self) -> u32 {
        ceil_log2(self.rows.len())
    }

    pub(super) fn column_bits(&self) -> u32 {
        ceil_log2(self.columns.len())
    }

    /// Keeps the ratio of flat pictures at 1.
    pub(super) fn noise_floor(&self) -> f64 {
        (self.area() as f64 / 32.0).cbrt()
    }
}

/// Sums of cubes over the window, for bands h, v, d.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    /// Restored detail above the threshold.
    pub(super) restored: [u64; 3],
    /// Reference detail.
    pub(super) reference: [u64; 3],
}

impl Sum for Sums {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), |mut total, item| {
            for band in 0..3 {
                total.restored[band] += item.restored[band];
                total.reference[band] += item.reference[band];
            }
            total
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Window;

    #[test]
    fn windows_are_those_of_the_specification() {
        let columns = |n| Window::of_band(n, 5).columns;
        assert_eq!(columns(3), 0..3);
        assert_eq!(columns(17), 1..16);
        assert_eq!(columns(73), 6..67);
        assert_eq!(columns(540), 53..487);
        assert_eq!(columns(960), 95..865);
    }
}
