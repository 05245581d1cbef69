//! `reproduce`: the whole family from the committed corpus.

use std::path::PathBuf;

use clap::Args;
use gstvmaftiny::fusion::Registry;

use super::train::{self, EffortArguments};
use super::{Common, export, measure_quant_drop, plans, qat, validate};
use crate::recipe::Recipe;
use crate::teacher::Teachers;
use crate::{Failure, ship};

/// Arguments of `reproduce`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Ids to rebuild; all if none is given
    pub ids: Vec<String>,
    /// Directory whose files are rebuilt
    #[arg(long, default_value = "model/tiny")]
    pub models: PathBuf,
    /// Where checkpoints go
    #[arg(long, default_value = "target/models")]
    pub checkpoints: PathBuf,
    /// How much of the recipe
    #[command(flatten)]
    pub effort: EffortArguments,
    /// Optimiser steps of the quantisation
    #[arg(long, default_value_t = 15_000)]
    pub qat_steps: u32,
}

/// Trains, exports, quantises, says which files changed, and validates.
///
/// # Errors
/// A step fails, or a model misses its gate.
pub fn run(common: &Common, arguments: &Arguments) -> Result<(), Failure> {
    let before = ship::registry(&arguments.models)?;
    let training = train::Arguments {
        ids: arguments.ids.clone(),
        recipe: Recipe::Distilled,
        checkpoints: arguments.checkpoints.clone(),
        effort: arguments.effort,
    };
    train::run(common, &training)?;
    let teachers = Teachers::open(&common.teachers)?;
    for plan in plans(&arguments.ids)? {
        export::export(plan, &arguments.checkpoints, &arguments.models)?;
        if plan.int8.is_some() {
            let size = arguments.effort.pool;
            qat::quantise(common, plan, &arguments.models, arguments.qat_steps, size, &teachers)?;
        }
    }
    let after = ship::registry(&arguments.models)?;
    for plan in plans(&arguments.ids)? {
        let digests = |r: &Registry| {
            let entry = r.entry(plan.id);
            entry.map_or((None, None), |e| (Some(e.sha256.clone()), e.int8_sha256.clone()))
        };
        let ((exact, int8), (new_exact, new_int8)) = (digests(&before), digests(&after));
        compare(&format!("{}.onnx", plan.id), exact, new_exact);
        compare(&format!("{}.int8.onnx", plan.id), int8, new_int8);
    }
    let (ids, models) = (arguments.ids.clone(), arguments.models.clone());
    validate::run(common, &validate::Arguments { ids, models, report: None })?;
    let (ids, models) = (arguments.ids.clone(), arguments.models.clone());
    let ending = "int8.onnx".into();
    let drop = measure_quant_drop::Arguments { ids, models, ending, max_drop: 5e-6 };
    measure_quant_drop::run(common, &drop)
}

fn compare(file: &str, old: Option<String>, new: Option<String>) {
    match (old, new) {
        (_, None) => {}
        (Some(old), Some(new)) if old == new => println!("{file}: as before, {new}"),
        (Some(old), Some(new)) => println!("{file}: was {old}, is {new}"),
        (None, Some(new)) => println!("{file}: new, {new}"),
    }
}
