//! `ptq-dynamic`: rounding without teaching, activations quantised at run time.

use std::path::PathBuf;

use clap::Args;

use crate::{Failure, onnx};

/// Arguments of `ptq-dynamic`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// A float32 model that this tool wrote
    pub model: PathBuf,
    /// The file to write; `<model>.dynamic.onnx` if none is given
    pub out: Option<PathBuf>,
}

/// Quantises.
///
/// # Errors
/// The model cannot be read or the file not written.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { model, out } = arguments;
    let out = out.clone().unwrap_or_else(|| model.with_extension("dynamic.onnx"));
    let name = model.file_stem().unwrap_or_default().to_string_lossy();
    let bytes = onnx::export_dynamic(&onnx::import(model)?, &name);
    std::fs::write(&out, &bytes).map_err(|e| Failure::file(&out, e))?;
    println!("{}: {} bytes", out.display(), bytes.len());
    Ok(())
}
