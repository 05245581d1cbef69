use std::arch::x86_64::*;

use super::SPARE;
use super::direction::{Products, is_aligned, is_aligned_exactly};
use super::row::Row;
use crate::features::adm::first;
use crate::features::lanes::{each, whole};

/// A row filtered vertically, in pairs: columns -1 and 0, 3 and 4, ...; 1 and 2, 5 and 6, ...
/// Windows of the horizontal pass are two pairs, one of either.
pub(super) type Line = [Row<[i16; 2]>; 2];

pub(super) struct Buffers {
    // vertically filtered: low-pass and high-pass; Q7
    pub(super) lines: [Line; 2],
    // h, v, d of both pictures; Q6
    pub(super) details: [[Row<i16>; 3]; 2],
    // the newest three rows, at their number modulo three
    pub(super) decoupled: [Decoupled; 3],
    // what three rows mask around themselves
    pub(super) columns: Row<f32>,
    pub(super) width: usize,
}

pub(super) struct Decoupled {
    pub(super) restored: [Row<i16>; 3],
    // Q17
    pub(super) masks_around: Row<u16>,
    pub(super) masks_more_here: Row<u16>,
}

impl Buffers {
    pub(super) fn new(width: usize) -> Self {
        Self {
            lines: [(); 2].map(|()| [(); 2].map(|()| Row::new(width / 2 + 1 + SPARE))),
            details: [(); 2].map(|()| [(); 3].map(|()| Row::new(width + SPARE))),
            decoupled: [(); 3].map(|()| Decoupled {
                restored: [(); 3].map(|()| Row::new(width + SPARE)),
                masks_around: Row::new(width + SPARE),
                masks_more_here: Row::new(width + SPARE),
            }),
            columns: Row::new(width + SPARE),
            width,
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn load(line: &[i16], x: usize) -> __m256i {
    bytemuck::cast(*whole::<_, 16>(&line[x..x + 16]))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn store<T: bytemuck::Pod>(v: __m256i, line: &mut [T], x: usize)
where
    [T; 16]: bytemuck::Pod,
{
    let words: [T; 16] = bytemuck::cast(v);
    line[x..x + 16].copy_from_slice(&words);
}

/// `v` limited to what lies between 0 and `limit`.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn between_zero_and(limit: __m256i, v: __m256i) -> __m256i {
    let zero = _mm256_setzero_si256();
    let v = _mm256_min_epi16(v, _mm256_max_epi16(limit, zero));
    _mm256_max_epi16(v, _mm256_min_epi16(limit, zero))
}

/// A mask of sixteen lanes: whether h and v point the same way in both pictures.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn aligned(o: [__m256i; 2], t: [__m256i; 2]) -> __m256i {
    let low = (_mm256_unpacklo_epi16(o[0], o[1]), _mm256_unpacklo_epi16(t[0], t[1]));
    let high = (_mm256_unpackhi_epi16(o[0], o[1]), _mm256_unpackhi_epi16(t[0], t[1]));
    let [low, high] = each!([low, high], (o, t) => {
        let [product, reference, distorted] = each!([(o, t), (o, o), (t, t)], (a, b) => {
            _mm256_cvtepi32_ps(_mm256_madd_epi16(a, b))
        });
        let products = Products { product, reference, distorted };
        let mask = is_aligned(&products, 4e-7, || is_aligned_exactly(&products));
        _mm256_castps_si256(mask)
    });
    _mm256_packs_epi32(low, high)
}

/// `36453 added / 2^15`, rounded.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn weighted_h_v(added: __m256i) -> __m256i {
    const REST: i16 = (first::WEIGHT_H_V - (1 << 15)) as i16;
    _mm256_add_epi16(added, _mm256_mulhrs_epi16(added, _mm256_set1_epi16(REST)))
}

/// `(49417 added + 65535) / 2^17`, rounded down.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn weighted_d(added: __m256i) -> __m256i {
    const REST: i16 = (first::WEIGHT_D - (1 << 16)) as i16;
    let high = _mm256_add_epi16(added, _mm256_mulhi_epi16(added, _mm256_set1_epi16(REST)));
    // the weight is odd: there is a remainder unless there is nothing
    let is_zero = _mm256_cmpeq_epi16(added, _mm256_setzero_si256());
    let up = _mm256_add_epi16(is_zero, _mm256_set1_epi16(1));
    _mm256_srai_epi16(_mm256_add_epi16(high, up), 1)
}

/// Eight words as numbers.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn numbers(words: __m128i) -> __m256 {
    _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(words))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn magnitudes(line: &[i16], x: usize) -> __m256 {
    let words: __m128i = bytemuck::cast(*whole::<_, 8>(&line[x..x + 8]));
    numbers(_mm_abs_epi16(words))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn unsigned(line: &[u16], x: usize) -> __m128i {
    bytemuck::cast(*whole::<_, 8>(&line[x..x + 8]))
}

/// The work on rows of the finest level. A macro, because instruction sets cannot be parameters.
macro_rules! rows {
    ($features:literal, $proof:ident, $lanes:ident) => {
        use std::arch::x86_64::*;
        use std::ops::Range;

        use crate::features::adm::first;
        use crate::features::adm::level::Arithmetic;
        use crate::features::adm::pool::Window;
        use crate::features::adm::strip::Rows;
        use crate::features::adm::wavelet::Sample;
        use crate::features::adm::x86::first::*;
        use crate::features::adm::x86::{MARGIN, Scratch, decoupled_columns, neighbours, rounded};
        use crate::features::cpu::$proof;
        use crate::features::fixed::ceil_log2;
        use crate::features::lanes::{before, each, sum_of_lanes, whole};
        use crate::features::plane::Plane;

        mod wavelet {
            crate::features::adm::x86::first_wavelet::wavelet!($features, $lanes);
        }

        /// The finest level.
        pub(in crate::features::adm) struct First<'a> {
            level: &'a first::First,
            buffers: &'a mut Buffers,
        }

        impl<'a> First<'a> {
            pub(in crate::features::adm) fn new(
                _: $proof,
                level: &'a first::First,
                scratch: &'a mut Scratch,
            ) -> Self {
                Self { level, buffers: &mut scratch.first }
            }
        }

        impl<P: Sample> Rows<P> for First<'_> {
            type Low = i16;

            #[inline(always)]
            fn transform(
                &mut self,
                pair: [Plane<P>; 2],
                y: usize,
                detail: Option<&Window>,
                low: Option<&mut [i16]>,
            ) {
                // SAFETY: the processor has what `new` had proved
                unsafe { wavelet::transform(self.level, self.buffers, pair, y, detail, low) }
            }

            #[inline(always)]
            fn decouple(&mut self, y: usize, window: &Window) {
                // SAFETY: as above
                unsafe { decouple(self.buffers, y, window) }
            }

            #[inline(always)]
            fn pool_reference(&mut self, window: &Window) -> [u64; 3] {
                let shift = self.level.reference_row_shift(window);
                // SAFETY: as above
                unsafe { pool_reference(self.buffers, window, shift as i32) }
            }

            #[inline(always)]
            fn pool_restored(
                &mut self,
                y: usize,
                size: (usize, usize),
                window: &Window,
            ) -> [u64; 3] {
                // SAFETY: as above
                unsafe { pool_restored(self.buffers, y, size, window) }
            }
        }

        #[target_feature(enable = $features)]
        fn decouple(buffers: &mut Buffers, y: usize, window: &Window) {
            let Buffers { details: [reference, distorted], decoupled, width, .. } = buffers;
            let width = *width;
            let Decoupled { restored, masks_around, masks_more_here } = &mut decoupled[y % 3];
            let columns = decoupled_columns(window, width);
            let (enhancement, most) = (_mm256_set1_epi16(100), _mm256_set1_epi16(250));
            let least = _mm256_set1_epi16(-250);
            for x in columns.step_by(16) {
                let o = each!([0, 1, 2], band => load(&reference[band], x));
                let t = each!([0, 1, 2], band => load(&distorted[band], x));
                let aligned = aligned([o[0], o[1]], [t[0], t[1]]);
                let (mut around, mut more) = (_mm256_setzero_si256(), _mm256_setzero_si256());
                for band in 0..3 {
                    // gains are quotients of 15 bits: below 2^14 the product with the divisor is
                    // exact
                    let kept = between_zero_and(o[band], t[band]);
                    // a hundredfold of more than 250 is more than any coefficient
                    let small = _mm256_max_epi16(_mm256_min_epi16(kept, most), least);
                    let enhanced =
                        between_zero_and(_mm256_mullo_epi16(small, enhancement), t[band]);
                    let kept = _mm256_blendv_epi8(kept, enhanced, aligned);
                    store(kept, &mut restored[band], x);

                    let added = _mm256_sub_epi16(t[band], kept);
                    let weighted = if band == 2 { weighted_d(added) } else { weighted_h_v(added) };
                    let weighted = _mm256_abs_epi16(weighted);
                    let thirtieth = _mm256_mulhrs_epi16(weighted, _mm256_set1_epi16(2184));
                    let fifteenth = _mm256_mulhrs_epi16(weighted, _mm256_set1_epi16(4368));
                    around = _mm256_adds_epu16(around, _mm256_add_epi16(weighted, thirtieth));
                    let above = _mm256_sub_epi16(fifteenth, thirtieth);
                    more = _mm256_adds_epu16(more, _mm256_add_epi16(weighted, above));
                }
                store(around, masks_around, MARGIN + x);
                store(more, masks_more_here, x);
            }
            masks_around[MARGIN - 1] = masks_around[MARGIN + 1];
            masks_around[MARGIN + width] = masks_around[MARGIN + width - 1];
        }

        #[target_feature(enable = $features)]
        fn pool_reference(buffers: &Buffers, window: &Window, shift: i32) -> [u64; 3] {
            let [h, v, d] = &buffers.details[0];
            let mut sums = [_mm256_setzero_ps(); 3];
            for x in window.columns.clone().step_by(8) {
                let mask = before(window.columns.end, x);
                let bands = each!([h, v, d], band => _mm256_and_ps(magnitudes(band, x), mask));
                for band in 0..3 {
                    let o = bands[band];
                    sums[band] = _mm256_fmadd_ps(_mm256_mul_ps(o, o), o, sums[band]);
                }
            }
            each!([0, 1, 2], band => rounded(sum_of_lanes(sums[band]), -shift))
        }

        #[target_feature(enable = $features)]
        fn pool_restored(
            buffers: &mut Buffers,
            y: usize,
            (width, height): (usize, usize),
            window: &Window,
        ) -> [u64; 3] {
            let Buffers { decoupled, columns, .. } = buffers;
            let rows = neighbours(y, height).map(|y| &decoupled[y % 3]);
            let Range { start, end } = window.columns;
            for x in (start..end + 2).step_by(8) {
                let [above, here, below] = each!([0, 1, 2], k => {
                    _mm256_cvtepu16_epi32(unsigned(&rows[k].masks_around, MARGIN - 1 + x))
                });
                let sum = _mm256_add_epi32(_mm256_add_epi32(above, here), below);
                let sum: [f32; 8] = bytemuck::cast(_mm256_cvtepi32_ps(sum));
                columns[x..x + 8].copy_from_slice(&sum);
            }
            let row = rows[1];
            // thresholds are Q17; restored detail weighted is Q27, in d Q29
            let weights = [first::WEIGHT_H_V as f32 / 1024.0, first::WEIGHT_D as f32 / 4096.0];
            let mut sums = [_mm256_setzero_ps(); 3];
            for x in (start..end).step_by(8) {
                let [left, middle, right] = each!([0, 1, 2], i => {
                    bytemuck::cast::<[f32; 8], __m256>(*whole(&columns[x + i..x + i + 8]))
                });
                let around = _mm256_add_ps(_mm256_add_ps(left, middle), right);
                let threshold = _mm256_add_ps(around, numbers(unsigned(&row.masks_more_here, x)));
                let mask = before(end, x);
                for band in 0..3 {
                    let (weight, square) = match band {
                        2 => (weights[1], 1.0 / 64.0),
                        _ => (weights[0], 1.0 / 512.0),
                    };
                    let restored = _mm256_and_ps(magnitudes(&row.restored[band], x), mask);
                    let above = _mm256_fmsub_ps(restored, _mm256_set1_ps(weight), threshold);
                    let above = _mm256_max_ps(above, _mm256_setzero_ps());
                    let scaled = _mm256_mul_ps(above, _mm256_set1_ps(square));
                    // the definition rounds squares
                    let squared = _mm256_round_ps(
                        _mm256_mul_ps(scaled, above),
                        _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC,
                    );
                    sums[band] = _mm256_fmadd_ps(squared, above, sums[band]);
                }
            }
            let (width, height) = (ceil_log2(width) as i32, ceil_log2(height) as i32);
            let bits = |align: i32, saved: i32| align - (width - saved).max(0) - height;
            let [h, v, d] = each!([0, 1, 2], band => sum_of_lanes(sums[band]));
            [rounded(h, bits(10, 4)), rounded(v, bits(10, 4)), rounded(d, bits(12, 3))]
        }
    };
}
pub(super) use rows;
