//! Row work with AVX2 and FMA, and with AVX-512.
//!
//! The wavelet is exact: dot products of 16-bit words, of either half of numbers at the later
//! levels. What follows it is single precision with the definition's roundings, except for
//! comparisons that could tip over: those are decided in double.
#![allow(unsafe_code, reason = "code for AVX2 and AVX-512 is entered here")]

mod blocks;
mod direction;
mod first;
mod first_wavelet;
mod lanes256;
mod lanes512;
mod later;
mod later_wavelet;
mod row;

use std::ops::Range;

use super::pool::Window;

/// Columns before the first of masking rows: one, and as many as whole vectors need.
const MARGIN: usize = 16;
/// Room after a row for whole vectors.
const SPARE: usize = 64;

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

/// Columns to decouple: masking looks one column beyond the window. From whole vectors on.
fn decoupled_columns(window: &Window, width: usize) -> Range<usize> {
    window.columns.start.saturating_sub(1) / 16 * 16..(window.columns.end + 1).min(width)
}

/// Rows above and below `y`: the near edge reflects, the far edge repeats.
fn neighbours(y: usize, height: usize) -> [usize; 3] {
    [if y == 0 { 1 } else { y - 1 }, y, (y + 1).min(height - 1)]
}

/// A row's sum at the scale of sums of rows.
fn rounded(sum: f64, bits: i32) -> u64 {
    (sum * 2f64.powi(bits)).round() as u64
}

/// The work on rows, compiled for one instruction set.
macro_rules! compiled {
    ($name:ident, $features:literal, $proof:ident, $lanes:ident) => {
        pub(super) mod $name {
            mod first {
                crate::features::adm::x86::first::rows!($features, $proof, $lanes);
            }
            mod later {
                crate::features::adm::x86::later::rows!($features, $proof, $lanes);
            }

            pub(in crate::features::adm) use first::First;
            pub(in crate::features::adm) use later::Later;
        }
    };
}

compiled!(avx2, "avx2,fma", Avx2, lanes256);
compiled!(
    avx512,
    "avx2,fma,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vnni",
    Avx512,
    lanes512
);
