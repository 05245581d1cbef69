//! The two ways to teach: as the source document published it, and distilled.

use std::path::Path;

use clap::ValueEnum;
use indicatif::ProgressBar;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use crate::Vector;
use crate::evaluate::Metrics;
use crate::family::Plan;
use crate::fit::{Examples, Loss, Schedule, fit};
use crate::network::Network;
use crate::polish::polish;
use crate::pool::Pool;
use crate::student::Student;
use crate::teacher::{TeacherError, Teachers};
use crate::whiten::Whitening;

/// How a student is taught.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipe {
    /// Adam 1e-3, squared error of limited scores, 90 epochs of the corpus in batches of 256.
    Published,
    /// Labelled feature space, clip-aware loss, whitened first layer, cosine decay.
    Distilled,
}

/// A recipe with what it needs: the published one is content with the labels of the corpus.
pub enum Lesson {
    /// See [`Recipe::Published`].
    Published,
    /// See [`Recipe::Distilled`].
    Distilled(Box<Teachers>),
}

impl Lesson {
    /// Reads the teachers if the recipe asks them.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn prepare(recipe: Recipe, teachers: &Path) -> Result<Self, TeacherError> {
        Ok(match recipe {
            Recipe::Published => Self::Published,
            Recipe::Distilled => Self::Distilled(Box::new(Teachers::open(teachers)?)),
        })
    }
}

/// How much of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Effort {
    /// Seeds tried; the best on fresh vectors is kept.
    pub seeds: u64,
    /// Vectors in the pool.
    pub pool: usize,
    /// Optimiser steps (epochs of the published recipe), in percent of the recipe's.
    pub percent: u32,
}

impl Effort {
    /// Vectors that seeds are judged by.
    pub const CHECK: usize = 100_000;
    const POOL_SEED: u64 = 1_000;
    const CHECK_SEED: u64 = 1_001;
}

/// The published recipe's first seed alone.
pub fn published(plan: &Plan, rows: &Pool, percent: u32, bar: &ProgressBar) -> Student {
    let whitening = Whitening::standard(&rows.features);
    let epochs = (90 * percent).div_ceil(100);
    let steps = epochs * rows.features.len().div_ceil(256) as u32;
    let schedule = Schedule { steps, batch: 256, rate: 1e-3, b2: 0.999, cosine: false };
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut network = Network::random(&plan.widths(), &mut rng);
    let examples = Examples::new(rows, &whitening);
    fit(&mut network, &examples, &schedule, Loss::Squared, None, &mut rng, bar);
    Student::new(network, &whitening)
}

/// Seeds tried side by side, and the best of them.
pub fn distilled(
    plan: &Plan,
    real: &[Vector],
    teachers: &Teachers,
    effort: Effort,
    bar: &(impl Fn() -> ProgressBar + Sync),
) -> (Student, Vec<f64>) {
    let whitening = Whitening::of(real, plan.floor);
    let pool = pool(plan, real, teachers, effort);
    let size = Effort::CHECK.min(effort.pool);
    let check = Pool::sample(real, size, plan, teachers, Effort::CHECK_SEED);
    let steps = (plan.steps * effort.percent / 100).max(1);
    let schedule = Schedule { steps, batch: 1024, rate: plan.rate, b2: 0.995, cosine: true };
    let examples = Examples::new(&pool, &whitening);
    let tried = (0..effort.seeds).into_par_iter().map(|seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut network = Network::random(&plan.widths(), &mut rng);
        fit(&mut network, &examples, &schedule, Loss::ClipAware, None, &mut rng, &bar());
        polish(&mut network, &examples, plan.polish * effort.percent / 100, &mut rng, &bar());
        let student = Student::new(network, &whitening);
        (on_pool(&student, &check), student)
    });
    let tried: Vec<(f64, Student)> = tried.collect();
    let errors = tried.iter().map(|t| t.0).collect();
    let best = tried.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
    (best.expect("at least one seed").1, errors)
}

/// The vectors that a distilled student learns from.
pub fn pool(plan: &Plan, real: &[Vector], teachers: &Teachers, effort: Effort) -> Pool {
    Pool::sample(real, effort.pool, plan, teachers, Effort::POOL_SEED)
}

/// RMSE of the score over vectors of a pool.
fn on_pool(student: &Student, pool: &Pool) -> f64 {
    let wanted: Vec<f64> = pool.labels.iter().map(|l| l[0].clamp(0.0, 100.0)).collect();
    Metrics::of(&student.scores(&pool.features), &wanted).rmse
}
