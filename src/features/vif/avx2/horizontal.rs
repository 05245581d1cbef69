use std::arch::x86_64::*;

use crate::features::lanes::{each, transposed};
use crate::features::vif::tiles::{COLUMNS, HALVED, HISTORY, from_q32, paired, pairs, word};

/// Room after a tile for a reflected border and an incomplete block.
const SPARE: usize = 24;
const LENGTH: usize = HISTORY + COLUMNS + SPARE;

/// Sixteen vertically filtered columns of eight rows, row by row.
pub(super) struct Rows {
    /// By picture.
    pub(super) means: [[__m256i; 8]; 2],
    /// By product and half of the columns.
    pub(super) squares: [[[__m256; 8]; 2]; 3],
}

impl Rows {
    pub(super) fn new() -> Self {
        let (means, squares) = (bytemuck::Zeroable::zeroed(), bytemuck::Zeroable::zeroed());
        Self { means, squares }
    }
}

/// Vertically filtered columns, sixteen rows each.
pub(super) struct Ring {
    // two columns, 16 bits each, in a lane; Q8 about mid-grey; by picture and half of the rows
    means: Vec<[[__m256i; 2]; 2]>,
    // Q16 about mid-grey; by product and half of the rows
    squares: Vec<[[__m256; 2]; 3]>,
}

impl Ring {
    pub(super) fn new() -> Self {
        Self {
            means: vec![bytemuck::Zeroable::zeroed(); LENGTH / 2],
            squares: vec![bytemuck::Zeroable::zeroed(); LENGTH],
        }
    }

    /// Takes sixteen columns of eight rows. `order`: columns of the vectors of squares.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn put(&mut self, group: usize, half: usize, rows: &Rows, order: &[[usize; 8]; 2]) {
        let Rows { means, squares } = rows;
        let first = HISTORY + 16 * group;
        let pairs = &mut self.means[first / 2..first / 2 + 8];
        for p in 0..2 {
            let mut rows = [_mm256_setzero_ps(); 8];
            for k in 0..8 {
                rows[k] = _mm256_castsi256_ps(means[p][k]);
            }
            let columns = transposed(rows);
            for i in 0..8 {
                pairs[i][p][half] = _mm256_castps_si256(columns[i]);
            }
        }
        let out = &mut self.squares[first..first + 16];
        for q in 0..3 {
            for i in 0..2 {
                let columns = transposed(squares[q][i]);
                for k in 0..8 {
                    out[order[i][k]][q][half] = columns[k];
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
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn reflect_near(&mut self, radius: usize) {
        for i in 1..=radius {
            self.copy(HISTORY + i, HISTORY - i);
        }
    }

    /// Mirrors the picture's last columns; `count` of them are in the newest tile.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn reflect_far(&mut self, count: usize, radius: usize) {
        let last = HISTORY + count - 1;
        for i in 1..=radius {
            self.copy(last - i, last + i);
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn copy(&mut self, from: usize, to: usize) {
        self.squares[to] = self.squares[from];
        for p in 0..2 {
            for half in 0..2 {
                let pair = self.means[from / 2][p][half];
                let value = match from % 2 {
                    0 => _mm256_slli_epi32(pair, 16),
                    _ => pair,
                };
                let out = &mut self.means[to / 2][p][half];
                *out = match to % 2 {
                    0 => _mm256_blend_epi16(*out, _mm256_srli_epi32(value, 16), 0x55),
                    _ => _mm256_blend_epi16(*out, value, 0xaa),
                };
            }
        }
    }

    /// Window moments of the pixels of four columns, `STEP` apart from `x`, eight rows each.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn moments<const T: usize, const STEP: usize>(
        &self,
        x: usize,
        half: usize,
        taps: &Taps,
    ) -> [Moments; 4] {
        let left = x - T / 2;
        // windows that share loads: side by side, the first at an even column
        debug_assert!(STEP > 1 || x.is_multiple_of(2));
        let columns = &self.means[left / 2..left / 2 + T / 2 + 3 + 3 * STEP / 2];
        let place = |i: usize| match STEP {
            1 => (i % 2, (i + (T / 2) % 2) / 2),
            _ => (x % 2, i * STEP / 2),
        };
        let means = each!([0, 1], p => {
            let mut sums = [_mm256_setzero_si256(); 4];
            for k in 0..pairs::<T>() {
                for i in 0..4 {
                    let (odd, first) = place(i);
                    let product = _mm256_madd_epi16(columns[first + k][p][half], taps.means[odd][k]);
                    sums[i] = _mm256_add_epi32(sums[i], product);
                }
            }
            if T == HALVED {
                for i in 0..4 {
                    let (odd, first) = place(i);
                    let pair = columns[first + 1 - odd][p][half];
                    let product = _mm256_madd_epi16(pair, taps.centre[odd]);
                    sums[i] = _mm256_add_epi32(sums[i], product);
                }
            }
            // Q24
            let unit = _mm256_set1_ps(1.0 / 16777216.0);
            each!([0, 1, 2, 3], i => _mm256_mul_ps(_mm256_cvtepi32_ps(sums[i]), unit))
        });
        let columns = &self.squares[left..left + T + 3 * STEP];
        let products = each!([0, 1, 2], q => filtered::<T, STEP>(columns, q, half, taps));
        each!([0, 1, 2, 3], i => Moments {
            means: [means[0][i], means[1][i]],
            products: [products[0][i], products[1][i], products[2][i]],
        })
    }
}

/// Sums of a product over the windows of four columns. A function of its own, for then registers do
/// for all columns that it reads.
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
fn filtered<const T: usize, const STEP: usize>(
    columns: &[[[__m256; 2]; 3]],
    q: usize,
    half: usize,
    taps: &Taps,
) -> [__m256; 4] {
    let columns = &columns[..T + 3 * STEP];
    let mut sums = [_mm256_setzero_ps(); 4];
    for i in 0..4 {
        sums[i] = _mm256_mul_ps(taps.squares[T / 2], columns[T / 2 + i * STEP][q][half]);
    }
    for k in 0..T / 2 {
        for i in 0..4 {
            let left = columns[k + i * STEP][q][half];
            let right = columns[T - 1 - k + i * STEP][q][half];
            let both = _mm256_add_ps(left, right);
            sums[i] = _mm256_fmadd_ps(taps.squares[k], both, sums[i]);
        }
    }
    sums
}

/// Of eight pixels, about mid-grey, in grey levels and their squares.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    /// Reference, distorted.
    pub(super) means: [__m256; 2],
    /// Reference squared, distorted squared, reference times distorted.
    pub(super) products: [__m256; 3],
}

/// Taps of the horizontal pass.
pub(super) struct Taps {
    // for pairs of columns under a window; for even and odd centres
    means: [[__m256i; 10]; 2],
    // the other half of the centre of three taps
    centre: [__m256i; 2],
    // from Q32
    squares: [__m256; 9],
}

impl Taps {
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn new<const T: usize>(taps: &[u32; T]) -> Self {
        let [even, odd] = paired(taps);
        let centre = word(taps, T / 2);
        let squares = from_q32(taps);
        Self {
            means: each!([even, odd], words => {
                each!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], k => _mm256_set1_epi32(words[k]))
            }),
            centre: each!([centre, centre << 16], c => _mm256_set1_epi32(c)),
            squares: each!([0, 1, 2, 3, 4, 5, 6, 7, 8], k => _mm256_set1_ps(squares[k])),
        }
    }
}
