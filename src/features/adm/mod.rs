//! Detail-loss ratio: how much of the reference's detail is left, weighted and masked as the eye
//! does.
//!
//! Per level: both pictures' wavelet bands ([`wavelet`]), the distorted detail split into what is
//! restored and what is added ([`decouple`]), weighted, masked, and its cubes summed over the centre
//! ([`strip`], [`pool`]). The fixed-point formats differ by level ([`first`], [`later`]). All in integers; the roundings are part of the definition.

mod decouple;
mod first;
mod later;
mod level;
mod pool;
mod rows;
mod strip;
#[cfg(test)]
mod tests;
mod wavelet;
#[cfg(target_arch = "x86_64")]
mod x86;

use super::Geometry;
use super::canvas::{cut, words};
use super::plane::Plane;
use super::strips::{PerThread, Workers};
use first::First;
use later::Later;
use pool::{Sums, Window};
use strip::{Run, Scratch, Strip};
#[cfg(target_arch = "x86_64")]
use x86::{avx2, avx512};

pub(super) use wavelet::Sample;

/// Scratch memory of one geometry.
pub(super) struct Adm {
    depth: u32,
    pixels: f64,
    levels: [Level; 4],
}

/// The work on one wavelet level; `width`, `height` of its bands.
struct Level {
    width: usize,
    height: usize,
    window: Window,
    strips: Vec<Strip>,
    scratch: PerThread<Scratch>,
}

impl Level {
    /// `width`, `height` of the bands.
    fn new([width, height]: [usize; 2], workers: &Workers) -> Self {
        let window = Window::of_band(width, height);
        let strips = workers.strips(height).into_iter();
        Self {
            width,
            height,
            strips: strips.map(Strip::new).collect(),
            scratch: workers.each_their(|| Scratch::new(workers.level(), width)),
            window,
        }
    }

    fn bands<'a, C>(&self, low: &'a [C]) -> [Plane<'a, C>; 2] {
        Plane::side_by_side(low, self.width, self.height)
    }

    /// Coefficients of the low-pass band, both pictures side by side.
    fn coefficients(&self) -> usize {
        2 * self.width * self.height
    }
}

impl Adm {
    pub(super) fn new(geometry: Geometry, workers: &Workers) -> Self {
        let Geometry { width, height, depth } = geometry;
        let halved = |n: u32| [width, height].map(|size| size.div_ceil(1 << n));
        Self {
            depth: depth.bits(),
            pixels: (width * height) as f64,
            levels: [1, 2, 3, 4].map(|n| Level::new(halved(n), workers)),
        }
    }

    /// Words needed for the low-pass bands of all levels.
    pub(super) fn canvas(&self) -> usize {
        let [first, later @ ..] = &self.levels;
        let later = later.iter().map(|level| words::<i32>(level.coefficients()));
        words::<i16>(first.coefficients()) + later.sum::<usize>()
    }

    /// Reference first. Low-pass bands are kept on the canvas.
    pub(super) fn measure<P: Sample>(
        &mut self,
        workers: &Workers,
        pair: [Plane<P>; 2],
        mut canvas: &mut [u32],
    ) -> f64 {
        let [first, second, third, fourth] = &mut self.levels;
        let low1: &mut [i16] = cut(&mut canvas, first.coefficients());
        let [low2, low3, low4]: [&mut [i32]; 3] =
            [&second, &third, &fourth].map(|level| cut(&mut canvas, level.coefficients()));
        let results = [
            run(workers, first, pair, &First::of_depth(self.depth), low1),
            run(workers, second, first.bands(low1), &Later::SECOND, low2),
            run(workers, third, second.bands(low2), &Later::THIRD, low3),
            run(workers, fourth, third.bands(low3), &Later::FOURTH, low4),
        ];
        let negligible = 1e-10 * self.pixels / (1920.0 * 1080.0);
        let total = |part: fn(&(f64, f64)) -> f64| {
            let sum: f64 = results.iter().map(part).sum();
            if sum < negligible { 0.0 } else { sum }
        };
        let (numerator, denominator) = (total(|r| r.0), total(|r| r.1));
        if denominator == 0.0 { 1.0 } else { numerator / denominator }
    }
}

/// Numerator and denominator of one level.
fn run<P: Sample, A: level::Arithmetic>(
    workers: &Workers,
    level: &mut Level,
    pair: [Plane<P>; 2],
    arithmetic: &A,
    low: &mut [A::Low],
) -> (f64, f64) {
    let Level { width, height, window, strips, scratch } = level;
    let share = strips.first().map_or(1, |s| s.rows() * 2 * *width);
    let (size, cpu) = ((*width, *height), workers.level());
    workers.each_filling(strips, low, share, |strip, low| {
        let scratch = &mut *workers.own(scratch);
        cpu.run(Run { pair, size, window, arithmetic, strip, scratch, low });
    });
    let sums: Sums = strips.iter().map(Strip::sums).sum();
    arithmetic.pool(&sums, window, (*width, *height))
}
