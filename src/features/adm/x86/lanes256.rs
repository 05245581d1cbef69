//! What wavelets do with vectors of 256 bits.

use std::arch::x86_64::*;

use crate::features::lanes::{put_rest, whole};

pub(super) type Vector = __m256i;
/// Numbers of 32 bits in a vector.
pub(super) const LANES: usize = 8;

/// Two words of 16 bits in every lane.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn of_words(lower: i32, upper: i32) -> Vector {
    _mm256_set1_epi32(lower & 0xffff | upper << 16)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn of_numbers(number: i32) -> Vector {
    _mm256_set1_epi32(number)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load<T: bytemuck::Pod>(line: &[T], x: usize) -> Vector {
    let bytes = bytemuck::cast_slice(&line[x..x + size_of::<Vector>() / size_of::<T>()]);
    bytemuck::cast(*whole::<u8, 32>(bytes))
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store<T: bytemuck::Pod>(v: Vector, line: &mut [T], x: usize) {
    let bytes: [u8; 32] = bytemuck::cast(v);
    let line = &mut line[x..x + size_of::<Vector>() / size_of::<T>()];
    bytemuck::cast_slice_mut(line).copy_from_slice(&bytes);
}

/// Stores up to where the line ends.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store_within<T: bytemuck::Pod>(v: Vector, line: &mut [T], x: usize) {
    if x + size_of::<Vector>() / size_of::<T>() <= line.len() {
        store(v, line, x);
    } else {
        let bytes: [u8; size_of::<Vector>()] = bytemuck::cast(v);
        put_rest(&bytes, bytemuck::cast_slice_mut(&mut line[x..]));
    }
}

/// `sum` and the dot products of pairs of words.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn dot(sum: Vector, a: Vector, b: Vector) -> Vector {
    _mm256_add_epi32(sum, _mm256_madd_epi16(a, b))
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn add(a: Vector, b: Vector) -> Vector {
    _mm256_add_epi32(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn sub_words(a: Vector, b: Vector) -> Vector {
    _mm256_sub_epi16(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn and(a: Vector, b: Vector) -> Vector {
    _mm256_and_si256(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn xor(a: Vector, b: Vector) -> Vector {
    _mm256_xor_si256(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn shift_words_left<const BITS: i32>(v: Vector) -> Vector {
    _mm256_slli_epi16::<BITS>(v)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn shift_right<const BITS: i32>(v: Vector) -> Vector {
    _mm256_srai_epi32::<BITS>(v)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn shift_right_by(v: Vector, bits: u32) -> Vector {
    _mm256_srl_epi32(v, _mm_cvtsi32_si128(bits as i32))
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn shift_left_by(v: Vector, bits: u32) -> Vector {
    _mm256_sll_epi32(v, _mm_cvtsi32_si128(bits as i32))
}

/// The lower word of `a`, above it the upper one of `b`.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn lower_and_upper(a: Vector, b: Vector) -> Vector {
    _mm256_blend_epi16::<0b1010_1010>(a, b)
}

/// The lower words of both, `b`'s above `a`'s.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn lower_words(a: Vector, b: Vector) -> Vector {
    lower_and_upper(a, _mm256_slli_epi32::<16>(b))
}

/// The upper words of both, `b`'s above `a`'s.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn upper_words(a: Vector, b: Vector) -> Vector {
    lower_and_upper(_mm256_srli_epi32::<16>(a), b)
}

/// Numbers at even and at odd places of two vectors in a row.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn apart([a, b]: [Vector; 2]) -> [Vector; 2] {
    let (a, b) = (_mm256_castsi256_ps(a), _mm256_castsi256_ps(b));
    let even = _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(a, b));
    let odd = _mm256_castps_si256(_mm256_shuffle_ps::<0b11_01_11_01>(a, b));
    [_mm256_permute4x64_epi64::<0xd8>(even), _mm256_permute4x64_epi64::<0xd8>(odd)]
}
