//! The statistic of one scale with AVX-512, and halving: as [`super::avx2`], with vectors twice as
//! wide and dot products that add up.

mod halve;
mod horizontal;
mod lanes;
mod statistic;
mod vertical;

pub(super) use halve::{Half, TOGETHER, halve_rows};

use super::doubt::Reference;
use super::sample::Sample;
use super::statistic::Sums;
use super::tiles::{self, Block, COLUMNS, HISTORY, MOST_ROWS, ROWS};
use super::window::Measure;
use crate::features::fixed::reflect;
use horizontal::{Ring, Taps};
use statistic::Totals;
use vertical::{Filter, Prepared, Rows};

tiles::measure!(avx512, "avx2,fma,avx512f,avx512bw,avx512vl,avx512vnni");
