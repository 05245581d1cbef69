//! `loso`: leave one source out, learn from the others, test on that one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;
use serde_json::json;

use super::train::{EffortArguments, on_rows, teach};
use super::{Common, line, plans};
use crate::corpus::Row;
use crate::evaluate::Metrics;
use crate::family::Plan;
use crate::recipe::{Lesson, Recipe};
use crate::{Failure, corpus, matrix, provenance};

/// Arguments of `loso`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Ids to test; all if none is given
    pub ids: Vec<String>,
    /// How to teach
    #[arg(long, value_enum, default_value = "distilled")]
    pub recipe: Recipe,
    /// How much of the recipe
    #[command(flatten)]
    pub effort: EffortArguments,
    /// Leave out only these sources
    #[arg(long)]
    pub only: Vec<String>,
    /// Where a JSON report goes
    #[arg(long)]
    pub report: Option<PathBuf>,
}

/// Prints a table per model: a line a source, mean and spread, and generated sources left out all
/// together.
///
/// # Errors
/// Teacher or corpus cannot be read, or the report not written.
pub fn run(common: &Common, arguments: &Arguments) -> Result<(), Failure> {
    let lesson = Lesson::prepare(arguments.recipe, &common.teachers)?;
    let mut rows = corpus::read(&common.corpus)?;
    rows.extend(corpus::read(&common.held_out)?);
    let mut scenes: BTreeSet<&str> = rows.iter().map(|r| matrix::scene(&r.source)).collect();
    scenes.retain(|s| !matrix::is_generated(s));
    if !arguments.only.is_empty() {
        scenes.retain(|s| arguments.only.iter().any(|o| o == s));
    }
    let mut results = serde_json::Map::new();
    for plan in plans(&arguments.ids)? {
        println!(
            "\n{}, {:?}\n\n{}",
            plan.id,
            arguments.recipe,
            super::HEAD.replace("model", "source")
        );
        let fold = |out: &(dyn Fn(&Row) -> bool + Sync)| fold(plan, arguments, &rows, &lesson, out);
        let of_scene = |scene: &&'_ str| fold(&|r| matrix::scene(&r.source) == *scene);
        let found: Vec<_> = scenes.par_iter().map(|scene| (*scene, of_scene(scene))).collect();
        found.iter().for_each(|(scene, metrics)| println!("{}", line(scene, metrics)));
        let generated = fold(&|r| matrix::is_generated(&r.source));
        summary(&found);
        println!("{}", line("all generated sources", &generated));
        results.insert(plan.id.into(), json!({"sources": found, "generated": generated}));
    }
    if let Some(path) = &arguments.report {
        let run = provenance::provenance(&[&common.corpus, &common.held_out], &[path])?;
        provenance::write_json(path, &json!({"results": results, "run_provenance": run}))?;
    }
    Ok(())
}

fn fold(
    plan: &Plan,
    arguments: &Arguments,
    rows: &[Row],
    lesson: &Lesson,
    out: &dyn Fn(&Row) -> bool,
) -> Metrics {
    // as for the shipped models: variants kept for tests are never learnt from
    let learnt = |r: &&Row| !out(r) && !matrix::is_unseen(&r.variant);
    let known: Vec<Row> = rows.iter().filter(learnt).cloned().collect();
    let left: Vec<Row> = rows.iter().filter(|r| out(r)).cloned().collect();
    let effort = arguments.effort.of(plan);
    let (student, _) = teach(plan, lesson, &known, effort);
    on_rows(plan, &student, &left)
}

fn summary(found: &[(&str, Metrics)]) {
    let n = found.len().max(1) as f64;
    let of = |get: fn(&Metrics) -> f64| {
        let mean = found.iter().map(|(_, m)| get(m)).sum::<f64>() / n;
        let square = found.iter().map(|(_, m)| (get(m) - mean).powi(2)).sum::<f64>();
        (mean, (square / (n - 1.0).max(1.0)).sqrt())
    };
    let [plcc, srocc, rmse, p99, max] =
        [of(|m| m.plcc), of(|m| m.srocc), of(|m| m.rmse), of(|m| m.p99), of(|m| m.max)];
    println!(
        "| mean | | {:.7} | {:.6} | {:.4} | {:.3} | {:.3} |",
        plcc.0, srocc.0, rmse.0, p99.0, max.0
    );
    println!(
        "| SD (n-1) | | {:.7} | {:.6} | {:.4} | {:.3} | {:.3} |",
        plcc.1, srocc.1, rmse.1, p99.1, max.1
    );
}
