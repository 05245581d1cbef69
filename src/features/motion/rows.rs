#![allow(unsafe_code, reason = "code for AVX2 and AVX-512 is entered here")]

use std::ops::Range;

use super::{Plane, RADIUS, Sample, TAPS};
use crate::features::cpu::Kernel;
#[cfg(target_arch = "x86_64")]
use crate::features::cpu::{Avx2, Avx512};
use crate::features::fixed::reflect;

/// 1.5·2^52: a number that leaves no room for fractions.
const ROUNDER: f64 = 6755399441055744.0;
/// Columns whose sums are kept apart.
const BLOCK: usize = 8;

/// Sum of absolute blurred differences of some rows, Q8. `line` holds the width and both borders;
/// whether it or others are used depends on the processor.
pub(super) struct Rows<'a, P> {
    pub(super) pair: [Plane<'a, P>; 2],
    pub(super) depth: u32,
    pub(super) rows: Range<usize>,
    pub(super) line: &'a mut [f64],
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

/// All numbers are whole; floating point holds them exactly and multiplies faster than 64-bit
/// integers.
#[inline(always)]
fn row<P: Sample>(pair: [Plane<P>; 2], y: usize, depth: u32, line: &mut [f64]) -> u64 {
    let [previous, current] = pair;
    let mut rows = [(previous.row(y), current.row(y)); 5];
    for (k, rows) in rows.iter_mut().enumerate() {
        let y = reflect((y + k) as isize - RADIUS as isize, previous.height);
        *rows = (previous.row(y), current.row(y));
    }
    let width = previous.width;
    vertical(rows, depth, &mut line[RADIUS..][..width]);
    for i in 1..=RADIUS {
        line[RADIUS - i] = line[RADIUS + i];
        line[RADIUS + width - 1 + i] = line[RADIUS + width - 1 - i];
    }
    horizontal(line, width)
}

#[inline(always)]
fn vertical<P: Sample>(rows: [(&[P], &[P]); 5], depth: u32, line: &mut [f64]) {
    let width = line.len();
    let scale = 1.0 / f64::from(1u32 << depth);
    let whole = width - width % BLOCK;
    for x in (0..whole).step_by(BLOCK) {
        vertical_block::<P, BLOCK>(&rows, x, scale, line);
    }
    for x in whole..width {
        vertical_block::<P, 1>(&rows, x, scale, line);
    }
}

#[inline(always)]
fn vertical_block<P: Sample, const N: usize>(
    rows: &[(&[P], &[P]); 5],
    x: usize,
    scale: f64,
    line: &mut [f64],
) {
    let mut sum = [0.0; N];
    for (k, (previous, current)) in rows.iter().enumerate() {
        let (previous, current) = (&previous[x..x + N], &current[x..x + N]);
        for i in 0..N {
            let difference: i32 = previous[i].into() - current[i].into();
            sum[i] += TAPS[k] * f64::from(difference);
        }
    }
    let line = &mut line[x..x + N];
    for i in 0..N {
        line[i] = round(sum[i], scale);
    }
}

#[inline(always)]
fn horizontal(line: &[f64], width: usize) -> u64 {
    let whole = width - width % BLOCK;
    let mut totals = [0.0; BLOCK];
    for x in (0..whole).step_by(BLOCK) {
        let blurred = horizontal_block::<BLOCK>(line, x);
        for i in 0..BLOCK {
            totals[i] += blurred[i];
        }
    }
    for x in whole..width {
        totals[0] += horizontal_block::<1>(line, x)[0];
    }
    let mut total = 0.0;
    for t in totals {
        total += t;
    }
    total as u64
}

#[inline(always)]
fn horizontal_block<const N: usize>(line: &[f64], x: usize) -> [f64; N] {
    let mut sum = [0.0; N];
    for (k, tap) in TAPS.iter().enumerate() {
        let line = &line[x + k..x + k + N];
        for i in 0..N {
            sum[i] += tap * line[i];
        }
    }
    for s in &mut sum {
        *s = round(*s, 1.0 / 65536.0).abs();
    }
    sum
}

/// `sum * scale` to the nearest whole number, halves up; `scale` is 2^-16 or larger.
#[inline(always)]
fn round(sum: f64, scale: f64) -> f64 {
    (sum * scale + 1.0 / 262144.0 + ROUNDER) - ROUNDER
}
