//! Which columns of a row are filtered vertically in whole vectors.
//!
//! Places are columns and one: the first is the column before the row.

use std::ops::Range;

use super::decoupled_columns;
use crate::features::adm::pool::Window;

/// Blocks of columns within a row; the last may lie over the one before.
pub(super) struct Blocks {
    pub(super) count: usize,
    first: usize,
    last: usize,
    columns: Range<usize>,
    length: usize,
}

impl Blocks {
    /// Blocks of `length` columns in a row of `width`, whole `unit`s from `first`.
    #[inline(always)]
    pub(super) fn new(width: usize, first: usize, length: usize, unit: usize) -> Self {
        match width.checked_sub(first + length) {
            None => Self { count: 0, first, last: first, columns: first..first, length },
            Some(room) => {
                let last = first + room / unit * unit;
                let count = 1 + (last - first).div_ceil(length);
                Self { count, first, last, columns: first..last + length, length }
            }
        }
    }

    /// First column of block `i`.
    #[inline(always)]
    pub(super) fn start(&self, i: usize) -> usize {
        (self.first + i * self.length).min(self.last)
    }

    /// Places of `places` that are in no block.
    #[inline(always)]
    pub(super) fn places_left(&self, places: usize) -> impl Iterator<Item = usize> + use<> {
        (0..self.columns.start + 1).chain(self.columns.end + 1..places)
    }
}

/// The column at `place` in a row of `width`: the near edge reflects, the far edge repeats.
#[inline(always)]
pub(super) fn column(place: usize, width: usize) -> usize {
    let column = place.abs_diff(1);
    if column < width { column } else { 2 * width - 1 - column }
}

/// Columns of the bands whose detail will be read.
#[inline(always)]
pub(super) fn detailed_columns(window: Option<&Window>, width: usize) -> Range<usize> {
    window.map_or(0..0, |window| decoupled_columns(window, width))
}

/// Whether outputs of the horizontal pass lie over any of these columns.
#[inline(always)]
pub(super) fn is_under(outputs: &Range<usize>, columns: Range<usize>) -> bool {
    2 * outputs.start < columns.end + 1 && columns.start <= 2 * outputs.end
}

#[cfg(test)]
mod tests {
    use super::{Blocks, column};

    #[test]
    fn blocks_and_what_they_leave_are_the_whole_row() {
        for width in 3..400 {
            for (first, length, unit) in [(3, 64, 4), (3, 32, 4), (1, 32, 2), (1, 16, 2)] {
                let blocks = Blocks::new(width, first, length, unit);
                let places = 2 * width.div_ceil(2) + 2;
                let mut found = vec![false; places];
                for i in 0..blocks.count {
                    let start = blocks.start(i);
                    assert!(start + length <= width && (start - first).is_multiple_of(unit));
                    found[start + 1..][..length].fill(true);
                }
                for place in blocks.places_left(places) {
                    assert!(!found[place] && column(place, width) < width);
                    found[place] = true;
                }
                assert!(found.iter().all(|found| *found), "{width} {first} {length}");
            }
        }
    }
}
