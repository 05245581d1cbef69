use std::arch::x86_64::*;

use super::horizontal::{Moments, Ring, Taps};
use crate::features::lanes::{log2, sum_of_lanes};
use crate::features::vif::doubt::{self, Reference};
use crate::features::vif::sample::Sample;
use crate::features::vif::statistic::Sums;
use crate::features::vif::tiles::Block;

/// What pixels that carry information add, as factors under a logarithm.
#[derive(Clone, Copy)]
struct Factors {
    signal: __m256,
    noise: __m256,
    total: __m256,
}

/// Sums over a strip of sixteen rows.
pub(super) struct Totals {
    // all ones in rows of the strip
    rows: [__m256; 2],
    count: usize,
    is_whole: bool,
    numerator: __m256,
    denominator: __m256,
    flushed: [f64; 2],
}

impl Totals {
    /// `rows`: how many there are, up to sixteen.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn new(rows: usize) -> Self {
        let numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        let mask = |first: i32| {
            let count = _mm256_set1_epi32(rows as i32 - first);
            _mm256_castsi256_ps(_mm256_cmpgt_epi32(count, numbers))
        };
        Self {
            rows: [mask(0), mask(8)],
            count: rows,
            is_whole: rows == 16,
            numerator: _mm256_setzero_ps(),
            denominator: _mm256_setzero_ps(),
            flushed: [0.0; 2],
        }
    }

    /// Adds four columns of the grid. `reference`: the picture the ring was filled from.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn add<P: Sample, const T: usize, const STEP: usize>(
        &mut self,
        ring: &Ring,
        block: Block,
        taps: &Taps,
        reference: &Reference<P, T>,
    ) {
        for half in 0..2 {
            if self.is_whole && block.valid >= 4 {
                self.add_half::<P, T, STEP, false>(ring, block, half, taps, reference);
            } else {
                self.add_half::<P, T, STEP, true>(ring, block, half, taps, reference);
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn add_half<P: Sample, const T: usize, const STEP: usize, const MASKED: bool>(
        &mut self,
        ring: &Ring,
        block: Block,
        half: usize,
        taps: &Taps,
        reference: &Reference<P, T>,
    ) {
        let one = _mm256_set1_ps(1.0);
        let mut all = Factors { signal: one, noise: one, total: one };
        let moments = ring.moments::<T, STEP>(block.column, half, taps);
        for i in 0..4 {
            let (x, y) = (block.x + i * STEP, block.y + 8 * half * STEP);
            let is_there = |row: usize| !MASKED || (i < block.valid && 8 * half + row < self.count);
            let (mut factors, mut flat) = factors(moments[i], |row, is_flat| match is_there(row) {
                true => reference.is_flat(x, y + row * STEP),
                false => is_flat,
            });
            if MASKED {
                let mask = if i < block.valid { self.rows[half] } else { _mm256_setzero_ps() };
                let Factors { signal, noise, total } = &mut factors;
                for factor in [signal, noise, total] {
                    *factor = _mm256_blendv_ps(one, *factor, mask);
                }
                flat = _mm256_and_ps(flat, mask);
            }
            self.numerator = _mm256_add_ps(self.numerator, flat);
            all.signal = _mm256_mul_ps(all.signal, factors.signal);
            all.noise = _mm256_mul_ps(all.noise, factors.noise);
            all.total = _mm256_mul_ps(all.total, factors.total);
        }
        let ratio = _mm256_div_ps(all.signal, all.noise);
        self.numerator = _mm256_add_ps(self.numerator, log2(ratio));
        self.denominator = _mm256_add_ps(self.denominator, log2(all.total));
    }

    /// Moves what has been added to where it is not rounded.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn flush(&mut self) {
        self.flushed[0] += sum_of_lanes(self.numerator);
        self.flushed[1] += sum_of_lanes(self.denominator);
        self.numerator = _mm256_setzero_ps();
        self.denominator = _mm256_setzero_ps();
    }

    pub(super) fn finish(self) -> Sums {
        let [numerator, denominator] = self.flushed;
        Sums::of_strip(numerator, denominator)
    }
}

/// Factors of eight pixels, and the numerator's part that flat ones add.
///
/// With gain g = c/v1 and residual e = v2 - gc, and D = v1 v2 - c²,
/// 1 + g² v1 / (e + 2) = (D + 2 v1 + c²) / (D + 2 v1): no pixel is divided.
///
/// `exactly` says whether a pixel that may or may not be flat is; it is told what it seems to be.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn factors(moments: Moments, exactly: impl Fn(usize, bool) -> bool) -> (Factors, __m256) {
    let Moments { means: [m1, m2], products: [p11, p22, p12] } = moments;
    let (zero, one, two) = (_mm256_setzero_ps(), _mm256_set1_ps(1.0), _mm256_set1_ps(2.0));
    let v1 = _mm256_fnmadd_ps(m1, m1, p11);
    let v2 = _mm256_max_ps(_mm256_fnmadd_ps(m2, m2, p22), zero);
    let c = _mm256_fnmadd_ps(m1, m2, p12);

    let mut is_flat = _mm256_cmp_ps(v1, two, _CMP_LT_OQ);
    let error =
        _mm256_fmadd_ps(p11, _mm256_set1_ps(doubt::RELATIVE), _mm256_set1_ps(doubt::ABSOLUTE));
    let distance = _mm256_andnot_ps(_mm256_set1_ps(-0.0), _mm256_sub_ps(v1, two));
    let doubtful = _mm256_movemask_ps(_mm256_cmp_ps(distance, error, _CMP_LT_OQ));
    if doubtful != 0 {
        is_flat = decided(is_flat, doubtful as u32, exactly);
    }
    let added = _mm256_fnmadd_ps(v2, _mm256_set1_ps(4.0 / 65025.0), one);
    let flat = _mm256_and_ps(is_flat, added);

    // a flat pixel's logarithm is that of a variance of 2: one
    let v1 = _mm256_max_ps(v1, two);
    // unrelated: the covariance is not positive, or there is nothing in the distorted picture
    let c = _mm256_and_ps(_mm256_max_ps(c, zero), _mm256_cmp_ps(v2, zero, _CMP_GT_OQ));
    let c = _mm256_andnot_ps(is_flat, c);
    let rest = _mm256_max_ps(_mm256_fmsub_ps(v1, v2, _mm256_mul_ps(c, c)), zero);
    let noise = _mm256_fmadd_ps(v1, two, rest);
    // gain limit
    let kept = _mm256_min_ps(c, _mm256_mul_ps(v1, _mm256_set1_ps(100.0)));
    let signal = _mm256_fmadd_ps(kept, kept, noise);
    // 1 + v1/2
    let total = _mm256_fmadd_ps(v1, _mm256_set1_ps(0.5), one);
    (Factors { signal, noise, total }, flat)
}

/// `mask` with its `doubtful` lanes decided.
#[cold]
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
fn decided(mask: __m256, doubtful: u32, exactly: impl Fn(usize, bool) -> bool) -> __m256 {
    let mut lanes: [u32; 8] = bytemuck::cast(mask);
    for (row, lane) in lanes.iter_mut().enumerate() {
        if doubtful >> row & 1 == 1 {
            *lane = if exactly(row, *lane != 0) { u32::MAX } else { 0 };
        }
    }
    bytemuck::cast(lanes)
}
