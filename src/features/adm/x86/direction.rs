use std::arch::x86_64::*;

/// cos² of 1 degree, single precision as libvmaf has it.
const SAME_DIRECTION: f64 = 0.9996954202651978;

/// Inner products of detail vectors (h, v) of both pictures, rounded to single precision.
pub(super) struct Products {
    pub(super) product: __m256,
    pub(super) reference: __m256,
    pub(super) distorted: __m256,
}

/// Whether detail has kept its direction. `doubt`: largest relative error of the squares; within it
/// `exact` decides.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn is_aligned(
    products: &Products,
    doubt: f32,
    exact: impl FnOnce() -> __m256,
) -> __m256 {
    let Products { product, reference, distorted } = *products;
    let zero = _mm256_setzero_ps();
    let energies =
        _mm256_mul_ps(_mm256_mul_ps(reference, distorted), _mm256_set1_ps(SAME_DIRECTION as f32));
    let excess = _mm256_fmsub_ps(product, product, energies);
    let magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0), excess);
    let margin = _mm256_mul_ps(energies, _mm256_set1_ps(doubt));
    let forward = _mm256_cmp_ps(product, zero, _CMP_GE_OQ);
    let doubtful = _mm256_and_ps(_mm256_cmp_ps(magnitude, margin, _CMP_LT_OQ), forward);
    if _mm256_movemask_ps(doubtful) != 0 {
        return exact();
    }
    _mm256_and_ps(_mm256_cmp_ps(excess, zero, _CMP_GE_OQ), forward)
}

/// The decision in double precision.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn is_aligned_exactly(products: &Products) -> __m256 {
    let Products { product, reference, distorted } = *products;
    let [product, reference, distorted]: [[f32; 8]; 3] =
        [product, reference, distorted].map(bytemuck::cast);
    let mut mask = [0u32; 8];
    for i in 0..8 {
        let [p, r, d] = [product[i], reference[i], distorted[i]].map(f64::from);
        if p >= 0.0 && p * p >= SAME_DIRECTION * r * d {
            mask[i] = u32::MAX;
        }
    }
    bytemuck::cast(mask)
}
