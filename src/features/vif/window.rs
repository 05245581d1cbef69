//! Local moments of one scale, row by row, and the statistic of each pixel.
#![allow(unsafe_code, reason = "code for AVX2 is entered here")]

use std::ops::Range;

use super::sample::{Sample, Shifts};
use super::statistic::{LogTable, Moments, Sums};
#[cfg(target_arch = "x86_64")]
use crate::features::cpu::{Avx2, Avx512};
use crate::features::cpu::{Kernel, Level};
use crate::features::fixed::reflect;
use crate::features::plane::Plane;

/// Largest filter radius of any scale.
const MARGIN: usize = 8;
/// Pixels treated together: sums stay in registers.
const BLOCK: usize = 8;
/// 2^52: a number that leaves no room for fractions.
const ROUNDER: f64 = 4503599627370496.0;

/// Vertically filtered rows with room for reflected borders. The numbers are integers; floating
/// point holds all their sums exactly and multiplies faster than 64-bit integers.
struct Lines {
    reference: Own,
    distorted: Own,
    product: Vec<f64>,
}

/// What one picture alone contributes.
struct Own {
    // Q8
    mean: Vec<f64>,
    // Q16
    square: Vec<f64>,
}

impl Own {
    fn new(length: usize) -> Self {
        Self { mean: vec![0.0; length], square: vec![0.0; length] }
    }
}

impl Lines {
    fn new(width: usize) -> Self {
        let length = width + 2 * MARGIN;
        Self {
            reference: Own::new(length),
            distorted: Own::new(length),
            product: vec![0.0; length],
        }
    }
}

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
    lines: Option<Lines>,
    #[cfg(target_arch = "x86_64")]
    pub(super) avx2: Option<super::avx2::Tiles>,
    #[cfg(target_arch = "x86_64")]
    pub(super) avx512: Option<super::avx512::Tiles>,
}

impl Scratch {
    /// For windows of `taps` pixels on pictures of `width`, every `step`-th row measured.
    pub(super) fn new(level: Level, width: usize, taps: usize, step: usize) -> Self {
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (taps, step);
        Self {
            lines: (level == Level::Scalar).then(|| Lines::new(width)),
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
        let Self { pair, taps, shifts, rows, grid, scratch, logs } = self;
        let lines = scratch.lines.as_mut().expect("made for this level");
        let width = pair[0].width;
        let mut sums = Sums::default();
        for y in rows.map(|j| grid.row + j * STEP).take_while(|&y| y < pair[0].height) {
            let (r, d) = (window_rows::<P, T>(pair[0], y), window_rows::<P, T>(pair[1], y));
            own_moments(&r, taps, shifts, &mut lines.reference);
            own_moments(&d, taps, shifts, &mut lines.distorted);
            cross_moment(&r, &d, taps, shifts, &mut lines.product);
            for own in [&mut lines.reference, &mut lines.distorted] {
                reflect_borders::<T>(&mut own.mean, width);
                reflect_borders::<T>(&mut own.square, width);
            }
            reflect_borders::<T>(&mut lines.product, width);
            horizontal::<T, STEP>(lines, taps, grid.column..width, logs, &mut sums);
        }
        sums
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

#[inline(always)]
fn own_moments<P: Sample, const T: usize>(
    rows: &[&[P]; T],
    taps: &[u32; T],
    shifts: Shifts,
    out: &mut Own,
) {
    let width = rows[0].len();
    let whole = width - width % BLOCK;
    for x in (0..whole).step_by(BLOCK) {
        own_block::<P, T, BLOCK>(rows, taps, shifts, x, out);
    }
    for x in whole..width {
        own_block::<P, T, 1>(rows, taps, shifts, x, out);
    }
}

#[inline(always)]
fn own_block<P: Sample, const T: usize, const N: usize>(
    rows: &[&[P]; T],
    taps: &[u32; T],
    shifts: Shifts,
    x: usize,
    out: &mut Own,
) {
    let mut mean = [0u32; N];
    let mut square = [P::Sum::default(); N];
    for k in 0..T {
        let row = &rows[k][x..x + N];
        for i in 0..N {
            let sample: u32 = row[i].into();
            mean[i] += taps[k] * sample;
        }
        for i in 0..N {
            square[i] = P::add(square[i], taps[k], P::product(row[i], row[i]));
        }
    }
    let half = (1 << shifts.mean) >> 1;
    let at = MARGIN + x..MARGIN + x + N;
    for (o, m) in out.mean[at.clone()].iter_mut().zip(mean) {
        *o = f64::from((m + half) >> shifts.mean);
    }
    for (o, s) in out.square[at].iter_mut().zip(square) {
        *o = f64::from(P::finish(s, shifts.product));
    }
}

#[inline(always)]
fn cross_moment<P: Sample, const T: usize>(
    reference: &[&[P]; T],
    distorted: &[&[P]; T],
    taps: &[u32; T],
    shifts: Shifts,
    out: &mut [f64],
) {
    let width = reference[0].len();
    let whole = width - width % BLOCK;
    for x in (0..whole).step_by(BLOCK) {
        cross_block::<P, T, BLOCK>(reference, distorted, taps, shifts, x, out);
    }
    for x in whole..width {
        cross_block::<P, T, 1>(reference, distorted, taps, shifts, x, out);
    }
}

#[inline(always)]
fn cross_block<P: Sample, const T: usize, const N: usize>(
    reference: &[&[P]; T],
    distorted: &[&[P]; T],
    taps: &[u32; T],
    shifts: Shifts,
    x: usize,
    out: &mut [f64],
) {
    let mut sum = [P::Sum::default(); N];
    for k in 0..T {
        let (r, d) = (&reference[k][x..x + N], &distorted[k][x..x + N]);
        for i in 0..N {
            sum[i] = P::add(sum[i], taps[k], P::product(r[i], d[i]));
        }
    }
    for (o, s) in out[MARGIN + x..MARGIN + x + N].iter_mut().zip(sum) {
        *o = f64::from(P::finish(s, shifts.product));
    }
}

/// Mirrors a filtered row into its margins, the edge not repeated.
#[inline(always)]
fn reflect_borders<const T: usize>(line: &mut [f64], width: usize) {
    for i in 1..=T / 2 {
        line[MARGIN - i] = line[MARGIN + i];
        line[MARGIN + width - 1 + i] = line[MARGIN + width - 1 - i];
    }
}

#[inline(always)]
fn horizontal<const T: usize, const STEP: usize>(
    lines: &Lines,
    taps: &[u32; T],
    columns: Range<usize>,
    logs: &LogTable,
    sums: &mut Sums,
) {
    let mut exact = [0.0; T];
    for k in 0..T {
        exact[k] = f64::from(taps[k]);
    }
    let taps = &exact;
    let whole = match STEP {
        1 => columns.end - columns.end % BLOCK,
        _ => columns.start,
    };
    for x in (columns.start..whole).step_by(BLOCK) {
        horizontal_block::<T, BLOCK>(lines, taps, x, logs, sums);
    }
    for x in (whole..columns.end).step_by(STEP) {
        horizontal_block::<T, 1>(lines, taps, x, logs, sums);
    }
}

#[inline(always)]
fn horizontal_block<const T: usize, const N: usize>(
    lines: &Lines,
    taps: &[f64; T],
    x: usize,
    logs: &LogTable,
    sums: &mut Sums,
) {
    let Lines { reference, distorted, product } = lines;
    let first = x + MARGIN - T / 2;
    let moments = Moments {
        means: [
            horizontal_mean::<T, N>(&reference.mean, taps, first),
            horizontal_mean::<T, N>(&distorted.mean, taps, first),
        ],
        products: [
            horizontal_product::<T, N>(&reference.square, taps, first),
            horizontal_product::<T, N>(&distorted.square, taps, first),
            horizontal_product::<T, N>(product, taps, first),
        ],
    };
    sums.add(&moments, logs);
}

/// Q24, not rounded.
#[inline(always)]
fn horizontal_mean<const T: usize, const N: usize>(
    line: &[f64],
    taps: &[f64; T],
    x: usize,
) -> [u64; N] {
    let sum: [f64; N] = filter(line, taps, x);
    let mut whole = [0; N];
    for i in 0..N {
        // sums are below 2^32 and end up in the last bits of the fraction
        whole[i] = (sum[i] + ROUNDER).to_bits() & 0xffff_ffff;
    }
    whole
}

/// Rounded to Q16.
#[inline(always)]
fn horizontal_product<const T: usize, const N: usize>(
    line: &[f64],
    taps: &[f64; T],
    x: usize,
) -> [f64; N] {
    let mut sum: [f64; N] = filter(line, taps, x);
    for i in 0..N {
        // to the nearest; a quarter of the last place makes halves go up
        sum[i] = (sum[i] * (1.0 / 65536.0) + 1.0 / 262144.0 + ROUNDER) - ROUNDER;
    }
    sum
}

#[inline(always)]
fn filter<const T: usize, const N: usize>(line: &[f64], taps: &[f64; T], x: usize) -> [f64; N] {
    let mut sum = [0.0; N];
    let centre = &line[x + T / 2..x + T / 2 + N];
    for i in 0..N {
        sum[i] = taps[T / 2] * centre[i];
    }
    for k in 0..T / 2 {
        let (left, right) = (&line[x + k..x + k + N], &line[x + T - 1 - k..x + T - 1 - k + N]);
        for i in 0..N {
            sum[i] += taps[k] * (left[i] + right[i]);
        }
    }
    sum
}
