//! What each pixel adds: information kept in the distorted picture over information there was.

use std::iter::Sum;
use std::ops::Add;

/// Visual noise: a variance of 2 grey levels², Q16.
const NOISE: f64 = 131072.0;
/// Marks a pixel in a place for variances.
const NOT_FLAT: f64 = -1.0;
/// Largest contrast gain that counts as information.
const GAIN_LIMIT: f64 = 100.0;
/// Keeps the gain finite, Q16.
const EPSILON: f64 = 65536.0 * 1e-10;
/// Logarithms are Q11.
const LOG_ONE: f64 = 2048.0;

/// `2048 log2(v)` of 16 leading bits.
pub(super) struct LogTable(Box<[u16]>);

impl LogTable {
    pub(super) fn new() -> Self {
        let log = |v: u32| f64::from(f64::from(v).log2() as f32) * LOG_ONE + 0.5;
        Self((1 << 15..1 << 16).map(|v| log(v) as u16).collect())
    }

    /// Of a whole number from 2^15 up; bits beyond the leading 16 are dropped.
    #[inline(always)]
    fn log2(&self, v: f64) -> i64 {
        let bits = v.to_bits();
        let exponent = (bits >> 52) as i64 - 1023 - 15;
        // the mantissa's first 15 bits follow the leading one
        let leading = (bits >> 37) as usize & 0x7fff;
        i64::from(self.0[leading]) + 2048 * exponent
    }
}

/// Window sums of some neighbouring pixels. Whole numbers, all of them.
pub(super) struct Moments<const N: usize> {
    /// Reference, distorted; Q24.
    pub(super) means: [[u64; N]; 2],
    /// Reference squared, distorted squared, reference times distorted; Q16.
    pub(super) products: [[f64; N]; 3],
}

impl<const N: usize> Moments<N> {
    /// Second moments about the mean, Q16: of the reference, of the distorted, of both.
    #[inline(always)]
    fn central(&self) -> [[f64; N]; 3] {
        let [m1, m2] = &self.means;
        let [mut reference, mut distorted, mut covariance] = self.products;
        for i in 0..N {
            reference[i] -= high_bits(m1[i] * m1[i]);
            distorted[i] = (distorted[i] - high_bits(m2[i] * m2[i])).max(0.0);
            covariance[i] -= high_bits(m1[i] * m2[i]);
        }
        [reference, distorted, covariance]
    }
}

/// `v / 2^32`, rounded.
#[inline(always)]
fn high_bits(v: u64) -> f64 {
    // as the fraction of 2^52
    let exponent = (1u64 << 52) as f64;
    f64::from_bits(((v + (1 << 31)) >> 32) | exponent.to_bits()) - exponent
}

/// The whole part of a number from 0 to 2^51.
#[inline(always)]
fn whole(v: f64) -> f64 {
    let exponent = (1u64 << 52) as f64;
    let nearest = (v + exponent) - exponent;
    if nearest > v { nearest - 1.0 } else { nearest }
}

/// Sums over pixels, exact.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    // Q11
    log_numerator: i64,
    log_denominator: i64,
    flat_pixels: i64,
    // Q16
    flat_variance: i64,
    // Q32
    strips: [i64; 2],
}

/// Fraction of the sums of strips.
const STRIP_ONE: f64 = 4294967296.0;

impl Sums {
    /// Sums in floating point; always of the same strips, so that their total does not depend on
    /// how the work was shared.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "vector code only"))]
    pub(super) fn of_strip(numerator: f64, denominator: f64) -> Self {
        let strips = [numerator, denominator].map(|s| (s * STRIP_ONE).round() as i64);
        Self { strips, ..Self::default() }
    }

    #[inline(always)]
    pub(super) fn add<const N: usize>(&mut self, moments: &Moments<N>, logs: &LogTable) {
        let [reference, distorted, covariance] = moments.central();
        // arguments of three logarithms; NOISE where there is nothing to add
        let (mut total, mut noise, mut signal) = ([NOISE; N], [NOISE; N], [NOISE; N]);
        let mut flat = [0.0; N];
        for i in 0..N {
            let (reference, distorted, covariance) = (reference[i], distorted[i], covariance[i]);
            // too little detail to carry information: what was added counts against it
            let is_flat = reference < NOISE;
            let is_related = !is_flat & (covariance > 0.0) & (distorted > 0.0);
            let gain = covariance / (reference + EPSILON);
            let residual = whole((distorted - gain * covariance).max(0.0));
            let gain = gain.min(GAIN_LIMIT);
            let kept = whole(gain * gain * reference);
            flat[i] = if is_flat { distorted } else { NOT_FLAT };
            total[i] = if is_flat { NOISE } else { NOISE + reference };
            noise[i] = if is_related { NOISE + residual } else { NOISE };
            signal[i] = if is_related { NOISE + residual + kept } else { NOISE };
        }
        for i in 0..N {
            self.log_denominator += logs.log2(total[i]) - 17 * 2048;
            self.log_numerator += logs.log2(signal[i]) - logs.log2(noise[i]);
            let is_flat = i64::from(flat[i] >= 0.0);
            self.flat_pixels += is_flat;
            self.flat_variance += is_flat * flat[i] as i64;
        }
    }

    /// Numerator over denominator.
    pub(super) fn ratio(self) -> f64 {
        let flat = self.flat_pixels as f64;
        let added = self.flat_variance as f64 / 16384.0 / 65025.0;
        let [numerator, denominator] = self.strips.map(|s| s as f64 / STRIP_ONE);
        let numerator = numerator + self.log_numerator as f64 / LOG_ONE + (flat - added);
        let denominator = denominator + self.log_denominator as f64 / LOG_ONE + flat;
        // libvmaf keeps both in single precision
        f64::from(numerator as f32 / denominator as f32)
    }
}

impl Add for Sums {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            log_numerator: self.log_numerator + other.log_numerator,
            log_denominator: self.log_denominator + other.log_denominator,
            flat_pixels: self.flat_pixels + other.flat_pixels,
            flat_variance: self.flat_variance + other.flat_variance,
            strips: [0, 1].map(|i| self.strips[i] + other.strips[i]),
        }
    }
}

impl Sum for Sums {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), Add::add)
    }
}
