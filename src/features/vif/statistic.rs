//! What each pixel adds: information kept in the distorted picture over information there was.

use std::iter::Sum;
use std::ops::Add;

use crate::features::fixed::floor;

/// Visual noise: a variance of 2 grey levels², Q16.
const NOISE: i32 = 131072;
/// Largest contrast gain that counts as information.
const GAIN_LIMIT: f64 = 100.0;
/// Keeps the gain finite, Q16.
const EPSILON: f64 = 65536.0 * 1e-10;
/// Logarithms are Q11.
const LOG_ONE: f64 = 2048.0;

/// How much `2048 log2(v)` of 16 leading bits is above a straight line from one power of two to
/// the next: little enough for bytes, which stay in the nearest cache.
pub(super) struct LogTable(Box<[u8; 1 << LEADING]>);

/// Bits of a mantissa that have a say in its logarithm.
const LEADING: u32 = 15;

impl LogTable {
    pub(super) fn new() -> Self {
        let log = |v: usize| f64::from((v as f64).log2() as f32) * LOG_ONE + 0.5;
        let one = 1 << LEADING;
        let above = |i: usize| log(one + i) as usize - (15 << 11) - (i >> 4);
        Self(Box::new(std::array::from_fn(|i| above(i) as u8)))
    }

    /// Sum of logarithms of [`leading_bits`], each too high by 1023.
    #[inline(always)]
    fn sum(&self, numbers: &[u32]) -> u32 {
        let (mut straight, mut above) = (0u32, 0u32);
        for leading in numbers {
            straight = straight.wrapping_add(leading >> (LEADING - 11));
        }
        for leading in numbers {
            above += u32::from(self.0[*leading as usize % (1 << LEADING)]);
        }
        straight.wrapping_add(above)
    }
}

/// Exponent and first bits of a whole number from 2^15 up; the rest has no say.
#[inline(always)]
fn leading_bits(v: f64) -> u32 {
    (v.to_bits() >> (52 - LEADING)) as u32
}

/// Window sums of up to [`BLOCK`] pixels.
#[derive(Clone, Copy)]
pub(super) struct Moments<'a> {
    /// Reference, distorted; Q24.
    pub(super) means: [&'a [u32]; 2],
    /// Reference squared, distorted squared, reference times distorted; Q16.
    pub(super) products: [&'a [u32]; 3],
}

/// Pixels whose statistic is taken together.
pub(super) const BLOCK: usize = 64;

/// Those pixels in work. One loop after the other: all at once would be too much for compilers.
pub(super) struct Pixels {
    // second moments about the mean, Q16
    reference: [i32; BLOCK],
    distorted: [i32; BLOCK],
    covariance: [i32; BLOCK],
    // leading bits of logarithms' arguments
    total: [u32; BLOCK],
    noise: [u32; BLOCK],
    signal: [u32; BLOCK],
}

impl Pixels {
    pub(super) const EMPTY: Self = Self {
        reference: [0; BLOCK],
        distorted: [0; BLOCK],
        covariance: [0; BLOCK],
        total: [0; BLOCK],
        noise: [0; BLOCK],
        signal: [0; BLOCK],
    };

    #[inline(always)]
    fn centre(&mut self, moments: Moments) {
        let count = moments.means[0].len();
        let [m1, m2] = moments.means.map(|line| &line[..count]);
        let [p11, p22, p12] = moments.products.map(|line| &line[..count]);
        let Self { reference, distorted, covariance, .. } = self;
        let reference = &mut reference[..count];
        let distorted = &mut distorted[..count];
        let covariance = &mut covariance[..count];
        let about = |product: u32, a, b| product.wrapping_sub(high_bits(a, b)) as i32;
        for i in 0..count {
            reference[i] = about(p11[i], m1[i], m1[i]);
            distorted[i] = about(p22[i], m2[i], m2[i]).max(0);
            covariance[i] = about(p12[i], m1[i], m2[i]);
        }
    }

    /// What pixels add that are flat: with too little detail to carry information, so that what
    /// was added counts against it. Leaves nothing of them, and of unrelated pixels no covariance.
    #[inline(always)]
    fn take_flat(&mut self, count: usize) -> Flat {
        let Self { reference, distorted, covariance, .. } = self;
        let reference = &mut reference[..count];
        let distorted = &distorted[..count];
        let covariance = &mut covariance[..count];
        let (mut detailed, mut low, mut high) = (0, 0, 0);
        for i in 0..count {
            // all ones or none
            let detail = -i32::from(reference[i] >= NOISE);
            let related = -i32::from(distorted[i] > 0) & detail;
            let added = distorted[i] & !detail;
            detailed -= detail;
            low += added & 0xffff;
            high += added >> 16;
            reference[i] &= detail;
            covariance[i] = covariance[i].max(0) & related;
        }
        Flat {
            pixels: count as i64 - i64::from(detailed),
            variance: (i64::from(high) << 16) + i64::from(low),
        }
    }

    /// Where `total` is noise and `signal` is `noise`, logarithms cancel.
    #[inline(always)]
    fn fill_arguments(&mut self, count: usize) {
        let Self { reference, distorted, covariance, total, noise, signal } = self;
        let (reference, distorted) = (&reference[..count], &distorted[..count]);
        let (covariance, total) = (&covariance[..count], &mut total[..count]);
        let (noise, signal) = (&mut noise[..count], &mut signal[..count]);
        for i in 0..count {
            let [reference, distorted, covariance] =
                [reference[i], distorted[i], covariance[i]].map(f64::from);
            let gain = covariance / (reference + EPSILON);
            let residual = floor((distorted - gain * covariance).max(0.0));
            let gain = gain.min(GAIN_LIMIT);
            let kept = floor(gain * gain * reference);
            let lost = f64::from(NOISE) + residual;
            total[i] = leading_bits(f64::from(NOISE) + reference);
            noise[i] = leading_bits(lost);
            signal[i] = leading_bits(lost + kept);
        }
    }
}

/// Part of [`Sums`].
struct Flat {
    pixels: i64,
    variance: i64,
}

/// `a * b / 2^32`, rounded.
#[inline(always)]
fn high_bits(a: u32, b: u32) -> u32 {
    ((u64::from(a) * u64::from(b) + (1 << 31)) >> 32) as u32
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
    pub(super) fn add(&mut self, moments: Moments, pixels: &mut Pixels, logs: &LogTable) {
        let count = moments.means[0].len();
        pixels.centre(moments);
        let flat = pixels.take_flat(count);
        self.flat_pixels += flat.pixels;
        self.flat_variance += flat.variance;
        pixels.fill_arguments(count);
        let [total, noise, signal] =
            [&pixels.total, &pixels.noise, &pixels.signal].map(|line| logs.sum(&line[..count]));
        self.log_denominator += i64::from(total) - count as i64 * (1023 + 17) * 2048;
        self.log_numerator += i64::from(signal) - i64::from(noise);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_those_of_sixteen_leading_bits() {
        let logs = LogTable::new();
        for leading in 1u32 << 15..1 << 16 {
            let table = (f64::from(f64::from(leading).log2() as f32) * LOG_ONE + 0.5) as u32;
            for shift in [0, 3, 15] {
                let v = f64::from((leading << shift) | ((1 << shift) - 1));
                let found = logs.sum(&[leading_bits(v)]) - 1023 * 2048;
                assert_eq!(found, table + 2048 * shift, "{v}");
            }
        }
    }
}
