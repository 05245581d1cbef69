use std::arch::x86_64::*;

use super::horizontal::{Moments, Ring, Taps};
use super::lanes::{log2, sum_of_lanes};
use crate::features::vif::doubt::{self, Reference};
use crate::features::vif::sample::Sample;
use crate::features::vif::statistic::Sums;
use crate::features::vif::tiles::Block;

/// What pixels that carry information add, as factors under a logarithm.
#[derive(Clone, Copy)]
struct Factors {
    signal: __m512,
    noise: __m512,
    total: __m512,
}

/// Sums over a strip of sixteen rows.
pub(super) struct Totals {
    // rows of the strip
    rows: __mmask16,
    numerator: __m512,
    denominator: __m512,
    flushed: [f64; 2],
}

impl Totals {
    /// `rows`: how many there are, up to sixteen.
    #[target_feature(enable = "avx512f")]
    pub(super) fn new(rows: usize) -> Self {
        Self {
            rows: ((1u32 << rows) - 1) as __mmask16,
            numerator: _mm512_setzero_ps(),
            denominator: _mm512_setzero_ps(),
            flushed: [0.0; 2],
        }
    }

    /// Adds four columns of the grid. `reference`: the picture the ring was filled from.
    #[inline]
    #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512vnni")]
    pub(super) fn add<P: Sample, const T: usize, const STEP: usize>(
        &mut self,
        ring: &Ring,
        block: Block,
        taps: &Taps,
        reference: &Reference<P, T>,
    ) {
        if self.rows == __mmask16::MAX && block.valid >= 4 {
            self.add_masked::<P, T, STEP, false>(ring, block, taps, reference);
        } else {
            self.add_masked::<P, T, STEP, true>(ring, block, taps, reference);
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512vnni")]
    fn add_masked<P: Sample, const T: usize, const STEP: usize, const MASKED: bool>(
        &mut self,
        ring: &Ring,
        block: Block,
        taps: &Taps,
        reference: &Reference<P, T>,
    ) {
        let one = _mm512_set1_ps(1.0);
        let mut all = Factors { signal: one, noise: one, total: one };
        let moments = ring.moments::<T, STEP>(block.column, taps);
        for i in 0..4 {
            let (x, y) = (block.x + i * STEP, block.y);
            let mask = if !MASKED || i < block.valid { self.rows } else { 0 };
            let (mut factors, mut flat) =
                factors(moments[i], mask, |row| reference.is_flat(x, y + row * STEP));
            if MASKED {
                let Factors { signal, noise, total } = &mut factors;
                for factor in [signal, noise, total] {
                    *factor = _mm512_mask_mov_ps(one, mask, *factor);
                }
                flat = _mm512_maskz_mov_ps(mask, flat);
            }
            self.numerator = _mm512_add_ps(self.numerator, flat);
            all.signal = _mm512_mul_ps(all.signal, factors.signal);
            all.noise = _mm512_mul_ps(all.noise, factors.noise);
            all.total = _mm512_mul_ps(all.total, factors.total);
        }
        let ratio = _mm512_div_ps(all.signal, all.noise);
        self.numerator = _mm512_add_ps(self.numerator, log2(ratio));
        self.denominator = _mm512_add_ps(self.denominator, log2(all.total));
    }

    /// Moves what has been added to where it is not rounded.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn flush(&mut self) {
        self.flushed[0] += sum_of_lanes(self.numerator);
        self.flushed[1] += sum_of_lanes(self.denominator);
        self.numerator = _mm512_setzero_ps();
        self.denominator = _mm512_setzero_ps();
    }

    pub(super) fn finish(self) -> Sums {
        let [numerator, denominator] = self.flushed;
        Sums::of_strip(numerator, denominator)
    }
}

/// Factors of sixteen pixels, and the numerator's part that flat ones add: see
/// [`super::super::avx2`]. `exactly` says whether a pixel of those that are `there` is flat.
#[inline]
#[target_feature(enable = "avx2,fma,avx512f")]
fn factors(
    moments: Moments,
    there: __mmask16,
    exactly: impl Fn(usize) -> bool,
) -> (Factors, __m512) {
    let Moments { means: [m1, m2], products: [p11, p22, p12] } = moments;
    let (zero, one, two) = (_mm512_setzero_ps(), _mm512_set1_ps(1.0), _mm512_set1_ps(2.0));
    let v1 = _mm512_fnmadd_ps(m1, m1, p11);
    let v2 = _mm512_max_ps(_mm512_fnmadd_ps(m2, m2, p22), zero);
    let c = _mm512_fnmadd_ps(m1, m2, p12);

    let mut is_flat = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(v1, two);
    let error =
        _mm512_fmadd_ps(p11, _mm512_set1_ps(doubt::RELATIVE), _mm512_set1_ps(doubt::ABSOLUTE));
    let distance = _mm512_abs_ps(_mm512_sub_ps(v1, two));
    let doubtful = _mm512_mask_cmp_ps_mask::<_CMP_LT_OQ>(there, distance, error);
    if doubtful != 0 {
        is_flat = decided(is_flat, doubtful, exactly);
    }
    let added = _mm512_fnmadd_ps(v2, _mm512_set1_ps(4.0 / 65025.0), one);
    let flat = _mm512_maskz_mov_ps(is_flat, added);

    // a flat pixel's logarithm is that of a variance of 2: one
    let v1 = _mm512_max_ps(v1, two);
    // unrelated: the covariance is not positive, or there is nothing in the distorted picture
    let related = _mm512_mask_cmp_ps_mask::<_CMP_GT_OQ>(!is_flat, v2, zero);
    let c = _mm512_maskz_max_ps(related, c, zero);
    let rest = _mm512_max_ps(_mm512_fmsub_ps(v1, v2, _mm512_mul_ps(c, c)), zero);
    let noise = _mm512_fmadd_ps(v1, two, rest);
    // gain limit
    let kept = _mm512_min_ps(c, _mm512_mul_ps(v1, _mm512_set1_ps(100.0)));
    let signal = _mm512_fmadd_ps(kept, kept, noise);
    // 1 + v1/2
    let total = _mm512_fmadd_ps(v1, _mm512_set1_ps(0.5), one);
    (Factors { signal, noise, total }, flat)
}

/// `mask` with its `doubtful` lanes decided.
#[cold]
#[inline(never)]
fn decided(mask: __mmask16, doubtful: __mmask16, exactly: impl Fn(usize) -> bool) -> __mmask16 {
    let rows = (0..16).filter(|row| doubtful >> row & 1 == 1);
    rows.fold(mask & !doubtful, |mask, row| mask | __mmask16::from(exactly(row)) << row)
}
