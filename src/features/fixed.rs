//! Fixed-point arithmetic shared by the features.

/// `floor((v + 2^(n-1)) / 2^n)`: halves go up, for negative values too.
#[inline(always)]
pub(super) fn round_shift(v: i64, n: u32) -> i64 {
    (v + ((1 << n) >> 1)) >> n
}

/// [`round_shift`] of unsigned values.
#[inline(always)]
pub(super) fn round_shift_unsigned(v: u64, n: u32) -> u64 {
    (v + ((1 << n) >> 1)) >> n
}

/// 1.5·2^52: a number that leaves no room for fractions.
const ROUNDER: f64 = 6755399441055744.0;

/// The next whole number below or at `v`, from -2^50 to 2^50.
#[inline(always)]
pub(super) fn floor(v: f64) -> f64 {
    let nearest = (v + ROUNDER) - ROUNDER;
    nearest - if nearest > v { 1.0 } else { 0.0 }
}

/// `v` to the nearest whole number, halves up. `PLACES`: how many bits it has at most after the
/// point, so that those before it are less than 50 without them.
#[inline(always)]
pub(super) fn nearest<const PLACES: u32>(v: f64) -> f64 {
    let tiny = 1.0 / (4u64 << PLACES) as f64;
    (v + tiny + ROUNDER) - ROUNDER
}

/// The low bits of a whole number from -2^50 to 2^50.
#[inline(always)]
pub(super) fn whole_bits(v: f64) -> u32 {
    (v + ROUNDER).to_bits() as u32
}

/// Smallest integer not below `log2(n)`, for `n` ≥ 1.
pub(super) fn ceil_log2(n: usize) -> u32 {
    n.next_power_of_two().trailing_zeros()
}

/// Index reflected into `0..n` without repeating the edge: -1 is 1, n is n-2.
#[inline(always)]
pub(super) fn reflect(i: isize, n: usize) -> usize {
    let i = i.unsigned_abs();
    if i < n { i } else { 2 * n - 2 - i }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_up_on_both_sides_of_zero() {
        assert_eq!(round_shift(3, 1), 2);
        assert_eq!(round_shift(-3, 1), -1);
        assert_eq!(round_shift(-5, 0), -5);
        assert_eq!(round_shift_unsigned(6, 2), 2);
    }

    #[test]
    fn floating_point_rounds_down_and_to_the_nearest() {
        assert_eq!([2.0, 2.75, -2.25, -3.0, 0.0].map(floor), [2.0, 2.0, -3.0, -3.0, 0.0]);
        assert_eq!([2.5, 2.25, -2.5, -2.75].map(nearest::<2>), [3.0, 2.0, -2.0, -3.0]);
        assert_eq!([7.0, -7.0, -2147483648.0].map(|v| whole_bits(v) as i32), [7, -7, i32::MIN]);
    }

    #[test]
    fn logarithms_round_up() {
        assert_eq!([1, 2, 3, 4, 5, 960].map(ceil_log2), [0, 1, 2, 2, 3, 10]);
    }

    #[test]
    fn edges_are_not_repeated() {
        assert_eq!([-2, -1, 0, 4, 5, 6].map(|i| reflect(i, 5)), [2, 1, 0, 4, 3, 2]);
    }
}
