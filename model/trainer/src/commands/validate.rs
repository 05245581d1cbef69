//! `validate`: gates on sources kept out of training.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use gstvmaftiny::fusion::Fusion;
use serde_json::{Value, json};

use super::{Common, HEAD, agreement, line, open, outputs, plans};
use crate::corpus::Row;
use crate::family::misses;
use crate::target::Target;
use crate::{Failure, matrix, provenance};

/// Arguments of `validate`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Ids to validate; all if none is given
    pub ids: Vec<String>,
    /// Directory of the registry
    #[arg(long, default_value = "model/tiny")]
    pub models: PathBuf,
    /// Where a JSON report goes
    #[arg(long)]
    pub report: Option<PathBuf>,
}

/// A score may not fall by more, in points, when adm2 or motion2 rise: rounding.
const FALL: f64 = 1e-3;
/// Of the held-out frames, every so-manieth is probed for that.
const PROBED: usize = 11;

/// Prints tables and checks the gates.
///
/// # Errors
/// [`Failure::Gate`] names every gate that a model misses.
pub fn run(common: &Common, arguments: &Arguments) -> Result<(), Failure> {
    let rows = common.tests()?;
    let of = |wanted: &dyn Fn(&Row) -> bool| -> Vec<usize> {
        (0..rows.len()).filter(|i| wanted(&rows[*i])).collect()
    };
    let real = |r: &Row| !matrix::is_generated(&r.source);
    let sets = [
        ("Real sources held out", of(&real)),
        (
            "Of these, codecs and filters unseen in training",
            of(&|r| real(r) && matrix::is_unseen(&r.variant)),
        ),
        ("Of these, codecs only", of(&|r| real(r) && matrix::is_codec(&r.variant))),
        ("Generated sources held out", of(&|r| !real(r))),
    ];
    let mut tables: Vec<(String, Vec<String>)> =
        sets.iter().map(|(title, _)| (title.to_string(), Vec::new())).collect();
    let mut half_widths = Vec::new();
    let (mut missed, mut results, mut smaller) = (Vec::new(), serde_json::Map::new(), None);
    for plan in plans(&arguments.ids)? {
        let mut fusion = open(&arguments.models.join(format!("{}.onnx", plan.id)))?;
        let found = outputs(&mut fusion, &rows)?;
        let on =
            |set: &[usize], output| agreement(plan, &found, &rows, set.iter().copied(), output);
        let metrics = sets.each_ref().map(|(_, set)| on(set, 0));
        for ((_, lines), metrics) in tables.iter_mut().zip(&metrics) {
            lines.push(line(plan.id, metrics));
        }
        let mut refused = misses(&plan.gate, &metrics[0]);
        let (generated, [rmse, max]) = (&metrics[3], plan.generated);
        if generated.rmse.is_nan() || generated.rmse > rmse || generated.max > max {
            refused.push(format!(
                "generated sources RMSE {:.4} > {rmse} or max {:.3} > {max}",
                generated.rmse, generated.max
            ));
        }
        if plan.target == Target::Vmaf {
            if smaller.is_some_and(|smaller| metrics[0].rmse >= smaller) {
                refused.push("does not beat the smaller model".into());
            }
            smaller = Some(metrics[0].rmse);
        }
        let fall = largest_fall(&mut fusion, &rows)?;
        if fall.is_nan() || fall > FALL {
            refused.push(format!("falls by {fall:.4} when adm2 or motion2 rise"));
        }
        let mut result = json!({"largest_fall": fall});
        for ((title, _), metrics) in sets.iter().zip(&metrics) {
            result[title] = serde_json::to_value(metrics)?;
        }
        if plan.target.outputs() > 1 {
            let inside = |r: &Row| (0.001..99.999).contains(&plan.target.of(&r.labels)[0]);
            let half_width = on(&of(&|r| real(r) && inside(r)), 1);
            half_widths.push(line(&format!("{} half-width", plan.id), &half_width));
            result["half_width"] = serde_json::to_value(half_width)?;
        }
        let sources: BTreeSet<&str> = rows.iter().map(|r| r.source.as_str()).collect();
        let per_source = sources.iter().map(|s| line(s, &on(&of(&|r| r.source == *s), 0)));
        tables.push((format!("{} by source", plan.id), per_source.collect()));
        missed.extend(refused.iter().map(|m| format!("{}: {m}", plan.id)));
        results.insert(plan.id.into(), result);
    }
    tables.push(("Half-widths, frames with a score inside 0..100".into(), half_widths));
    for (title, lines) in tables.iter().filter(|(_, lines)| !lines.is_empty()) {
        println!("\n{title}\n\n{HEAD}\n{}", lines.join("\n"));
    }
    if let Some(path) = &arguments.report {
        let run = provenance::provenance(&[&common.held_out], &[path])?;
        let report =
            json!({"results": Value::from(results), "missed": missed, "run_provenance": run});
        provenance::write_json(path, &report)?;
    }
    if missed.is_empty() { Ok(()) } else { Err(Failure::Gate(missed.join("; "))) }
}

/// By how many points the score falls, at worst, when adm2 or motion2 of held-out frames rise.
fn largest_fall(fusion: &mut Fusion, rows: &[Row]) -> Result<f64, Failure> {
    let mut worst = 0.0f64;
    for row in rows.iter().step_by(PROBED) {
        let here = fusion.score(&row.features)?.value;
        for (feature, step) in [(0, 0.01), (5, 0.2)] {
            let mut more = row.features;
            more[feature] += step;
            worst = worst.max(here - fusion.score(&more)?.value);
        }
    }
    Ok(worst)
}
