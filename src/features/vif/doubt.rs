use crate::features::fixed::reflect;
use crate::features::plane::Plane;
use crate::features::vif::sample::{Sample, Shifts};

/// Largest error of a variance in single precision: relative to the mean square about mid-grey,
/// and beside that.
pub(super) const RELATIVE: f32 = 6e-7;
pub(super) const ABSOLUTE: f32 = 1e-4;

/// A variance of 2 grey levels², Q16.
const NOISE: i64 = 131072;

/// Decides exactly what single precision leaves open: pixels jump in value at the variance below
/// which they count as flat.
pub(super) struct Reference<'a, P, const T: usize> {
    pub(super) plane: Plane<'a, P>,
    pub(super) taps: &'a [u32; T],
    pub(super) shifts: Shifts,
}

impl<P: Sample, const T: usize> Reference<'_, P, T> {
    /// Whether the pixel's variance is below that of noise.
    #[cold]
    pub(super) fn is_flat(&self, x: usize, y: usize) -> bool {
        let Self { plane, taps, shifts } = self;
        let at = |i: usize, k: usize, n: usize| reflect((i + k) as isize - (T / 2) as isize, n);
        let columns: [usize; T] = std::array::from_fn(|k| at(x, k, plane.width));
        let mut sums = [0u32; T];
        let mut squares = [P::Sum::default(); T];
        for k in 0..T {
            let row = plane.row(at(y, k, plane.height));
            for i in 0..T {
                let sample = row[columns[i]];
                let number: u32 = sample.into();
                sums[i] += taps[k] * number;
                squares[i] = P::add(squares[i], taps[k], P::product(sample, sample));
            }
        }
        let half = (1u32 << shifts.mean) >> 1;
        let (mut mean, mut square) = (0u64, 0u64);
        for i in 0..T {
            let tap = u64::from(taps[i]);
            mean += tap * u64::from((sums[i] + half) >> shifts.mean);
            square += tap * u64::from(P::finish(squares[i], shifts.product));
        }
        let square = (square + (1 << 15)) >> 16;
        let mean = (mean * mean + (1 << 31)) >> 32;
        (square as i64 - mean as i64) < NOISE
    }
}
