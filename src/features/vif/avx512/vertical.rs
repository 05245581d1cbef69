use std::arch::x86_64::*;

use super::horizontal::Ring;
use super::lanes::thirty_two;
use crate::features::lanes::{each, prefetch};
use crate::features::vif::sample::Sample;
use crate::features::vif::tiles::{AHEAD, HALVED, PRODUCT_OFFSET, ROWS, SQUARE_OFFSET, word};
use crate::features::wide::Dots;

/// Two neighbouring rows, a word of each in a lane: columns 0 to 3, 8 to 11, ... and the others.
type Pair = [__m512i; 2];

/// The rows under a tile: samples about mid-grey, and their products (of the reference with
/// itself, the distorted with itself, both).
pub(super) struct Prepared {
    samples: Vec<[Pair; 2]>,
    // of 8-bit samples, less their offset
    words: Vec<[Pair; 3]>,
    // of deeper ones, grey levels², row by row
    floats: Vec<[[__m512; 2]; 3]>,
}

impl Prepared {
    pub(super) fn new(rows: usize) -> Self {
        Self {
            samples: vec![bytemuck::Zeroable::zeroed(); rows.div_ceil(2)],
            words: vec![bytemuck::Zeroable::zeroed(); rows.div_ceil(2)],
            floats: vec![bytemuck::Zeroable::zeroed(); rows.next_multiple_of(2)],
        }
    }

    /// Reads the tile from column `first` of rows of both pictures.
    #[inline]
    #[target_feature(enable = "avx2,fma,avx512f,avx512bw")]
    pub(super) fn fill<P: Sample>(&mut self, rows: &[[&[P]; 2]], first: usize, depth: u32) {
        for (i, rows) in rows.chunks(2).enumerate() {
            // the last pair may be half a one: its other half has no weight
            let [upper, lower] = each!([rows[0], rows[rows.len() - 1]], rows => {
                each!([0, 1], p => {
                    prefetch(rows[p], first + AHEAD);
                    thirty_two(rows[p], first, depth)
                })
            });
            self.samples[i] = each!([0, 1], p => interleaved(upper[p], lower[p]));
            if P::BYTES {
                let [a, b] = each!([upper, lower], row => products(row));
                self.words[i] = each!([0, 1, 2], q => interleaved(a[q], b[q]));
            } else {
                self.floats[2 * i] = float_products(upper, depth);
                self.floats[2 * i + 1] = float_products(lower, depth);
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn interleaved(a: __m512i, b: __m512i) -> Pair {
    [_mm512_unpacklo_epi16(a, b), _mm512_unpackhi_epi16(a, b)]
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn products([u, v]: [__m512i; 2]) -> [__m512i; 3] {
    let square = _mm512_set1_epi16(SQUARE_OFFSET);
    let product = _mm512_set1_epi16(PRODUCT_OFFSET);
    each!([(u, u, square), (v, v, square), (u, v, product)], (a, b, offset) => {
        _mm512_sub_epi16(_mm512_mullo_epi16(a, b), offset)
    })
}

/// In the order of [`Pair`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn float_products([u, v]: [__m512i; 2], depth: u32) -> [[__m512; 2]; 3] {
    let scale = _mm512_set1_ps(1.0 / (1u32 << (depth - 8)) as f32);
    let [u, v] = each!([u, v], words => {
        // a word twice in a lane, the upper one keeps its sign
        each!([_mm512_unpacklo_epi16(words, words), _mm512_unpackhi_epi16(words, words)], wide => {
            _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_srai_epi32::<16>(wide)), scale)
        })
    });
    each!([(u, u), (v, v), (u, v)], (a, b) => each!([0, 1], i => _mm512_mul_ps(a[i], b[i])))
}

/// Vertically filtered rows of a tile.
pub(super) struct Rows {
    /// Means, two columns in a lane, columns in order.
    pub(super) means: [__m512; ROWS],
    /// One product, columns in the order of [`Pair`].
    pub(super) squares: [[__m512; ROWS]; 2],
    // of the means, what was rounded off and half a unit, by picture
    rests: [[Pair; ROWS]; 2],
}

impl Rows {
    pub(super) fn new() -> Self {
        use bytemuck::Zeroable;
        Self {
            means: [__m512::zeroed(); ROWS],
            squares: Zeroable::zeroed(),
            rests: Zeroable::zeroed(),
        }
    }
}

/// Pairs of rows under a window, wherever it starts.
const fn pairs<const T: usize>() -> usize {
    T / 2 + 1
}

/// Taps of the vertical pass.
pub(super) struct Filter {
    dots: Dots,
    depth: u32,
    // for windows that start at the first and the second row of a pair
    pairs: [[__m512i; 9]; 2],
    // the other half of the centre of three taps
    centre: [__m512i; 2],
    // the same for windows folded in the middle
    folded: [[__m512i; 5]; 2],
    singles: [__m512; 9],
}

impl Filter {
    #[target_feature(enable = "avx512f")]
    pub(super) fn new<const T: usize>(taps: &[u32; T], depth: u32) -> Self {
        let mut pairs = [[_mm512_setzero_si512(); 9]; 2];
        for odd in 0..2 {
            let tap = |k: usize| k.checked_sub(odd).map_or(0, |k| word(taps, k));
            for k in 0..9 {
                pairs[odd][k] = _mm512_set1_epi32(tap(2 * k) | tap(2 * k + 1) << 16);
            }
        }
        let centre = word(taps, T / 2);
        let mut folded = [[_mm512_setzero_si512(); 5]; 2];
        for k in 0..=T / 4 {
            let (tap, middle) = (|k: usize| word(taps, k), k == T / 4);
            let even = [tap(2 * k), if middle { 0 } else { tap(2 * k + 1) }];
            // the centre is folded onto itself
            let odd = [if k == 0 { 0 } else { tap(2 * k - 1) }, tap(2 * k) >> u32::from(middle)];
            for (folded, [low, high]) in folded.iter_mut().zip([even, odd]) {
                folded[k] = _mm512_set1_epi32(low | high << 16);
            }
        }
        let half = |k: usize| if k <= T / 2 { taps[k] as f32 } else { 0.0 };
        Self {
            dots: Dots::new(),
            depth,
            pairs,
            centre: [_mm512_set1_epi32(centre << 16), _mm512_set1_epi32(centre)],
            folded,
            singles: each!([0, 1, 2, 3, 4, 5, 6, 7, 8], k => _mm512_set1_ps(half(k))),
        }
    }

    /// Fills the ring's newest columns.
    #[inline]
    #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512vnni")]
    pub(super) fn run<P: Sample, const T: usize, const STEP: usize>(
        &self,
        prepared: &Prepared,
        rows: &mut Rows,
        ring: &mut Ring,
    ) {
        for p in 0..2 {
            self.means::<P, T, STEP>(&prepared.samples, p, rows);
            ring.put_means(p, rows);
        }
        for q in 0..3 {
            if P::BYTES {
                self.words::<T, STEP>(&prepared.words, q, rows);
            } else {
                self.floats::<T, STEP>(&prepared.floats, q, rows);
            }
            ring.put_squares(q, rows);
        }
    }

    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn means<P: Sample, const T: usize, const STEP: usize>(
        &self,
        samples: &[[Pair; 2]],
        p: usize,
        rows: &mut Rows,
    ) {
        let half = 1 << (self.depth - 1);
        let below = _mm512_set1_epi32((1 << self.depth) - 1);
        let count = _mm_cvtsi32_si128(self.depth as i32);
        let take = |r: usize, sums: Pair| {
            let means = each!([0, 1], i => _mm512_sra_epi32(sums[i], count));
            rows.means[r] = _mm512_castsi512_ps(_mm512_packs_epi32(means[0], means[1]));
            rows.rests[p][r] = each!([0, 1], i => _mm512_and_si512(sums[i], below));
        };
        if P::BYTES {
            self.each_folded_sum::<T, STEP, 2>(samples, p, half, take);
        } else {
            self.each_sum::<T, STEP, 2>(samples, p, half, take);
        }
    }

    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn words<const T: usize, const STEP: usize>(
        &self,
        words: &[[Pair; 3]],
        q: usize,
        rows: &mut Rows,
    ) {
        let offset = if q == 2 { PRODUCT_OFFSET } else { SQUARE_OFFSET };
        // what the rests have too much, times the centre
        let start = (i32::from(offset) << 16) - (128 << 8);
        let Rows { squares, rests, .. } = rows;
        self.each_folded_sum::<T, STEP, 3>(words, q, start, |r, sums| {
            let [u, v] = each!([0, 1], p => rests[p][r]);
            for i in 0..2 {
                // the part of the mean that was rounded off, times the centre
                let correction = match q {
                    0 => _mm512_slli_epi32::<8>(u[i]),
                    1 => _mm512_slli_epi32::<8>(v[i]),
                    _ => _mm512_slli_epi32::<7>(_mm512_add_epi32(u[i], v[i])),
                };
                squares[i][r] = _mm512_cvtepi32_ps(_mm512_add_epi32(sums[i], correction));
            }
        });
    }

    /// Filters one of several pictures of words whose sums of two fit 16 bits; `start` is added.
    ///
    /// Rows that have the same tap are added up first: a pair of rows and, upside down, the pair on
    /// the other side of the centre, put together from two neighbours.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn each_folded_sum<const T: usize, const STEP: usize, const N: usize>(
        &self,
        rows: &[[Pair; N]],
        which: usize,
        start: i32,
        mut take: impl FnMut(usize, Pair),
    ) {
        const UPPER: __mmask32 = 0xaaaa_aaaa;
        let (last, middle) = (T / 2, T / 4);
        let start = _mm512_set1_epi32(start);
        for r in (0..ROWS).step_by(if STEP == 1 { 2 } else { 1 }) {
            let window = &rows[r * STEP / 2..][..pairs::<T>()];
            let mut sums = [[start; 2]; 2];
            for i in 0..2 {
                let [even, odd] = &self.folded;
                let mut mirrored = [_mm512_setzero_si512(); 10];
                for k in middle + 1..=last {
                    let (below, above) = (window[k][which][i], window[k - 1][which][i]);
                    mirrored[k] = _mm512_mask_mov_epi16(below, UPPER, above);
                }
                for k in 0..middle {
                    let both = _mm512_add_epi16(window[k][which][i], mirrored[last - k]);
                    sums[0][i] = self.dots.add(sums[0][i], both, even[k]);
                }
                let centre = window[middle][which][i];
                sums[0][i] = self.dots.add(sums[0][i], centre, even[middle]);
                if STEP == 1 {
                    mirrored[last + 1] = window[last][which][i];
                    for k in 0..=middle {
                        let both = _mm512_add_epi16(window[k][which][i], mirrored[last + 1 - k]);
                        sums[1][i] = self.dots.add(sums[1][i], both, odd[k]);
                    }
                }
            }
            take(r, sums[0]);
            if STEP == 1 {
                take(r + 1, sums[1]);
            }
        }
    }

    /// Filters one of several pictures; `start` is added.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn each_sum<const T: usize, const STEP: usize, const N: usize>(
        &self,
        rows: &[[Pair; N]],
        which: usize,
        start: i32,
        mut take: impl FnMut(usize, Pair),
    ) {
        // neighbouring windows lie over the same pairs
        let together = if STEP == 1 { 2 } else { 1 };
        let start = [_mm512_set1_epi32(start); 2];
        for r in (0..ROWS).step_by(together) {
            let window = &rows[r * STEP / 2..][..pairs::<T>()];
            let mut sums = [start; 2];
            for k in 0..pairs::<T>() {
                let pair = window[k][which];
                for odd in 0..together {
                    for i in 0..2 {
                        let taps = self.pairs[odd][k];
                        sums[odd][i] = self.dots.add(sums[odd][i], pair[i], taps);
                    }
                }
            }
            for odd in 0..together {
                if T == HALVED {
                    for i in 0..2 {
                        let (pair, taps) = (window[odd][which][i], self.centre[odd]);
                        sums[odd][i] = self.dots.add(sums[odd][i], pair, taps);
                    }
                }
                take(r + odd, sums[odd]);
            }
        }
    }

    #[inline(never)]
    #[target_feature(enable = "avx2,fma,avx512f,avx512bw")]
    fn floats<const T: usize, const STEP: usize>(
        &self,
        floats: &[[[__m512; 2]; 3]],
        q: usize,
        rows: &mut Rows,
    ) {
        // rests, in steps of 2^-depth of 1/256 grey level, to Q16 grey levels
        let unit = 1.0 / (1u32 << (self.depth - 8)) as f32;
        let weight = _mm512_set1_ps(unit * if q == 2 { 128.0 } else { 256.0 });
        let half = _mm512_set1_epi32(if q == 2 { 1 << self.depth } else { 1 << (self.depth - 1) });
        for r in 0..ROWS {
            let window = &floats[r * STEP..][..T];
            let [u, v] = each!([0, 1], p => rows.rests[p][r]);
            for i in 0..2 {
                let rest = match q {
                    0 => u[i],
                    1 => v[i],
                    _ => _mm512_add_epi32(u[i], v[i]),
                };
                let rest = _mm512_cvtepi32_ps(_mm512_sub_epi32(rest, half));
                let correction = _mm512_mul_ps(rest, weight);
                let mut sum = _mm512_fmadd_ps(self.singles[T / 2], window[T / 2][q][i], correction);
                for k in 0..T / 2 {
                    let both = _mm512_add_ps(window[k][q][i], window[T - 1 - k][q][i]);
                    sum = _mm512_fmadd_ps(self.singles[k], both, sum);
                }
                rows.squares[i][r] = sum;
            }
        }
    }
}
