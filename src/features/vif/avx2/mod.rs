//! The statistic of one scale with AVX2 and FMA, and halving.

mod halve;
mod horizontal;
mod statistic;
mod vertical;

pub(super) use halve::{Lines, TOGETHER, halve_rows};

use super::doubt::Reference;
use super::sample::Sample;
use super::statistic::Sums;
use super::tiles::{self, Block, COLUMNS, HISTORY, MOST_ROWS, ROWS};
use super::window::Measure;
use crate::features::fixed::reflect;
use horizontal::{Ring, Rows, Taps};
use statistic::Totals;
use vertical::{Filter, Prepared};

tiles::measure!(avx2, "avx2,fma");
