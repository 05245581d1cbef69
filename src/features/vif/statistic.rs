//! What each pixel adds: information kept in the distorted picture over information there was.

use std::iter::Sum;
use std::ops::Add;

/// Visual noise: a variance of 2 grey levels², Q16.
const NOISE: i64 = 2 << 16;
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

    /// Of `v` ≥ 2^15; bits beyond the leading 16 are dropped.
    #[inline(always)]
    fn log2(&self, v: u64) -> i64 {
        let exponent = 48 - v.leading_zeros();
        // the mask only tells the compiler that the index is in range
        let leading = (v >> exponent) as usize & 0x7fff;
        i64::from(self.0[leading]) + 2048 * i64::from(exponent)
    }
}

/// Window sums of some neighbouring pixels.
pub(super) struct Moments<const N: usize> {
    /// Reference, distorted; Q24.
    pub(super) means: [[u32; N]; 2],
    /// Reference squared, distorted squared, reference times distorted; Q16.
    pub(super) products: [[u32; N]; 3],
}

/// Second moments about the mean, Q16.
#[derive(Clone, Copy)]
pub(super) struct Variances {
    reference: i64,
    distorted: i64,
    covariance: i64,
}

impl<const N: usize> Moments<N> {
    #[inline(always)]
    pub(super) fn variances(&self, i: usize) -> Variances {
        let [m1, m2] = self.means.map(|m| u64::from(m[i]));
        let [rr, dd, rd] = self.products.map(|p| i64::from(p[i]));
        let rounded = |product: u64| ((product + (1 << 31)) >> 32) as i64;
        Variances {
            reference: rr - rounded(m1 * m1),
            distorted: (dd - rounded(m2 * m2)).max(0),
            covariance: rd - rounded(m1 * m2),
        }
    }
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
}

impl Sums {
    #[inline(always)]
    pub(super) fn add(&mut self, v: Variances, logs: &LogTable) {
        if v.reference < NOISE {
            // too little detail to carry information: what was added counts against it
            self.flat_pixels += 1;
            self.flat_variance += v.distorted;
            return;
        }
        self.log_denominator += logs.log2((NOISE + v.reference) as u64) - 17 * 2048;
        if v.covariance > 0 && v.distorted > 0 {
            let (reference, distorted) = (v.reference as f64, v.distorted as f64);
            let covariance = v.covariance as f64;
            let gain = covariance / (reference + EPSILON);
            let residual = ((distorted - gain * covariance) as i64).max(0);
            let gain = gain.min(GAIN_LIMIT);
            let noise = residual + NOISE;
            let signal = noise + (gain * gain * reference) as i64;
            self.log_numerator += logs.log2(signal as u64) - logs.log2(noise as u64);
        }
    }

    /// Numerator over denominator.
    pub(super) fn ratio(self) -> f64 {
        let flat = self.flat_pixels as f64;
        let added = self.flat_variance as f64 / 16384.0 / 65025.0;
        let numerator = self.log_numerator as f64 / LOG_ONE + (flat - added);
        let denominator = self.log_denominator as f64 / LOG_ONE + flat;
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
        }
    }
}

impl Sum for Sums {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), Add::add)
    }
}
