//! Row work with AVX2 and FMA.
//!
//! The wavelet is exact: 16-bit multiply-adds at the first level, double precision at the later
//! ones, where every sum is a whole number below 2^53. What follows it is single precision with the
//! definition's roundings, except for comparisons that could tip over: those are decided in double.
#![allow(unsafe_code, reason = "code for AVX2 is entered here")]

mod direction;
mod first;
mod later;

pub(super) use first::First;
pub(super) use later::Later;

use std::ops::Range;

use super::pool::Window;

/// Columns before the first of masking rows.
const MARGIN: usize = 1;
/// Room after a row for whole vectors.
const SPARE: usize = 48;

/// Rows in work, of the first level or of a later one.
pub(super) struct Scratch {
    first: first::Buffers,
    later: later::Buffers,
}

impl Scratch {
    /// `width` of the bands.
    pub(super) fn new(width: usize) -> Self {
        Self { first: first::Buffers::new(width), later: later::Buffers::new(width) }
    }
}

/// Columns to decouple: masking looks one column beyond the window.
fn decoupled_columns(window: &Window, width: usize) -> Range<usize> {
    window.columns.start.saturating_sub(1)..(window.columns.end + 1).min(width)
}

/// Rows above and below `y`: the near edge reflects, the far edge repeats.
fn neighbours(y: usize, height: usize) -> [usize; 3] {
    [if y == 0 { 1 } else { y - 1 }, y, (y + 1).min(height - 1)]
}

/// A row's sum at the scale of sums of rows.
fn rounded(sum: f64, bits: i32) -> u64 {
    (sum * 2f64.powi(bits)).round() as u64
}
