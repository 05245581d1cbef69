//! Visual information fidelity at four scales.
//!
//! Per scale: local means, variances and covariance under a Gaussian window ([`window`], in plain
//! code [`portable`]), from them the information both pictures carry ([`statistic`]); then both
//! pictures are low-passed and halved ([`pyramid`]). All in integers; the roundings are part of the definition.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod doubt;
mod portable;
mod pyramid;
mod sample;
mod statistic;
#[cfg(target_arch = "x86_64")]
mod tiles;
mod window;

use std::ops::Range;

use super::canvas::{cut, words};
use super::plane::Plane;
use super::strips::{PerThread, Workers};
use super::{Geometry, Profile};
use sample::Shifts;
use statistic::{LogTable, Sums};
use window::{Grid, Measure, Scratch};

pub(super) use sample::Sample;

/// Gaussian windows of the four scales, Q16: the first half and the centre of a symmetric filter.
pub(super) const TAPS_0: [u32; 17] = [
    489, 935, 1640, 2640, 3896, 5274, 6547, 7455, 7784, 7455, 6547, 5274, 3896, 2640, 1640, 935,
    489,
];
pub(super) const TAPS_1: [u32; 9] = [1244, 3663, 7925, 12590, 14692, 12590, 7925, 3663, 1244];
pub(super) const TAPS_2: [u32; 5] = [3571, 16004, 26386, 16004, 3571];
pub(super) const TAPS_3: [u32; 3] = [10904, 43728, 10904];

/// Window widths of the four scales.
const WINDOWS: [usize; 4] = [TAPS_0.len(), TAPS_1.len(), TAPS_2.len(), TAPS_3.len()];
/// Strips are of whole multiples of so many rows: vector code sums up that many at a time.
const STRIP: usize = 16;

/// Scratch memory of one geometry.
pub(super) struct Vif {
    shifts: Shifts,
    sizes: [(usize, usize); 4],
    // distance of measured rows and columns
    steps: [usize; 4],
    // frames measured, for the grids' start
    frame: usize,
    halvings: [Vec<pyramid::Job>; 3],
    jobs: Vec<Job>,
    // of each scale
    scratch: [PerThread<Scratch>; 4],
    logs: LogTable,
}

/// The statistic of some rows of one scale.
struct Job {
    scale: usize,
    rows: Range<usize>,
    sums: Sums,
}

impl Vif {
    pub(super) fn new(geometry: Geometry, profile: Profile, workers: &Workers) -> Self {
        let steps = profile.steps(geometry.height);
        let sizes = [0, 1, 2, 3].map(|s| (geometry.width >> s, geometry.height >> s));
        let jobs = (0..4)
            .flat_map(|scale| {
                let rows = sizes[scale].1.div_ceil(steps[scale]);
                workers.strips_of(rows, STRIP).into_iter().map(move |rows| (scale, rows))
            })
            .map(|(scale, rows)| Job { scale, rows, sums: Sums::default() })
            .collect();
        let scratch = [0, 1, 2, 3].map(|s| {
            let level = workers.level();
            workers.each_their(|| Scratch::new(level, WINDOWS[s], steps[s]))
        });
        let [_, small @ ..] = sizes;
        Self {
            shifts: Shifts::of_samples(geometry.depth.bits()),
            halvings: small.map(|(w, h)| {
                let strips = workers.strips(h).into_iter();
                strips.map(|rows| pyramid::Job::new(rows, w)).collect()
            }),
            sizes,
            steps,
            frame: 0,
            jobs,
            scratch,
            logs: LogTable::new(),
        }
    }

    /// Words needed for scales 1 to 3 of both pictures, side by side, Q8.
    pub(super) fn canvas(&self) -> usize {
        self.sizes[1..].iter().map(|(width, height)| words::<u16>(2 * width * height)).sum()
    }

    /// Ratio of each scale; reference first. The pyramid is built on the canvas.
    pub(super) fn measure<P: Sample>(
        &mut self,
        workers: &Workers,
        pair: [Plane<P>; 2],
        canvas: &mut [u32],
    ) -> [f64; 4] {
        self.build_pyramid(workers, pair, canvas);
        self.measure_scales(workers, pair, canvas, 0..4);
        self.frame = self.frame.wrapping_add(1);
        [0, 1, 2, 3].map(|scale| {
            let of_scale = self.jobs.iter().filter(|j| j.scale == scale);
            of_scale.map(|j| j.sums).sum::<Sums>().ratio()
        })
    }

    /// The pyramid must have been built.
    pub(super) fn measure_scales<P: Sample>(
        &mut self,
        workers: &Workers,
        pair: [Plane<P>; 2],
        canvas: &mut [u32],
        scales: Range<usize>,
    ) {
        let level = workers.level();
        let pyramid = self.pyramid(canvas);
        let Self { shifts, sizes, steps, frame, jobs, scratch, logs, .. } = self;
        let [scale1, scale2, scale3] = [0, 1, 2].map(|i| {
            let (width, height) = sizes[i + 1];
            Plane::side_by_side(&*pyramid[i], width, height)
        });
        workers.each(jobs, |job| {
            if !scales.contains(&job.scale) {
                return;
            }
            let scratch = &mut *workers.own(&scratch[job.scale]);
            let Job { rows, sums, .. } = job;
            let rows = rows.clone();
            let below = Shifts::OF_PYRAMID;
            macro_rules! measure {
                ($pair:expr, $taps:expr, $shifts:expr, $step:literal) => {{
                    let (pair, taps, shifts) = ($pair, &$taps, $shifts);
                    let grid = Grid::of_frame(*frame, $step);
                    level.run(Measure::<_, _, $step> {
                        pair,
                        taps,
                        shifts,
                        rows,
                        grid,
                        scratch,
                        logs,
                    })
                }};
            }
            *sums = match (job.scale, steps[job.scale]) {
                (0, 4) => measure!(pair, TAPS_0, *shifts, 4),
                (0, _) => measure!(pair, TAPS_0, *shifts, 1),
                (1, 2) => measure!(scale1, TAPS_1, below, 2),
                (1, _) => measure!(scale1, TAPS_1, below, 1),
                (2, _) => measure!(scale2, TAPS_2, below, 1),
                _ => measure!(scale3, TAPS_3, below, 1),
            };
        });
    }

    fn pyramid<'a>(&self, mut canvas: &'a mut [u32]) -> [&'a mut [u16]; 3] {
        [1, 2, 3].map(|scale| cut(&mut canvas, 2 * self.sizes[scale].0 * self.sizes[scale].1))
    }

    pub(super) fn build_pyramid<P: Sample>(
        &mut self,
        workers: &Workers,
        pair: [Plane<P>; 2],
        canvas: &mut [u32],
    ) {
        let [level1, level2, level3] = self.pyramid(canvas);
        let Self { shifts, sizes, halvings: [to1, to2, to3], .. } = self;
        let below = Shifts::OF_PYRAMID;
        pyramid::halve(workers, to1, pair, &TAPS_1, *shifts, level1);
        let pair = Plane::side_by_side(&*level1, sizes[1].0, sizes[1].1);
        pyramid::halve(workers, to2, pair, &TAPS_2, below, level2);
        let pair = Plane::side_by_side(&*level2, sizes[2].0, sizes[2].1);
        pyramid::halve(workers, to3, pair, &TAPS_3, below, level3);
    }
}
