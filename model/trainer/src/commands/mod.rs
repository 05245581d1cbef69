//! One module a subcommand: its arguments and what it does with them.

use std::path::{Path, PathBuf};

use clap::Args;
use gstvmaftiny::features;
use gstvmaftiny::fusion::Fusion;
use indicatif::{ProgressBar, ProgressStyle};

use crate::corpus::Row;
use crate::evaluate::Metrics;
use crate::family::{FAMILY, Plan, plan};
use crate::{Failure, corpus, matrix};

pub mod export;
pub mod extract;
pub mod loso;
pub mod measure_quant_drop;
pub mod ptq_dynamic;
pub mod qat;
pub mod reproduce;
pub mod train;
pub mod validate;

/// What most subcommands need.
#[derive(Args, Debug)]
pub struct Common {
    /// Directory with libvmaf's vmaf_v0.6.1.json, vmaf_4k_v0.6.1.json and vmaf_b_v0.6.3.json
    #[arg(long, global = true, env = "VMAFTINY_TEACHERS", default_value = "../shared/teacher")]
    pub teachers: PathBuf,
    /// Features of video to learn from, with the teachers' scores
    #[arg(long, global = true, default_value = "model/corpus/learn.parquet")]
    pub corpus: PathBuf,
    /// Features of video to test on
    #[arg(long, global = true, default_value = "model/corpus/test.parquet")]
    pub held_out: PathBuf,
}

impl Common {
    /// Rows to learn from.
    fn known(&self) -> Result<Vec<Row>, Failure> {
        rows(&self.corpus, |source| !matrix::is_held_out(source))
    }

    /// Rows of the sources held out.
    fn tests(&self) -> Result<Vec<Row>, Failure> {
        rows(&self.held_out, matrix::is_held_out)
    }

    /// Of these, those that were filmed or drawn.
    fn real_tests(&self) -> Result<Vec<Row>, Failure> {
        rows(&self.held_out, |source| matrix::is_held_out(source) && !matrix::is_generated(source))
    }
}

fn rows(path: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<Row>, Failure> {
    let mut rows = corpus::read(path)?;
    rows.retain(|r| wanted(&r.source));
    if rows.is_empty() {
        let why = format!("{} has no rows of the sources that this needs", path.display());
        return Err(Failure::Corpus(why));
    }
    Ok(rows)
}

/// Plans of the named models, or of all.
fn plans(ids: &[String]) -> Result<Vec<&'static Plan>, Failure> {
    if ids.is_empty() {
        return Ok(FAMILY.iter().collect());
    }
    let known = || FAMILY.map(|p| p.id).join(", ");
    let find = |id: &String| {
        plan(id).ok_or_else(|| Failure::Model(format!("no model {id}; there are {}", known())))
    };
    ids.iter().map(find).collect()
}

/// A shipped file in the plugin's own runtime.
fn open(path: &Path) -> Result<Fusion, Failure> {
    Ok(Fusion::open(&path.to_string_lossy(), &features::NAMES)?)
}

/// Outputs of a model, a frame at a time.
fn outputs(fusion: &mut Fusion, rows: &[Row]) -> Result<Vec<[f64; 2]>, Failure> {
    let one = |row: &Row| -> Result<[f64; 2], Failure> {
        let score = fusion.score(&row.features)?;
        Ok([score.value, score.half_width.unwrap_or(0.0)])
    };
    rows.iter().map(one).collect()
}

/// One output of a model against the corpus, over a set of its rows.
fn agreement(
    plan: &Plan,
    found: &[[f64; 2]],
    rows: &[Row],
    set: impl IntoIterator<Item = usize>,
    output: usize,
) -> Metrics {
    let pair = |i: usize| (found[i][output], plan.target.of(&rows[i].labels)[output]);
    let (found, wanted): (Vec<f64>, Vec<f64>) = set.into_iter().map(pair).unzip();
    Metrics::of(&found, &wanted)
}

/// A line of a Markdown table.
fn line(name: &str, m: &Metrics) -> String {
    let Metrics { frames, plcc, srocc, rmse, p99, max } = m;
    format!("| {name} | {frames} | {plcc:.7} | {srocc:.6} | {rmse:.4} | {p99:.3} | {max:.3} |")
}

/// Head of the table.
const HEAD: &str =
    "| model | frames | PLCC | SROCC | RMSE | p99 | max |\n|---|---|---|---|---|---|---|";

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{elapsed} {wide_bar} {pos}/{len} {eta}");
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
