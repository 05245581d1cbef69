//! `measure-quant-drop`: what rounding costs, one frame at a time and in batches.

use std::path::{Path, PathBuf};

use clap::Args;
use ndarray::Array2;
use tract_onnx::prelude::*;

use super::{Common, HEAD, agreement, line, open, outputs, plans};
use crate::Failure;
use crate::corpus::Row;
use crate::family::{Int8, Plan, misses};

/// Frames of a batch: as many as an offline run might score at once.
const BATCH: usize = 256;

/// Arguments of `measure-quant-drop`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Ids to measure; all that ship int8 if none is given
    pub ids: Vec<String>,
    /// Directory of the registry
    #[arg(long, default_value = "model/tiny")]
    pub models: PathBuf,
    /// Ending of the quantised file
    #[arg(long, default_value = "int8.onnx")]
    pub ending: String,
}

/// Prints the table and checks the gates.
///
/// # Errors
/// [`Failure::Gate`] if a file is worse than its gate, or its frames depend on their batch.
pub fn run(common: &Common, arguments: &Arguments) -> Result<(), Failure> {
    let real = common.real_tests()?;
    let mut missed = Vec::new();
    println!("{HEAD}");
    for plan in plans(&arguments.ids)?.into_iter().filter(|p| p.int8.is_some()) {
        missed.extend(measure(plan, arguments, &real)?);
    }
    if missed.is_empty() { Ok(()) } else { Err(Failure::Gate(missed.join("; "))) }
}

fn measure(plan: &Plan, arguments: &Arguments, rows: &[Row]) -> Result<Vec<String>, Failure> {
    let path = |ending: &str| arguments.models.join(format!("{}.{ending}", plan.id));
    let of = |found: &[[f64; 2]]| agreement(plan, found, rows, 0..rows.len(), 0);
    let exact = of(&outputs(&mut open(&path("onnx"))?, rows)?);
    let quantised = path(&arguments.ending);
    let alone = outputs(&mut open(&quantised)?, rows)?;
    let together = in_batches(&quantised, rows)?;
    let (at_one, at_many) = (of(&alone), of(&together));
    let difference = alone.iter().zip(&together).map(|(a, b)| (a[0] - b[0]).abs());
    let difference = difference.fold(0.0, f64::max);
    println!("{}", line(&format!("{} float32", plan.id), &exact));
    println!("{}", line(&format!("{} {}, N = 1", plan.id, arguments.ending), &at_one));
    println!("{}", line(&format!("{} {}, N = {BATCH}", plan.id, arguments.ending), &at_many));
    let drop = exact.plcc - at_one.plcc;
    eprintln!("{}: PLCC drop {drop:.2e}, batch dependence {difference:.2e} points", plan.id);

    let Some(Int8 { gate, drop: most, .. }) = plan.int8 else { return Ok(Vec::new()) };
    let mut missed = misses(&gate, &at_one);
    if drop.is_nan() || drop > most {
        missed.push(format!("PLCC drop {drop:.2e} > {most:.0e}"));
    }
    if difference.is_nan() || difference > 1e-3 {
        missed.push(format!("a frame's score depends on its batch by {difference:.3} points"));
    }
    Ok(missed.into_iter().map(|m| format!("{}: {m}", plan.id)).collect())
}

/// Scores by tract itself, as the plugin never batches.
fn in_batches(path: &Path, rows: &[Row]) -> Result<Vec<[f64; 2]>, Failure> {
    let run = || -> TractResult<Vec<[f64; 2]>> {
        let plan = tract_onnx::onnx().model_for_path(path)?.into_optimized()?.into_runnable()?;
        let mut scores = Vec::new();
        for batch in rows.chunks(BATCH) {
            let features =
                Array2::from_shape_fn((batch.len(), 6), |(row, i)| batch[row].features[i] as f32);
            let tensor = Tensor::from_shape(features.shape(), features.as_slice().unwrap_or(&[]))?;
            let outputs = plan.run(tvec!(tensor.into()))?;
            let values = outputs[0].try_as_plain_ram()?.as_slice::<f32>()?.to_vec();
            scores.extend(values.iter().map(|v| [f64::from(*v), 0.0]));
        }
        Ok(scores)
    };
    run().map_err(|e| Failure::Model(format!("{}: {e:#}", path.display())))
}
