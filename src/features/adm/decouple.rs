//! Splits distorted detail into what is restored and what was added.

use super::level::Arithmetic;
use crate::features::fixed::{floor, nearest};

/// cos² of 1 degree, single precision as libvmaf has it.
const SAME_DIRECTION: f64 = 0.9996954202651978;
/// Most a restored coefficient may exceed the reference's.
const GAIN_LIMIT: f64 = 100.0;
/// Reciprocals are taken of as many leading bits of a coefficient.
const LEADING: u64 = 15;
/// Reciprocals are Q30, gains Q15.
const RECIPROCAL_ONE: f64 = 1073741824.0;
const GAIN_ONE: f64 = 32768.0;

/// Whether the detail has kept its direction; the diagonal band has no say.
#[inline(always)]
pub(super) fn is_aligned<A: Arithmetic>(arithmetic: &A, o: [i32; 2], t: [i32; 2]) -> bool {
    let product = arithmetic.dot(o, t);
    let energies = SAME_DIRECTION * arithmetic.dot(o, o) * arithmetic.dot(t, t);
    (product >= 0.0) & (product * product >= energies)
}

/// The part of distorted detail `t` that is detail of the reference `o`.
///
/// These are whole numbers and fractions of powers of two: floating point, which divides and
/// multiplies wide numbers faster than integers do, holds them exactly. Gains that it would not
/// hold are beyond their limit.
#[inline(always)]
pub(super) fn restored<A: Arithmetic>(o: f64, t: f64, is_aligned: bool) -> f64 {
    let magnitude = o.abs();
    let scale = if A::WIDE { scale_to_leading(magnitude) } else { 1.0 };
    let leading = if A::WIDE { nearest::<17>(magnitude * scale) } else { magnitude };
    let reciprocal = floor(RECIPROCAL_ONE / if leading > 1.0 { leading } else { 1.0 });
    let gain = reciprocal * with_sign_of(t, o) * scale / GAIN_ONE;
    let gain = if gain > 0.0 { gain } else { 0.0 };
    let gain = if gain < GAIN_ONE { gain } else { GAIN_ONE };
    let gain = nearest::<32>(gain);
    let kept = nearest::<15>(gain * o / GAIN_ONE);
    if is_aligned { enhanced(kept, t) } else { kept }
}

/// The power of two that leaves a number's leading bits before the point; 1 for small numbers.
#[inline(always)]
fn scale_to_leading(magnitude: f64) -> f64 {
    const MANTISSA: u32 = f64::MANTISSA_DIGITS - 1;
    const BIAS: u64 = 1023;
    let smallest = (1u64 << (LEADING - 1)) as f64;
    let bounded = if magnitude > smallest { magnitude } else { smallest };
    let exponent = bounded.to_bits() >> MANTISSA;
    f64::from_bits((2 * BIAS + LEADING - 1 - exponent) << MANTISSA)
}

/// `v`, its sign turned where `other` is negative.
#[inline(always)]
fn with_sign_of(v: f64, other: f64) -> f64 {
    f64::from_bits(v.to_bits() ^ (other.to_bits() & (1 << 63)))
}

/// Stronger contrast in the same direction counts as restored too, up to a limit.
#[inline(always)]
fn enhanced(kept: f64, t: f64) -> f64 {
    let limit = kept * GAIN_LIMIT;
    let lower = if limit < t { limit } else { t };
    let higher = if limit > t { limit } else { t };
    let negative = if kept < 0.0 { higher } else { 0.0 };
    if kept > 0.0 { lower } else { negative }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;
    use crate::features::adm::first::First;
    use crate::features::adm::later::Later;

    /// The definition, in integers.
    fn defined(o: i32, t: i32, is_aligned: bool) -> i128 {
        let (o, t) = (i128::from(o), i128::from(t));
        let magnitude = o.unsigned_abs() as i128;
        let excess = (128 - magnitude.leading_zeros()).saturating_sub(15);
        let leading = (magnitude + ((1 << excess) >> 1)) >> excess;
        let reciprocal = (1 << 30) / leading.max(1);
        let gain = (reciprocal * t * o.signum() + (1 << (14 + excess))) >> (15 + excess);
        let kept = (gain.clamp(0, 1 << 15) * o + (1 << 14)) >> 15;
        match kept {
            _ if !is_aligned => kept,
            0 => 0,
            1.. => (kept * 100).min(t),
            _ => (kept * 100).max(t),
        }
    }

    #[test]
    fn floating_point_restores_exactly() {
        let mut random = StdRng::seed_from_u64(1);
        for i in 0..2_000_000 {
            let mut bits = |most| random.random_range(i32::MIN..i32::MAX) >> (32 - most);
            let (narrow, wide) = (1 + i % 16, 1 + i % 31);
            let (o, t) = (bits(narrow), bits(1 + i / 16 % 16));
            let found = restored::<First>(f64::from(o), f64::from(t), i % 3 == 0);
            assert_eq!(found as i128, defined(o, t, i % 3 == 0), "{o} {t}");
            let o = bits(wide);
            // unrelated ones, and such as lie at halves
            let t = if i % 2 == 0 { bits(1 + i / 31 % 31) } else { o / 2 + i % 5 - 2 };
            let found = restored::<Later>(f64::from(o), f64::from(t), i % 3 == 0);
            assert_eq!(found as i128, defined(o, t, i % 3 == 0), "{o} {t}");
        }
    }
}
