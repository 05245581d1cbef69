use std::arch::x86_64::*;

use super::rows::Rows;
use super::{Plane, RADIUS, Sample, TAPS};
use crate::features::fixed::reflect;
use crate::features::lanes::{before, each, put, sixteen, whole};

/// See [`Rows`]; for samples up to [`DEEPEST`](super::DEEPEST). The vertical pass is in whole
/// numbers; the horizontal one in single precision, rounded like the definition.
#[target_feature(enable = "avx2,fma")]
pub(super) fn sum<P: Sample>(work: Rows<'_, P>) -> u64 {
    let Rows { pair, depth, rows, singles: Singles { differences, line }, .. } = work;
    let (width, height) = (pair[0].width, pair[0].height);
    let mut total = 0;
    let mut next = rows.start.saturating_sub(RADIUS);
    for y in rows {
        while next <= (y + RADIUS).min(height - 1) {
            subtract(pair, next, depth, &mut differences[next % SPAN]);
            next += 1;
        }
        let window: [&[i16]; SPAN] = std::array::from_fn(|k| {
            &differences[reflect((y + k) as isize - RADIUS as isize, height) % SPAN][..]
        });
        vertical(window, depth, &mut line[RADIUS..]);
        for i in 1..=RADIUS {
            line[RADIUS - i] = line[RADIUS + i];
            line[RADIUS + width - 1 + i] = line[RADIUS + width - 1 - i];
        }
        total += horizontal(line, width);
    }
    total
}

/// What makes halves go up where they would go to the even side: less than what numbers that are
/// no halves are away from one.
pub(super) const TIE: f32 = 1.0 / 262144.0;

/// Rows under a window.
pub(super) const SPAN: usize = TAPS.len();

/// Scratch memory for rows of one width, with room for a vector.
pub(super) struct Singles {
    // of the rows under the window, at their number modulo how many there are
    differences: [Vec<i16>; SPAN],
    // filtered vertically, with both borders
    line: Vec<f32>,
}

impl Singles {
    pub(super) fn new(width: usize) -> Self {
        let row = || vec![0; width.next_multiple_of(16)];
        Self { differences: [(); SPAN].map(|()| row()), line: vec![0.0; width + 2 * RADIUS + 16] }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn subtract<P: Sample>(pair: [Plane<P>; 2], y: usize, depth: u32, out: &mut [i16]) {
    let rows = [pair[0].row(y), pair[1].row(y)];
    for (i, out) in out.chunks_exact_mut(16).enumerate() {
        let [previous, current] = each!([0, 1], p => sixteen(rows[p], 16 * i, depth));
        put::<i16, 16>(bytemuck::cast(_mm256_sub_epi16(previous, current)), out);
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn vertical(rows: [&[i16]; SPAN], depth: u32, line: &mut [f32]) {
    let [t0, t1, t2, ..] = TAPS.map(|t| t as i32);
    let outer = _mm256_set1_epi32(t0 | t1 << 16);
    let centre = _mm256_set1_epi32(t2);
    let half = _mm256_set1_epi32(1 << (depth - 1));
    let shift = _mm_cvtsi32_si128(depth as i32);
    for x in (0..rows[0].len()).step_by(16) {
        let [d0, d1, d2, d3, d4] = each!([0, 1, 2, 3, 4], k => {
            bytemuck::cast::<[i16; 16], __m256i>(*whole(&rows[k][x..x + 16]))
        });
        let (outermost, inner) = (_mm256_add_epi16(d0, d4), _mm256_add_epi16(d1, d3));
        let none = _mm256_setzero_si256();
        let low = (_mm256_unpacklo_epi16(outermost, inner), _mm256_unpacklo_epi16(d2, none));
        let high = (_mm256_unpackhi_epi16(outermost, inner), _mm256_unpackhi_epi16(d2, none));
        let [low, high] = each!([low, high], (a, b) => {
            let (a, b) = (_mm256_madd_epi16(a, outer), _mm256_madd_epi16(b, centre));
            let sum = _mm256_add_epi32(_mm256_add_epi32(a, b), half);
            _mm256_sra_epi32(sum, shift)
        });
        let columns = [
            _mm256_cvtepi32_ps(_mm256_permute2x128_si256(low, high, 0x20)),
            _mm256_cvtepi32_ps(_mm256_permute2x128_si256(low, high, 0x31)),
        ];
        let columns: [f32; 16] = bytemuck::cast(columns);
        line[x..x + 16].copy_from_slice(&columns);
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn horizontal(line: &[f32], width: usize) -> u64 {
    let taps = each!([0, 1, 2, 3, 4], k => _mm256_set1_ps((TAPS[k] / 65536.0) as f32));
    let mut total = _mm256_setzero_si256();
    let whole = width - width % 8;
    for x in (0..whole).step_by(8) {
        total = _mm256_add_epi32(total, blurred(line, x, taps));
    }
    if whole < width {
        let inside = _mm256_castps_si256(before(width, whole));
        let rest = _mm256_and_si256(blurred(line, whole, taps), inside);
        total = _mm256_add_epi32(total, rest);
    }
    let lanes: [u32; 8] = bytemuck::cast(total);
    lanes.map(u64::from).iter().sum()
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn blurred(line: &[f32], x: usize, [t0, t1, t2, ..]: [__m256; SPAN]) -> __m256i {
    let line = &line[x..x + 12];
    let at = |i: usize| bytemuck::cast::<[f32; 8], __m256>(*whole(&line[i..i + 8]));
    let sum = _mm256_fmadd_ps(at(2), t2, _mm256_set1_ps(TIE));
    let sum = _mm256_fmadd_ps(_mm256_add_ps(at(1), at(3)), t1, sum);
    let sum = _mm256_fmadd_ps(_mm256_add_ps(at(0), at(4)), t0, sum);
    _mm256_abs_epi32(_mm256_cvtps_epi32(sum))
}
