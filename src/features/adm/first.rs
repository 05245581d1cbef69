use super::level::{Arithmetic, Band};
use super::pool::{Sums, Window};
#[cfg(target_arch = "x86_64")]
use super::strip::Rows;
use super::wavelet::Sample;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512, x86};
#[cfg(target_arch = "x86_64")]
use crate::features::cpu::{Avx2, Avx512};
use crate::features::filter::pair;
use crate::features::fixed::{ceil_log2, round_shift_unsigned};

/// Contrast sensitivity in the denominator, for h, v and d.
const WEIGHTS: [f64; 3] = [0.0173815377, 0.0173815377, 0.0058906870];
/// The same in the numerator: Q21 for h and v, Q23 for d.
pub(super) const WEIGHT_H_V: i32 = 36453;
pub(super) const WEIGHT_D: i32 = 49417;
/// Larger thresholds mask everything; keeps the shifts below within 32 bits.
const THRESHOLD_LIMIT: i32 = 1 << 19;

/// The finest level: 16-bit coefficients, Q6.
pub(super) struct First {
    pub(super) depth: u32,
    mid_grey: i32,
}

impl First {
    pub(super) fn of_depth(depth: u32) -> Self {
        Self { depth, mid_grey: 1 << (depth - 1) }
    }
}

/// Sum of 16-bit products, rounded.
#[inline(always)]
fn filter([a, b, c, d]: [i16; 4], taps: [i32; 4], shift: u32) -> i16 {
    let [s, t, u, v] = taps.map(|t| t as i16);
    // the marks of two pairs cancel
    let sum = pair([a, b], [s, t]).wrapping_add(pair([c, d], [u, v])) as i32;
    ((sum + (1 << (shift - 1))) >> shift) as i16
}

impl Arithmetic for First {
    type Low = i16;
    const WIDE: bool = false;

    // samples about mid-grey: everything fits 16 bits, and only the low-pass band moves
    #[inline(always)]
    fn vertical<P: Sample>(&self, samples: [P; 4], taps: [i32; 4]) -> i16 {
        let mid_grey = self.mid_grey as i16;
        let about_mid_grey = |sample: P| (sample.into() as i16).wrapping_sub(mid_grey);
        filter(samples.map(about_mid_grey), taps, self.depth)
    }

    #[inline(always)]
    fn horizontal(&self, samples: [i16; 4], taps: [i32; 4]) -> i16 {
        filter(samples, taps, 16)
    }

    #[inline(always)]
    fn dot(&self, a: [i32; 2], b: [i32; 2]) -> f64 {
        f64::from((a[0] * b[0] + a[1] * b[1]) as f32)
    }

    #[inline(always)]
    fn weighted_added(&self, band: Band, added: i32) -> u32 {
        match band {
            Band::D => ((i64::from(WEIGHT_D) * i64::from(added) + 65535) >> 17) as i32,
            _ => (WEIGHT_H_V * added + (1 << 14)) >> 15,
        }
        .unsigned_abs()
    }

    #[inline(always)]
    fn masks_around(&self, weighted: u32) -> i32 {
        ((4369 * weighted + (1 << 11)) >> 12) as i32
    }

    #[inline(always)]
    fn masks_here(&self, weighted: u32) -> i32 {
        ((8738 * weighted + (1 << 11)) >> 12) as i32
    }

    #[inline(always)]
    fn weighted_restored(&self, band: Band, restored: i32) -> u32 {
        let weight = if band == Band::D { WEIGHT_D } else { WEIGHT_H_V };
        (weight * restored).unsigned_abs()
    }

    #[inline(always)]
    fn cube_above(&self, band: Band, restored: u32, threshold: i32, width_bits: u32) -> u64 {
        let (align, square, saved) = if band == Band::D { (12, 30, 3) } else { (10, 29, 4) };
        let threshold = (threshold.min(THRESHOLD_LIMIT) as u32) << align;
        let above = u64::from(restored.saturating_sub(threshold));
        let squared = round_shift_unsigned(above * above, square);
        round_shift_unsigned(squared * above, width_bits.saturating_sub(saved))
    }

    #[inline(always)]
    fn reference_cube(&self, detail: i32, _window: &Window) -> u64 {
        let magnitude = detail.unsigned_abs();
        u64::from(magnitude * magnitude) * u64::from(magnitude)
    }

    fn reference_row_shift(&self, window: &Window) -> u32 {
        ceil_log2(window.area()).saturating_sub(20)
    }

    #[cfg(target_arch = "x86_64")]
    fn rows_avx2<'a, P: Sample>(
        &'a self,
        proof: Avx2,
        scratch: &'a mut x86::Scratch,
    ) -> impl Rows<P, Low = Self::Low> + 'a {
        avx2::First::new(proof, self, scratch)
    }

    #[cfg(target_arch = "x86_64")]
    fn rows_avx512<'a, P: Sample>(
        &'a self,
        proof: Avx512,
        scratch: &'a mut x86::Scratch,
    ) -> impl Rows<P, Low = Self::Low> + 'a {
        avx512::First::new(proof, self, scratch)
    }

    fn pool(&self, sums: &Sums, window: &Window, (width, height): (usize, usize)) -> (f64, f64) {
        let floor = window.noise_floor();
        let numerator = Band::ALL.map(|band| {
            let (fraction, saved) = if band == Band::D { (57, 3) } else { (52, 4) };
            let rounded = ceil_log2(width).saturating_sub(saved) + ceil_log2(height);
            let sum = sums.restored[band as usize] as f64;
            (sum * 2f64.powi(rounded as i32 - fraction)).cbrt() + floor
        });
        let rounded = self.reference_row_shift(window);
        let denominator = Band::ALL.map(|band| {
            let sum = sums.reference[band as usize] as f64;
            let cubes = sum * 2f64.powi(rounded as i32 - 18);
            cubes.cbrt() * WEIGHTS[band as usize] + floor
        });
        (numerator.iter().sum(), denominator.iter().sum())
    }
}
