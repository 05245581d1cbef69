//! `train`: corpus to checkpoints.

use std::path::{Path, PathBuf};

use clap::Args;
use rayon::prelude::*;
use serde_json::json;

use super::{Common, bar, plans};
use crate::corpus::Row;
use crate::evaluate::Metrics;
use crate::family::Plan;
use crate::pool::Pool;
use crate::recipe::{Effort, Lesson, Recipe, distilled, published};
use crate::student::{Checkpoint, Student};
use crate::{Failure, Vector, provenance};

/// Arguments of `train`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Ids to train; all if none is given
    pub ids: Vec<String>,
    /// How to teach
    #[arg(long, value_enum, default_value = "distilled")]
    pub recipe: Recipe,
    /// Where checkpoints go
    #[arg(long, default_value = "target/models")]
    pub checkpoints: PathBuf,
    /// How much of the recipe
    #[command(flatten)]
    pub effort: EffortArguments,
}

/// How much of the recipe.
#[derive(Args, Clone, Copy, Debug)]
pub struct EffortArguments {
    /// Seeds tried for each model, the best on fresh vectors is kept; the model's own number if
    /// not given
    #[arg(long)]
    pub seeds: Option<u64>,
    /// Vectors in the pool
    #[arg(long, default_value_t = 1_000_000)]
    pub pool: usize,
    /// Optimiser steps, in percent of the recipe's
    #[arg(long, default_value_t = 100)]
    pub percent: u32,
}

impl EffortArguments {
    /// For one model.
    pub fn of(self, plan: &Plan) -> Effort {
        let seeds = self.seeds.unwrap_or(plan.seeds).max(1);
        Effort { seeds, pool: self.pool.max(1), percent: self.percent }
    }
}

/// Trains, models side by side, and writes the checkpoints.
///
/// # Errors
/// Teacher or corpus cannot be read, or a checkpoint not written.
pub fn run(common: &Common, arguments: &Arguments) -> Result<(), Failure> {
    let lesson = Lesson::prepare(arguments.recipe, &common.teachers)?;
    let (known, held_out) = (common.known()?, common.real_tests()?);
    plans(&arguments.ids)?.into_par_iter().try_for_each(|plan| {
        let effort = arguments.effort.of(plan);
        let (student, errors) = teach(plan, &lesson, &known, effort);
        let metrics = on_rows(plan, &student, &held_out);
        println!("{} {metrics:?}, seeds {errors:.4?}", plan.id);
        let path = checkpoint(&arguments.checkpoints, plan);
        let teacher = common.teachers.join(plan.target.teacher());
        let mut inputs = vec![common.corpus.as_path()];
        inputs.extend((arguments.recipe == Recipe::Distilled).then_some(teacher.as_path()));
        let Effort { seeds, pool, percent } = effort;
        let recipe = serde_json::to_value(arguments.recipe)?;
        // what makes these bytes, whichever command did
        let options =
            [("--seeds", seeds as usize), ("--pool", pool), ("--percent", percent as usize)];
        let options = options.into_iter().flat_map(|(o, n)| [o.to_string(), n.to_string()]);
        let named = ["train", "--recipe", recipe.as_str().unwrap_or_default()].map(String::from);
        let run: Vec<String> = named.into_iter().chain(options).chain([plan.id.into()]).collect();
        let report = json!({
            "recipe": recipe,
            "effort": effort,
            "seeds_rmse_on_fresh_vectors": errors,
            "held_out": metrics,
            "run_provenance": provenance::of_run(&run, &inputs, &[&path])?,
        });
        provenance::write_json(&path, &Checkpoint::new(plan.id, &student, report))
    })
}

/// Where a model's checkpoint is.
pub fn checkpoint(directory: &Path, plan: &Plan) -> PathBuf {
    directory.join(format!("{}.checkpoint.json", plan.id))
}

/// One student by one recipe; also what each seed reached.
pub fn teach(plan: &Plan, lesson: &Lesson, rows: &[Row], effort: Effort) -> (Student, Vec<f64>) {
    let features: Vec<Vector> = rows.iter().map(|r| r.features).collect();
    match lesson {
        Lesson::Published => {
            let labels = rows.iter().map(|r| plan.target.of(&r.labels)).collect();
            let rows = Pool { features, labels };
            (published(plan, &rows, effort.percent, &bar()), Vec::new())
        }
        Lesson::Distilled(teachers) => distilled(plan, &features, teachers, effort, &bar),
    }
}

/// Score of a student against the corpus.
pub fn on_rows(plan: &Plan, student: &Student, rows: &[Row]) -> Metrics {
    let features: Vec<Vector> = rows.iter().map(|r| r.features).collect();
    let wanted: Vec<f64> = rows.iter().map(|r| plan.target.of(&r.labels)[0]).collect();
    Metrics::of(&student.scores(&features), &wanted)
}
