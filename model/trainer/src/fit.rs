//! The optimiser's loop: batches from a shuffled pool, a loss, a learning rate that changes.

use std::f32::consts::PI;

use indicatif::ProgressBar;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::network::{Adam, Network};
use crate::pass::{Pass, ROWS};
use crate::pool::Pool;
use crate::whiten::Whitening;

/// Outputs are learnt as `(value - centre) / SCALE`.
pub const CENTRES: [f32; 2] = [75.0, 0.0];
/// Points per unit of a network's output while it learns.
pub const SCALE: f32 = 25.0;

/// What counts as an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The squared difference.
    Squared,
    /// As the score is limited to 0..100 in the end, beyond a bound there is nothing to learn.
    ClipAware,
}

/// How fast and how long.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Optimiser steps.
    pub steps: u32,
    /// Rows a step.
    pub batch: usize,
    /// Highest learning rate.
    pub rate: f32,
    /// Memory of Adam's second moment.
    pub b2: f32,
    /// Linear warm-up, then a cosine down to a ten-thousandth; else constant.
    pub cosine: bool,
}

impl Schedule {
    const WARM_UP: u32 = 500;

    fn rate_at(&self, step: u32) -> f32 {
        if !self.cosine {
            return self.rate;
        }
        let warm_up = Self::WARM_UP.min(self.steps / 10);
        if step < warm_up {
            return self.rate * (step + 1) as f32 / warm_up as f32;
        }
        let done = (step - warm_up) as f32 / (self.steps - warm_up) as f32;
        self.rate * (1e-4 + (1.0 - 1e-4) * 0.5 * (1.0 + (PI * done).cos()))
    }
}

/// A pool as the optimiser reads it: six inputs and two labels a row.
pub struct Examples(pub(crate) Vec<[f32; 8]>);

impl Examples {
    /// Inputs in the coordinates of `whitening`, labels scaled.
    pub fn new(pool: &Pool, whitening: &Whitening) -> Self {
        let rows = pool.features.iter().zip(&pool.labels).map(|(f, labels)| {
            let u = whitening.apply(f);
            let label = |i: usize| (labels[i] as f32 - CENTRES[i]) / SCALE;
            [u[0], u[1], u[2], u[3], u[4], u[5], label(0), label(1)]
        });
        Self(rows.collect())
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing to learn from.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Teaches `network` in place. `seen` is what the network will be in use (its rounded self, when
/// its weights will be rounded); gradients are taken there.
pub fn fit(
    network: &mut Network,
    examples: &Examples,
    schedule: &Schedule,
    loss: Loss,
    seen: Option<fn(&Network) -> Network>,
    rng: &mut ChaCha8Rng,
    bar: &ProgressBar,
) {
    let batch = schedule.batch.min(examples.len());
    let mut order: Vec<u32> = (0..examples.len() as u32).collect();
    let mut next = order.len();
    let mut adam = Adam::new(network, schedule.b2);
    let mut pass = Pass::new(network);
    bar.set_length(schedule.steps.into());
    for step in 0..schedule.steps {
        if next + batch > order.len() {
            order.shuffle(rng);
            next = 0;
        }
        let rounded = seen.map(|seen| seen(network));
        let used = rounded.as_ref().unwrap_or(network);
        for chosen in order[next..next + batch].chunks(ROWS) {
            let row = |i: &u32| &examples.0[*i as usize];
            pass.load(chosen.iter().map(row));
            pass.learn(used, |p, i, output| {
                let label = |i| row(i)[6 + output];
                chosen.get(i).map_or(0.0, |i| slope(loss, p, label(i), output) / batch as f32)
            });
        }
        next += batch;
        pass.take_gradient(|gradient| adam.step(network, gradient, schedule.rate_at(step)));
        if step % 500 == 0 {
            bar.set_position(step.into());
        }
    }
    bar.finish_and_clear();
}

/// Derivative of half the loss of one prediction.
pub(crate) fn slope(loss: Loss, prediction: f32, label: f32, output: usize) -> f32 {
    if loss == Loss::Squared || output > 0 {
        return prediction - label;
    }
    let lowest = -CENTRES[0] / SCALE;
    let highest = (100.0 - CENTRES[0]) / SCALE;
    let agreed =
        (prediction >= highest && label >= highest) || (prediction <= lowest && label <= lowest);
    if agreed { 0.0 } else { prediction - label.clamp(lowest, highest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_a_bound_there_is_nothing_to_learn() {
        let at = |prediction: f32, label: f32| {
            let scaled = |v: f32| (v - CENTRES[0]) / SCALE;
            SCALE * slope(Loss::ClipAware, scaled(prediction), scaled(label), 0)
        };
        assert_eq!(at(120.0, 104.0), 0.0);
        assert_eq!(at(-9.0, -1.0), 0.0);
        assert!((at(90.0, 104.0) + 10.0).abs() < 1e-4);
        assert!((at(5.0, -3.0) - 5.0).abs() < 1e-4);
        assert!((at(50.0, 40.0) - 10.0).abs() < 1e-4);
    }

    #[test]
    fn the_rate_warms_up_and_decays() {
        let schedule = Schedule { steps: 10_000, batch: 1, rate: 1.0, b2: 0.9, cosine: true };
        assert!(schedule.rate_at(0) < 0.01);
        assert!((schedule.rate_at(500) - 1.0).abs() < 1e-3);
        assert!((schedule.rate_at(5250) - 0.5).abs() < 1e-2);
        assert!(schedule.rate_at(9999) < 2e-4);
    }
}
