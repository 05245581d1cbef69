//! What differs between 8-bit and deeper samples: how wide sums must be, how they are filtered.

use super::portable::Columns;

/// Rounding after a vertical pass, in bits.
#[derive(Clone, Copy)]
pub(in crate::features) struct Shifts {
    /// Of sums of samples: leaves Q8.
    pub(super) mean: u32,
    /// Of sums of products of two samples: leaves Q16.
    pub(super) product: u32,
}

impl Shifts {
    /// Pictures of the pyramid are Q8.
    pub(super) const OF_PYRAMID: Self = Self { mean: 16, product: 16 };

    /// Pictures as they came.
    pub(super) fn of_samples(bits: u32) -> Self {
        Self { mean: bits, product: 2 * (bits - 8) }
    }
}

/// Sample types of pictures and of the pyramid.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "vector code only"))]
pub(in crate::features) trait Sample:
    bytemuck::Pod + Send + Sync + Into<u32> + Columns
{
    /// Whether these are 8-bit samples.
    const BYTES: bool;
    /// Holds a product of two samples, and no more: narrow multiplications are the fast ones.
    type Product: Copy;
    /// Holds a sum of products weighted by a filter: 2^16 times the largest product.
    type Sum: Copy + Default;

    /// `a * b`.
    fn product(a: Self, b: Self) -> Self::Product;

    /// `sum + tap * product`.
    fn add(sum: Self::Sum, tap: u32, product: Self::Product) -> Self::Sum;

    /// Rounds a sum to Q16.
    fn finish(sum: Self::Sum, shift: u32) -> u32;
}

impl Sample for u8 {
    const BYTES: bool = true;
    type Product = u16;
    type Sum = u32;

    #[inline(always)]
    fn product(a: u8, b: u8) -> u16 {
        u16::from(a) * u16::from(b)
    }

    #[inline(always)]
    fn add(sum: u32, tap: u32, product: u16) -> u32 {
        sum + tap * u32::from(product)
    }

    // 8-bit products are Q16 already
    #[inline(always)]
    fn finish(sum: u32, _shift: u32) -> u32 {
        sum
    }
}

impl Sample for u16 {
    const BYTES: bool = false;
    type Product = u32;
    type Sum = u64;

    #[inline(always)]
    fn product(a: u16, b: u16) -> u32 {
        u32::from(a) * u32::from(b)
    }

    #[inline(always)]
    fn add(sum: u64, tap: u32, product: u32) -> u64 {
        sum + u64::from(tap) * u64::from(product)
    }

    #[inline(always)]
    fn finish(sum: u64, shift: u32) -> u32 {
        ((sum + ((1 << shift) >> 1)) >> shift) as u32
    }
}
