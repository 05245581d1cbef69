#![allow(unsafe_code, reason = "code for AVX2 and AVX-512 is entered here")]

use std::array::from_fn;
use std::ops::Range;

use super::{DEEPEST, Plane, RADIUS, WINDOW};
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
}
impl Sample for u8 {}
impl Sample for u16 {}

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

/// A row of numbers that may be [`halved`], with both borders.
#[derive(Clone)]
struct Line {
    halves: Vec<i16>,
    rests: Vec<i16>,
}

/// Scratch memory of one job.
pub(super) struct Lines {
    /// Rows under the window, each at its number modulo [`WINDOW`]; whole ones in place of halves
    /// where they fit.
    differences: [Line; WINDOW],
    /// Their sum, always halved.
    blurred: Line,
}

impl Lines {
    pub(super) fn new(width: usize) -> Self {
        let line = vec![0; width + 2 * RADIUS];
        let line = Line { halves: line.clone(), rests: line };
        Self { differences: from_fn(|_| line.clone()), blurred: line }
    }
}

/// Sum of absolute blurred differences of some rows, Q8. Whether `lines` or others are used depends
/// on the processor.
pub(super) struct Rows<'a, P> {
    pub(super) pair: [Plane<'a, P>; 2],
    pub(super) depth: u32,
    pub(super) rows: Range<usize>,
    pub(super) lines: &'a mut Lines,
    #[cfg(target_arch = "x86_64")]
    pub(super) singles: &'a mut super::avx2::Singles,
    #[cfg(target_arch = "x86_64")]
    pub(super) differences: &'a mut super::avx512::Differences,
}

impl<P: Sample> Kernel for Rows<'_, P> {
    type Output = u64;

    #[inline(always)]
    fn run(self) -> u64 {
        let Self { pair, depth, rows, lines, .. } = self;
        let Lines { differences, blurred } = lines;
        let Plane { width, height, .. } = pair[0];
        let mut next = rows.start.saturating_sub(RADIUS);
        let mut sum = 0;
        for y in rows {
            while next < (y + RADIUS + 1).min(height) {
                let under = pair.map(|plane| plane.row(next));
                subtract(under, depth, &mut differences[next % WINDOW]);
                next += 1;
            }
            let window = from_fn(|k| {
                let y = reflect((y + k) as isize - RADIUS as isize, height);
                &differences[y % WINDOW]
            });
            sum += blur(window, width, depth, blurred);
        }
        sum
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn run_avx2(self, _: Avx2) -> u64 {
        if self.depth > DEEPEST {
            return self.run();
        }
        // SAFETY: the processor has AVX2 and FMA, which the argument proves
        unsafe { super::avx2::sum(self) }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn run_avx512(self, _: Avx512) -> u64 {
        if self.depth > DEEPEST {
            return self.run();
        }
        // SAFETY: the processor has AVX-512, which the argument proves
        unsafe { super::avx512::sum(self) }
    }
}

#[inline(always)]
fn subtract<P: Sample>([previous, current]: [&[P]; 2], depth: u32, out: &mut Line) {
    let width = previous.len();
    let current = &current[..width];
    let halves = &mut out.halves[..width];
    let rests = &mut out.rests[..width];
    let difference = |x: usize| previous[x].into() - current[x].into();
    if depth > DEEPEST {
        for x in 0..width {
            [halves[x], rests[x]] = halved(difference(x));
        }
    } else {
        for x in 0..width {
            halves[x] = difference(x) as i16;
        }
    }
}

/// Sum of magnitudes of a row blurred in both directions, Q8.
#[inline(always)]
fn blur(window: [&Line; WINDOW], width: usize, depth: u32, blurred: &mut Line) -> u64 {
    let whole = width - width % BLOCK;
    for x in (0..whole).step_by(BLOCK) {
        vertical::<BLOCK>(window, x, depth, blurred);
    }
    for x in whole..width {
        vertical::<1>(window, x, depth, blurred);
    }
    reflect_borders(&mut blurred.halves, width);
    reflect_borders(&mut blurred.rests, width);
    let mut sum = 0;
    for x in (0..whole).step_by(BLOCK) {
        sum += horizontal::<BLOCK>(blurred, x);
    }
    for x in whole..width {
        sum += horizontal::<1>(blurred, x);
    }
    sum
}

#[inline(always)]
fn vertical<const N: usize>(window: [&Line; WINDOW], x: usize, depth: u32, out: &mut Line) {
    let halves = window.map(|line| block::<i16, N>(&line.halves, x));
    let mut blurred = [0; N];
    if depth > DEEPEST {
        let rests = window.map(|line| block::<i16, N>(&line.rests, x));
        blurred = blur_halves(|k, x| halves[k][x], |k, x| rests[k][x], depth);
    } else {
        let mut sums = [0; N];
        folded::<WINDOW, N>(|k, x| halves[k][x], 0, &mut sums);
        for x in 0..N {
            blurred[x] = (sums[x] as i32 + ((1 << depth) >> 1)) >> depth;
        }
    }
    let halves = &mut out.halves[RADIUS + x..][..N];
    let rests = &mut out.rests[RADIUS + x..][..N];
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
