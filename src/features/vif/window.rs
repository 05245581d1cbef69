//! Local moments of one scale and the statistic of each pixel.
#![allow(unsafe_code, reason = "code for AVX2 is entered here")]

use std::ops::Range;

use super::portable::{Part, Tile};
use super::sample::{Sample, Shifts};
use super::statistic::{LogTable, Sums};
#[cfg(target_arch = "x86_64")]
use crate::features::cpu::{Avx2, Avx512};
use crate::features::cpu::{Kernel, Level};
use crate::features::fixed::reflect;
use crate::features::plane::Plane;

/// Where the measured pixels of a grid start.
#[derive(Clone, Copy, Default)]
pub(super) struct Grid {
    pub(super) row: usize,
    pub(super) column: usize,
}

impl Grid {
    /// Visits every place of a grid of `step` (1, 2 or 4) in turn, neighbours far apart in time.
    pub(super) fn of_frame(frame: usize, step: usize) -> Self {
        const ORDER: [usize; 4] = [0, 2, 1, 3];
        let (row, turn) = (frame % step, frame / step);
        let place = |i: usize| if step == 4 { ORDER[i % 4] } else { i % step };
        Self { row: place(row), column: place(row + turn) }
    }
}

/// Scratch memory of one thread for one scale: that of the code in use.
pub(super) struct Scratch {
    tile: Option<Box<Tile>>,
    #[cfg(target_arch = "x86_64")]
    pub(super) avx2: Option<super::avx2::Tiles>,
    #[cfg(target_arch = "x86_64")]
    pub(super) avx512: Option<super::avx512::Tiles>,
}

impl Scratch {
    /// For windows of `taps` pixels, every `step`-th row measured.
    pub(super) fn new(level: Level, taps: usize, step: usize) -> Self {
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (taps, step);
        Self {
            tile: (level == Level::Scalar).then(Tile::new),
            #[cfg(target_arch = "x86_64")]
            avx2: (level == Level::Avx2).then(|| super::avx2::Tiles::new(taps, step)),
            #[cfg(target_arch = "x86_64")]
            avx512: (level == Level::Avx512).then(|| super::avx512::Tiles::new(taps, step)),
        }
    }
}

/// Sums over pixels of one scale; reference first. `rows` are those of a grid that has every
/// `STEP`-th row and column of the picture.
pub(super) struct Measure<'a, P, const T: usize, const STEP: usize> {
    pub(super) pair: [Plane<'a, P>; 2],
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "vector code only"))]
    pub(super) taps: &'a [u32; T],
    pub(super) shifts: Shifts,
    pub(super) rows: Range<usize>,
    pub(super) grid: Grid,
    pub(super) scratch: &'a mut Scratch,
    pub(super) logs: &'a LogTable,
}

impl<P: Sample, const T: usize, const STEP: usize> Kernel for Measure<'_, P, T, STEP> {
    type Output = Sums;

    #[inline(always)]
    fn run(self) -> Sums {
        let Self { pair, shifts, rows, grid, scratch, logs, .. } = self;
        let tile = scratch.tile.as_mut().expect("made for this level");
        tile.measure::<P, T, STEP>(&Part { pair, shifts, rows, grid }, logs)
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn run_avx2(self, _: Avx2) -> Sums {
        // SAFETY: the processor has AVX2 and FMA, which the argument proves
        unsafe { super::avx2::measure(self) }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn run_avx512(self, _: Avx512) -> Sums {
        // SAFETY: the processor has all of that level, which the argument proves
        unsafe { super::avx512::measure(self) }
    }
}

/// The rows under a window centred on row `y`.
#[inline(always)]
pub(super) fn window_rows<'a, P: Copy, const T: usize>(
    plane: Plane<'a, P>,
    y: usize,
) -> [&'a [P]; T] {
    let mut rows = [plane.row(y); T];
    for (k, row) in rows.iter_mut().enumerate() {
        *row = plane.row(reflect((y + k) as isize - (T / 2) as isize, plane.height));
    }
    rows
}
