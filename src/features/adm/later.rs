use super::level::{Arithmetic, Band};
use super::pool::{Sums, Window};
#[cfg(target_arch = "x86_64")]
use super::strip::Rows;
use super::wavelet::Sample;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512, x86};
#[cfg(target_arch = "x86_64")]
use crate::features::cpu::{Avx2, Avx512};
use crate::features::fixed::{ceil_log2, floor, round_shift, round_shift_unsigned, whole_bits};

/// A coarser level: 32-bit coefficients.
pub(super) struct Later {
    pub(super) vertical_shift: u32,
    pub(super) horizontal_shift: u32,
    /// Contrast sensitivity for h, v and d.
    weights: [f64; 3],
    /// The same, Q32.
    pub(super) fixed_weights: [i64; 3],
    /// Bits dropped from a squared reference coefficient.
    pub(super) square_shift: u32,
    /// Fraction bits of the sums of cubes before their roundings.
    restored_fraction: i32,
    reference_fraction: i32,
}

impl Later {
    pub(super) const SECOND: Self = Self {
        vertical_shift: 0,
        horizontal_shift: 15,
        weights: [0.0319848284, 0.0319848284, 0.0142990677],
        fixed_weights: [137373792, 137373792, 61414028],
        square_shift: 31,
        restored_fraction: 45,
        reference_fraction: 32,
    };
    pub(super) const THIRD: Self = Self {
        vertical_shift: 16,
        horizontal_shift: 16,
        weights: [0.0433726609, 0.0433726609, 0.0243969075],
        fixed_weights: [186284160, 186284160, 104783920],
        square_shift: 30,
        restored_fraction: 39,
        reference_fraction: 27,
    };
    pub(super) const FOURTH: Self = Self {
        vertical_shift: 16,
        horizontal_shift: 15,
        weights: [0.0456734113, 0.0456734113, 0.0313127376],
        fixed_weights: [196165808, 196165808, 134487184],
        square_shift: 31,
        restored_fraction: 36,
        reference_fraction: 23,
    };
}

/// In floating point, which holds these sums exactly: 32-bit coefficients times 16-bit taps.
#[inline(always)]
fn filter<S: Into<i32>>(samples: [S; 4], taps: [i32; 4], shift: u32) -> i32 {
    let [a, b, c, d] = samples.map(|sample| f64::from(sample.into()));
    let [s, t, u, v] = taps.map(f64::from);
    let sum = (a * s + b * t) + (c * u + d * v);
    let half = f64::from((1 << shift) >> 1);
    whole_bits(floor((sum + half) / f64::from(1 << shift))) as i32
}

/// A thirtieth or fifteenth, Q32; the half is taken off, not added.
#[inline(always)]
fn masking_share(factor: i64, weighted: u32) -> i32 {
    ((factor * i64::from(weighted) - (1 << 31)) >> 32) as i32
}

impl Arithmetic for Later {
    type Low = i32;
    const WIDE: bool = true;

    #[inline(always)]
    fn vertical<P: Sample>(&self, samples: [P; 4], taps: [i32; 4]) -> i32 {
        filter(samples, taps, self.vertical_shift)
    }

    #[inline(always)]
    fn horizontal(&self, samples: [i32; 4], taps: [i32; 4]) -> i32 {
        filter(samples, taps, self.horizontal_shift)
    }

    #[inline(always)]
    fn dot(&self, a: [i32; 2], b: [i32; 2]) -> f64 {
        let sum = i64::from(a[0]) * i64::from(b[0]) + i64::from(a[1]) * i64::from(b[1]);
        f64::from(sum as f32)
    }

    #[inline(always)]
    fn weighted_added(&self, band: Band, added: i32) -> u32 {
        self.weighted_restored(band, added)
    }

    // -1 where nothing was added
    #[inline(always)]
    fn masks_around(&self, weighted: u32) -> i32 {
        masking_share(143165577, weighted)
    }

    #[inline(always)]
    fn masks_here(&self, weighted: u32) -> i32 {
        masking_share(286331153, weighted)
    }

    #[inline(always)]
    fn weighted_restored(&self, band: Band, restored: i32) -> u32 {
        let weighted = self.fixed_weights[band as usize] * i64::from(restored);
        round_shift(weighted, 28).unsigned_abs() as u32
    }

    #[inline(always)]
    fn cube_above(&self, _band: Band, restored: u32, threshold: i32, width_bits: u32) -> u64 {
        let above = (i64::from(restored) - i64::from(threshold)).max(0) as u64;
        let squared = round_shift_unsigned(above * above, 30);
        round_shift_unsigned(squared * above, width_bits)
    }

    #[inline(always)]
    fn reference_cube(&self, detail: i32, window: &Window) -> u64 {
        let magnitude = u64::from(detail.unsigned_abs());
        let squared = ((magnitude * magnitude) >> self.square_shift) + 1;
        round_shift_unsigned(squared * magnitude, window.column_bits())
    }

    fn reference_row_shift(&self, window: &Window) -> u32 {
        window.row_bits()
    }

    #[cfg(target_arch = "x86_64")]
    fn rows_avx2<'a, P: Sample>(
        &'a self,
        proof: Avx2,
        scratch: &'a mut x86::Scratch,
    ) -> impl Rows<P, Low = Self::Low> + 'a {
        avx2::Later::new(proof, self, scratch)
    }

    #[cfg(target_arch = "x86_64")]
    fn rows_avx512<'a, P: Sample>(
        &'a self,
        proof: Avx512,
        scratch: &'a mut x86::Scratch,
    ) -> impl Rows<P, Low = Self::Low> + 'a {
        avx512::Later::new(proof, self, scratch)
    }

    fn pool(&self, sums: &Sums, window: &Window, (width, height): (usize, usize)) -> (f64, f64) {
        let floor = window.noise_floor();
        let root = |sum: u64, bits: i32| (sum as f64 * 2f64.powi(bits)).cbrt();
        let rounded = (ceil_log2(width) + ceil_log2(height)) as i32;
        let numerator = sums.restored.map(|s| root(s, rounded - self.restored_fraction) + floor);
        let rounded = (window.column_bits() + window.row_bits()) as i32;
        let denominator = Band::ALL.map(|band| {
            let cubes = root(sums.reference[band as usize], rounded - self.reference_fraction);
            cubes * self.weights[band as usize] + floor
        });
        (numerator.iter().sum(), denominator.iter().sum())
    }
}
