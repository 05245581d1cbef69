use std::arch::x86_64::*;

use super::avx2::{SPAN, TIE};
use super::rows::Rows;
use super::{Plane, RADIUS, Sample, TAPS};
use crate::features::fixed::reflect;
use crate::features::lanes::each;
use crate::features::wide::{Dots, words};

/// Differences of the rows under the window, at their number modulo how many there are, with the
/// columns that the border on the right reflects.
pub(super) struct Differences([Vec<Block>; SPAN]);

/// Columns treated together.
type Block = [i16; 32];

impl Differences {
    pub(super) fn new(width: usize) -> Self {
        Self([(); SPAN].map(|()| vec![[0; 32]; blocks(width)]))
    }
}

/// Blocks of 32 columns that a row takes: sums of the last lane of a block wait for the next one.
fn blocks(width: usize) -> usize {
    (width.div_ceil(2) + 1).div_ceil(16)
}

/// See [`Rows`]; for samples up to [`DEEPEST`](super::DEEPEST). The vertical pass is in whole
/// numbers; the horizontal one in single precision, rounded like the definition.
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512vnni")]
pub(super) fn sum<P: Sample>(work: Rows<'_, P>) -> u64 {
    let Rows { pair, depth, rows, differences: Differences(differences), .. } = work;
    let (width, height) = (pair[0].width, pair[0].height);
    let filter = Filter::new(depth, width);
    let mut total = _mm512_setzero_si512();
    let mut next = rows.start.saturating_sub(RADIUS);
    for y in rows {
        while next <= (y + RADIUS).min(height - 1) {
            subtract(pair, next, &mut differences[next % SPAN]);
            next += 1;
        }
        let window = each!([0, 1, 2, 3, 4], k => {
            &differences[reflect((y + k) as isize - RADIUS as isize, height) % SPAN][..]
        });
        let sums = filter.sums(window);
        let low = _mm512_and_si512(sums, _mm512_set1_epi64(u32::MAX.into()));
        let high = _mm512_srli_epi64::<32>(sums);
        total = _mm512_add_epi64(total, _mm512_add_epi64(low, high));
    }
    _mm512_reduce_add_epi64(total) as u64
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn subtract<P: Sample>(pair: [Plane<P>; 2], y: usize, out: &mut [Block]) {
    let [previous, current] = [pair[0].row(y), pair[1].row(y)];
    let width = previous.len();
    for (i, out) in out.iter_mut().take(width.div_ceil(32)).enumerate() {
        let [previous, current] = each!([previous, current], row => words(row, 32 * i));
        *out = bytemuck::cast(_mm512_sub_epi16(previous, current));
    }
    let out = out.as_flattened_mut();
    for i in 0..RADIUS {
        out[width + i] = out[width - 2 - i];
    }
}

/// Even columns and odd ones: each other's neighbours.
type Pair<T> = [T; 2];

struct Filter {
    dots: Dots,
    depth: u32,
    // from the outermost to the centre; as the first word of a lane and as the second
    words: [Pair<__m512i>; 3],
    // less the scale of what the vertical pass leaves
    singles: [__m512; 3],
    // columns of the last block
    last: Pair<__mmask16>,
}

impl Filter {
    #[target_feature(enable = "avx512f")]
    fn new(depth: u32, width: usize) -> Self {
        let scale = 1.0 / (1u64 << (16 + depth)) as f32;
        // lane 0 is that before the block
        let lanes = |columns: usize| ((1u32 << (columns + 17 - 16 * blocks(width))) - 1) as u16;
        Self {
            dots: Dots::new(),
            depth,
            words: each!([0, 1, 2], k => {
                let tap = TAPS[k] as i32;
                each!([tap, tap << 16], words => _mm512_set1_epi32(words))
            }),
            singles: each!([0, 1, 2], k => _mm512_set1_ps(TAPS[k] as f32 * scale)),
            last: [lanes(width.div_ceil(2)), lanes(width / 2)],
        }
    }

    /// Sums of one row, each below 2^32.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn sums(&self, rows: [&[Block]; SPAN]) -> __m512i {
        let last = rows[0].len() - 1;
        let rows = each!([0, 1, 2, 3, 4], k => &rows[k][..=last]);
        let mut total = _mm512_setzero_si512();
        let mut before = [_mm512_setzero_ps(); 2];
        for i in 0..=last {
            let columns = self.vertical(each!([0, 1, 2, 3, 4], k => bytemuck::cast(rows[k][i])));
            if i == 0 {
                // the border on the left: the lane before the first holds columns 2 and 1
                let second = _mm512_permutexvar_ps(_mm512_set1_epi32(1), columns[0]);
                let first = _mm512_broadcastss_ps(_mm512_castps512_ps128(columns[1]));
                before = [second, first];
            }
            let [mut even, mut odd] = self.horizontal(before, columns);
            if i == 0 {
                (even, odd) = (without_first(even), without_first(odd));
            }
            if i == last {
                even = _mm512_maskz_mov_epi32(self.last[0], even);
                odd = _mm512_maskz_mov_epi32(self.last[1], odd);
            }
            total = _mm512_add_epi32(total, _mm512_add_epi32(even, odd));
            before = columns;
        }
        total
    }

    /// Times two to the power of the depth.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn vertical(&self, [d0, d1, d2, d3, d4]: [__m512i; SPAN]) -> Pair<__m512> {
        let half = _mm512_set1_epi32(1 << (self.depth - 1));
        let whole = _mm512_set1_epi32(-1 << self.depth);
        let rows = [_mm512_add_epi16(d0, d4), _mm512_add_epi16(d1, d3), d2];
        each!([0, 1], p => {
            let sum = self.dots.add(half, rows[2], self.words[2][p]);
            let sum = self.dots.add(sum, rows[1], self.words[1][p]);
            let sum = self.dots.add(sum, rows[0], self.words[0][p]);
            _mm512_cvtepi32_ps(_mm512_and_si512(sum, whole))
        })
    }

    /// Of the columns from the last lane of the block before to the last but one of this block.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn horizontal(&self, before: Pair<__m512>, [even2, odd2]: Pair<__m512>) -> Pair<__m512i> {
        let [(even0, even1), (odd0, odd1)] = each!([(before[0], even2), (before[1], odd2)], (a, b) => {
            (shifted::<14>(a, b), shifted::<15>(a, b))
        });
        let tie = _mm512_set1_ps(TIE);
        let windows = [
            [_mm512_add_ps(even0, even2), _mm512_add_ps(odd0, odd1), even1],
            [_mm512_add_ps(odd0, odd2), _mm512_add_ps(even1, even2), odd1],
        ];
        each!([0, 1], p => {
            let sum = _mm512_fmadd_ps(windows[p][2], self.singles[2], tie);
            let sum = _mm512_fmadd_ps(windows[p][1], self.singles[1], sum);
            let sum = _mm512_fmadd_ps(windows[p][0], self.singles[0], sum);
            _mm512_abs_epi32(_mm512_cvtps_epi32(sum))
        })
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn without_first(lanes: __m512i) -> __m512i {
    _mm512_maskz_mov_epi32(!1, lanes)
}

/// Sixteen lanes from lane `FIRST` of two vectors.
#[inline]
#[target_feature(enable = "avx512f")]
fn shifted<const FIRST: i32>(a: __m512, b: __m512) -> __m512 {
    let [a, b] = [_mm512_castps_si512(a), _mm512_castps_si512(b)];
    _mm512_castsi512_ps(_mm512_alignr_epi32::<FIRST>(b, a))
}
