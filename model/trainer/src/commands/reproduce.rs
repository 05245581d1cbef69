//! `reproduce`: the whole family from the committed corpus.

use std::collections::BTreeMap;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

use clap::Args;

use super::train::{self, EffortArguments};
use super::{Common, export, measure_quant_drop, qat, validate};
use crate::recipe::Recipe;
use crate::{Failure, provenance};

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
    /// Optimiser steps of the quantisation; the model's own number if not given
    #[arg(long)]
    pub qat_steps: Option<u32>,
}

/// Trains, exports, quantises, says which files changed, and validates.
///
/// # Errors
/// A step fails, or a model misses its gate.
pub fn run(common: &Common, arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { ids, models, checkpoints, effort, qat_steps } = arguments;
    let (ids, models) = (|| ids.clone(), || models.clone());
    let before = digests(&models())?;
    let training = train::Arguments {
        ids: ids(),
        recipe: Recipe::Distilled,
        checkpoints: checkpoints.clone(),
        effort: *effort,
    };
    train::run(common, &training)?;
    let checkpoints = checkpoints.clone();
    export::run(&export::Arguments { ids: ids(), checkpoints, models: models() })?;
    let (steps, pool) = (*qat_steps, effort.pool);
    qat::run(common, &qat::Arguments { ids: ids(), models: models(), steps, pool })?;
    for (file, digest) in digests(&models())? {
        match before.get(&file) {
            Some(old) if *old == digest => println!("{file}: identical, {digest}"),
            Some(old) => println!("{file}: differs, was {old}, is {digest}"),
            None => println!("{file}: new, {digest}"),
        }
    }
    validate::run(common, &validate::Arguments { ids: ids(), models: models(), report: None })?;
    let ending = "int8.onnx".into();
    let drop = measure_quant_drop::Arguments { ids: ids(), models: models(), ending };
    measure_quant_drop::run(common, &drop)
}

/// Digests of all files of a directory; none if there is no such directory.
fn digests(directory: &Path) -> Result<BTreeMap<String, String>, Failure> {
    if !directory.is_dir() {
        return Ok(BTreeMap::new());
    }
    let failure = |e| Failure::file(directory, e);
    let digest = |entry: std::io::Result<DirEntry>| {
        let path = entry.map_err(failure)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok((name, provenance::sha256(&std::fs::read(&path).map_err(failure)?)))
    };
    std::fs::read_dir(directory).map_err(failure)?.map(digest).collect()
}
