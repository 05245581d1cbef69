//! One level of a separable four-tap orthogonal wavelet, row by row.
//!
//! Output i uses samples 2i-1 to 2i+2. The near edge reflects, the far edge repeats.

use super::level::Arithmetic;
use crate::features::filter::{block, part_columns};
use crate::features::plane::Plane;

/// Q15.
pub(super) const LOW: [i32; 4] = [15826, 27411, 7345, -4240];
pub(super) const HIGH: [i32; 4] = [-4240, -7345, 27411, -15826];

/// Pixels filtered together: sums stay in registers.
const BLOCK: usize = 32;
/// Columns before the first, to the reflected edge.
const MARGIN: usize = 1;

/// What a level reads: samples of a picture, or the band below.
pub(in crate::features) trait Sample:
    bytemuck::Pod + Send + Sync + Into<i32>
{
}
impl Sample for u8 {}
impl Sample for u16 {}
impl Sample for i16 {}
impl Sample for i32 {}

/// What a level writes.
pub(super) trait Coefficient: Sample {}
impl Coefficient for i16 {}
impl Coefficient for i32 {}

/// A row of coefficients of either size.
#[derive(Clone)]
pub(super) struct Row(Vec<i32>);

impl Row {
    pub(super) fn new(length: usize) -> Self {
        Self(vec![0; length])
    }

    #[inline(always)]
    pub(super) fn get<C: Coefficient>(&self) -> &[C] {
        &bytemuck::cast_slice(&self.0)[..self.0.len()]
    }

    #[inline(always)]
    fn get_mut<C: Coefficient>(&mut self) -> &mut [C] {
        let length = self.0.len();
        &mut bytemuck::cast_slice_mut(&mut self.0)[..length]
    }
}

/// The detail bands of one row.
pub(super) struct Detail {
    /// High-pass vertically, low-pass horizontally.
    h: Row,
    /// Low-pass vertically, high-pass horizontally.
    v: Row,
    /// High-pass in both directions.
    d: Row,
}

impl Detail {
    pub(super) fn new(width: usize) -> Self {
        let row = Row::new(width);
        Self { h: row.clone(), v: row.clone(), d: row }
    }

    /// Bands h, v and d.
    #[inline(always)]
    pub(super) fn bands<C: Coefficient>(&self) -> [&[C]; 3] {
        [self.h.get(), self.v.get(), self.d.get()]
    }
}

/// Vertically filtered rows: even and odd columns apart, so that the horizontal pass reads
/// neighbours.
pub(super) struct Lines {
    low: Columns,
    high: Columns,
}

struct Columns {
    line: Row,
    even: Row,
    odd: Row,
}

impl Columns {
    fn new(width: usize) -> Self {
        let half = Row::new(MARGIN + width + 1);
        Self { line: Row::new(2 * width), even: half.clone(), odd: half }
    }

    #[inline(always)]
    fn set<C: Coefficient>(&mut self, x: usize, value: C) {
        let line = if x.is_multiple_of(2) { &mut self.even } else { &mut self.odd };
        line.get_mut()[MARGIN + x / 2] = value;
    }

    /// Takes the columns of the line apart.
    #[inline(always)]
    fn part<C: Coefficient>(&mut self, width: usize) {
        let line = &self.line.get::<C>()[..width];
        let even = &mut self.even.get_mut()[MARGIN..];
        let odd = &mut self.odd.get_mut()[MARGIN..];
        part_columns(line, even, odd);
    }

    #[inline(always)]
    fn get<C: Coefficient>(&self, x: usize) -> C {
        let line = if x.is_multiple_of(2) { &self.even } else { &self.odd };
        line.get()[MARGIN + x / 2]
    }

    #[inline(always)]
    fn extend_edges<C: Coefficient>(&mut self, width: usize) {
        let odd: &mut [C] = self.odd.get_mut();
        odd[MARGIN - 1] = odd[MARGIN];
        self.set::<C>(width, self.get(width - 1));
        self.set::<C>(width + 1, self.get(width - 2));
    }

    /// Output i of one filter, for `BLOCK` or fewer outputs from `first`.
    #[inline(always)]
    fn filter<A: Arithmetic, const N: usize>(
        &self,
        a: &A,
        taps: [i32; 4],
        first: usize,
    ) -> [A::Low; N] {
        let at = MARGIN + first;
        let [before, odd]: [&[A::Low; N]; 2] = [at - 1, at].map(|x| block(self.odd.get(), x));
        let [even, after]: [&[A::Low; N]; 2] = [at, at + 1].map(|x| block(self.even.get(), x));
        let mut out = [bytemuck::Zeroable::zeroed(); N];
        for i in 0..N {
            out[i] = a.horizontal([before[i], even[i], odd[i], after[i]], taps);
        }
        out
    }
}

impl Lines {
    /// `width` of the bands.
    pub(super) fn new(width: usize) -> Self {
        Self { low: Columns::new(width), high: Columns::new(width) }
    }

    /// Low-pass (always) and high-pass (for detail) of the input rows under band row `i`.
    #[inline(always)]
    pub(super) fn vertical<P: Sample, A: Arithmetic>(
        &mut self,
        arithmetic: &A,
        plane: Plane<P>,
        i: usize,
        detail: bool,
    ) {
        let rows = rows_under(plane, i);
        let Self { low, high } = self;
        if detail {
            vertical_pass(arithmetic, rows, [LOW, HIGH], [low, high]);
        } else {
            vertical_pass(arithmetic, rows, [LOW], [low]);
        }
    }

    /// The low-pass band of the row.
    #[inline(always)]
    pub(super) fn low_band<A: Arithmetic>(&self, arithmetic: &A, out: &mut [A::Low]) {
        horizontal_pass(arithmetic, &self.low, LOW, out);
    }

    /// The detail bands of the row.
    #[inline(always)]
    pub(super) fn detail<A: Arithmetic>(&self, arithmetic: &A, out: &mut Detail) {
        horizontal_pass(arithmetic, &self.high, LOW, out.h.get_mut());
        horizontal_pass(arithmetic, &self.low, HIGH, out.v.get_mut());
        horizontal_pass(arithmetic, &self.high, HIGH, out.d.get_mut());
    }
}

#[inline(always)]
pub(super) fn rows_under<P>(plane: Plane<'_, P>, i: usize) -> [&[P]; 4] {
    let row = |k: usize| {
        let n = plane.height;
        let y = (2 * i + k).abs_diff(1);
        plane.row(if y < n { y } else { 2 * n - 1 - y })
    };
    // spelt out, or it is a function with a loop
    [row(0), row(1), row(2), row(3)]
}

/// All filters at once: they read the same.
#[inline(always)]
fn vertical_pass<P: Sample, A: Arithmetic, const F: usize>(
    arithmetic: &A,
    rows: [&[P]; 4],
    filters: [[i32; 4]; F],
    mut out: [&mut Columns; F],
) {
    let width = rows[0].len();
    let whole = width - width % BLOCK;
    for x in (0..whole).step_by(BLOCK) {
        let [r0, r1, r2, r3]: [&[P; BLOCK]; 4] = rows.map(|row| block(row, x));
        let mut filtered: [[A::Low; BLOCK]; F] = bytemuck::Zeroable::zeroed();
        for i in 0..BLOCK {
            for f in 0..F {
                filtered[f][i] = arithmetic.vertical([r0[i], r1[i], r2[i], r3[i]], filters[f]);
            }
        }
        for (out, filtered) in out.iter_mut().zip(&filtered) {
            out.line.get_mut()[x..x + BLOCK].copy_from_slice(filtered);
        }
    }
    for (out, taps) in out.into_iter().zip(filters) {
        for x in whole..width {
            out.line.get_mut()[x] = arithmetic.vertical(rows.map(|row| row[x]), taps);
        }
        out.part::<A::Low>(width);
        out.extend_edges::<A::Low>(width);
    }
}

#[inline(always)]
fn horizontal_pass<A: Arithmetic>(
    arithmetic: &A,
    line: &Columns,
    taps: [i32; 4],
    out: &mut [A::Low],
) {
    let mut blocks = out.chunks_exact_mut(BLOCK);
    let mut x = 0;
    for block in &mut blocks {
        block.copy_from_slice(&line.filter::<A, BLOCK>(arithmetic, taps, x));
        x += BLOCK;
    }
    for o in blocks.into_remainder() {
        [*o] = line.filter::<A, 1>(arithmetic, taps, x);
        x += 1;
    }
}
