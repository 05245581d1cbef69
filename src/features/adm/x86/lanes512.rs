//! What wavelets do with vectors of 512 bits.

use std::arch::x86_64::*;

use crate::features::lanes::{put_rest, whole};

pub(super) type Vector = __m512i;
/// Numbers of 32 bits in a vector.
pub(super) const LANES: usize = 16;

/// Two words of 16 bits in every lane.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn of_words(lower: i32, upper: i32) -> Vector {
    _mm512_set1_epi32(lower & 0xffff | upper << 16)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn of_numbers(number: i32) -> Vector {
    _mm512_set1_epi32(number)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn load<T: bytemuck::Pod>(line: &[T], x: usize) -> Vector {
    let bytes = bytemuck::cast_slice(&line[x..x + size_of::<Vector>() / size_of::<T>()]);
    bytemuck::cast(*whole::<u8, 64>(bytes))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn store<T: bytemuck::Pod>(v: Vector, line: &mut [T], x: usize) {
    let bytes: [u8; 64] = bytemuck::cast(v);
    let line = &mut line[x..x + size_of::<Vector>() / size_of::<T>()];
    bytemuck::cast_slice_mut(line).copy_from_slice(&bytes);
}

/// Stores up to where the line ends.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
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
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn dot(sum: Vector, a: Vector, b: Vector) -> Vector {
    _mm512_dpwssd_epi32(sum, a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn add(a: Vector, b: Vector) -> Vector {
    _mm512_add_epi32(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn sub_words(a: Vector, b: Vector) -> Vector {
    _mm512_sub_epi16(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn and(a: Vector, b: Vector) -> Vector {
    _mm512_and_si512(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn xor(a: Vector, b: Vector) -> Vector {
    _mm512_xor_si512(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn shift_words_left<const BITS: u32>(v: Vector) -> Vector {
    _mm512_slli_epi16::<BITS>(v)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn shift_right<const BITS: u32>(v: Vector) -> Vector {
    _mm512_srai_epi32::<BITS>(v)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn shift_right_by(v: Vector, bits: u32) -> Vector {
    _mm512_srl_epi32(v, _mm_cvtsi32_si128(bits as i32))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn shift_left_by(v: Vector, bits: u32) -> Vector {
    _mm512_sll_epi32(v, _mm_cvtsi32_si128(bits as i32))
}

/// The lower word of `a`, above it the upper one of `b`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn lower_and_upper(a: Vector, b: Vector) -> Vector {
    // a mask of lanes would be made anew all the time
    _mm512_ternarylogic_epi32::<0xe4>(a, b, _mm512_set1_epi32(0xffff))
}

/// The lower words of both, `b`'s above `a`'s.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn lower_words(a: Vector, b: Vector) -> Vector {
    lower_and_upper(a, _mm512_slli_epi32::<16>(b))
}

/// The upper words of both, `b`'s above `a`'s.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn upper_words(a: Vector, b: Vector) -> Vector {
    lower_and_upper(_mm512_srli_epi32::<16>(a), b)
}

/// Numbers at even and at odd places of two vectors in a row.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn apart([a, b]: [Vector; 2]) -> [Vector; 2] {
    let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    let odd = _mm512_or_si512(even, _mm512_set1_epi32(1));
    [_mm512_permutex2var_epi32(a, even, b), _mm512_permutex2var_epi32(a, odd, b)]
}
