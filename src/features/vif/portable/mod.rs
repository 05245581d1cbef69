//! Local moments in plain code that compilers turn into vector code of any processor.
//!
//! Down tiles of columns that stay in the nearest cache: samples and their products are prepared
//! once per row and kept for as long as a window covers them.

mod bytes;
mod words;

use std::array::from_fn;
use std::ops::Range;

use super::sample::{Sample, Shifts};
use super::statistic::{BLOCK, LogTable, Moments, Pixels, Sums};
use super::window::Grid;
use crate::features::filter::{COPIES, centred, filter_columns, halves, joined};
use crate::features::fixed::reflect;
use crate::features::plane::Plane;

/// Columns measured together.
const TILE: usize = 128;
/// Those of them that are even, or odd.
const HALF: usize = TILE / 2;
/// Rows copied at once: processors do not foresee walks across rows, but wait only once for
/// several.
const AHEAD: usize = 8;
/// Largest window.
const WINDOW: usize = 17;
/// Columns under the windows of a tile.
const WIDE: usize = TILE + WINDOW - 1;
/// Factors of the products, reference first: squares, and one picture times the other.
const PRODUCTS: [[usize; 2]; 3] = [[0, 0], [1, 1], [0, 1]];

/// How samples of some type are filtered vertically.
pub(in crate::features) trait Columns: Sized {
    /// What is filtered of a row of both pictures: samples, then products.
    fn prepare(pair: [&[Self; WIDE]; 2], out: [&mut [i16; WIDE]; 8]);

    /// Sums of samples alone under a window of `T`.
    fn filter_samples<const T: usize, const N: usize>(rows: [&[Self; N]; T], out: &mut [u32; N]);

    /// Filters a window of `T` rows, the first in place `first`.
    fn vertical<const T: usize>(ring: &Ring, first: usize, shifts: Shifts, lines: &mut Lines);
}

/// Prepared rows, of each kind those under a window: the row in place i makes room for that in
/// place i + T.
pub(in crate::features) struct Ring([[[i16; WIDE]; WINDOW]; 8]);

impl Ring {
    #[inline(always)]
    fn window<const T: usize>(&self, kind: usize, first: usize) -> [&[i16; WIDE]; T] {
        from_fn(|k| &self.0[kind][(first + k) % T])
    }

    #[inline(always)]
    fn row<const T: usize>(&mut self, place: usize) -> [&mut [i16; WIDE]; 8] {
        self.0.each_mut().map(|kind| &mut kind[place % T])
    }
}

/// A vertically filtered row.
pub(in crate::features) struct Lines {
    // Q8
    means: [Line; 2],
    // Q16: high and low words
    products: [[Line; 2]; 3],
}

/// Words as the horizontal pass wants them.
#[derive(Clone, Copy)]
struct Line([[i16; WIDE]; COPIES]);

impl Line {
    const EMPTY: Self = Self([[0; WIDE]; COPIES]);

    #[inline(always)]
    fn fill(&mut self, word: impl Fn(usize) -> i16) {
        let [a, b, c] = &mut self.0;
        for x in 0..WIDE {
            let word = word(x);
            (a[x], b[x], c[x]) = (word, word, word);
        }
    }
}

impl Lines {
    #[inline(always)]
    fn set_mean(&mut self, picture: usize, sums: &[u32; WIDE], shift: u32) {
        let half = (1 << shift) >> 1;
        self.means[picture].fill(|x| centred(((sums[x] + half) >> shift) as u16));
    }

    #[inline(always)]
    fn set_product(&mut self, product: usize, sums: &[u32; WIDE]) {
        let [high, low] = &mut self.products[product];
        high.fill(|x| halves(sums[x])[0]);
        low.fill(|x| halves(sums[x])[1]);
    }
}

/// Every second column of a row, filtered in both directions.
struct Row {
    means: [[u32; HALF]; 2],
    products: [[u32; HALF]; 3],
    pixels: Pixels,
}

/// Scratch memory of one thread.
pub(super) struct Tile {
    ring: Ring,
    lines: Lines,
    row: Row,
}

/// What is measured of a scale.
pub(super) struct Part<'a, P> {
    pub(super) pair: [Plane<'a, P>; 2],
    pub(super) shifts: Shifts,
    /// Of the grid.
    pub(super) rows: Range<usize>,
    pub(super) grid: Grid,
}

impl Tile {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            ring: Ring([[[0; WIDE]; WINDOW]; 8]),
            lines: Lines { means: [Line::EMPTY; 2], products: [[Line::EMPTY; 2]; 3] },
            row: Row { means: [[0; HALF]; 2], products: [[0; HALF]; 3], pixels: Pixels::EMPTY },
        })
    }

    /// Sums over a part under windows of `T`, every `STEP`-th row and column.
    #[inline(always)]
    pub(super) fn measure<P: Sample, const T: usize, const STEP: usize>(
        &mut self,
        part: &Part<P>,
        logs: &LogTable,
    ) -> Sums {
        let width = part.pair[0].width;
        let mut sums = Sums::default();
        for start in (0..width).step_by(TILE) {
            let columns = part.grid.column..TILE.min(width - start);
            self.measure_tile::<P, T, STEP>(part, start, columns, logs, &mut sums);
        }
        sums
    }

    #[inline(always)]
    fn measure_tile<P: Sample, const T: usize, const STEP: usize>(
        &mut self,
        part: &Part<P>,
        start: usize,
        columns: Range<usize>,
        logs: &LogTable,
        sums: &mut Sums,
    ) {
        let Part { pair, shifts, rows, grid } = part;
        let Self { ring, lines, row } = self;
        let height = pair[0].height;
        let top = grid.row + rows.start * STEP;
        let end = height.min(grid.row + rows.end * STEP);
        let row_at = |place: usize| reflect((top + place) as isize - (T / 2) as isize, height);
        let last = end.max(top + 1) - 1 - top;
        let places = last - last % STEP + T;
        let odd = grid.column % 2;
        let mut ahead = [[[P::zeroed(); WIDE]; 2]; AHEAD];
        let mut prepared = 0;
        for y in (top..end).step_by(STEP) {
            let first = y - top;
            for place in prepared..first + T {
                if place % AHEAD == 0 {
                    copy_ahead::<P, T>(pair, start, (place..places).map(row_at), &mut ahead);
                }
                P::prepare(ahead[place % AHEAD].each_ref(), ring.row::<T>(place));
            }
            prepared = first + T;
            P::vertical::<T>(ring, first, *shifts, lines);
            let parities = if STEP == 1 { 0..2 } else { odd..odd + 1 };
            for odd in parities {
                row.fill::<T>(lines, odd);
                let places = columns.start / 2..(columns.end + 1 - odd) / 2;
                row.add_to::<STEP>(places, logs, sums);
            }
        }
    }
}

/// Copies what is under a tile of the next rows: as many as there is room for.
#[inline(always)]
fn copy_ahead<P: Sample, const T: usize>(
    pair: &[Plane<P>; 2],
    start: usize,
    rows: impl Iterator<Item = usize>,
    ahead: &mut [[[P; WIDE]; 2]; AHEAD],
) {
    for (both, y) in ahead.iter_mut().zip(rows) {
        for (plane, under) in pair.iter().zip(both) {
            copy_under_tile::<P, T>(plane.row(y), start, under);
        }
    }
}

/// Copies samples of a row from half a window before column `start`, reflected at the edges.
#[inline(always)]
fn copy_under_tile<P: Sample, const T: usize>(row: &[P], start: usize, under: &mut [P; WIDE]) {
    let (radius, width) = (T / 2, row.len());
    let first = start.saturating_sub(radius);
    let near = radius - (start - first);
    if near == 0
        && let Some(inner) = row[first..].first_chunk()
    {
        *under = *inner;
        return;
    }
    let count = (WIDE - near).min(width - first);
    under[near..near + count].copy_from_slice(&row[first..first + count]);
    let far = near + count;
    // beyond the last window nothing is read
    let last = WIDE.min(far + radius);
    for i in (0..near).chain(far..last) {
        under[i] = row[reflect((start + i) as isize - radius as isize, width)];
    }
}

impl Row {
    /// `odd`: 1 for odd columns, 0 for even ones.
    #[inline(always)]
    fn fill<const T: usize>(&mut self, lines: &Lines, odd: usize) {
        let filter = |line: &Line, sums: &mut [u32; HALF]| {
            filter_columns::<T, HALF>(line.0.each_ref().map(|copy| &copy[..]), odd, sums);
        };
        for (line, sums) in lines.means.iter().zip(&mut self.means) {
            filter(line, sums);
        }
        let mut low = [0; HALF];
        for ([high_line, low_line], sums) in lines.products.iter().zip(&mut self.products) {
            filter(high_line, sums);
            filter(low_line, &mut low);
            for x in 0..HALF {
                sums[x] = joined(sums[x], low[x], 16);
            }
        }
    }

    /// `places` are those of columns in the row.
    #[inline(always)]
    fn add_to<const STEP: usize>(
        &mut self,
        places: Range<usize>,
        logs: &LogTable,
        sums: &mut Sums,
    ) {
        let mut count = places.len();
        if STEP > 2 {
            count = count.div_ceil(STEP / 2);
            for line in self.means.iter_mut().chain(&mut self.products) {
                for i in 0..count {
                    line[i] = line[places.start + i * (STEP / 2)];
                }
            }
        }
        for x in (0..count).step_by(BLOCK) {
            let block = x..count.min(x + BLOCK);
            let moments = Moments {
                means: self.means.each_ref().map(|line| &line[block.clone()]),
                products: self.products.each_ref().map(|line| &line[block.clone()]),
            };
            sums.add(moments, &mut self.pixels, logs);
        }
    }
}
