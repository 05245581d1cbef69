//! The work on one row, for any processor.

use std::ops::Range;

use super::decouple::restored_part;
use super::level::{Arithmetic, Band};
use super::pool::Window;
use super::strip::Rows;
use super::wavelet::{Detail, Lines, Sample};
use crate::features::fixed::{ceil_log2, round_shift_unsigned};
use crate::features::plane::Plane;

/// Columns before the first and after the last of masking rows.
const MARGIN: usize = 1;

/// Rows in work.
pub(super) struct Scratch {
    lines: Lines,
    reference: Detail,
    distorted: Detail,
    // the newest three rows, at their number modulo three
    decoupled: [Decoupled; 3],
    threshold: Vec<i32>,
}

impl Scratch {
    /// `width` of the bands.
    pub(super) fn new(width: usize) -> Self {
        Self {
            lines: Lines::new(width),
            reference: Detail::new(width),
            distorted: Detail::new(width),
            decoupled: std::array::from_fn(|_| Decoupled::new(width)),
            threshold: vec![0; width],
        }
    }
}

/// [`Scratch`] in the hands of one level.
pub(super) struct Portable<'a, A> {
    pub(super) arithmetic: &'a A,
    pub(super) scratch: &'a mut Scratch,
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

impl<P: Sample, A: Arithmetic> Rows<P> for Portable<'_, A> {
    type Low = A::Low;

    #[inline(always)]
    fn transform(
        &mut self,
        [reference, distorted]: [Plane<P>; 2],
        y: usize,
        detail: Option<&Window>,
        low: Option<&mut [A::Low]>,
    ) {
        let Self { arithmetic, scratch } = self;
        let width = scratch.reference.h.len();
        let mut bands = low.map(|both| both.split_at_mut(width)).map(|(r, d)| [r, d]);
        let pictures = [(reference, &mut scratch.reference), (distorted, &mut scratch.distorted)];
        for (i, (plane, out)) in pictures.into_iter().enumerate() {
            scratch.lines.vertical(*arithmetic, plane, y, detail.is_some());
            if let Some(bands) = &mut bands {
                scratch.lines.low_band(*arithmetic, bands[i]);
            }
            if detail.is_some() {
                scratch.lines.detail(*arithmetic, out);
            }
        }
    }

    #[inline(always)]
    fn decouple(&mut self, y: usize, window: &Window) {
        let Self { arithmetic, scratch } = self;
        let Scratch { reference: o, distorted: t, decoupled, .. } = &mut **scratch;
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
            let r = restored_part(*arithmetic, o, t);
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
    fn pool_reference(&mut self, window: &Window) -> [u64; 3] {
        let Self { arithmetic, scratch } = self;
        let Detail { h, v, d } = &scratch.reference;
        let shift = arithmetic.reference_row_shift(window);
        [h, v, d].map(|line| {
            let mut sum = 0;
            for &o in &line[window.columns.clone()] {
                sum += arithmetic.reference_cube(o, window);
            }
            round_shift_unsigned(sum, shift)
        })
    }

    #[inline(always)]
    fn pool_restored(
        &mut self,
        y: usize,
        (width, height): (usize, usize),
        window: &Window,
    ) -> [u64; 3] {
        let Self { arithmetic, scratch } = self;
        let Scratch { decoupled, threshold, .. } = &mut **scratch;
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
        Band::ALL.map(|band| {
            let restored = &row.restored[band as usize][start..][..count];
            let mut sum = 0;
            for x in 0..count {
                sum += arithmetic.cube_above(band, restored[x], threshold[x], width_bits);
            }
            round_shift_unsigned(sum, row_bits)
        })
    }
}
