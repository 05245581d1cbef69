//! The recipe: labelled feature space, clip-aware loss, whitened first layer, cosine decay.

use indicatif::ProgressBar;
use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::network::{Adam, Network, Pass, draw};
use crate::pool::Pool;
use crate::whiten::Whitening;

/// Labels are learnt as `(score - CENTRE) / SCALE`.
const CENTRE: f32 = 75.0;
const SCALE: f32 = 25.0;
const BATCH: usize = 1024;
const WARM_UP: u32 = 500;

/// What varies from model to model.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Widths of the layers, inputs first.
    pub widths: Vec<usize>,
    /// Optimiser steps.
    pub steps: u32,
    /// Highest learning rate.
    pub rate: f32,
    /// Seed of weights and batches.
    pub seed: u64,
}

/// A network over standardised features that answers in score points.
#[derive(Clone, Debug)]
pub struct Student {
    /// Standardisation of the input.
    pub whitening: Whitening,
    /// Standardised features to score.
    pub network: Network,
}

impl Student {
    /// Scores of raw features, clipped to 0..100.
    pub fn scores(&self, features: &[crate::Vector]) -> Vec<f64> {
        let mut x = Array2::zeros((features.len(), 6));
        for (mut row, f) in x.rows_mut().into_iter().zip(features) {
            let z = self.whitening.standardise(f);
            row.iter_mut().zip(z).for_each(|(x, z)| *x = z as f32);
        }
        self.network.apply(&x).iter().map(|v| f64::from(*v).clamp(0.0, 100.0)).collect()
    }
}

/// Teaches a student by Adam.
pub fn train(pool: &Pool, whitening: &Whitening, recipe: &Recipe, bar: &ProgressBar) -> Student {
    let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed);
    let mut network = Network::random(&recipe.widths, &mut rng);
    let mut inputs = Array2::<f32>::zeros((pool.features.len(), 6));
    for (mut row, f) in inputs.rows_mut().into_iter().zip(&pool.features) {
        row.assign(&whitening.apply(f));
    }
    let labels: Vec<f32> = pool.labels.iter().map(|l| scaled(*l as f32)).collect();
    let (lowest, highest) = (scaled(0.0), scaled(100.0));
    let mut adam = Adam::new(&network);
    let mut pass = Pass::new(&network, BATCH);
    let mut wanted = vec![0.0; BATCH];
    bar.set_length(recipe.steps.into());
    for step in 0..recipe.steps {
        for (row, wanted) in wanted.iter_mut().enumerate() {
            let chosen = draw(&mut rng, labels.len());
            pass.input().row_mut(row).assign(&inputs.row(chosen));
            *wanted = labels[chosen];
        }
        // beyond the same bound there is nothing to learn: both read 0, or 100
        let gradient = pass.gradient(&network, |prediction, row| {
            let label = wanted[row];
            let agreed = (prediction >= highest && label >= highest)
                || (prediction <= lowest && label <= lowest);
            if agreed { 0.0 } else { prediction - label.clamp(lowest, highest) }
        });
        adam.step(&mut network, gradient, rate_at(recipe, step));
        if step % 1000 == 0 {
            bar.set_position(step.into());
        }
    }
    bar.finish_and_clear();
    Student { network: folded(network, whitening), whitening: whitening.clone() }
}

fn scaled(score: f32) -> f32 {
    (score - CENTRE) / SCALE
}

/// Linear warm-up, then a cosine down to a ten-thousandth.
fn rate_at(recipe: &Recipe, step: u32) -> f32 {
    if step < WARM_UP {
        return recipe.rate * (step + 1) as f32 / WARM_UP as f32;
    }
    let done = (step - WARM_UP) as f32 / (recipe.steps - WARM_UP).max(1) as f32;
    recipe.rate * (1e-4 + (1.0 - 1e-4) * 0.5 * (1.0 + (std::f32::consts::PI * done).cos()))
}

/// The same function of standardised features, in score points: rotation and scale move into the
/// first and last layers.
fn folded(mut network: Network, whitening: &Whitening) -> Network {
    let first = &mut network.layers[0];
    let rotation = whitening.rotation.mapv(|v| v as f32);
    first.weights = rotation.dot(&first.weights);
    if let Some(last) = network.layers.last_mut() {
        last.weights *= SCALE;
        last.bias.mapv_inplace(|b| b * SCALE + CENTRE);
    }
    network
}
