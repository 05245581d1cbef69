//! `validate`: gates on sources kept out of training.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::{Common, HEAD, agreement, line, outputs, plans};
use crate::corpus::Row;
use crate::family::misses;
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

/// Prints tables and checks the gates.
///
/// # Errors
/// [`Failure::Gate`] names every gate that a model misses, or the first that does not beat the
/// smaller one.
pub fn run(common: &Common, arguments: &Arguments) -> Result<(), Failure> {
    let (generated, real): (Vec<Row>, Vec<Row>) =
        common.tests()?.into_iter().partition(|r| matrix::is_generated(&r.source));
    let codec: Vec<Row> = real.iter().filter(|r| matrix::is_codec(&r.variant)).cloned().collect();
    let unseen: Vec<Row> = real.iter().filter(|r| matrix::is_unseen(&r.variant)).cloned().collect();

    let mut lines: [Vec<String>; 5] = Default::default();
    let (mut missed, mut results, mut smaller) = (Vec::new(), serde_json::Map::new(), None);
    for plan in plans(&arguments.ids)? {
        let path = arguments.models.join(format!("{}.onnx", plan.id));
        let found = outputs(&path, &real)?;
        let on_real = agreement(plan, &found, &real, 0);
        let on_generated = agreement(plan, &outputs(&path, &generated)?, &generated, 0);
        let on_codec = agreement(plan, &outputs(&path, &codec)?, &codec, 0);
        let on_unseen = agreement(plan, &outputs(&path, &unseen)?, &unseen, 0);
        let tables = [&on_real, &on_unseen, &on_codec, &on_generated];
        for (lines, metrics) in lines.iter_mut().zip(tables) {
            lines.push(line(plan.id, metrics));
        }
        missed.extend(misses(&plan.gate, &on_real).iter().map(|m| format!("{}: {m}", plan.id)));
        let [rmse, max] = plan.generated;
        if on_generated.rmse.is_nan() || on_generated.rmse > rmse || on_generated.max > max {
            missed.push(format!(
                "{}: generated sources RMSE {:.4} > {rmse} or max {:.3} > {max}",
                plan.id, on_generated.rmse, on_generated.max
            ));
        }
        if plan.target == crate::target::Target::Vmaf {
            if smaller.is_some_and(|smaller| on_real.rmse >= smaller) {
                missed.push(format!("{} does not beat the smaller model", plan.id));
            }
            smaller = Some(on_real.rmse);
        }
        let mut result = json!({"real": on_real, "unseen": on_unseen, "codec": on_codec, "generated": on_generated});
        if plan.target.outputs() > 1 {
            let half_width = half_width(plan, &found, &real);
            lines[4].push(line(&format!("{} half-width", plan.id), &half_width));
            result["half_width"] = serde_json::to_value(half_width)?;
        }
        results.insert(plan.id.into(), result);
    }
    let titles = [
        "Real sources held out",
        "Of these, codecs and filters unseen in training",
        "Of these, codecs only",
        "Generated sources held out",
        "Confidence, frames with a score inside 0..100",
    ];
    for (title, lines) in titles.iter().zip(&lines).filter(|(_, lines)| !lines.is_empty()) {
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

fn half_width(
    plan: &crate::family::Plan,
    found: &[[f64; 2]],
    rows: &[Row],
) -> crate::evaluate::Metrics {
    let inside = |r: &Row| (0.001..99.999).contains(&plan.target.of(&r.labels)[0]);
    let both = found.iter().zip(rows).filter(|(_, r)| inside(r));
    let (found, rows): (Vec<[f64; 2]>, Vec<Row>) = both.map(|(f, r)| (*f, r.clone())).unzip();
    agreement(plan, &found, &rows, 1)
}
