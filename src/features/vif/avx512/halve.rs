//! Halving with AVX-512: sixteen rows at a time, walking along the columns.

use std::arch::x86_64::*;

use super::lanes::{put, thirty_two};
use crate::features::fixed::reflect;
use crate::features::lanes::{each, prefetch};
use crate::features::plane::Plane;
use crate::features::vif::sample::Sample;
use crate::features::vif::tiles::{HALVED, word};
use crate::features::wide::{Dots, words};

/// Rows of the next scale made together.
pub(in crate::features::vif) const TOGETHER: usize = 16;
/// Rows of the next scale between two looks at how many there are.
const UNROLLED: usize = 4;
/// Rows under the windows of those made together, with the second one of the last pair.
const UNDER: usize = 2 * TOGETHER + 8;
/// Columns filtered vertically before they are filtered horizontally.
const COLUMNS: usize = 64;
/// Columns between those that are read and those that are asked for.
const AHEAD: usize = 4 * COLUMNS;
/// The widest filter.
const WIDEST: usize = 9;

/// Vertically filtered columns of a row, Q8 about mid-grey: the last ones of the tile before, new
/// ones, room for a reflected border.
type Line = [__m512i; 4];

/// Two successive rows, a word of each in a lane: columns 0 to 3, 8 to 11, ... and the others.
type Pair = [__m512i; 2];

/// One picture's part of rows of both: from sample `first` of each.
pub(in crate::features::vif) struct Half<'a> {
    pub(in crate::features::vif) rows: &'a mut [u16],
    pub(in crate::features::vif) stride: usize,
    pub(in crate::features::vif) first: usize,
}

/// Every second column of every second row from `y` of a picture, filtered: as many rows as there
/// are to fill, at most [`TOGETHER`].
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512vnni")]
pub(in crate::features::vif) fn halve_rows<P: Sample, const T: usize>(
    plane: Plane<P>,
    y: usize,
    taps: &[u32; T],
    depth: u32,
    mut half: Half<'_>,
) {
    let Plane { width, height, .. } = plane;
    let count = half.rows.len() / half.stride;
    let mut under = [&[] as &[P]; UNDER];
    for (i, row) in under.iter_mut().enumerate() {
        // what follows the last window has no weight
        let i = i.min(2 * (count - 1) + T - 1);
        *row = plane.row(reflect((y + i) as isize - (T / 2) as isize, height));
    }
    let vertical = Vertical::new(taps, depth);
    let horizontal = Horizontal::new(taps);
    let mut lines: [Line; TOGETHER] = bytemuck::Zeroable::zeroed();
    for x in (0..width).step_by(COLUMNS) {
        let lines = &mut lines;
        if T == WIDEST && (P::BYTES || depth < 16) {
            vertical.folded::<P, 1>(&under, x, lines, count);
            vertical.folded::<P, 2>(&under, x + COLUMNS / 2, lines, count);
        } else {
            vertical.plain::<P, T, 1>(&under, x, lines, count);
            vertical.plain::<P, T, 2>(&under, x + COLUMNS / 2, lines, count);
        }
        horizontal.run::<T>(&mut lines[..count], x, width, &mut half);
    }
}

/// Taps of the vertical pass.
struct Vertical {
    dots: Dots,
    depth: u32,
    // of the pairs under a window
    taps: [__m512i; 5],
    // the centre alone, as the first word and as the second
    centre: [__m512i; 2],
    // where the means of 8-bit samples are in two vectors of sums, and which are from the second
    bytes: [__m512i; 2],
    second: __mmask64,
    // where those of words are
    words: __m512i,
}

impl Vertical {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new<const T: usize>(taps: &[u32; T], depth: u32) -> Self {
        let pair = |k: usize| word(taps, 2 * k) | word(taps, 2 * k + 1) << 16;
        let centre = word(taps, T / 2);
        let (mut bytes, mut words) = ([[0i8; 64]; 2], [0i16; 32]);
        for i in 0..64 {
            let column = i as i8 % 8 / 2;
            bytes[i % 16 / 8][i] = 4 * column + 1 + i as i8 % 2;
        }
        for i in 0..32 {
            let (lane, column) = (i / 8, i % 8);
            words[i] = (32 * (column / 4) + 8 * lane + 2 * (column % 4) + 1) as i16;
        }
        Self {
            dots: Dots::new(),
            depth,
            taps: each!([0, 1, 2, 3, 4], k => _mm512_set1_epi32(pair(k))),
            centre: each!([centre, centre << 16], words => _mm512_set1_epi32(words)),
            bytes: each!([0, 1], i => bytemuck::cast(bytes[i])),
            second: std::hint::black_box(0xff00_ff00_ff00_ff00),
            words: bytemuck::cast(words),
        }
    }

    /// Of samples whose sums of two fit 16 bits: rows that have the same tap are added up first, a
    /// pair of rows and, upside down, the pair on the other side of the centre, put together from
    /// two neighbours.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn folded<P: Sample, const PART: usize>(
        &self,
        rows: &[&[P]; UNDER],
        x: usize,
        lines: &mut [Line; TOGETHER],
        count: usize,
    ) {
        const UPPER: __mmask32 = 0xaaaa_aaaa;
        let &Self { dots, depth, taps: [outer, inner, ..], centre: [centre, _], .. } = self;
        // half a unit, less mid-grey
        let start = _mm512_set1_epi32((1 << (depth - 1)) - (1 << (depth + 15)));
        let shift = _mm_cvtsi32_si128(depth as i32);
        let pair = |rows: &[&[P]]| {
            let [a, b] = each!([rows[0], rows[1]], row => {
                if PART == 1 || !P::BYTES {
                    prefetch(row, x + AHEAD);
                }
                words(row, x)
            });
            interleaved(a, b)
        };
        let (first, rows) = rows.split_at(WIDEST - 1);
        let mut window = each!([0, 2, 4, 6], k => pair(&first[k..k + 2]));
        let mut mirrored = each!([0, 1], i => {
            _mm512_mask_mov_epi16(window[3][i], UPPER, window[2][i])
        });
        let blocks = rows.chunks_exact(2 * UNROLLED).zip(lines.chunks_exact_mut(UNROLLED));
        for (rows, lines) in blocks.take(count.div_ceil(UNROLLED)) {
            each!([0, 1, 2, 3], j => {
                let [a, b, c, d] = window;
                let e = pair(&rows[2 * j..2 * j + 2]);
                let last = each!([0, 1], i => _mm512_mask_mov_epi16(e[i], UPPER, d[i]));
                let sums = each!([0, 1], i => {
                    let sum = dots.add(start, c[i], centre);
                    let sum = dots.add(sum, _mm512_add_epi16(b[i], mirrored[i]), inner);
                    dots.add(sum, _mm512_add_epi16(a[i], last[i]), outer)
                });
                lines[j][PART] = if P::BYTES {
                    let first = _mm512_shuffle_epi8(sums[0], self.bytes[0]);
                    _mm512_mask_shuffle_epi8(first, self.second, sums[1], self.bytes[1])
                } else {
                    let [a, b] = each!([0, 1], i => _mm512_sra_epi32(sums[i], shift));
                    _mm512_packs_epi32(a, b)
                };
                window = [b, c, d, e];
                mirrored = last;
            });
        }
    }

    /// Of 16-bit samples.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn plain<P: Sample, const T: usize, const PART: usize>(
        &self,
        rows: &[&[P]; UNDER],
        x: usize,
        lines: &mut [Line; TOGETHER],
        count: usize,
    ) {
        let half = _mm512_set1_epi32(1 << 15);
        let pair = |rows: &[&[P]]| {
            let [a, b] = each!([rows[0], rows[1]], row => {
                prefetch(row, x + AHEAD);
                thirty_two(row, x, 16)
            });
            interleaved(a, b)
        };
        let (first, rows) = rows.split_at(T - 1);
        // what is under the window of the next row moves up by one pair
        let mut window: [Pair; 5] = bytemuck::Zeroable::zeroed();
        for k in 0..T / 2 {
            window[k] = pair(&first[2 * k..2 * k + 2]);
        }
        let blocks = rows.chunks_exact(2 * UNROLLED).zip(lines.chunks_exact_mut(UNROLLED));
        for (rows, lines) in blocks.take(count.div_ceil(UNROLLED)) {
            each!([0, 1, 2, 3], j => {
                window[T / 2] = pair(&rows[2 * j..2 * j + 2]);
                let sums = each!([0, 1], i => {
                    let mut sum = half;
                    for k in 0..=T / 2 {
                        sum = self.dots.add(sum, window[k][i], self.taps[k]);
                    }
                    if T == HALVED {
                        sum = self.dots.add(sum, window[0][i], self.centre[1]);
                    }
                    sum
                });
                lines[j][PART] = _mm512_permutex2var_epi16(sums[0], self.words, sums[1]);
                for k in 0..T / 2 {
                    window[k] = window[k + 1];
                }
            });
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn interleaved(a: __m512i, b: __m512i) -> Pair {
    [_mm512_unpacklo_epi16(a, b), _mm512_unpackhi_epi16(a, b)]
}

/// Taps of the horizontal pass, where a lane holds an even column and the odd one after it.
struct Horizontal {
    dots: Dots,
    // of the lanes under a window
    taps: [__m512i; 5],
    centre: __m512i,
    // where the results are in two vectors of sums; and, at the start of a row, without those that
    // lie before it
    results: [__m512i; 2],
    // the columns on the far side of the first one
    mirror: __m512i,
}

impl Horizontal {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new<const T: usize>(taps: &[u32; T]) -> Self {
        // a window of odd radius starts with the second column of a lane
        let tap = |k: usize| k.checked_sub(T / 2 % 2).map_or(0, |k| word(taps, k));
        let pair = |k: usize| tap(2 * k) | tap(2 * k + 1) << 16;
        let (mut results, mut mirror) = ([[0u16; 32]; 2], [0u16; 32]);
        for i in 0..32 {
            results[0][i] = 2 * i as u16 + 1;
            results[1][i] = 2 * (i + right::<T>()) as u16 + 1;
            mirror[i] = 32 - i as u16;
        }
        Self {
            dots: Dots::new(),
            taps: each!([0, 1, 2, 3, 4], k => _mm512_set1_epi32(pair(k))),
            centre: _mm512_set1_epi32(word(taps, T / 2)),
            results: each!([0, 1], i => bytemuck::cast(results[i])),
            mirror: bytemuck::cast(mirror),
        }
    }

    /// Filters the newest columns of rows, which are those from `x` of a picture's `width`.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn run<const T: usize>(&self, lines: &mut [Line], x: usize, width: usize, half: &mut Half<'_>) {
        if x == 0 {
            for line in &mut *lines {
                line[0] = _mm512_permutexvar_epi16(self.mirror, line[1]);
            }
        }
        let is_last = x + COLUMNS >= width;
        if is_last {
            let last = COLUMNS / 2 + width - x - 1;
            for line in &mut *lines {
                let columns: &mut [i16; 2 * COLUMNS] = bytemuck::cast_mut(line);
                for i in 1..=T / 2 {
                    columns[last + i] = columns[last - i];
                }
            }
        }
        // a window reaches beyond the newest columns, so that the last results must wait
        let first = (x / 2).saturating_sub(right::<T>());
        let results = self.results[usize::from(x == 0)];
        for (line, row) in lines.iter_mut().zip(half.rows.chunks_exact_mut(half.stride)) {
            let out = &mut row[half.first..][first..width / 2];
            put(self.filtered::<T>([line[0], line[1], line[2]], results), out);
            line[0] = line[2];
        }
        let first = (x + COLUMNS) / 2 - right::<T>();
        if is_last && first < width / 2 {
            for (line, row) in lines.iter_mut().zip(half.rows.chunks_exact_mut(half.stride)) {
                let out = &mut row[half.first..][first..width / 2];
                let [_, _, a, b] = *line;
                put(self.filtered::<T>([a, b, b], self.results[0]), out);
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn filtered<const T: usize>(&self, columns: [__m512i; 3], results: __m512i) -> __m512i {
        // half a unit and mid-grey
        let start = _mm512_set1_epi32((1 << 15) + i32::MIN);
        let sums = each!([0, 1], i => {
            let (a, b) = (columns[i], columns[i + 1]);
            let lanes = [
                _mm512_alignr_epi32::<12>(b, a),
                _mm512_alignr_epi32::<13>(b, a),
                _mm512_alignr_epi32::<14>(b, a),
                _mm512_alignr_epi32::<15>(b, a),
                b,
            ];
            let mut sum = start;
            for k in 0..=T / 2 {
                sum = self.dots.add(sum, lanes[4 - T / 2 + k], self.taps[k]);
            }
            if T == HALVED {
                sum = self.dots.add(sum, columns[i + 1], self.centre);
            }
            sum
        });
        _mm512_permutex2var_epi16(sums[0], results, sums[1])
    }
}

/// Lanes of a window on the right of the centre's.
const fn right<const T: usize>() -> usize {
    T / 4
}
