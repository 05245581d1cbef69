#![allow(unsafe_code, reason = "code for AVX2 and AVX-512 is entered here")]

use std::array::from_fn;
use std::ops::Range;

use super::{Plane, RADIUS, WINDOW};
use crate::features::cpu::Kernel;
#[cfg(target_arch = "x86_64")]
use crate::features::cpu::{Avx2, Avx512};
use crate::features::filter::{block, filter, folded};
use crate::features::fixed::reflect;

/// Columns treated together.
const BLOCK: usize = 32;

/// Sample types of pictures.
pub(in crate::features) trait Sample:
    bytemuck::Pod + Send + Sync + Into<i32>
{
    /// Vertically blurred differences of rows, Q8.
    fn blur<const N: usize>(rows: [[&[Self; N]; 2]; WINDOW], depth: u32) -> [i32; N];
}

impl Sample for u8 {
    #[inline(always)]
    fn blur<const N: usize>(rows: [[&[u8; N]; 2]; WINDOW], depth: u32) -> [i32; N] {
        let mut sums = [0; N];
        let difference = |k: usize, x: usize| {
            let [previous, current] = rows[k];
            i16::from(previous[x]) - i16::from(current[x])
        };
        folded::<WINDOW, N>(difference, 0, &mut sums);
        sums.map(|sum| (sum as i32 + ((1 << depth) >> 1)) >> depth)
    }
}

impl Sample for u16 {
    #[inline(always)]
    fn blur<const N: usize>(rows: [[&[u16; N]; 2]; WINDOW], depth: u32) -> [i32; N] {
        let difference = |k: usize, x: usize| {
            let [previous, current] = rows[k];
            halved(i32::from(previous[x]) - i32::from(current[x]))
        };
        blur_halves(|k, x| difference(k, x)[0], |k, x| difference(k, x)[1], depth)
    }
}

/// Half a number of 17 bits, and what is left of it.
#[inline(always)]
fn halved(v: i32) -> [i16; 2] {
    [(v >> 1) as i16, (v & 1) as i16]
}

/// Sums of what was [`halved`], shifted by `shift` and rounded.
#[inline(always)]
fn blur_halves<const N: usize>(
    half: impl Fn(usize, usize) -> i16,
    rest: impl Fn(usize, usize) -> i16,
    shift: u32,
) -> [i32; N] {
    let (mut halves, mut rests) = ([0; N], [0; N]);
    filter::<WINDOW, N>(half, 0, &mut halves);
    folded::<WINDOW, N>(rest, 0, &mut rests);
    let mut blurred = [0; N];
    for x in 0..N {
        let rest = (rests[x] + ((1 << shift) >> 1)) >> 1;
        blurred[x] = (halves[x].wrapping_add(rest) as i32) >> (shift - 1);
    }
    blurred
}

/// A vertically blurred row, [`halved`], with both borders.
pub(super) struct Line {
    halves: Vec<i16>,
    rests: Vec<i16>,
}

impl Line {
    pub(super) fn new(width: usize) -> Self {
        let line = vec![0; width + 2 * RADIUS];
        Self { halves: line.clone(), rests: line }
    }
}

/// Sum of absolute blurred differences of some rows, Q8. Whether `line` or others are used depends
/// on the processor.
pub(super) struct Rows<'a, P> {
    pub(super) pair: [Plane<'a, P>; 2],
    pub(super) depth: u32,
    pub(super) rows: Range<usize>,
    pub(super) line: &'a mut Line,
    #[cfg(target_arch = "x86_64")]
    pub(super) singles: &'a mut super::avx2::Singles,
    #[cfg(target_arch = "x86_64")]
    pub(super) differences: &'a mut super::avx512::Differences,
}

impl<P: Sample> Kernel for Rows<'_, P> {
    type Output = u64;

    #[inline(always)]
    fn run(self) -> u64 {
        let mut sum = 0;
        for y in self.rows {
            sum += row(self.pair, y, self.depth, self.line);
        }
        sum
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn run_avx2(self, _: Avx2) -> u64 {
        if self.depth > super::avx2::DEEPEST {
            return self.run();
        }
        // SAFETY: the processor has AVX2 and FMA, which the argument proves
        unsafe { super::avx2::sum(self) }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn run_avx512(self, _: Avx512) -> u64 {
        if self.depth > super::avx2::DEEPEST {
            return self.run();
        }
        // SAFETY: the processor has AVX-512, which the argument proves
        unsafe { super::avx512::sum(self) }
    }
}

#[inline(always)]
fn row<P: Sample>(pair: [Plane<P>; 2], y: usize, depth: u32, line: &mut Line) -> u64 {
    let [Plane { width, height, .. }, _] = pair;
    let rows: [[&[P]; 2]; WINDOW] = from_fn(|k| {
        let y = reflect((y + k) as isize - RADIUS as isize, height);
        pair.map(|plane| plane.row(y))
    });
    let whole = width - width % BLOCK;
    for x in (0..whole).step_by(BLOCK) {
        vertical::<P, BLOCK>(&rows, x, depth, line);
    }
    for x in whole..width {
        vertical::<P, 1>(&rows, x, depth, line);
    }
    reflect_borders(&mut line.halves, width);
    reflect_borders(&mut line.rests, width);
    let mut sum = 0;
    for x in (0..whole).step_by(BLOCK) {
        sum += horizontal::<BLOCK>(line, x);
    }
    for x in whole..width {
        sum += horizontal::<1>(line, x);
    }
    sum
}

#[inline(always)]
fn vertical<P: Sample, const N: usize>(
    rows: &[[&[P]; 2]; WINDOW],
    x: usize,
    depth: u32,
    line: &mut Line,
) {
    let blurred = P::blur::<N>(rows.map(|pair| pair.map(|row| block(row, x))), depth);
    let halves = &mut line.halves[RADIUS + x..][..N];
    let rests = &mut line.rests[RADIUS + x..][..N];
    for i in 0..N {
        [halves[i], rests[i]] = halved(blurred[i]);
    }
}

/// Mirrors a row into its margins, the edge not repeated.
#[inline(always)]
fn reflect_borders(line: &mut [i16], width: usize) {
    for i in 1..=RADIUS {
        line[RADIUS - i] = line[RADIUS + i];
        line[RADIUS + width - 1 + i] = line[RADIUS + width - 1 - i];
    }
}

/// Sum of magnitudes, blurred horizontally.
#[inline(always)]
fn horizontal<const N: usize>(line: &Line, x: usize) -> u64 {
    let [halves, rests]: [[&[i16; N]; WINDOW]; 2] =
        [&line.halves, &line.rests].map(|line| from_fn(|k| block(line, x + k)));
    let blurred: [i32; N] = blur_halves(|k, x| halves[k][x], |k, x| rests[k][x], 16);
    let mut sum = 0;
    for v in blurred {
        sum += v.unsigned_abs();
    }
    u64::from(sum)
}
