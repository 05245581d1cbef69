//! `qat`: a shipped float32 model, taught to live with int8 weights.

use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;
use serde_json::json;

use super::{Common, agreement, bar, open, outputs, plans};
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
    /// Optimiser steps; the model's own number if not given
    #[arg(long)]
    pub steps: Option<u32>,
    /// Vectors in the pool
    #[arg(long, default_value_t = 1_000_000)]
    pub pool: usize,
}

/// Quantises, models side by side, and ships.
///
/// # Errors
/// A model, the corpus or a teacher cannot be read, or a file not written.
pub fn run(common: &Common, arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { models, steps, pool: size, .. } = arguments;
    let teachers = Teachers::open(&common.teachers)?;
    let real: Vec<Vector> = common.known()?.iter().map(|r| r.features).collect();
    let held_out = common.real_tests()?;
    let own_or = |plan: &Plan| steps.or(plan.int8.map(|i| i.steps)).unwrap_or(0);
    let exact = |plan: &Plan| models.join(format!("{}.onnx", plan.id));
    let quantise = |plan: &'static Plan| -> Result<_, Failure> {
        let student = onnx::import(&exact(plan))?;
        let effort = Effort { seeds: 1, pool: *size, percent: 100 };
        let pool = pool(plan, &real, &teachers, effort);
        let layers = quantise::qat(&student, &pool, own_or(plan), 0, &bar());
        Ok((plan, student, layers))
    };
    let plans = plans(&arguments.ids)?.into_par_iter().filter(|p| p.int8.is_some());
    for (plan, student, layers) in plans.map(quantise).collect::<Result<Vec<_>, _>>()? {
        let file = models.join(format!("{}.int8.onnx", plan.id));
        let teacher = common.teachers.join(plan.target.teacher());
        let exact = exact(plan);
        let inputs = [exact.as_path(), &common.corpus, &teacher];
        let (steps, size) = (own_or(plan).to_string(), size.to_string());
        let run = ["qat", "--steps", &steps, "--pool", &size, plan.id];
        let run = provenance::of_run(&run, &inputs, &[&file])?;
        ship::ship_int8(models, plan, &student, &layers, &json!({"run_provenance": run}))?;
        let found = outputs(&mut open(&file)?, &held_out)?;
        println!("{} int8 {:?}", plan.id, agreement(plan, &found, &held_out, 0..found.len(), 0));
    }
    Ok(())
}
