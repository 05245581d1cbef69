use std::arch::x86_64::*;

use crate::features::lanes::{LOGARITHM, each};
use crate::features::wide::words;

/// Thirty-two samples of a row about mid-grey; fewer at its end.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn thirty_two<P: bytemuck::Pod>(row: &[P], x: usize, depth: u32) -> __m512i {
    let middle = _mm512_set1_epi16((1u16 << (depth - 1)) as i16);
    _mm512_sub_epi16(words(row, x), middle)
}

/// Stores words up to where a row ends.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn put(words: __m512i, out: &mut [u16]) {
    match out.first_chunk_mut() {
        Some(out) => *out = bytemuck::cast::<__m512i, [u16; 32]>(words),
        None => put_rest(words, out),
    }
}

#[cold]
#[inline(never)]
#[target_feature(enable = "avx512f")]
fn put_rest(words: __m512i, out: &mut [u16]) {
    let words: [u16; 32] = bytemuck::cast(words);
    out.copy_from_slice(&words[..out.len()]);
}

/// Four columns of sixteen rows, from the quarters of the rows that hold them.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn transposed(rows: &[__m512; 16], quarter: usize) -> [__m512; 4] {
    let quarters: &[[__m128; 4]; 16] = bytemuck::cast_ref(rows);
    let [a, b, c, d] = each!([0, 1, 2, 3], k => {
        let row = _mm512_castps128_ps512(quarters[k][quarter]);
        let row = _mm512_insertf32x4::<1>(row, quarters[k + 4][quarter]);
        let row = _mm512_insertf32x4::<2>(row, quarters[k + 8][quarter]);
        _mm512_insertf32x4::<3>(row, quarters[k + 12][quarter])
    });
    let [ab, cd] = each!([(a, b), (c, d)], (a, b) => {
        let (low, high) = (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
        [_mm512_castps_pd(low), _mm512_castps_pd(high)]
    });
    [
        _mm512_castpd_ps(_mm512_unpacklo_pd(ab[0], cd[0])),
        _mm512_castpd_ps(_mm512_unpackhi_pd(ab[0], cd[0])),
        _mm512_castpd_ps(_mm512_unpacklo_pd(ab[1], cd[1])),
        _mm512_castpd_ps(_mm512_unpackhi_pd(ab[1], cd[1])),
    ]
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn sum_of_lanes(v: __m512) -> f64 {
    let low = _mm512_cvtps_pd(_mm512_castps512_ps256(v));
    let high = _mm512_cvtps_pd(_mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(v))));
    _mm512_reduce_add_pd(_mm512_add_pd(low, high))
}

/// See [`log2`](crate::features::lanes::log2).
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn log2(v: __m512) -> __m512 {
    let bits = _mm512_castps_si512(v);
    let above = _mm512_sub_epi32(bits, _mm512_set1_epi32(0x3f35_04f3));
    let exponent = _mm512_srai_epi32::<23>(above);
    let mantissa = _mm512_sub_epi32(bits, _mm512_slli_epi32::<23>(exponent));
    let s = _mm512_sub_ps(_mm512_castsi512_ps(mantissa), _mm512_set1_ps(1.0));
    let mut series = _mm512_set1_ps(LOGARITHM[7]);
    for i in (0..7).rev() {
        series = _mm512_fmadd_ps(series, s, _mm512_set1_ps(LOGARITHM[i]));
    }
    _mm512_fmadd_ps(series, s, _mm512_cvtepi32_ps(exponent))
}
