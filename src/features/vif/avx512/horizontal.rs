use std::arch::x86_64::*;

use super::lanes::transposed;
use super::vertical::Rows;
use crate::features::lanes::each;
use crate::features::vif::tiles::{COLUMNS, HALVED, HISTORY, from_q32, paired, pairs, word};
use crate::features::wide::Dots;

/// Room after a tile for a reflected border and an incomplete block.
const SPARE: usize = 24;
const LENGTH: usize = HISTORY + COLUMNS + SPARE;

/// Vertically filtered columns, sixteen rows each.
pub(super) struct Ring {
    // two columns, 16 bits each, in a lane; Q8 about mid-grey; by picture
    means: Vec<[__m512i; 2]>,
    // Q16 about mid-grey; by product
    squares: Vec<[__m512; 3]>,
}

impl Ring {
    pub(super) fn new() -> Self {
        Self {
            means: vec![bytemuck::Zeroable::zeroed(); LENGTH / 2],
            squares: vec![bytemuck::Zeroable::zeroed(); LENGTH],
        }
    }

    /// Takes the means of a tile of picture `p`.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn put_means(&mut self, p: usize, rows: &Rows) {
        let pairs = &mut self.means[HISTORY / 2..][..COLUMNS / 2];
        for quarter in 0..4 {
            let columns = transposed(&rows.means, quarter);
            for k in 0..4 {
                pairs[4 * quarter + k][p] = _mm512_castps_si512(columns[k]);
            }
        }
    }

    /// Takes product `q` of a tile.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn put_squares(&mut self, q: usize, rows: &Rows) {
        let out = &mut self.squares[HISTORY..][..COLUMNS];
        for quarter in 0..4 {
            for i in 0..2 {
                let columns = transposed(&rows.squares[i], quarter);
                for k in 0..4 {
                    out[8 * quarter + 4 * i + k][q] = columns[k];
                }
            }
        }
    }

    /// Makes room for the next tile and keeps `history` columns, an even number.
    #[inline]
    pub(super) fn advance(&mut self, history: usize) {
        let first = HISTORY - history;
        let kept = COLUMNS + first..COLUMNS + HISTORY;
        self.means.copy_within(kept.start / 2..kept.end / 2, first / 2);
        self.squares.copy_within(kept, first);
    }

    /// Mirrors the picture's first columns, the edge not repeated.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn reflect_near(&mut self, radius: usize) {
        for i in 1..=radius {
            self.copy(HISTORY + i, HISTORY - i);
        }
    }

    /// Mirrors the picture's last columns; `count` of them are in the newest tile.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn reflect_far(&mut self, count: usize, radius: usize) {
        let last = HISTORY + count - 1;
        for i in 1..=radius {
            self.copy(last - i, last + i);
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn copy(&mut self, from: usize, to: usize) {
        self.squares[to] = self.squares[from];
        for p in 0..2 {
            let pair = self.means[from / 2][p];
            let value = match from % 2 {
                0 => _mm512_slli_epi32::<16>(pair),
                _ => pair,
            };
            let out = &mut self.means[to / 2][p];
            *out = match to % 2 {
                0 => _mm512_mask_mov_epi16(*out, 0x5555_5555, _mm512_srli_epi32::<16>(value)),
                _ => _mm512_mask_mov_epi16(*out, 0xaaaa_aaaa, value),
            };
        }
    }

    /// Window moments of the pixels of four columns, `STEP` apart from `x`, sixteen rows each.
    #[inline]
    #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512vnni")]
    pub(super) fn moments<const T: usize, const STEP: usize>(
        &self,
        x: usize,
        taps: &Taps,
    ) -> [Moments; 4] {
        let left = x - T / 2;
        let means = each!([0, 1], p => self.means::<T, STEP>(x, p, taps));
        let columns = &self.squares[left..left + T + 3 * STEP];
        let products = each!([0, 1, 2], q => filtered::<T, STEP>(columns, q, taps));
        each!([0, 1, 2, 3], i => Moments {
            means: [means[0][i], means[1][i]],
            products: [products[0][i], products[1][i], products[2][i]],
        })
    }

    #[inline(never)]
    #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512vnni")]
    fn means<const T: usize, const STEP: usize>(
        &self,
        x: usize,
        p: usize,
        taps: &Taps,
    ) -> [__m512; 4] {
        let left = x - T / 2;
        // windows that share loads: side by side, the first at an even column
        debug_assert!(STEP > 1 || x.is_multiple_of(2));
        let columns = &self.means[left / 2..left / 2 + T / 2 + 3 + 3 * STEP / 2];
        let place = |i: usize| match STEP {
            1 => (i % 2, (i + (T / 2) % 2) / 2),
            _ => (x % 2, i * STEP / 2),
        };
        let dots = taps.dots;
        let mut sums = [_mm512_setzero_si512(); 4];
        for k in 0..pairs::<T>() {
            for i in 0..4 {
                let (odd, first) = place(i);
                let pair = columns[first + k][p];
                sums[i] = dots.add(sums[i], pair, taps.means[odd][k]);
            }
        }
        if T == HALVED {
            for i in 0..4 {
                let (odd, first) = place(i);
                let pair = columns[first + 1 - odd][p];
                sums[i] = dots.add(sums[i], pair, taps.centre[odd]);
            }
        }
        // Q24
        let unit = _mm512_set1_ps(1.0 / 16777216.0);
        each!([0, 1, 2, 3], i => _mm512_mul_ps(_mm512_cvtepi32_ps(sums[i]), unit))
    }
}

/// Sums of a product over the windows of four columns. A function of its own, for then registers do
/// for all columns that it reads.
#[inline(never)]
#[target_feature(enable = "avx2,fma,avx512f")]
fn filtered<const T: usize, const STEP: usize>(
    columns: &[[__m512; 3]],
    q: usize,
    taps: &Taps,
) -> [__m512; 4] {
    let columns = &columns[..T + 3 * STEP];
    let mut sums = [_mm512_setzero_ps(); 4];
    for i in 0..4 {
        sums[i] = _mm512_mul_ps(taps.squares[T / 2], columns[T / 2 + i * STEP][q]);
    }
    for k in 0..T / 2 {
        for i in 0..4 {
            let left = columns[k + i * STEP][q];
            let right = columns[T - 1 - k + i * STEP][q];
            sums[i] = _mm512_fmadd_ps(taps.squares[k], _mm512_add_ps(left, right), sums[i]);
        }
    }
    sums
}

/// Of sixteen pixels, about mid-grey, in grey levels and their squares.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    /// Reference, distorted.
    pub(super) means: [__m512; 2],
    /// Reference squared, distorted squared, reference times distorted.
    pub(super) products: [__m512; 3],
}

/// Taps of the horizontal pass.
pub(super) struct Taps {
    dots: Dots,
    // for pairs of columns under a window; for even and odd centres
    means: [[__m512i; 10]; 2],
    // the other half of the centre of three taps
    centre: [__m512i; 2],
    // from Q32
    squares: [__m512; 9],
}

impl Taps {
    #[target_feature(enable = "avx512f")]
    pub(super) fn new<const T: usize>(taps: &[u32; T]) -> Self {
        let [even, odd] = paired(taps);
        let centre = word(taps, T / 2);
        let squares = from_q32(taps);
        Self {
            dots: Dots::new(),
            means: each!([even, odd], words => {
                each!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], k => _mm512_set1_epi32(words[k]))
            }),
            centre: each!([centre, centre << 16], c => _mm512_set1_epi32(c)),
            squares: each!([0, 1, 2, 3, 4, 5, 6, 7, 8], k => _mm512_set1_ps(squares[k])),
        }
    }
}
