//! `qat`: a shipped float32 model, taught to live with int8 weights.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::{Common, agreement, bar, outputs, plans};
use crate::family::Plan;
use crate::recipe::{Effort, pool};
use crate::teacher::Teachers;
use crate::{Failure, Vector, onnx, provenance, quantise, ship};

/// Arguments of `qat`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Ids to quantise; all that ship int8 if none is given
    pub ids: Vec<String>,
    /// Directory of the registry
    #[arg(long, default_value = "model/tiny")]
    pub models: PathBuf,
    /// Optimiser steps
    #[arg(long, default_value_t = 15_000)]
    pub steps: u32,
    /// Vectors in the pool
    #[arg(long, default_value_t = 400_000)]
    pub pool: usize,
}

/// Quantises and ships.
///
/// # Errors
/// A model, the corpus or a teacher cannot be read, or a file not written.
pub fn run(common: &Common, arguments: &Arguments) -> Result<(), Failure> {
    let teachers = Teachers::open(&common.teachers)?;
    for plan in plans(&arguments.ids)?.into_iter().filter(|p| p.int8.is_some()) {
        quantise(common, plan, &arguments.models, arguments.steps, arguments.pool, &teachers)?;
    }
    Ok(())
}

/// Quantises one model and ships it.
///
/// # Errors
/// As [`run`].
pub fn quantise(
    common: &Common,
    plan: &Plan,
    models: &Path,
    steps: u32,
    size: usize,
    teachers: &Teachers,
) -> Result<(), Failure> {
    let exact = models.join(format!("{}.onnx", plan.id));
    let student = onnx::import(&exact)?;
    let real: Vec<Vector> = common.known()?.iter().map(|r| r.features).collect();
    let effort = Effort { seeds: 1, pool: size, percent: 100 };
    let pool = pool(plan, &real, teachers, effort);
    let layers = quantise::qat(&student, &pool, steps, 0, &bar());
    let file = models.join(format!("{}.int8.onnx", plan.id));
    let teacher = common.teachers.join(plan.target.teacher());
    let inputs = [exact.as_path(), &common.corpus, &teacher];
    let run = provenance::provenance(&inputs, &[&file])?;
    ship::ship_int8(models, plan, &student, &layers, &json!({"run_provenance": run}))?;
    let held_out = common.real_tests()?;
    println!("{} int8 {:?}", plan.id, agreement(plan, &outputs(&file, &held_out)?, &held_out, 0));
    Ok(())
}
