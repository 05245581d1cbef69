use std::arch::x86_64::*;

use super::SPARE;
use super::row::Row;
use crate::features::lanes::whole;

/// A row filtered vertically, in pairs of columns: -1 and 0, 1 and 2, ... The numbers are
/// 65536 high + low.
pub(super) struct Line {
    pub(super) high: Row<[i16; 2]>,
    pub(super) low: Row<[i16; 2]>,
}

pub(super) struct Buffers {
    // vertically filtered, low-pass and high-pass
    pub(super) lines: [Line; 2],
    // h, v, d of both pictures
    pub(super) details: [[Row<i32>; 3]; 2],
    // the newest three rows, at their number modulo three
    pub(super) decoupled: [Decoupled; 3],
    // what three rows mask around themselves
    pub(super) columns: Row<f32>,
    pub(super) width: usize,
}

pub(super) struct Decoupled {
    // magnitudes, weighted
    pub(super) restored: [Row<f32>; 3],
    pub(super) masks_around: Row<f32>,
    pub(super) masks_more_here: Row<f32>,
}

impl Buffers {
    pub(super) fn new(width: usize) -> Self {
        let row = || Row::new(width + SPARE);
        Self {
            lines: [(); 2].map(|()| {
                let line = || Row::new(width + 1 + SPARE);
                Line { high: line(), low: line() }
            }),
            details: [(); 2].map(|()| [(); 3].map(|()| Row::new(width + SPARE))),
            decoupled: [(); 3].map(|()| Decoupled {
                restored: [(); 3].map(|()| row()),
                masks_around: row(),
                masks_more_here: row(),
            }),
            columns: row(),
            width,
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn load(line: &[f32], x: usize) -> __m256 {
    bytemuck::cast(*whole::<_, 8>(&line[x..x + 8]))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn store(v: __m256, line: &mut [f32], x: usize) {
    let numbers: [f32; 8] = bytemuck::cast(v);
    line[x..x + 8].copy_from_slice(&numbers);
}

/// `v` limited to what lies between 0 and `limit`.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn between_zero_and(limit: __m256, v: __m256) -> __m256 {
    let zero = _mm256_setzero_ps();
    let v = _mm256_min_ps(v, _mm256_max_ps(limit, zero));
    _mm256_max_ps(v, _mm256_min_ps(limit, zero))
}

/// To the nearest whole number, halves up.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn nearest(v: __m256, scale: f32) -> __m256 {
    _mm256_floor_ps(_mm256_fmadd_ps(v, _mm256_set1_ps(scale), _mm256_set1_ps(0.5)))
}

/// `o` times the part of it that `t` keeps, 0 to 1, by a reciprocal of 15 leading bits as the
/// definition has it.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn restored(o: __m256, t: __m256) -> __m256 {
    let bits = _mm256_castps_si256(o);
    let rounded = _mm256_add_epi32(bits, _mm256_set1_epi32(1 << 8));
    // 2^14 to 2^15
    let leading = _mm256_or_si256(
        _mm256_and_si256(rounded, _mm256_set1_epi32(0x007f_fe00)),
        _mm256_set1_epi32((127 + 14) << 23),
    );
    let exponent = _mm256_and_si256(rounded, _mm256_set1_epi32(0x7f80_0000));
    let scale = _mm256_sub_epi32(_mm256_set1_epi32(253 << 23), exponent);
    let reciprocal = _mm256_div_ps(_mm256_set1_ps((1 << 30) as f32), _mm256_castsi256_ps(leading));
    let sign = _mm256_and_ps(o, _mm256_set1_ps(-0.0));
    let signed = _mm256_xor_ps(t, sign);
    let kept = _mm256_mul_ps(signed, _mm256_floor_ps(reciprocal));
    let kept = _mm256_mul_ps(kept, _mm256_castsi256_ps(scale));
    let kept = _mm256_min_ps(nearest(kept, 1.0), _mm256_set1_ps(32768.0));
    let kept = _mm256_max_ps(kept, _mm256_setzero_ps());
    nearest(_mm256_mul_ps(kept, o), 1.0 / 32768.0)
}

/// The work on rows of a coarser level. A macro, because instruction sets cannot be parameters.
macro_rules! rows {
    ($features:literal, $proof:ident, $lanes:ident) => {
        use std::arch::x86_64::*;
        use std::ops::Range;

        use crate::features::adm::later;
        use crate::features::adm::pool::Window;
        use crate::features::adm::strip::Rows;
        use crate::features::adm::wavelet::Sample;
        use crate::features::adm::x86::direction::{Products, is_aligned, is_aligned_exactly};
        use crate::features::adm::x86::later::*;
        use crate::features::adm::x86::{MARGIN, Scratch, decoupled_columns, neighbours, rounded};
        use crate::features::cpu::$proof;
        use crate::features::fixed::ceil_log2;
        use crate::features::lanes::{before, each, sum_of_lanes, whole};
        use crate::features::plane::Plane;

        mod wavelet {
            crate::features::adm::x86::later_wavelet::wavelet!($features, $lanes);
        }

        /// A coarser level.
        pub(in crate::features::adm) struct Later<'a> {
            level: &'a later::Later,
            buffers: &'a mut Buffers,
        }

        impl<'a> Later<'a> {
            pub(in crate::features::adm) fn new(
                _: $proof,
                level: &'a later::Later,
                scratch: &'a mut Scratch,
            ) -> Self {
                Self { level, buffers: &mut scratch.later }
            }
        }

        impl<P: Sample> Rows<P> for Later<'_> {
            type Low = i32;

            #[inline(always)]
            fn transform(
                &mut self,
                pair: [Plane<P>; 2],
                y: usize,
                detail: Option<&Window>,
                low: Option<&mut [i32]>,
            ) {
                // SAFETY: the processor has what `new` had proved
                unsafe { wavelet::transform(self.level, self.buffers, pair, y, detail, low) }
            }

            #[inline(always)]
            fn decouple(&mut self, y: usize, window: &Window) {
                // SAFETY: as above
                unsafe { decouple(self, y, window) }
            }

            #[inline(always)]
            fn pool_reference(&mut self, window: &Window) -> [u64; 3] {
                // SAFETY: as above
                unsafe { pool_reference(self, window) }
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
        fn decouple(Later { level, buffers }: &mut Later, y: usize, window: &Window) {
            let Buffers { details: [reference, distorted], decoupled, width, .. } = &mut **buffers;
            let width = *width;
            let Decoupled { restored: out, masks_around, masks_more_here } = &mut decoupled[y % 3];
            let weights = level.fixed_weights.map(|w| w as f32 / (1 << 28) as f32);
            let sign = _mm256_set1_ps(-0.0);
            for x in decoupled_columns(window, width).step_by(8) {
                let exact = each!([&*reference, &*distorted], bands => {
                    each!([0, 1, 2], band => *whole::<_, 8>(&bands[band][x..x + 8]))
                });
                let [o, t] = each!([0, 1], p => {
                    each!([0, 1, 2], band => _mm256_cvtepi32_ps(bytemuck::cast(exact[p][band])))
                });
                let [product, reference, distorted] =
                    each!([(&o, &t), (&o, &o), (&t, &t)], (a, b) => {
                        _mm256_fmadd_ps(a[0], b[0], _mm256_mul_ps(a[1], b[1]))
                    });
                let products = Products { product, reference, distorted };
                let aligned = is_aligned(&products, 4e-6, || {
                    let dot = |a: &[[i32; 8]; 3], b: &[[i32; 8]; 3]| {
                        let mut sums = [0.0; 8];
                        for i in 0..8 {
                            let [h, v] = [0, 1].map(|k| i64::from(a[k][i]) * i64::from(b[k][i]));
                            sums[i] = (h + v) as f32;
                        }
                        bytemuck::cast::<[f32; 8], __m256>(sums)
                    };
                    let [o, t] = &exact;
                    is_aligned_exactly(&Products {
                        product: dot(o, t),
                        reference: dot(o, o),
                        distorted: dot(t, t),
                    })
                });
                let (mut around, mut here) = (_mm256_setzero_ps(), _mm256_setzero_ps());
                for band in 0..3 {
                    let kept = restored(o[band], t[band]);
                    let limit = _mm256_mul_ps(kept, _mm256_set1_ps(100.0));
                    let kept = _mm256_blendv_ps(kept, between_zero_and(limit, t[band]), aligned);
                    let weight = _mm256_set1_ps(weights[band]);
                    store(_mm256_andnot_ps(sign, _mm256_mul_ps(kept, weight)), &mut out[band], x);

                    let added = _mm256_andnot_ps(sign, _mm256_sub_ps(t[band], kept));
                    let weighted = nearest(added, weights[band]);
                    // the definition takes the half off instead of adding it
                    let [thirtieth, fifteenth] = each!([1.0 / 30.0, 1.0 / 15.0], part => {
                        let half = _mm256_set1_ps(-0.5);
                        _mm256_floor_ps(_mm256_fmadd_ps(weighted, _mm256_set1_ps(part), half))
                    });
                    around = _mm256_add_ps(around, thirtieth);
                    here = _mm256_add_ps(here, fifteenth);
                }
                store(around, masks_around, MARGIN + x);
                store(_mm256_sub_ps(here, around), masks_more_here, x);
            }
            masks_around[MARGIN - 1] = masks_around[MARGIN + 1];
            masks_around[MARGIN + width] = masks_around[MARGIN + width - 1];
        }

        #[target_feature(enable = $features)]
        fn pool_reference(Later { level, buffers }: &Later, window: &Window) -> [u64; 3] {
            let unit = _mm256_set1_ps(1.0 / (1u32 << level.square_shift) as f32);
            let bits = (window.column_bits() + window.row_bits()) as i32;
            let [h, v, d] = &buffers.details[0];
            let mut sums = [_mm256_setzero_ps(); 3];
            for x in window.columns.clone().step_by(8) {
                let mask = before(window.columns.end, x);
                let bands = each!([h, v, d], band => {
                    let o: __m256i = bytemuck::cast(*whole::<_, 8>(&band[x..x + 8]));
                    _mm256_and_ps(_mm256_cvtepi32_ps(_mm256_abs_epi32(o)), mask)
                });
                for band in 0..3 {
                    let o = bands[band];
                    let square = _mm256_floor_ps(_mm256_mul_ps(_mm256_mul_ps(o, o), unit));
                    let square = _mm256_add_ps(square, _mm256_set1_ps(1.0));
                    sums[band] = _mm256_fmadd_ps(square, o, sums[band]);
                }
            }
            each!([0, 1, 2], band => rounded(sum_of_lanes(sums[band]), -bits))
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
                let [above, here, below] =
                    each!([0, 1, 2], k => load(&rows[k].masks_around, MARGIN - 1 + x));
                store(_mm256_add_ps(_mm256_add_ps(above, here), below), columns, x);
            }
            let mut sums = [_mm256_setzero_ps(); 3];
            for x in (start..end).step_by(8) {
                let around = _mm256_add_ps(load(columns, x), load(columns, x + 1));
                let around = _mm256_add_ps(around, load(columns, x + 2));
                let threshold = _mm256_add_ps(around, load(&rows[1].masks_more_here, x));
                let mask = before(end, x);
                for band in 0..3 {
                    let above = _mm256_sub_ps(load(&rows[1].restored[band], x), threshold);
                    let above = _mm256_and_ps(_mm256_max_ps(above, _mm256_setzero_ps()), mask);
                    let scaled = _mm256_mul_ps(above, _mm256_set1_ps(1.0 / (1 << 30) as f32));
                    // the definition rounds squares
                    let squared = _mm256_round_ps(
                        _mm256_mul_ps(scaled, above),
                        _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC,
                    );
                    sums[band] = _mm256_fmadd_ps(squared, above, sums[band]);
                }
            }
            let bits = (ceil_log2(width) + ceil_log2(height)) as i32;
            each!([0, 1, 2], band => rounded(sum_of_lanes(sums[band]), -bits))
        }
    };
}
pub(super) use rows;
