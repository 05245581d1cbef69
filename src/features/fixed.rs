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
    fn logarithms_round_up() {
        assert_eq!([1, 2, 3, 4, 5, 960].map(ceil_log2), [0, 1, 2, 2, 3, 10]);
    }

    #[test]
    fn edges_are_not_repeated() {
        assert_eq!([-2, -1, 0, 4, 5, 6].map(|i| reflect(i, 5)), [2, 1, 0, 4, 3, 2]);
    }
}
