use std::panic::{AssertUnwindSafe, catch_unwind};

use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;

/// Builds and runs a model once with tract itself, before it is loaded through `ort`.
///
/// `ort` reaches tract through C functions, in which a panic ends the process; here a malformed
/// graph that slips through the contract check and trips an assertion in tract is only an error.
pub fn probe(model: &ModelProto, columns: usize) -> Result<(), String> {
    let run = || -> TractResult<()> {
        let plan =
            tract_onnx::onnx().model_for_proto_model(model)?.into_optimized()?.into_runnable()?;
        for rows in [1, 2] {
            let input = Tensor::zero::<f32>(&[rows, columns])?;
            for output in plan.run(tvec!(input.into()))? {
                if output.shape() != [rows] {
                    return Err(TractError::msg(format!(
                        "{rows} frames in gave an output of shape {:?} instead of [{rows}]",
                        output.shape()
                    )));
                }
            }
        }
        Ok(())
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => result.map_err(|e| format!("{e:#}")),
        Err(_) => Err("the graph is malformed: its operations do not fit together".into()),
    }
}
