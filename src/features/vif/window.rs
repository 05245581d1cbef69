//! Local moments of one scale, row by row, and the statistic of each pixel.

use std::ops::Range;

use super::sample::{Sample, Shifts};
use super::statistic::{LogTable, Moments, Sums};
use crate::features::fixed::reflect;
use crate::features::plane::Plane;

/// Largest filter radius of any scale.
const MARGIN: usize = 8;
/// Pixels treated together: sums stay in registers.
const BLOCK: usize = 8;

/// Vertically filtered rows with room for reflected borders.
pub(super) struct Lines {
    reference: Own,
    distorted: Own,
    product: Vec<u32>,
}

/// What one picture alone contributes.
struct Own {
    // Q8
    mean: Vec<u32>,
    // Q16
    square: Vec<u32>,
}

impl Own {
    fn new(length: usize) -> Self {
        Self { mean: vec![0; length], square: vec![0; length] }
    }
}

impl Lines {
    pub(super) fn new(width: usize) -> Self {
        let length = width + 2 * MARGIN;
        Self { reference: Own::new(length), distorted: Own::new(length), product: vec![0; length] }
    }
}

/// Sums over `rows` of one scale; reference first.
#[inline(always)]
pub(super) fn measure<P: Sample, const T: usize>(
    pair: [Plane<P>; 2],
    taps: &[u32; T],
    shifts: Shifts,
    rows: Range<usize>,
    lines: &mut Lines,
    logs: &LogTable,
) -> Sums {
    let mut sums = Sums::default();
    for y in rows {
        let [r, d] = pair.map(|p| window_rows::<P, T>(p, y));
        own_moments(&r, taps, shifts, &mut lines.reference);
        own_moments(&d, taps, shifts, &mut lines.distorted);
        cross_moment(&r, &d, taps, shifts, &mut lines.product);
        let Own { mean, square } = &mut lines.reference;
        let Own { mean: mean_d, square: square_d } = &mut lines.distorted;
        for line in [mean, square, mean_d, square_d, &mut lines.product] {
            reflect_borders::<T>(line, pair[0].width);
        }
        horizontal(lines, taps, pair[0].width, logs, &mut sums);
    }
    sums
}

/// The rows under a window centred on row `y`.
#[inline(always)]
pub(super) fn window_rows<'a, P: Copy, const T: usize>(
    plane: Plane<'a, P>,
    y: usize,
) -> [&'a [P]; T] {
    std::array::from_fn(|k| plane.row(reflect((y + k) as isize - (T / 2) as isize, plane.height)))
}

#[inline(always)]
fn own_moments<P: Sample, const T: usize>(
    rows: &[&[P]; T],
    taps: &[u32; T],
    shifts: Shifts,
    out: &mut Own,
) {
    in_blocks(rows[0].len(), |x, n| match n {
        BLOCK => own_block::<P, T, BLOCK>(rows, taps, shifts, x, out),
        _ => own_block::<P, T, 1>(rows, taps, shifts, x, out),
    });
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
    for k in 0..T / 2 {
        let (upper, lower) = (&rows[k][x..x + N], &rows[T - 1 - k][x..x + N]);
        for i in 0..N {
            let (a, b): (u32, u32) = (upper[i].into(), lower[i].into());
            mean[i] += taps[k] * (a + b);
            square[i] = P::add(square[i], taps[k], a * a, b * b);
        }
    }
    let centre = &rows[T / 2][x..x + N];
    for i in 0..N {
        let a: u32 = centre[i].into();
        mean[i] += taps[T / 2] * a;
        square[i] = P::add(square[i], taps[T / 2], a * a, 0);
    }
    let half = (1 << shifts.mean) >> 1;
    let at = MARGIN + x..MARGIN + x + N;
    for (o, m) in out.mean[at.clone()].iter_mut().zip(mean) {
        *o = (m + half) >> shifts.mean;
    }
    for (o, s) in out.square[at].iter_mut().zip(square) {
        *o = P::finish(s, shifts.product);
    }
}

#[inline(always)]
fn cross_moment<P: Sample, const T: usize>(
    reference: &[&[P]; T],
    distorted: &[&[P]; T],
    taps: &[u32; T],
    shifts: Shifts,
    out: &mut [u32],
) {
    in_blocks(reference[0].len(), |x, n| match n {
        BLOCK => cross_block::<P, T, BLOCK>(reference, distorted, taps, shifts, x, out),
        _ => cross_block::<P, T, 1>(reference, distorted, taps, shifts, x, out),
    });
}

#[inline(always)]
fn cross_block<P: Sample, const T: usize, const N: usize>(
    reference: &[&[P]; T],
    distorted: &[&[P]; T],
    taps: &[u32; T],
    shifts: Shifts,
    x: usize,
    out: &mut [u32],
) {
    let product = |k: usize, i: usize| {
        let (r, d): (u32, u32) =
            (reference[k][x..x + N][i].into(), distorted[k][x..x + N][i].into());
        r * d
    };
    let mut sum = [P::Sum::default(); N];
    for k in 0..T / 2 {
        for (i, s) in sum.iter_mut().enumerate() {
            *s = P::add(*s, taps[k], product(k, i), product(T - 1 - k, i));
        }
    }
    for (i, s) in sum.iter_mut().enumerate() {
        *s = P::add(*s, taps[T / 2], product(T / 2, i), 0);
    }
    for (o, s) in out[MARGIN + x..MARGIN + x + N].iter_mut().zip(sum) {
        *o = P::finish(s, shifts.product);
    }
}

/// Mirrors a filtered row into its margins, the edge not repeated.
#[inline(always)]
fn reflect_borders<const T: usize>(line: &mut [u32], width: usize) {
    for i in 1..=T / 2 {
        line[MARGIN - i] = line[MARGIN + i];
        line[MARGIN + width - 1 + i] = line[MARGIN + width - 1 - i];
    }
}

#[inline(always)]
fn horizontal<const T: usize>(
    lines: &Lines,
    taps: &[u32; T],
    width: usize,
    logs: &LogTable,
    sums: &mut Sums,
) {
    in_blocks(width, |x, n| match n {
        BLOCK => horizontal_block::<T, BLOCK>(lines, taps, x, logs, sums),
        _ => horizontal_block::<T, 1>(lines, taps, x, logs, sums),
    });
}

#[inline(always)]
fn horizontal_block<const T: usize, const N: usize>(
    lines: &Lines,
    taps: &[u32; T],
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
    for i in 0..N {
        sums.add(moments.variances(i), logs);
    }
}

/// Q24, not rounded.
#[inline(always)]
fn horizontal_mean<const T: usize, const N: usize>(
    line: &[u32],
    taps: &[u32; T],
    x: usize,
) -> [u32; N] {
    let mut sum = [0u32; N];
    for k in 0..T {
        let samples = &line[x + k..x + k + N];
        for i in 0..N {
            sum[i] += taps[k] * samples[i];
        }
    }
    sum
}

/// Rounded to Q16.
#[inline(always)]
fn horizontal_product<const T: usize, const N: usize>(
    line: &[u32],
    taps: &[u32; T],
    x: usize,
) -> [u32; N] {
    let mut sum = [0u64; N];
    for k in 0..T {
        let samples = &line[x + k..x + k + N];
        for i in 0..N {
            sum[i] += u64::from(taps[k]) * u64::from(samples[i]);
        }
    }
    sum.map(|s| ((s + (1 << 15)) >> 16) as u32)
}

/// Calls `block(x, n)` over `0..width` with `n` = [`BLOCK`] as often as it fits, then 1.
#[inline(always)]
pub(super) fn in_blocks(width: usize, mut block: impl FnMut(usize, usize)) {
    let whole = width - width % BLOCK;
    for x in (0..whole).step_by(BLOCK) {
        block(x, BLOCK);
    }
    for x in whole..width {
        block(x, 1);
    }
}
