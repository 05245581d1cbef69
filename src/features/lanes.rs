//! Small things several AVX2 kernels need.

use std::arch::x86_64::*;

/// The array of what an expression gives for each of some values.
///
/// Unlike a closure given to `map`, which is a function of its own and compiled without AVX2 when
/// it is not inlined, the expression is part of the kernel.
macro_rules! each {
    ([$($value:expr),* $(,)?], $name:pat_param => $result:expr) => {
        [$({ let $name = $value; $result }),*]
    };
}
pub(super) use each;

/// A slice that was cut to this length.
#[inline(always)]
pub(super) fn whole<P, const N: usize>(samples: &[P]) -> &[P; N] {
    samples.try_into().expect("cut to this length")
}

/// Stores values up to where a row ends.
#[inline(always)]
pub(super) fn put<T: Copy, const N: usize>(values: [T; N], out: &mut [T]) {
    match out.first_chunk_mut() {
        Some(out) => *out = values,
        None => put_rest(&values, out),
    }
}

/// Stores the first values, as many as there is room for.
// apart, or both copies become one of a length that must be looked at
#[cold]
#[inline(never)]
pub(super) fn put_rest<T: Copy>(values: &[T], out: &mut [T]) {
    out.copy_from_slice(&values[..out.len()]);
}

/// Asks for a part of a row that will be read soon: walks across many rows are not foreseen by
/// processors.
#[inline(always)]
#[allow(unsafe_code, reason = "the intrinsic takes a pointer")]
pub(super) fn prefetch<P>(row: &[P], x: usize) {
    if let Some(sample) = row.get(x) {
        // SAFETY: a prefetch reads nothing, and the address is that of a sample
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(sample).cast()) }
    }
}

/// Sixteen samples about mid-grey.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn centred<P: bytemuck::Pod>(samples: &[P; 16], depth: u32) -> __m256i {
    let bytes: &[u8] = bytemuck::cast_slice(samples);
    if size_of::<P>() == 1 {
        let bytes: [u8; 16] = bytes.try_into().expect("sixteen bytes");
        let words = _mm256_cvtepu8_epi16(bytemuck::cast(bytes));
        _mm256_sub_epi16(words, _mm256_set1_epi16(128))
    } else {
        let bytes: [u8; 32] = bytes.try_into().expect("sixteen words");
        let middle = _mm256_set1_epi16((1u16 << (depth - 1)) as i16);
        _mm256_sub_epi16(bytemuck::cast(bytes), middle)
    }
}

/// Sixteen samples of a row about mid-grey; fewer at its end.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn sixteen<P: bytemuck::Pod>(row: &[P], x: usize, depth: u32) -> __m256i {
    match row.get(x..x + 16) {
        Some(samples) => centred(whole(samples), depth),
        None => last_samples(&row[x.min(row.len())..], depth),
    }
}

#[cold]
#[target_feature(enable = "avx2,fma")]
fn last_samples<P: bytemuck::Pod>(samples: &[P], depth: u32) -> __m256i {
    let mut padded = [P::zeroed(); 16];
    padded[..samples.len()].copy_from_slice(samples);
    centred(&padded, depth)
}

/// Eight columns from eight rows.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn transposed(rows: [__m256; 8]) -> [__m256; 8] {
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
    let [ab, cd, ef, gh] = each!([(r0, r1), (r2, r3), (r4, r5), (r6, r7)], (a, b) => {
        let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        [_mm256_castps_pd(low), _mm256_castps_pd(high)]
    });
    let pairs = [(ab[0], cd[0]), (ab[1], cd[1]), (ef[0], gh[0]), (ef[1], gh[1])];
    let [t01, t23, u01, u23] = each!([pairs[0], pairs[1], pairs[2], pairs[3]], (a, b) => {
        let (low, high) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
        [_mm256_castpd_ps(low), _mm256_castpd_ps(high)]
    });
    let quads = [(t01[0], u01[0]), (t01[1], u01[1]), (t23[0], u23[0]), (t23[1], u23[1])];
    let low = each!([0, 1, 2, 3], i => _mm256_permute2f128_ps(quads[i].0, quads[i].1, 0x20));
    let high = each!([0, 1, 2, 3], i => _mm256_permute2f128_ps(quads[i].0, quads[i].1, 0x31));
    let ([a, b, c, d], [e, f, g, h]) = (low, high);
    [a, b, c, d, e, f, g, h]
}

/// All ones in the lanes before `end` of eight from `x`.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn before(end: usize, x: usize) -> __m256 {
    let numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32((end - x) as i32), numbers))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn sum_of_lanes(v: __m256) -> f64 {
    let low = _mm256_cvtps_pd(_mm256_castps256_ps128(v));
    let high = _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1));
    let sums: [f64; 4] = bytemuck::cast(_mm256_add_pd(low, high));
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// log2(1 + s) / s for 1 + s from √½ to √2, error below 1e-7: lowest power first.
pub(super) const LOGARITHM: [f32; 8] = [
    1.442_694_8,
    -0.721_357_5,
    0.480_932_24,
    -0.360_065_6,
    0.286_886_93,
    -0.250_489_95,
    0.235_702_54,
    -0.143_028_8,
];

/// Of positive normal numbers.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn log2(v: __m256) -> __m256 {
    let bits = _mm256_castps_si256(v);
    // to the nearest power of two on a logarithmic scale: mantissas from √½ to √2
    let root = _mm256_set1_epi32(0x3f35_04f3);
    let above = _mm256_sub_epi32(bits, root);
    let exponent = _mm256_srai_epi32(above, 23);
    let mantissa = _mm256_sub_epi32(bits, _mm256_slli_epi32(exponent, 23));
    let s = _mm256_sub_ps(_mm256_castsi256_ps(mantissa), _mm256_set1_ps(1.0));
    let mut series = _mm256_set1_ps(LOGARITHM[7]);
    for i in (0..7).rev() {
        series = _mm256_fmadd_ps(series, s, _mm256_set1_ps(LOGARITHM[i]));
    }
    _mm256_fmadd_ps(series, s, _mm256_cvtepi32_ps(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Level;

    #[test]
    fn logarithms_are_those_of_the_standard_library() {
        if Level::available().all(|level| level < Level::Avx2) {
            return;
        }
        for i in 0..100_000 {
            let v = 2f32.powf(i as f32 * 0.0015 - 50.0);
            // SAFETY: AVX2 and FMA are there, asked above
            #[allow(unsafe_code, reason = "the test asks the processor itself")]
            let found: [f32; 8] = bytemuck::cast(unsafe { log2(_mm256_set1_ps(v)) });
            let expected = f64::from(v).log2();
            let error = (f64::from(found[3]) - expected).abs();
            assert!(
                error < 2e-7 + expected.abs() * 6e-8,
                "log2 {v} is {expected}, found {found:?}"
            );
        }
    }
}
