use std::arch::x86_64::*;

use crate::features::fixed::reflect;
use crate::features::lanes::{each, prefetch, put, sixteen, whole};
use crate::features::plane::Plane;
use crate::features::vif::sample::Sample;
use crate::features::vif::tiles::{HALVED, word};

/// Room for half the widest filter before a row.
const MARGIN: usize = 4;
/// Bytes between those that are read and those that are asked for.
const AHEAD: usize = 256;
/// Rows filtered vertically before they are filtered horizontally.
pub(in crate::features::vif) const TOGETHER: usize = 8;
/// Rows under the windows of those, with the second one of the last pair.
const UNDER: usize = 2 * TOGETHER + 8;

/// Vertically filtered rows about mid-grey, Q8, with room for reflected borders.
pub(in crate::features::vif) struct Lines([Vec<i16>; TOGETHER]);

impl Lines {
    /// For pictures of `width`.
    pub(in crate::features::vif) fn new(width: usize) -> Self {
        let length = MARGIN + width.next_multiple_of(32) + 32;
        Self([(); TOGETHER].map(|()| vec![0; length]))
    }
}

/// Every second column of every second row from `y` of a picture, filtered: as many rows as `out`
/// has, at most [`TOGETHER`].
#[target_feature(enable = "avx2,fma")]
pub(in crate::features::vif) fn halve_rows<'a, P: Sample, const T: usize>(
    plane: Plane<P>,
    y: usize,
    taps: &[u32; T],
    depth: u32,
    Lines(lines): &mut Lines,
    out: impl ExactSizeIterator<Item = &'a mut [u16]>,
) {
    let lines = &mut lines[..out.len()];
    vertical(plane, y, taps, depth, lines);
    for (line, out) in lines.iter_mut().zip(out) {
        for i in 1..=T / 2 {
            line[MARGIN - i] = line[MARGIN + i];
            let outside = plane.width - 1 + i;
            line[MARGIN + outside] = line[MARGIN + reflect(outside as isize, plane.width)];
        }
        horizontal(taps, line, out);
    }
}

/// Two successive rows, a word of each in a lane.
type Pair = [__m256i; 2];

#[inline]
#[target_feature(enable = "avx2,fma")]
fn vertical<P: Sample, const T: usize>(
    plane: Plane<P>,
    y: usize,
    taps: &[u32; T],
    depth: u32,
    lines: &mut [Vec<i16>],
) {
    let taps_of = |k: usize| _mm256_set1_epi32(word(taps, 2 * k) | word(taps, 2 * k + 1) << 16);
    let pairs = each!([0, 1, 2, 3, 4], k => taps_of(k));
    let centre = _mm256_set1_epi32(word(taps, T / 2) << 16);
    let half = _mm256_set1_epi32(1 << (depth - 1));
    let count = _mm_cvtsi32_si128(depth as i32);
    let mut under = [&[] as &[P]; UNDER];
    for (i, row) in under.iter_mut().enumerate() {
        // what follows the last window has no weight
        let i = i.min(2 * (lines.len() - 1) + T - 1);
        *row = plane.row(reflect((y + i) as isize - (T / 2) as isize, plane.height));
    }
    for x in (0..plane.width).step_by(16) {
        let row = |i: usize| {
            if (x * size_of::<P>()).is_multiple_of(64) {
                prefetch(under[i], x + AHEAD / size_of::<P>());
            }
            sixteen(under[i], x, depth)
        };
        let pair = |k: usize| {
            let (upper, lower) = (row(2 * k), row(2 * k + 1));
            [_mm256_unpacklo_epi16(upper, lower), _mm256_unpackhi_epi16(upper, lower)]
        };
        // what is under the window of the next row moves up by one pair
        let mut window = [[_mm256_setzero_si256(); 2]; 5];
        for k in 0..T / 2 {
            window[k + 1] = pair(k);
        }
        for (j, line) in lines.iter_mut().enumerate() {
            for k in 0..T / 2 {
                window[k] = window[k + 1];
            }
            window[T / 2] = pair(j + T / 2);
            let sums: Pair = each!([0, 1], i => {
                let mut sum = half;
                for k in 0..=T / 2 {
                    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(window[k][i], pairs[k]));
                }
                if T == HALVED {
                    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(window[0][i], centre));
                }
                _mm256_sra_epi32(sum, count)
            });
            let words: [i16; 16] = bytemuck::cast(_mm256_packs_epi32(sums[0], sums[1]));
            line[MARGIN + x..MARGIN + x + 16].copy_from_slice(&words);
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn horizontal<const T: usize>(taps: &[u32; T], line: &[i16], out: &mut [u16]) {
    let pairs: [__m256i; T] =
        std::array::from_fn(|k| _mm256_set1_epi32(word(taps, k) | word(taps, k + 1) << 16));
    let centre = _mm256_set1_epi32(word(taps, T / 2));
    let half = _mm256_set1_epi32(1 << 15);
    for (i, out) in out.chunks_mut(16).enumerate() {
        let sums = each!([0, 16], later => {
            // around the column that the first output is at
            let columns = &line[MARGIN + 32 * i + later - T / 2..][..T + 17];
            let at = |k: usize| bytemuck::cast::<[i16; 16], _>(*whole(&columns[k..k + 16]));
            let mut sum = half;
            for k in (0..T).step_by(2) {
                sum = _mm256_add_epi32(sum, _mm256_madd_epi16(at(k), pairs[k]));
            }
            if T == HALVED {
                sum = _mm256_add_epi32(sum, _mm256_madd_epi16(at(T / 2), centre));
            }
            _mm256_srai_epi32(sum, 16)
        });
        let packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(sums[0], sums[1]), 0xd8);
        let samples = _mm256_xor_si256(packed, _mm256_set1_epi16(i16::MIN));
        let samples: [u16; 16] = bytemuck::cast(samples);
        put(samples, out);
    }
}
