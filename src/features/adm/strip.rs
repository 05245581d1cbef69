//! Some rows of one level, start to end: wavelet, decoupling, masking and pooling in one pass.

use std::ops::Range;

use super::level::Arithmetic;
use super::pool::{Sums, Window};
use super::rows::{self, Portable};
use super::wavelet::Sample;
#[cfg(target_arch = "x86_64")]
use super::x86;
#[cfg(target_arch = "x86_64")]
use crate::features::cpu::{Avx2, Avx512};
use crate::features::cpu::{Kernel, Level};
use crate::features::plane::Plane;

/// A strip of band rows.
pub(super) struct Strip {
    rows: Range<usize>,
    sums: Sums,
}

/// Scratch memory of one thread for one level: that of the code in use.
pub(super) struct Scratch {
    portable: Option<rows::Scratch>,
    #[cfg(target_arch = "x86_64")]
    x86: Option<x86::Scratch>,
}

impl Scratch {
    /// `width` of the bands.
    pub(super) fn new(level: Level, width: usize) -> Self {
        Self {
            portable: (level == Level::Scalar).then(|| rows::Scratch::new(width)),
            #[cfg(target_arch = "x86_64")]
            x86: (level != Level::Scalar).then(|| x86::Scratch::new(width)),
        }
    }
}

const MADE: &str = "made for this level";

/// The work on one row of a level, in this order. Of what is decoupled, three rows are kept.
pub(super) trait Rows<P> {
    /// What holds a coefficient of the low-pass band.
    type Low;

    /// Transforms band row `y` of reference and distorted picture. `low`: where its low-pass rows
    /// go, side by side. `detail`: the window in which the other bands are needed.
    fn transform(
        &mut self,
        pair: [Plane<P>; 2],
        y: usize,
        detail: Option<&Window>,
        low: Option<&mut [Self::Low]>,
    );

    /// Splits the distorted detail of row `y`, just transformed, into restored and added.
    fn decouple(&mut self, y: usize, window: &Window);

    /// Sums of the reference's cubes over the row just transformed, for h, v and d.
    fn pool_reference(&mut self, window: &Window) -> [u64; 3];

    /// Sums of restored cubes over row `y`, whose neighbours have been decoupled.
    fn pool_restored(&mut self, y: usize, size: (usize, usize), window: &Window) -> [u64; 3];
}

/// Fills `low` with the strip's low-pass rows of both pictures, side by side, and sums detail over
/// the strip's part of the window. `size`: width and height of the bands; reference first.
pub(super) struct Run<'a, P, A: Arithmetic> {
    pub(super) pair: [Plane<'a, P>; 2],
    pub(super) size: (usize, usize),
    pub(super) window: &'a Window,
    pub(super) arithmetic: &'a A,
    pub(super) strip: &'a mut Strip,
    pub(super) scratch: &'a mut Scratch,
    pub(super) low: &'a mut [A::Low],
}

impl<P: Sample, A: Arithmetic> Kernel for Run<'_, P, A> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { pair, size, window, arithmetic, strip, scratch, low } = self;
        let scratch = scratch.portable.as_mut().expect(MADE);
        let rows = Portable { arithmetic, scratch };
        strip.sums = run(rows, strip.rows.clone(), pair, size, window, low);
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn run_avx2(self, proof: Avx2) {
        let Self { pair, size, window, arithmetic, strip, scratch, low } = self;
        let rows = arithmetic.rows_avx2::<P>(proof, scratch.x86.as_mut().expect(MADE));
        strip.sums = run(rows, strip.rows.clone(), pair, size, window, low);
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn run_avx512(self, proof: Avx512) {
        let Self { pair, size, window, arithmetic, strip, scratch, low } = self;
        let rows = arithmetic.rows_avx512::<P>(proof, scratch.x86.as_mut().expect(MADE));
        strip.sums = run(rows, strip.rows.clone(), pair, size, window, low);
    }
}

impl Strip {
    pub(super) fn new(rows: Range<usize>) -> Self {
        Self { rows, sums: Sums::default() }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn sums(&self) -> Sums {
        self.sums
    }
}

#[inline(always)]
fn run<P: Sample, R: Rows<P>>(
    mut rows: R,
    own: Range<usize>,
    pair: [Plane<P>; 2],
    (width, height): (usize, usize),
    window: &Window,
    low: &mut [R::Low],
) -> Sums {
    let mut sums = Sums::default();
    let first = own.start.saturating_sub(1);
    for y in first..(own.end + 1).min(height) {
        let band = own.contains(&y).then(|| &mut low[(y - own.start) * 2 * width..][..2 * width]);
        // masking looks one row beyond the window
        let detail = y + 1 >= window.rows.start && y <= window.rows.end;
        if band.is_none() && !detail {
            continue;
        }
        rows.transform(pair, y, detail.then_some(window), band);
        if detail {
            rows.decouple(y, window);
            if own.contains(&y) && window.rows.contains(&y) {
                add(&mut sums.reference, rows.pool_reference(window));
            }
        }
        // a row can be pooled when the one below it is there
        let above = y.wrapping_sub(1);
        if own.contains(&above) && window.rows.contains(&above) {
            add(&mut sums.restored, rows.pool_restored(above, (width, height), window));
        }
    }
    let last = height - 1;
    if own.contains(&last) && window.rows.contains(&last) {
        add(&mut sums.restored, rows.pool_restored(last, (width, height), window));
    }
    sums
}

#[inline(always)]
fn add(sums: &mut [u64; 3], row: [u64; 3]) {
    for band in 0..3 {
        sums[band] += row[band];
    }
}
