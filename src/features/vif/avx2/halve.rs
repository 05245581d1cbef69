use std::arch::x86_64::*;

use super::vertical::Filter;
use crate::features::fixed::reflect;
use crate::features::lanes::{each, put, sixteen, whole};
use crate::features::plane::Plane;
use crate::features::vif::sample::Sample;
use crate::features::vif::tiles::{HALVED, word};
use crate::features::vif::window::window_rows;

/// Room for half the widest filter before a row.
const MARGIN: usize = 4;

/// A vertically filtered row about mid-grey, Q8, with room for reflected borders.
pub(in crate::features::vif) struct Line(Vec<i16>);

impl Line {
    /// For pictures of `width`.
    pub(in crate::features::vif) fn new(width: usize) -> Self {
        Self(vec![0; MARGIN + width.next_multiple_of(32) + 32])
    }
}

/// Row `y` of a picture, filtered, every second column of it.
#[target_feature(enable = "avx2,fma")]
pub(in crate::features::vif) fn halve_row<P: Sample, const T: usize>(
    plane: Plane<P>,
    y: usize,
    taps: &[u32; T],
    depth: u32,
    Line(line): &mut Line,
    out: &mut [u16],
) {
    let rows = window_rows::<P, T>(plane, y);
    let filter = Filter::new(taps, depth);
    for x in (0..plane.width).step_by(16) {
        let mut samples = [_mm256_setzero_si256(); T];
        for k in 0..T {
            samples[k] = sixteen(rows[k], x, depth);
        }
        let sums = match P::BYTES {
            true => filter.folded::<T>(|k| samples[k]),
            false => filter.unfolded::<T>(|k| samples[k]),
        };
        let (filtered, _) = filter.rounded(sums);
        let filtered: [i16; 16] = bytemuck::cast(filtered);
        line[MARGIN + x..MARGIN + x + 16].copy_from_slice(&filtered);
    }
    for i in 1..=T / 2 {
        line[MARGIN - i] = line[MARGIN + i];
        let outside = plane.width - 1 + i;
        line[MARGIN + outside] = line[MARGIN + reflect(outside as isize, plane.width)];
    }
    horizontal(taps, line, out);
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
