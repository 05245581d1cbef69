//! `export`: checkpoints to ONNX, sidecar and registry.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{plans, train};
use crate::student::Checkpoint;
use crate::{Failure, ship};

/// Arguments of `export`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Ids to export; all if none is given
    pub ids: Vec<String>,
    /// Where `train` left its checkpoints
    #[arg(long, default_value = "target/models")]
    pub checkpoints: PathBuf,
    /// Where ONNX files, sidecars and the registry go
    #[arg(long, default_value = "model/tiny")]
    pub models: PathBuf,
}

/// Exports.
///
/// # Errors
/// A checkpoint cannot be read or a file not written.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    for plan in plans(&arguments.ids)? {
        export(plan, &arguments.checkpoints, &arguments.models)?;
    }
    Ok(())
}

/// Exports one model.
///
/// # Errors
/// Its checkpoint cannot be read or a file not written.
pub fn export(
    plan: &crate::family::Plan,
    checkpoints: &Path,
    models: &Path,
) -> Result<(), Failure> {
    let checkpoint = Checkpoint::read(&train::checkpoint(checkpoints, plan))?;
    ship::ship(models, plan, &checkpoint.student()?, &checkpoint.report)
}
