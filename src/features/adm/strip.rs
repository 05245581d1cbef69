//! Some rows of one level, start to end: wavelet, decoupling, masking and pooling in one pass.

use std::ops::Range;

use super::decouple::restored_part;
use super::level::{Arithmetic, Band};
use super::pool::{Sums, Window};
use super::wavelet::{Detail, Lines, Sample};
use crate::features::cpu::Kernel;
use crate::features::fixed::{ceil_log2, round_shift_unsigned};
use crate::features::plane::Plane;

/// Columns before the first and after the last of masking rows.
const MARGIN: usize = 1;

/// A strip of band rows and its scratch memory.
pub(super) struct Strip {
    rows: Range<usize>,
    lines: Lines,
    reference: Detail,
    distorted: Detail,
    // the newest three rows, at their number modulo three
    decoupled: [Decoupled; 3],
    threshold: Vec<i32>,
    sums: Sums,
}

/// A row of detail split into what is restored and what is added, weighted.
struct Decoupled {
    restored: [Vec<u32>; 3],
    masks_around: Vec<i32>,
    masks_here: Vec<i32>,
}

impl Decoupled {
    fn new(width: usize) -> Self {
        Self {
            restored: std::array::from_fn(|_| vec![0; width]),
            masks_around: vec![0; width + 2 * MARGIN],
            masks_here: vec![0; width],
        }
    }
}

/// Fills `low` with the strip's low-pass rows of both pictures, side by side, and sums detail over
/// the strip's part of the window. `size`: width and height of the bands; reference first.
pub(super) struct Run<'a, P, A> {
    pub(super) pair: [Plane<'a, P>; 2],
    pub(super) size: (usize, usize),
    pub(super) window: &'a Window,
    pub(super) arithmetic: &'a A,
    pub(super) strip: &'a mut Strip,
    pub(super) low: &'a mut [i32],
}

impl<P: Sample, A: Arithmetic> Kernel for Run<'_, P, A> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.strip.run(self.pair, self.size, self.window, self.arithmetic, self.low);
    }
}

impl Strip {
    /// `width` of the bands.
    pub(super) fn new(rows: Range<usize>, width: usize) -> Self {
        Self {
            rows,
            lines: Lines::new(width),
            reference: Detail::new(width),
            distorted: Detail::new(width),
            decoupled: std::array::from_fn(|_| Decoupled::new(width)),
            threshold: vec![0; width],
            sums: Sums::default(),
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn sums(&self) -> Sums {
        self.sums
    }

    #[inline(always)]
    fn run<P: Sample, A: Arithmetic>(
        &mut self,
        pair: [Plane<P>; 2],
        (width, height): (usize, usize),
        window: &Window,
        arithmetic: &A,
        low: &mut [i32],
    ) {
        self.sums = Sums::default();
        let own = self.rows.clone();
        let first = own.start.saturating_sub(1);
        for y in first..(own.end + 1).min(height) {
            let band =
                own.contains(&y).then(|| &mut low[(y - own.start) * 2 * width..][..2 * width]);
            // masking looks one row beyond the window
            let detail = y + 1 >= window.rows.start && y <= window.rows.end;
            if band.is_none() && !detail {
                continue;
            }
            self.transform(pair, y, arithmetic, detail, band);
            if detail {
                self.decouple(y, window, arithmetic);
                if own.contains(&y) && window.rows.contains(&y) {
                    self.pool_reference(window, arithmetic);
                }
            }
            // a row can be pooled when the one below it is there
            let above = y.wrapping_sub(1);
            if own.contains(&above) && window.rows.contains(&above) {
                self.pool_restored(above, (width, height), window, arithmetic);
            }
        }
        let last = height - 1;
        if own.contains(&last) && window.rows.contains(&last) {
            self.pool_restored(last, (width, height), window, arithmetic);
        }
    }

    #[inline(always)]
    fn transform<P: Sample, A: Arithmetic>(
        &mut self,
        [reference, distorted]: [Plane<P>; 2],
        y: usize,
        arithmetic: &A,
        detail: bool,
        low: Option<&mut [i32]>,
    ) {
        let width = self.reference.h.len();
        let mut bands = low.map(|both| both.split_at_mut(width)).map(|(r, d)| [r, d]);
        let pictures = [(reference, &mut self.reference), (distorted, &mut self.distorted)];
        for (i, (plane, out)) in pictures.into_iter().enumerate() {
            self.lines.vertical(arithmetic, plane, y, detail);
            if let Some(bands) = &mut bands {
                self.lines.low_band(arithmetic, bands[i]);
            }
            if detail {
                self.lines.detail(arithmetic, out);
            }
        }
    }

    #[inline(always)]
    fn decouple<A: Arithmetic>(&mut self, y: usize, window: &Window, arithmetic: &A) {
        let Self { reference: o, distorted: t, decoupled, .. } = self;
        let Decoupled { restored, masks_around, masks_here } = &mut decoupled[y % 3];
        let width = o.h.len();
        let columns = window.columns.start.saturating_sub(1)..(window.columns.end + 1).min(width);
        // equal lengths, told to the compiler
        let count = columns.len();
        let [oh, ov, od] = [&o.h, &o.v, &o.d].map(|l| &l[columns.start..][..count]);
        let [th, tv, td] = [&t.h, &t.v, &t.d].map(|l| &l[columns.start..][..count]);
        let [h, v, d] = restored.each_mut().map(|l| &mut l[columns.start..][..count]);
        let around = &mut masks_around[MARGIN + columns.start..][..count];
        let here = &mut masks_here[columns.start..][..count];
        for x in 0..count {
            let (o, t) = ([oh[x], ov[x], od[x]], [th[x], tv[x], td[x]]);
            let r = restored_part(arithmetic, o, t);
            let (mut masked_around, mut masked_here) = (0, 0);
            for band in Band::ALL {
                let added = t[band as usize] - r[band as usize];
                let weighted = arithmetic.weighted_added(band, added);
                masked_around += arithmetic.masks_around(weighted);
                masked_here += arithmetic.masks_here(weighted);
            }
            (around[x], here[x]) = (masked_around, masked_here);
            h[x] = arithmetic.weighted_restored(Band::H, r[0]);
            v[x] = arithmetic.weighted_restored(Band::V, r[1]);
            d[x] = arithmetic.weighted_restored(Band::D, r[2]);
        }
        // near edge reflected, far edge repeated; only read when the window touches them
        masks_around[0] = masks_around[MARGIN + 1];
        masks_around[MARGIN + width] = masks_around[MARGIN + width - 1];
    }

    #[inline(always)]
    fn pool_reference<A: Arithmetic>(&mut self, window: &Window, arithmetic: &A) {
        let Detail { h, v, d } = &self.reference;
        let shift = arithmetic.reference_row_shift(window);
        for (band, line) in [h, v, d].into_iter().enumerate() {
            let mut sum = 0;
            for &o in &line[window.columns.clone()] {
                sum += arithmetic.reference_cube(o, window);
            }
            self.sums.reference[band] += round_shift_unsigned(sum, shift);
        }
    }

    #[inline(always)]
    fn pool_restored<A: Arithmetic>(
        &mut self,
        y: usize,
        (width, height): (usize, usize),
        window: &Window,
        arithmetic: &A,
    ) {
        let Self { decoupled, threshold, sums, .. } = self;
        let above = if y == 0 { 1 } else { y - 1 };
        let below = (y + 1).min(height - 1);
        let [above, row, below] = [above, y, below].map(|y| &decoupled[y % 3]);
        let Range { start, end } = window.columns;
        let count = end - start;
        let threshold = &mut threshold[..count];
        let lines = [above, row, below].map(|r| &r.masks_around[start..][..count + 2 * MARGIN]);
        let here = &row.masks_here[start..][..count];
        for x in 0..count {
            let column = |x: usize| lines[0][x] + lines[1][x] + lines[2][x];
            threshold[x] = column(x) + column(x + 1) + column(x + 2) - lines[1][x + 1] + here[x];
        }
        let (width_bits, row_bits) = (ceil_log2(width), ceil_log2(height));
        for band in Band::ALL {
            let restored = &row.restored[band as usize][start..][..count];
            let mut sum = 0;
            for x in 0..count {
                sum += arithmetic.cube_above(band, restored[x], threshold[x], width_bits);
            }
            sums.restored[band as usize] += round_shift_unsigned(sum, row_bits);
        }
    }
}
