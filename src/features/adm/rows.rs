//! The work on one row, for any processor.

use std::ops::Range;

use super::decouple::{is_aligned, restored};
use super::level::{Arithmetic, Band};
use super::pool::Window;
use super::strip::Rows;
use super::wavelet::{Detail, Lines, Sample};
use crate::features::fixed::{ceil_log2, round_shift_unsigned, whole_bits};
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
    // 1 where detail has kept its direction, else 0
    aligned: Vec<f64>,
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
            aligned: vec![0.0; width],
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
        let width = scratch.aligned.len();
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
        let Scratch { reference, distorted, decoupled, aligned, .. } = &mut **scratch;
        let Decoupled { restored: parts, masks_around, masks_here } = &mut decoupled[y % 3];
        let width = aligned.len();
        let columns = window.columns.start.saturating_sub(1)..(window.columns.end + 1).min(width);
        // equal lengths, told to the compiler
        let count = columns.len();
        let [o, t] = [reference, distorted]
            .map(|detail| detail.bands::<A::Low>().map(|l| &l[columns.start..][..count]));
        let around = &mut masks_around[MARGIN + columns.start..][..count];
        let here = &mut masks_here[columns.start..][..count];
        let aligned = &mut aligned[..count];
        for x in 0..count {
            let [o, t] = [o, t].map(|bands| [bands[0][x], bands[1][x]].map(Into::into));
            aligned[x] = f64::from(u8::from(is_aligned(*arithmetic, o, t)));
        }
        around.fill(0);
        here.fill(0);
        for band in Band::ALL {
            let parts = &mut parts[band as usize][columns.start..][..count];
            restore::<A>(o[band as usize], t[band as usize], aligned, parts);
            weigh(*arithmetic, band, t[band as usize], parts, [around, here]);
        }
        // near edge reflected, far edge repeated; only read when the window touches them
        masks_around[0] = masks_around[MARGIN + 1];
        masks_around[MARGIN + width] = masks_around[MARGIN + width - 1];
    }

    #[inline(always)]
    fn pool_reference(&mut self, window: &Window) -> [u64; 3] {
        let Self { arithmetic, scratch } = self;
        let shift = arithmetic.reference_row_shift(window);
        let mut sums = [0; 3];
        for (line, sum) in scratch.reference.bands::<A::Low>().into_iter().zip(&mut sums) {
            for &o in &line[window.columns.clone()] {
                *sum += arithmetic.reference_cube(o.into(), window);
            }
            *sum = round_shift_unsigned(*sum, shift);
        }
        sums
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
        let mut sums = [0; 3];
        for (band, sum) in Band::ALL.into_iter().zip(&mut sums) {
            let restored = &row.restored[band as usize][start..][..count];
            for x in 0..count {
                *sum += arithmetic.cube_above(band, restored[x], threshold[x], width_bits);
            }
            *sum = round_shift_unsigned(*sum, row_bits);
        }
        sums
    }
}

/// Fills `parts` with what is restored of a band.
#[inline(always)]
fn restore<A: Arithmetic>(o: &[A::Low], t: &[A::Low], aligned: &[f64], parts: &mut [u32]) {
    for x in 0..parts.len() {
        let [o, t] = [o[x], t[x]].map(|v| f64::from(v.into()));
        parts[x] = whole_bits(restored::<A>(o, t, aligned[x] > 0.0));
    }
}

/// Weighs the restored `parts` of a band, and adds what the rest of it masks.
#[inline(always)]
fn weigh<A: Arithmetic>(
    arithmetic: &A,
    band: Band,
    t: &[A::Low],
    parts: &mut [u32],
    [around, here]: [&mut [i32]; 2],
) {
    for x in 0..parts.len() {
        let part = parts[x] as i32;
        let added = arithmetic.weighted_added(band, t[x].into() - part);
        around[x] += arithmetic.masks_around(added);
        here[x] += arithmetic.masks_here(added);
        parts[x] = arithmetic.weighted_restored(band, part);
    }
}
