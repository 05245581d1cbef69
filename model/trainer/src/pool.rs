//! Feature vectors to learn from: real ones, and what lies around them. The teacher labels any
//! vector, so video is needed only to know where real ones are.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use crate::Vector;
use crate::family::Plan;
use crate::teacher::Teachers;

/// Largest values sampled: adm2, vif, motion2; the smallest are 0.
pub const LIMITS: Vector = [1.25, 1.2, 1.2, 1.2, 1.2, 60.0];

/// Feature vectors and what the teacher says of them.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    /// Raw features in canonical order.
    pub features: Vec<Vector>,
    /// Scores, and half-widths where the target has them.
    pub labels: Vec<[f64; 2]>,
}

impl Pool {
    /// `size` vectors drawn from and around `real` ones for a plan's model; labels are scores
    /// before they are limited.
    pub fn sample(
        real: &[Vector],
        size: usize,
        plan: &Plan,
        teachers: &Teachers,
        seed: u64,
    ) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let features: Vec<Vector> = (0..size).map(|_| vector(real, plan.odd, &mut rng)).collect();
        let labels = features.par_iter().map(|f| plan.target.ask(teachers, f)).collect();
        Self { features, labels }
    }
}

/// Shares are those of the feasibility study behind the recipe.
fn vector(real: &[Vector], odd: f64, rng: &mut ChaCha8Rng) -> Vector {
    let pick = |rng: &mut ChaCha8Rng| real[rng.random_range(0..real.len())];
    let mut f = pick(rng);
    match rng.random_range(0..100) {
        0..27 => {}
        27..40 => f[5] = pick(rng)[5],
        40..55 => jitter(&mut f, odd, rng),
        55..75 => {
            let (other, t) = (pick(rng), rng.random_range(-0.25..1.25));
            f = std::array::from_fn(|i| f[i] + t * (other[i] - f[i]));
        }
        75..85 => f[5] = motion(rng),
        _ => f = anywhere(odd, rng),
    }
    std::array::from_fn(|i| f[i].clamp(0.0, LIMITS[i]))
}

/// Noise of its own on each feature. `odd`: see [`Plan::odd`].
fn jitter(f: &mut Vector, odd: f64, rng: &mut ChaCha8Rng) {
    let normal = |rng: &mut ChaCha8Rng| -> f64 { StandardNormal.sample(rng) };
    let scale = 0.06 * odd * (0.7 * normal(rng)).exp();
    for v in &mut f[..5] {
        *v += scale * normal(rng);
    }
    f[5] *= (scale * 3.0 * normal(rng)).exp();
}

/// Logarithmically uniform.
fn motion(rng: &mut ChaCha8Rng) -> f64 {
    (rng.random_range(0.0..LIMITS[5].ln())).exp()
}

/// The whole box that features of video lie in, and its corners. `odd`: see [`Plan::odd`].
fn anywhere(odd: f64, rng: &mut ChaCha8Rng) -> Vector {
    let mut vif: [f64; 4] = std::array::from_fn(|_| rng.random_range(0.0..1.1));
    // coarse scales keep more, nearly always
    if rng.random_bool(1.0 - 0.2 * odd) {
        vif.sort_by(f64::total_cmp);
    }
    let spread: f64 = StandardNormal.sample(rng);
    let adm = match rng.random_bool(1.0 - 0.3 * odd) {
        true => 0.25 + 0.75 * vif[3] + 0.15 * spread,
        false => rng.random_range(0.0..1.25),
    };
    let motion = if rng.random_bool(0.25) { 0.0 } else { motion(rng) };
    [adm, vif[0], vif[1], vif[2], vif[3], motion]
}
