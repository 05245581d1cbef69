use std::arch::x86_64::*;

use super::direction::{Products, is_aligned, is_aligned_exactly};
use super::{MARGIN, SPARE, Scratch, decoupled_columns, neighbours, rounded};
use crate::features::adm::later;
use crate::features::adm::pool::Window;
use crate::features::adm::strip::Rows;
use crate::features::adm::wavelet::{HIGH, LOW, Sample, rows_under};
use crate::features::cpu::Avx2;
use crate::features::fixed::ceil_log2;
use crate::features::lanes::{before, each, put, sum_of_lanes, whole};
use crate::features::plane::Plane;

pub(super) struct Buffers {
    // vertically filtered, low-pass and high-pass; even and odd columns
    lines: [[Vec<f64>; 2]; 2],
    // h, v, d of both pictures
    details: [[Vec<i32>; 3]; 2],
    // the newest three rows, at their number modulo three
    decoupled: [Decoupled; 3],
    // what three rows mask around themselves
    columns: Vec<f32>,
    width: usize,
}

struct Decoupled {
    // magnitudes, weighted
    restored: [Vec<f32>; 3],
    masks_around: Vec<f32>,
    masks_more_here: Vec<f32>,
}

impl Buffers {
    pub(super) fn new(width: usize) -> Self {
        let row = || vec![0.0; width + SPARE];
        Self {
            lines: [(); 2].map(|()| [(); 2].map(|()| vec![0.0; width + SPARE])),
            details: [(); 2].map(|()| [(); 3].map(|()| vec![0; width + SPARE])),
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

/// A coarser level.
pub(in crate::features::adm) struct Later<'a> {
    level: &'a later::Later,
    buffers: &'a mut Buffers,
}

impl<'a> Later<'a> {
    pub(in crate::features::adm) fn new(
        _: Avx2,
        level: &'a later::Later,
        scratch: &'a mut Scratch,
    ) -> Self {
        Self { level, buffers: &mut scratch.later }
    }
}

impl<P: Sample> Rows<P> for Later<'_> {
    type Low = i32;

    #[inline(always)]
    fn transform(&mut self, pair: [Plane<P>; 2], y: usize, detail: bool, low: Option<&mut [i32]>) {
        // SAFETY: the processor has AVX2 and FMA, which `new` had proved
        unsafe { transform(self, pair, y, detail, low) }
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
    fn pool_restored(&mut self, y: usize, size: (usize, usize), window: &Window) -> [u64; 3] {
        // SAFETY: as above
        unsafe { pool_restored(self.buffers, y, size, window) }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn load(line: &[f32], x: usize) -> __m256 {
    bytemuck::cast(*whole::<_, 8>(&line[x..x + 8]))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn store(v: __m256, line: &mut [f32], x: usize) {
    let numbers: [f32; 8] = bytemuck::cast(v);
    line[x..x + 8].copy_from_slice(&numbers);
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn filter(samples: [__m256d; 4], taps: [i32; 4]) -> __m256d {
    let [t0, t1, t2, t3] = each!([0, 1, 2, 3], k => _mm256_set1_pd(f64::from(taps[k])));
    let sum = _mm256_mul_pd(samples[0], t0);
    let sum = _mm256_fmadd_pd(samples[1], t1, sum);
    let sum = _mm256_fmadd_pd(samples[2], t2, sum);
    _mm256_fmadd_pd(samples[3], t3, sum)
}

/// Whole sums to be divided by 2^shift: the nearest whole number will be the quotient rounded,
/// halves up.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn shifted(sum: __m256d, shift: u32) -> __m256d {
    let unit = 1.0 / f64::from(1u32 << shift);
    _mm256_fmadd_pd(sum, _mm256_set1_pd(unit), _mm256_set1_pd(unit / 4.0))
}

#[target_feature(enable = "avx2,fma")]
fn transform<P: Sample>(
    Later { level, buffers }: &mut Later,
    pair: [Plane<P>; 2],
    y: usize,
    detail: bool,
    mut low: Option<&mut [i32]>,
) {
    let Buffers { lines, details, .. } = &mut **buffers;
    let shift = level.horizontal_shift;
    for p in 0..2 {
        let columns = pair[p].width;
        let width = columns.div_ceil(2);
        vertical(rows_under(pair[p], y), level.vertical_shift, lines, detail);
        for line in lines.iter_mut() {
            line[1][MARGIN - 1] = line[1][MARGIN];
            let at = |x: usize| (x % 2, MARGIN + x / 2);
            for (to, from) in [(columns, columns - 1), (columns + 1, columns - 2)] {
                let ((to, i), (from, j)) = (at(to), at(from));
                line[to][i] = line[from][j];
            }
        }
        if let Some(low) = &mut low {
            for (i, out) in low[p * width..][..width].chunks_mut(8).enumerate() {
                let outputs = horizontal(&lines[0], 8 * i, LOW, shift);
                put(outputs, out);
            }
        }
        if detail {
            let [h, v, d] = &mut details[p];
            for x in (0..width).step_by(8) {
                h[x..x + 8].copy_from_slice(&horizontal(&lines[1], x, LOW, shift));
                v[x..x + 8].copy_from_slice(&horizontal(&lines[0], x, HIGH, shift));
                d[x..x + 8].copy_from_slice(&horizontal(&lines[1], x, HIGH, shift));
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn vertical<P: Sample>(rows: [&[P]; 4], shift: u32, lines: &mut [[Vec<f64>; 2]; 2], detail: bool) {
    let width = rows[0].len();
    let apart = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    for x in (0..width).step_by(8) {
        let count = 8.min(width - x);
        let samples = each!([rows[0], rows[1], rows[2], rows[3]], row => {
            let mut wide = [0i32; 8];
            if count == 8 {
                let row: &[P; 8] = whole(&row[x..x + 8]);
                for k in 0..8 {
                    wide[k] = row[k].into();
                }
            } else {
                for (wide, &sample) in wide.iter_mut().zip(&row[x..x + count]) {
                    *wide = sample.into();
                }
            }
            let columns = _mm256_permutevar8x32_epi32(bytemuck::cast(wide), apart);
            let even = _mm256_castsi256_si128(columns);
            let odd = _mm256_extracti128_si256(columns, 1);
            [_mm256_cvtepi32_pd(even), _mm256_cvtepi32_pd(odd)]
        });
        for (line, taps) in lines.iter_mut().zip([LOW, HIGH]).take(1 + usize::from(detail)) {
            for parity in 0..2 {
                let sum = filter(each!([0, 1, 2, 3], k => samples[k][parity]), taps);
                let sum = _mm256_round_pd(
                    shifted(sum, shift),
                    _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC,
                );
                let at = MARGIN + x / 2;
                let sum: [f64; 4] = bytemuck::cast(sum);
                line[parity][at..at + 4].copy_from_slice(&sum);
            }
        }
    }
}

/// Eight outputs of one filter.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn horizontal([even, odd]: &[Vec<f64>; 2], x: usize, taps: [i32; 4], shift: u32) -> [i32; 8] {
    let (even, odd) = (&even[MARGIN + x..][..9], &odd[x..][..9]);
    let outputs = each!([0, 4], i => {
        let samples = each!([(odd, i), (even, i), (odd, i + 1), (even, i + 1)], (line, i) => {
            bytemuck::cast::<[f64; 4], __m256d>(*whole(&line[i..i + 4]))
        });
        _mm256_cvtpd_epi32(shifted(filter(samples, taps), shift))
    });
    bytemuck::cast(outputs)
}

/// `v` limited to what lies between 0 and `limit`.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn between_zero_and(limit: __m256, v: __m256) -> __m256 {
    let zero = _mm256_setzero_ps();
    let v = _mm256_min_ps(v, _mm256_max_ps(limit, zero));
    _mm256_max_ps(v, _mm256_min_ps(limit, zero))
}

/// To the nearest whole number, halves up.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn nearest(v: __m256, scale: f32) -> __m256 {
    _mm256_floor_ps(_mm256_fmadd_ps(v, _mm256_set1_ps(scale), _mm256_set1_ps(0.5)))
}

/// `o` times the part of it that `t` keeps, 0 to 1, by a reciprocal of 15 leading bits as the
/// definition has it.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn restored(o: __m256, t: __m256) -> __m256 {
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

#[target_feature(enable = "avx2,fma")]
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
        let [product, reference, distorted] = each!([(&o, &t), (&o, &o), (&t, &t)], (a, b) => {
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
    masks_around[0] = masks_around[MARGIN + 1];
    masks_around[MARGIN + width] = masks_around[MARGIN + width - 1];
}

#[target_feature(enable = "avx2,fma")]
fn pool_reference(Later { level, buffers }: &Later, window: &Window) -> [u64; 3] {
    let unit = _mm256_set1_ps(1.0 / (1u32 << level.square_shift) as f32);
    let bits = (window.column_bits() + window.row_bits()) as i32;
    buffers.details[0].each_ref().map(|band| {
        let mut sum = _mm256_setzero_ps();
        for x in window.columns.clone().step_by(8) {
            let o: __m256i = bytemuck::cast(*whole::<_, 8>(&band[x..x + 8]));
            let o = _mm256_cvtepi32_ps(_mm256_abs_epi32(o));
            let o = _mm256_and_ps(o, before(window.columns.end, x));
            let square = _mm256_floor_ps(_mm256_mul_ps(_mm256_mul_ps(o, o), unit));
            let square = _mm256_add_ps(square, _mm256_set1_ps(1.0));
            sum = _mm256_fmadd_ps(square, o, sum);
        }
        rounded(sum_of_lanes(sum), -bits)
    })
}

#[target_feature(enable = "avx2,fma")]
fn pool_restored(
    buffers: &mut Buffers,
    y: usize,
    (width, height): (usize, usize),
    window: &Window,
) -> [u64; 3] {
    let Buffers { decoupled, columns, .. } = buffers;
    let rows = neighbours(y, height).map(|y| &decoupled[y % 3]);
    let std::ops::Range { start, end } = window.columns;
    for x in (start..end + 2 * MARGIN).step_by(8) {
        let [above, here, below] = each!([0, 1, 2], k => load(&rows[k].masks_around, x));
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
    sums.map(|s| rounded(sum_of_lanes(s), -bits))
}
