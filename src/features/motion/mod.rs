//! motion2's per-frame part: mean absolute blurred difference of two reference pictures.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod rows;

use std::ops::Range;

pub(super) use rows::Sample;
use rows::{Lines, Rows};

use super::Geometry;
use super::plane::Plane;
use super::strips::Workers;

/// Gaussian blur, Q16: VIF's window of that size.
const TAPS: [f64; 5] = [3571.0, 16004.0, 26386.0, 16004.0, 3571.0];
const WINDOW: usize = TAPS.len();
const RADIUS: usize = WINDOW / 2;
/// Deepest samples whose differences fit 16 bits, twice.
const DEEPEST: u32 = 12;

/// Scratch memory for one geometry.
pub(super) struct Motion {
    depth: u32,
    pixels: f64,
    jobs: Vec<Job>,
}

struct Job {
    rows: Range<usize>,
    lines: Lines,
    #[cfg(target_arch = "x86_64")]
    singles: avx2::Singles,
    #[cfg(target_arch = "x86_64")]
    differences: avx512::Differences,
    // Q8 grey levels
    sum: u64,
}

impl Motion {
    pub(super) fn new(geometry: Geometry, workers: &Workers) -> Self {
        let Geometry { width, height, depth } = geometry;
        let jobs = workers
            .strips(height)
            .into_iter()
            .map(|rows| Job {
                rows,
                lines: Lines::new(width),
                #[cfg(target_arch = "x86_64")]
                singles: avx2::Singles::new(width),
                #[cfg(target_arch = "x86_64")]
                differences: avx512::Differences::new(width),
                sum: 0,
            })
            .collect();
        Self { depth: depth.bits(), pixels: (width * height) as f64, jobs }
    }

    /// In 8-bit grey levels.
    pub(super) fn measure<P: Sample>(&mut self, workers: &Workers, pair: [Plane<P>; 2]) -> f64 {
        let depth = self.depth;
        let level = workers.level();
        workers.each(&mut self.jobs, |job| {
            job.sum = level.run(Rows {
                pair,
                depth,
                rows: job.rows.clone(),
                lines: &mut job.lines,
                #[cfg(target_arch = "x86_64")]
                singles: &mut job.singles,
                #[cfg(target_arch = "x86_64")]
                differences: &mut job.differences,
            });
        });
        let sum: u64 = self.jobs.iter().map(|j| j.sum).sum();
        sum as f64 / 256.0 / self.pixels
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{Depth, Level};

    fn compare<P: Sample>(both: &[P], width: usize, height: usize, depth: Depth) {
        let pair = Plane::side_by_side(both, width, height);
        let measured = |level| {
            let workers = Workers::at_level(1, level).expect("no threads");
            Motion::new(Geometry { width, height, depth }, &workers).measure(&workers, pair)
        };
        let expected = measured(Level::Scalar);
        for level in Level::available() {
            let found = measured(level);
            // single precision rounds a pixel here and there to the other side
            let pixels = (width * height) as f64;
            let units = (found - expected).abs() * 256.0 * pixels;
            assert!(
                units < 2.5 + pixels / 500.0,
                "{level:?} {width}x{height} {depth:?}: {found}, not {expected}"
            );
        }
    }

    #[test]
    fn every_level_measures_the_smallest_pictures_alike() {
        for width in (3..100).chain([127, 128, 129, 191, 192, 193]) {
            for height in [3, 4, 5, 17] {
                let noise = (0..2 * width * height).map(|i| (i * i * 40503) as u32 >> 5);
                let bytes: Vec<u8> = noise.clone().map(|s| s as u8).collect();
                compare(&bytes, width, height, Depth::Eight);
                let words: Vec<u16> = noise.map(|s| s as u16 % 4096).collect();
                compare(&words, width, height, Depth::Twelve);
            }
        }
    }
}
