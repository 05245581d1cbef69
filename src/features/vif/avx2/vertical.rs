use std::arch::x86_64::*;

use super::horizontal::{Ring, Rows};

use crate::features::lanes::{each, prefetch, sixteen};
use crate::features::vif::sample::Sample;
use crate::features::vif::tiles::{
    AHEAD, COLUMNS, HALVED, PRODUCT_OFFSET, ROWS, SQUARE_OFFSET, word,
};

const GROUPS: usize = COLUMNS / 16;

/// The rows under a tile: samples about mid-grey, and their products (of the reference with
/// itself, the distorted with itself, both).
pub(super) struct Prepared {
    samples: Vec<[[__m256i; GROUPS]; 2]>,
    // of 8-bit samples, less their offset
    words: Vec<[[__m256i; GROUPS]; 3]>,
    // of deeper ones, grey levels²
    floats: Vec<[[__m256; 2 * GROUPS]; 3]>,
}

impl Prepared {
    pub(super) fn new(rows: usize) -> Self {
        Self {
            samples: vec![bytemuck::Zeroable::zeroed(); rows],
            words: vec![bytemuck::Zeroable::zeroed(); rows],
            floats: vec![bytemuck::Zeroable::zeroed(); rows],
        }
    }

    /// Reads the tile from column `first` of rows of both pictures.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn fill<P: Sample>(&mut self, rows: &[[&[P]; 2]], first: usize, depth: u32) {
        let scale = _mm256_set1_ps(1.0 / (1u32 << (depth - 8)) as f32);
        let offsets = [SQUARE_OFFSET, SQUARE_OFFSET, PRODUCT_OFFSET];
        let offsets = offsets.map(|o| _mm256_set1_epi16(o));
        for (i, rows) in rows.iter().enumerate() {
            for row in rows {
                prefetch(row, first + AHEAD);
            }
            for g in 0..GROUPS {
                let [u, v] = each!([0, 1], p => sixteen(rows[p], first + 16 * g, depth));
                self.samples[i][0][g] = u;
                self.samples[i][1][g] = v;
                if P::BYTES {
                    let products = [(u, u), (v, v), (u, v)];
                    for (q, (a, b)) in products.into_iter().enumerate() {
                        let product = _mm256_mullo_epi16(a, b);
                        self.words[i][q][g] = _mm256_sub_epi16(product, offsets[q]);
                    }
                } else {
                    let [u, v] = each!([u, v], w => {
                        let halves = [_mm256_castsi256_si128(w), _mm256_extracti128_si256(w, 1)];
                        each!([halves[0], halves[1]], h => {
                            _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(h)), scale)
                        })
                    });
                    for h in 0..2 {
                        let floats = &mut self.floats[i];
                        floats[0][2 * g + h] = _mm256_mul_ps(u[h], u[h]);
                        floats[1][2 * g + h] = _mm256_mul_ps(v[h], v[h]);
                        floats[2][2 * g + h] = _mm256_mul_ps(u[h], v[h]);
                    }
                }
            }
        }
    }
}

/// Where the columns of a vector of 32-bit sums lie: sums of 16-bit words come in this order.
const OF_WORDS: [[usize; 8]; 2] = [[0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15]];
const OF_FLOATS: [[usize; 8]; 2] = [[0, 1, 2, 3, 4, 5, 6, 7], [8, 9, 10, 11, 12, 13, 14, 15]];

/// Taps of the vertical pass.
pub(super) struct Filter {
    depth: u32,
    // successive taps from the outermost, two in each lane; the centre is last
    pairs: [__m256i; 5],
    // two neighbours each, for filters that are not folded
    singles: [__m256; 9],
    unfolded: [__m256i; 9],
}

impl Filter {
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn new<const T: usize>(taps: &[u32; T], depth: u32) -> Self {
        let tap = |k: usize| word(taps, k);
        let half = |k: usize| if k <= T / 2 { taps[k] as i32 } else { 0 };
        Self {
            depth,
            pairs: [0, 2, 4, 6, 8].map(|k| _mm256_set1_epi32(half(k) | half(k + 1) << 16)),
            singles: [0, 1, 2, 3, 4, 5, 6, 7, 8].map(|k| _mm256_set1_ps(half(k) as f32)),
            unfolded: [0, 2, 4, 6, 8, 10, 12, 14, 16].map(|k| {
                let other = if T == HALVED && k == T - 1 { T / 2 } else { k + 1 };
                _mm256_set1_epi32(tap(k) | tap(other) << 16)
            }),
        }
    }

    /// Fills the ring's newest columns.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn run<P: Sample, const T: usize, const STEP: usize>(
        &self,
        prepared: &Prepared,
        rows: &mut Rows,
        ring: &mut Ring,
    ) {
        for g in 0..GROUPS {
            for half in 0..2 {
                let first = half * ROWS / 2 * STEP;
                let order = if P::BYTES {
                    self.words::<T, STEP>(prepared, first, g, rows);
                    &OF_WORDS
                } else {
                    self.floats::<T, STEP>(prepared, first, g, rows);
                    &OF_FLOATS
                };
                ring.put(g, half, rows, order);
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn words<const T: usize, const STEP: usize>(
        &self,
        prepared: &Prepared,
        first: usize,
        g: usize,
        rows: &mut Rows,
    ) {
        let offsets = [SQUARE_OFFSET, SQUARE_OFFSET, PRODUCT_OFFSET];
        for r in 0..8 {
            let at = first + r * STEP;
            let samples = &prepared.samples[at..at + T];
            let words = &prepared.words[at..at + T];
            let [u, v] = each!([0, 1], p => {
                let sums = self.folded::<T>(|k| samples[k][p][g]);
                let (mean, residual) = self.rounded(sums);
                rows.means[p][r] = mean;
                residual
            });
            for q in 0..3 {
                let sums = self.folded::<T>(|k| words[k][q][g]);
                let offset = _mm256_set1_epi32(i32::from(offsets[q]) << 16);
                for i in 0..2 {
                    // the part of the mean that was rounded off, times the centre
                    let correction = match q {
                        0 => _mm256_slli_epi32(u[i], 8),
                        1 => _mm256_slli_epi32(v[i], 8),
                        _ => _mm256_slli_epi32(_mm256_add_epi32(u[i], v[i]), 7),
                    };
                    let sum = _mm256_add_epi32(_mm256_add_epi32(sums[i], offset), correction);
                    rows.squares[q][i][r] = _mm256_cvtepi32_ps(sum);
                }
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn floats<const T: usize, const STEP: usize>(
        &self,
        prepared: &Prepared,
        first: usize,
        g: usize,
        rows: &mut Rows,
    ) {
        // residual, in steps of 2^-depth of 1/256 grey level, to Q16 grey levels
        let unit = 1.0 / (1u32 << (self.depth - 8)) as f32;
        let weights = [256.0, 256.0, 128.0].map(|w: f32| _mm256_set1_ps(w * unit));
        for r in 0..8 {
            let at = first + r * STEP;
            let samples = &prepared.samples[at..at + T];
            let floats = &prepared.floats[at..at + T];
            let [u, v] = each!([0, 1], p => {
                let sums = self.unfolded::<T>(|k| samples[k][p][g]);
                let (mean, [low, high]) = self.rounded(sums);
                rows.means[p][r] = mean;
                [
                    _mm256_permute2x128_si256(low, high, 0x20),
                    _mm256_permute2x128_si256(low, high, 0x31),
                ]
            });
            for q in 0..3 {
                for i in 0..2 {
                    let residual = match q {
                        0 => u[i],
                        1 => v[i],
                        _ => _mm256_add_epi32(u[i], v[i]),
                    };
                    let correction = _mm256_mul_ps(_mm256_cvtepi32_ps(residual), weights[q]);
                    let centre = floats[T / 2][q][2 * g + i];
                    let mut sum = _mm256_fmadd_ps(self.singles[T / 2], centre, correction);
                    for k in 0..T / 2 {
                        let (a, b) = (floats[k][q][2 * g + i], floats[T - 1 - k][q][2 * g + i]);
                        sum = _mm256_fmadd_ps(self.singles[k], _mm256_add_ps(a, b), sum);
                    }
                    rows.squares[q][i][r] = sum;
                }
            }
        }
    }

    /// Filters words whose sums of two fit 16 bits.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn folded<const T: usize>(&self, row: impl Fn(usize) -> __m256i) -> [__m256i; 2] {
        let mut sums = [_mm256_setzero_si256(); 2];
        let fold = |k: usize| _mm256_add_epi16(row(k), row(T - 1 - k));
        for k in (0..T / 2).step_by(2) {
            add_pair(&mut sums, fold(k), fold(k + 1), self.pairs[k / 2]);
        }
        add_pair(&mut sums, row(T / 2), _mm256_setzero_si256(), self.pairs[T / 4]);
        sums
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn unfolded<const T: usize>(&self, row: impl Fn(usize) -> __m256i) -> [__m256i; 2] {
        let mut sums = [_mm256_setzero_si256(); 2];
        for k in (0..T - 1).step_by(2) {
            add_pair(&mut sums, row(k), row(k + 1), self.unfolded[k / 2]);
        }
        let other = if T == HALVED { row(T / 2) } else { _mm256_setzero_si256() };
        add_pair(&mut sums, row(T - 1), other, self.unfolded[T / 2]);
        sums
    }

    /// Sums rounded to Q8, and what was rounded off.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn rounded(&self, sums: [__m256i; 2]) -> (__m256i, [__m256i; 2]) {
        let half = _mm256_set1_epi32(1 << (self.depth - 1));
        let count = _mm_cvtsi32_si128(self.depth as i32);
        let means = each!([0, 1], i => _mm256_sra_epi32(_mm256_add_epi32(sums[i], half), count));
        let residual =
            each!([0, 1], i => _mm256_sub_epi32(sums[i], _mm256_sll_epi32(means[i], count)));
        (_mm256_packs_epi32(means[0], means[1]), residual)
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_pair(sums: &mut [__m256i; 2], a: __m256i, b: __m256i, taps: __m256i) {
    let low = _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), taps);
    let high = _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), taps);
    sums[0] = _mm256_add_epi32(sums[0], low);
    sums[1] = _mm256_add_epi32(sums[1], high);
}
