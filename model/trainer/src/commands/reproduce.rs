//! `reproduce`: the whole family from the committed corpus.

use std::path::PathBuf;

use clap::Args;

use super::train::{self, EffortArguments};
use super::{Common, export, measure_quant_drop, plans, qat, validate};
use crate::Failure;
use crate::recipe::Recipe;
use crate::ship::Registry;
use crate::teacher::Teachers;

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
    #[arg(long, default_value_t = 30_000)]
    pub qat_steps: u32,
}

/// Trains, exports, quantises, says which files changed, and validates.
///
/// # Errors
/// A step fails, or a model misses its gate.
pub fn run(common: &Common, arguments: &Arguments) -> Result<(), Failure> {
    let before = Registry::read(&arguments.models)?;
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
    let after = Registry::read(&arguments.models)?;
    for plan in plans(&arguments.ids)? {
        for key in ["sha256", "int8_sha256"] {
            let of =
                |r: &Registry| r.entry(plan.id).and_then(|e| e[key].as_str().map(String::from));
            match (of(&before), of(&after)) {
                (_, None) => {}
                (Some(old), Some(new)) if old == new => println!("{} {key}: as before", plan.id),
                (old, Some(new)) => {
                    let old = old.unwrap_or_else(|| "absent".into());
                    println!("{} {key}: was {old}, is {new}", plan.id);
                }
            }
        }
    }
    let (ids, models) = (arguments.ids.clone(), arguments.models.clone());
    validate::run(common, &validate::Arguments { ids, models, report: None })?;
    let (ids, models) = (arguments.ids.clone(), arguments.models.clone());
    let ending = "int8.onnx".into();
    let drop = measure_quant_drop::Arguments { ids, models, ending, max_drop: 5e-6 };
    measure_quant_drop::run(common, &drop)
}
