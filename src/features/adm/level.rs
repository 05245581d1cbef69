//! What differs between the levels: their fixed-point formats.

use super::pool::{Sums, Window};
#[cfg(target_arch = "x86_64")]
use super::strip::Rows;
use super::wavelet::{Coefficient, Sample};
#[cfg(target_arch = "x86_64")]
use super::x86;
#[cfg(target_arch = "x86_64")]
use crate::features::cpu::{Avx2, Avx512};

/// Arithmetic of one level. The first has 16-bit coefficients, the later ones 32-bit.
pub(super) trait Arithmetic: Sync {
    /// What holds a coefficient.
    type Low: Coefficient;
    /// Whether coefficients may have more than 15 bits.
    const WIDE: bool;

    /// One output of a vertical filter.
    fn vertical<P: Sample>(&self, samples: [P; 4], taps: [i32; 4]) -> Self::Low;
    /// One output of a horizontal filter.
    fn horizontal(&self, samples: [Self::Low; 4], taps: [i32; 4]) -> Self::Low;

    /// `a[0]·b[0] + a[1]·b[1]`, rounded to single precision.
    fn dot(&self, a: [i32; 2], b: [i32; 2]) -> f64;

    /// Magnitude of weighted additive detail.
    fn weighted_added(&self, band: Band, added: i32) -> u32;
    /// What that masks around itself.
    fn masks_around(&self, weighted: u32) -> i32;
    /// What that masks at its own place.
    fn masks_here(&self, weighted: u32) -> i32;
    /// Magnitude of weighted restored detail.
    fn weighted_restored(&self, band: Band, restored: i32) -> u32;

    /// Cube of what weighted restored detail has above the masking threshold. `width_bits`:
    /// logarithm of the band's width, rounded up.
    fn cube_above(&self, band: Band, restored: u32, threshold: i32, width_bits: u32) -> u64;
    /// Cube of reference detail.
    fn reference_cube(&self, detail: i32, window: &Window) -> u64;
    /// Rounding of a row's sum of reference cubes.
    fn reference_row_shift(&self, window: &Window) -> u32;

    /// The work on one row with AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    fn rows_avx2<'a, P: Sample>(
        &'a self,
        proof: Avx2,
        scratch: &'a mut x86::Scratch,
    ) -> impl Rows<P, Low = Self::Low> + 'a;

    /// The same with AVX-512.
    #[cfg(target_arch = "x86_64")]
    fn rows_avx512<'a, P: Sample>(
        &'a self,
        proof: Avx512,
        scratch: &'a mut x86::Scratch,
    ) -> impl Rows<P, Low = Self::Low> + 'a;

    /// Numerator and denominator of the level from sums over bands of `width` x `height`.
    fn pool(&self, sums: &Sums, window: &Window, size: (usize, usize)) -> (f64, f64);
}

/// The three detail bands, as indices.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Band {
    /// Vertical high, horizontal low.
    H = 0,
    /// Vertical low, horizontal high.
    V = 1,
    /// High in both.
    D = 2,
}

impl Band {
    pub(super) const ALL: [Self; 3] = [Self::H, Self::V, Self::D];
}
