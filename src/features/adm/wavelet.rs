//! One level of a separable four-tap orthogonal wavelet, row by row.
//!
//! Output i uses samples 2i-1 to 2i+2. The near edge reflects, the far edge repeats.

use super::level::Arithmetic;
use crate::features::plane::Plane;

/// Q15.
pub(super) const LOW: [i32; 4] = [15826, 27411, 7345, -4240];
pub(super) const HIGH: [i32; 4] = [-4240, -7345, 27411, -15826];

/// Pixels filtered together: sums stay in registers.
const BLOCK: usize = 16;
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
pub(super) trait Coefficient: Sample {
    /// `value`, which fits.
    fn of(value: i32) -> Self;
}

impl Coefficient for i16 {
    #[inline(always)]
    fn of(value: i32) -> Self {
        value as i16
    }
}

impl Coefficient for i32 {
    #[inline(always)]
    fn of(value: i32) -> Self {
        value
    }
}

/// The detail bands of one row.
pub(super) struct Detail {
    /// High-pass vertically, low-pass horizontally.
    pub(super) h: Vec<i32>,
    /// Low-pass vertically, high-pass horizontally.
    pub(super) v: Vec<i32>,
    /// High-pass in both directions.
    pub(super) d: Vec<i32>,
}

impl Detail {
    pub(super) fn new(width: usize) -> Self {
        Self { h: vec![0; width], v: vec![0; width], d: vec![0; width] }
    }
}

/// Vertically filtered rows: even and odd columns apart, so that the horizontal pass reads
/// neighbours.
pub(super) struct Lines {
    low: Columns,
    high: Columns,
}

struct Columns {
    even: Vec<i32>,
    odd: Vec<i32>,
}

impl Columns {
    fn new(width: usize) -> Self {
        let line = vec![0; MARGIN + width + 1];
        Self { even: line.clone(), odd: line }
    }

    #[inline(always)]
    fn set(&mut self, x: usize, value: i32) {
        let line = if x.is_multiple_of(2) { &mut self.even } else { &mut self.odd };
        line[MARGIN + x / 2] = value;
    }

    #[inline(always)]
    fn get(&self, x: usize) -> i32 {
        let line = if x.is_multiple_of(2) { &self.even } else { &self.odd };
        line[MARGIN + x / 2]
    }

    #[inline(always)]
    fn extend_edges(&mut self, width: usize) {
        self.odd[MARGIN - 1] = self.odd[MARGIN];
        self.set(width, self.get(width - 1));
        self.set(width + 1, self.get(width - 2));
    }

    /// Output i of one filter, for `BLOCK` or fewer outputs from `first`.
    #[inline(always)]
    fn filter<A: Arithmetic, C: Coefficient, const N: usize>(
        &self,
        a: &A,
        taps: [i32; 4],
        first: usize,
    ) -> [C; N] {
        let at = MARGIN + first;
        let before = &self.odd[at - 1..at - 1 + N];
        let even = &self.even[at..at + N];
        let odd = &self.odd[at..at + N];
        let after = &self.even[at + 1..at + 1 + N];
        let mut out = [C::of(0); N];
        for i in 0..N {
            out[i] = C::of(a.horizontal([before[i], even[i], odd[i], after[i]], taps));
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
        vertical_pass(arithmetic, rows, LOW, &mut self.low);
        self.low.extend_edges(plane.width);
        if detail {
            vertical_pass(arithmetic, rows, HIGH, &mut self.high);
            self.high.extend_edges(plane.width);
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
        horizontal_pass(arithmetic, &self.high, LOW, &mut out.h);
        horizontal_pass(arithmetic, &self.low, HIGH, &mut out.v);
        horizontal_pass(arithmetic, &self.high, HIGH, &mut out.d);
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

#[inline(always)]
fn vertical_pass<P: Sample, A: Arithmetic>(
    arithmetic: &A,
    rows: [&[P]; 4],
    taps: [i32; 4],
    out: &mut Columns,
) {
    let width = rows[0].len();
    let [r0, r1, r2, r3] = rows;
    let whole = width - width % BLOCK;
    for x in (0..whole).step_by(BLOCK) {
        let (r0, r1) = (&r0[x..x + BLOCK], &r1[x..x + BLOCK]);
        let (r2, r3) = (&r2[x..x + BLOCK], &r3[x..x + BLOCK]);
        let mut filtered = [0; BLOCK];
        for i in 0..BLOCK {
            let samples = [r0[i].into(), r1[i].into(), r2[i].into(), r3[i].into()];
            filtered[i] = arithmetic.vertical(samples, taps);
        }
        let at = MARGIN + x / 2;
        let even = &mut out.even[at..at + BLOCK / 2];
        let odd = &mut out.odd[at..at + BLOCK / 2];
        for i in 0..BLOCK / 2 {
            even[i] = filtered[2 * i];
            odd[i] = filtered[2 * i + 1];
        }
    }
    for x in whole..width {
        let samples = [r0[x].into(), r1[x].into(), r2[x].into(), r3[x].into()];
        out.set(x, arithmetic.vertical(samples, taps));
    }
}

#[inline(always)]
fn horizontal_pass<A: Arithmetic, C: Coefficient>(
    arithmetic: &A,
    line: &Columns,
    taps: [i32; 4],
    out: &mut [C],
) {
    let mut blocks = out.chunks_exact_mut(BLOCK);
    let mut x = 0;
    for block in &mut blocks {
        block.copy_from_slice(&line.filter::<A, C, BLOCK>(arithmetic, taps, x));
        x += BLOCK;
    }
    for o in blocks.into_remainder() {
        [*o] = line.filter::<A, C, 1>(arithmetic, taps, x);
        x += 1;
    }
}
