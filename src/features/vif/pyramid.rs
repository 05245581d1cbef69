//! From one scale to the next: low-pass with the next scale's window, keep even rows and columns.
#![allow(unsafe_code, reason = "code for AVX2 and AVX-512 is entered here")]

use std::array::from_fn;
use std::ops::Range;

use super::sample::{Sample, Shifts};
use super::window::window_rows;
use crate::features::cpu::Kernel;
#[cfg(target_arch = "x86_64")]
use crate::features::cpu::{Avx2, Avx512};
use crate::features::filter::{block, centred, filter_rows, part_columns};
use crate::features::plane::Plane;
use crate::features::strips::Workers;

/// Room for half the widest filter's radius on either side.
const MARGIN: usize = 4;
/// Output pixels treated together.
const BLOCK: usize = 32;

/// Some rows of the next scale.
pub(super) struct Job {
    rows: Range<usize>,
    columns: Columns,
    #[cfg(target_arch = "x86_64")]
    lines: super::avx2::Lines,
}

/// A vertically filtered row, Q8, as filters want it: even and odd columns apart, so that the
/// horizontal pass reads neighbours; with room for reflected borders.
struct Columns {
    line: Vec<i16>,
    even: Vec<i16>,
    odd: Vec<i16>,
}

impl Job {
    /// `width` of the next scale.
    pub(super) fn new(rows: Range<usize>, width: usize) -> Self {
        let half = vec![0; width + 1 + 2 * MARGIN];
        Self {
            rows,
            columns: Columns { line: vec![0; 2 * width + 1], even: half.clone(), odd: half },
            #[cfg(target_arch = "x86_64")]
            lines: super::avx2::Lines::new(2 * width + 1),
        }
    }
}

/// Fills `next`: both pictures side by side.
pub(super) fn halve<P: Sample, const T: usize>(
    workers: &Workers,
    jobs: &mut [Job],
    pair: [Plane<P>; 2],
    taps: &[u32; T],
    shifts: Shifts,
    next: &mut [u16],
) {
    let width = pair[0].width / 2;
    let share = jobs.first().map_or(1, |j| j.rows.len() * 2 * width);
    let level = workers.level();
    workers.each_filling(jobs, next, share, |job, next| {
        level.run(Halve { pair, taps, shifts, job, next });
    });
}

struct Halve<'a, P, const T: usize> {
    pair: [Plane<'a, P>; 2],
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "vector code only"))]
    taps: &'a [u32; T],
    shifts: Shifts,
    job: &'a mut Job,
    next: &'a mut [u16],
}

impl<P: Sample, const T: usize> Kernel for Halve<'_, P, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { pair: [reference, distorted], shifts, job, next, .. } = self;
        let width = reference.width / 2;
        for (y, both) in job.rows.clone().zip(next.chunks_exact_mut(2 * width)) {
            let (r, d) = both.split_at_mut(width);
            halve_row::<P, T>(reference, 2 * y, shifts, &mut job.columns, r);
            halve_row::<P, T>(distorted, 2 * y, shifts, &mut job.columns, d);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn run_avx2(self, _: Avx2) {
        let Self { pair, taps, shifts, job, next } = self;
        let width = pair[0].width / 2;
        let together = super::avx2::TOGETHER;
        let blocks = next.chunks_mut(2 * width * together);
        for (y, block) in job.rows.clone().step_by(together).zip(blocks) {
            for (p, plane) in pair.into_iter().enumerate() {
                let rows =
                    block.chunks_exact_mut(2 * width).map(|row| &mut row[p * width..][..width]);
                let lines = &mut job.lines;
                // SAFETY: the processor has AVX2 and FMA, which the argument proves
                unsafe { super::avx2::halve_rows(plane, 2 * y, taps, shifts.mean, lines, rows) }
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn run_avx512(self, _: Avx512) {
        let Self { pair, taps, shifts: Shifts { mean: depth, .. }, job, next } = self;
        let width = pair[0].width / 2;
        let together = super::avx512::TOGETHER;
        let blocks = next.chunks_mut(2 * width * together);
        for (y, block) in job.rows.clone().step_by(together).zip(blocks) {
            for (plane, first) in pair.into_iter().zip([0, width]) {
                let half = super::avx512::Half { rows: block, stride: 2 * width, first };
                // SAFETY: the processor has AVX-512, which the argument proves
                unsafe { super::avx512::halve_rows(plane, 2 * y, taps, depth, half) }
            }
        }
    }
}

#[inline(always)]
fn halve_row<P: Sample, const T: usize>(
    plane: Plane<P>,
    y: usize,
    shifts: Shifts,
    columns: &mut Columns,
    out: &mut [u16],
) {
    let rows = window_rows::<P, T>(plane, y);
    let width = plane.width;
    let Columns { line, even, odd } = columns;
    let whole = width - width % BLOCK;
    for x in (0..whole).step_by(BLOCK) {
        line[x..x + BLOCK].copy_from_slice(&vertical::<P, T, BLOCK>(&rows, shifts, x));
    }
    for x in whole..width {
        [line[x]] = vertical::<P, T, 1>(&rows, shifts, x);
    }
    part_columns(&line[..width], &mut even[MARGIN..], &mut odd[MARGIN..]);
    reflect_borders(columns, width, T / 2);
    horizontal::<T>(columns, out);
}

#[inline(always)]
fn vertical<P: Sample, const T: usize, const N: usize>(
    rows: &[&[P]; T],
    shifts: Shifts,
    x: usize,
) -> [i16; N] {
    let rows = rows.map(|row| block(row, x));
    let mut sums = [0; N];
    P::filter_samples(rows, &mut sums);
    let half = (1 << shifts.mean) >> 1;
    let mut out = [0; N];
    for x in 0..N {
        out[x] = centred(((sums[x] + half) >> shifts.mean) as u16);
    }
    out
}

#[inline(always)]
fn reflect_borders(columns: &mut Columns, width: usize, radius: usize) {
    let Columns { even, odd, .. } = columns;
    for i in 1..=radius {
        // column -i is column i; columns width-1+i and width-1-i are the same
        let (near, last) = (i, width - 1 - i);
        let far = width - 1 + i;
        let value = if near % 2 == 0 { even[MARGIN + near / 2] } else { odd[MARGIN + near / 2] };
        if i % 2 == 0 {
            even[MARGIN - i / 2] = value;
        } else {
            odd[MARGIN - i.div_ceil(2)] = value;
        }
        let value = if last % 2 == 0 { even[MARGIN + last / 2] } else { odd[MARGIN + last / 2] };
        if far.is_multiple_of(2) {
            even[MARGIN + far / 2] = value;
        } else {
            odd[MARGIN + far / 2] = value;
        }
    }
}

#[inline(always)]
fn horizontal<const T: usize>(columns: &Columns, out: &mut [u16]) {
    let mut blocks = out.chunks_exact_mut(BLOCK);
    let mut x = 0;
    for block in &mut blocks {
        block.copy_from_slice(&horizontal_block::<T, BLOCK>(columns, x));
        x += BLOCK;
    }
    for o in blocks.into_remainder() {
        [*o] = horizontal_block::<T, 1>(columns, x);
        x += 1;
    }
}

#[inline(always)]
fn horizontal_block<const T: usize, const N: usize>(columns: &Columns, x: usize) -> [u16; N] {
    // tap k reads column 2x + offset
    let under = from_fn(|k| {
        let offset = k as isize - (T / 2) as isize;
        let line = if offset.rem_euclid(2) == 0 { &columns.even } else { &columns.odd };
        block(line, (MARGIN + x).wrapping_add_signed(offset.div_euclid(2)))
    });
    let mut sums = [0; N];
    filter_rows::<T, N>(under, &mut sums);
    let mut out = [0; N];
    for x in 0..N {
        out[x] = ((sums[x] + (1 << 15)) >> 16) as u16;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{TAPS_1, TAPS_2, TAPS_3};
    use super::*;
    use crate::features::cpu::Level;

    /// Noise, black and white at random, and in blocks.
    fn samples(count: usize, depth: u32) -> Vec<u16> {
        let top = ((1u32 << depth) - 1) as u16;
        let mut state = 1u64;
        let mut random = || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            (state >> 40) as u16
        };
        (0..count)
            .map(|i| match i / 700 % 3 {
                0 => random() & top,
                1 => top * (random() % 2),
                _ => top * (i / 7 % 2) as u16,
            })
            .collect()
    }

    fn compare<P: Sample, const T: usize>(
        both: &[P],
        (width, height): (usize, usize),
        taps: &[u32; T],
        depth: u32,
    ) {
        let pair = Plane::side_by_side(both, width, height);
        let halved = |level| {
            let workers = Workers::at_level(1, level).expect("no threads");
            let strips = workers.strips_of(height / 2, 21).into_iter();
            let mut jobs: Vec<_> = strips.map(|rows| Job::new(rows, width / 2)).collect();
            let mut next = vec![0; 2 * (width / 2) * (height / 2)];
            halve(&workers, &mut jobs, pair, taps, Shifts::of_samples(depth), &mut next);
            next
        };
        let expected = halved(Level::Scalar);
        for level in Level::available() {
            let different = halved(level).iter().zip(&expected).position(|(a, b)| a != b);
            let taps = T;
            assert_eq!(different, None, "{level:?} {width}x{height} {depth} bits {taps} taps");
        }
    }

    #[test]
    fn every_level_halves_alike() {
        for width in (8..140).chain([191, 192, 193, 194, 256, 515]) {
            let size = (width, 33 + width % 7);
            for depth in [8, 10, 12, 16] {
                let both = samples(2 * size.0 * size.1, depth);
                if depth == 8 {
                    let both: Vec<u8> = both.iter().map(|&s| s as u8).collect();
                    compare(&both, size, &TAPS_1, depth);
                } else {
                    compare(&both, size, &TAPS_1, depth);
                }
                if depth == 16 {
                    compare(&both, size, &TAPS_2, depth);
                    compare(&both, size, &TAPS_3, depth);
                }
            }
        }
        for height in 8..80 {
            let both = samples(2 * 70 * height, 16);
            compare(&both, (70, height), &TAPS_1, 16);
        }
    }
}
