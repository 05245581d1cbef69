//! The walk over a scale that vector code of every width shares.
//!
//! Sixteen rows at a time, walking along the columns: sums down the columns (`vertical`) are turned
//! over, so that sums along the rows are sums of aligned vectors, rows side by side (`horizontal`).
//! Samples are taken about mid-grey: squares of 8-bit ones then fit 16 bits, and single precision
//! loses nothing that matters. Means are whole numbers throughout, rounded as the definition asks.

/// Rows treated together.
pub(super) const ROWS: usize = 16;
/// Rows under the windows of those, at most: every fourth is measured.
pub(super) const MOST_ROWS: usize = (ROWS - 1) * 4 + 17;
/// Columns filtered vertically before the horizontal pass follows.
pub(super) const COLUMNS: usize = 32;
/// Room for columns kept from the tiles before: those not yet measured and half a window.
pub(super) const HISTORY: usize = 24;

/// Columns between those that are read and those that are asked for.
pub(super) const AHEAD: usize = 4 * COLUMNS;

/// What is taken off products of 8-bit samples so that the sum of two of them fits 16 bits.
pub(super) const SQUARE_OFFSET: i16 = 8192;
pub(super) const PRODUCT_OFFSET: i16 = 64;

/// The filter whose centre is too large for 16 bits and counts twice by half.
pub(super) const HALVED: usize = 3;

/// Tap `k` as it fits 16 bits; 0 outside the filter.
#[inline(always)]
pub(super) fn word<const T: usize>(taps: &[u32; T], k: usize) -> i32 {
    let divisor = if T == HALVED && k == T / 2 { 2 } else { 1 };
    taps.get(k).map_or(0, |&t| (t / divisor) as i32)
}

/// Pairs of columns under a window of the horizontal pass.
pub(super) const fn pairs<const T: usize>() -> usize {
    T / 2 + if (T / 2).is_multiple_of(2) { 1 } else { 2 }
}

/// Two taps in each number, for those pairs; around even and odd columns.
pub(super) fn paired<const T: usize>(taps: &[u32; T]) -> [[i32; 10]; 2] {
    [0, 1].map(|odd| {
        // the window's first column is the second of its pair
        let late = (odd + T / 2) % 2;
        let tap = |k: usize| k.checked_sub(late).map_or(0, |k| word(taps, k));
        std::array::from_fn(|i| tap(2 * i) | tap(2 * i + 1) << 16)
    })
}

/// The first half and the centre, from Q32; 0 beyond.
pub(super) fn from_q32<const T: usize>(taps: &[u32; T]) -> [f32; 9] {
    std::array::from_fn(|k| taps.get(k).map_or(0.0, |&t| t as f32 / 4294967296.0))
}

/// Four columns of the grid.
#[derive(Clone, Copy)]
pub(super) struct Block {
    /// The first pixel's place in the picture.
    pub(super) x: usize,
    pub(super) y: usize,
    /// Its place in the ring.
    pub(super) column: usize,
    /// How many of the columns are there.
    pub(super) valid: usize,
}

/// Columns filtered vertically that wait for the next tile: at least half a window, so that whole
/// blocks are measured.
pub(super) const fn lag<const T: usize, const STEP: usize>() -> usize {
    (T / 2).next_multiple_of(4 * STEP)
}

/// Columns that the next tile needs.
pub(super) const fn history<const T: usize, const STEP: usize>() -> usize {
    let columns = lag::<T, STEP>() + (T / 2).next_multiple_of(2);
    assert!(columns <= HISTORY);
    columns
}

/// `measure` and its scratch memory, from a module's `Prepared`, `Filter`, `Rows`, `Ring`, `Taps`
/// and `Totals`; `$scratch` is its own in [`Scratch`](super::window::Scratch). A macro, because instruction sets cannot be parameters.
macro_rules! measure {
    ($scratch:ident, $instructions:literal) => {
        /// Scratch memory of one thread.
        pub(super) struct Tiles {
            prepared: Prepared,
            rows: Rows,
            ring: Ring,
        }

        impl Tiles {
            /// For windows of `taps` rows, every `step`-th row measured.
            pub(super) fn new(taps: usize, step: usize) -> Self {
                let prepared = Prepared::new((ROWS - 1) * step + taps);
                Self { prepared, rows: Rows::new(), ring: Ring::new() }
            }
        }

        /// See [`Measure`].
        #[target_feature(enable = $instructions)]
        pub(super) fn measure<P: Sample, const T: usize, const STEP: usize>(
            work: Measure<'_, P, T, STEP>,
        ) -> Sums {
            let Measure { pair, taps, shifts, rows, grid, scratch, .. } = work;
            let tiles = scratch.$scratch.as_mut().expect("made for this level");
            let Tiles { prepared, rows: filtered, ring } = tiles;
            let (width, height) = (pair[0].width, pair[0].height);
            let vertical = Filter::new(taps, shifts.mean);
            let horizontal = Taps::new(taps);
            let reference = Reference { plane: pair[0], taps, shifts };
            let end = rows.end.min((height - grid.row).div_ceil(STEP));
            let mut sums = Sums::default();
            let mut under = [[&[] as &[P]; 2]; MOST_ROWS];
            let under = &mut under[..(ROWS - 1) * STEP + T];
            for first in (rows.start.min(end)..end).step_by(ROWS) {
                let count = ROWS.min(end - first);
                let y = grid.row + first * STEP;
                // of a strip that is not whole the rest has no weight
                for (i, rows) in under.iter_mut().enumerate().take((count - 1) * STEP + T) {
                    let y = reflect((y + i) as isize - (T / 2) as isize, height);
                    *rows = pair.map(|picture| picture.row(y));
                }
                let mut totals = Totals::new(count);
                let mut next = grid.column;
                for start in (0..width).step_by(COLUMNS) {
                    let columns = start..(start + COLUMNS).min(width);
                    let is_last = columns.end == width;
                    prepared.fill(under, start, shifts.mean);
                    vertical.run::<P, T, STEP>(prepared, filtered, ring);
                    if start == 0 {
                        ring.reflect_near(T / 2);
                    }
                    if is_last {
                        ring.reflect_far(columns.len(), T / 2);
                    }
                    let ready = start + COLUMNS - tiles::lag::<T, STEP>();
                    let done = if is_last { width } else { ready };
                    let blocks = (next..done).step_by(4 * STEP);
                    let last = blocks.clone().next_back();
                    for x in blocks {
                        let valid = (done - x).div_ceil(STEP);
                        let block = Block { x, y, column: HISTORY + x - start, valid };
                        totals.add::<P, T, STEP>(ring, block, &horizontal, &reference);
                        next = x + 4 * STEP;
                    }
                    debug_assert!(last.is_none_or(|x| is_last || x + 3 * STEP < done));
                    totals.flush();
                    ring.advance(tiles::history::<T, STEP>());
                }
                sums = sums + totals.finish();
            }
            sums
        }
    };
}
pub(super) use measure;
