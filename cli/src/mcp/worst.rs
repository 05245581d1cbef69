use serde_json::{Map, Value, json};

use crate::report::{FrameScore, Report, VMAF};

/// The `count` worst frames, worst first, each with its values and what sets it apart.
pub(super) fn describe(report: &Report, count: usize) -> Value {
    let mut frames: Vec<&FrameScore> = report.frames.iter().collect();
    frames.sort_by(|a, b| a.measured.score.value.total_cmp(&b.measured.score.value));
    let means: Vec<(String, f64)> =
        report.pooled_metrics().into_iter().map(|(name, s)| (name, s.mean)).collect();
    let worst: Vec<Value> =
        frames.into_iter().take(count).map(|frame| described(report, frame, &means)).collect();
    json!({ "mean_vmaf": report.pooled.mean, "frames": report.frames.len(), "worst": worst })
}

fn described(report: &Report, frame: &FrameScore, means: &[(String, f64)]) -> Value {
    let values: Vec<f64> = report.values(frame).collect();
    let metrics: Map<String, Value> =
        means.iter().zip(&values).map(|((name, _), v)| (name.clone(), json!(v))).collect();
    // largest relative distance from the video's mean
    let features = means.iter().zip(&values).filter(|((name, _), _)| !name.starts_with(VMAF));
    let apart = features.max_by(|a, b| distance(a).total_cmp(&distance(b)));
    let score = frame.measured.score.value;
    let below = report.pooled.mean - score;
    let mut text = format!("frame {}: vmaf {score:.2}, {below:.2} below the mean", frame.number);
    if let Some(((name, mean), value)) = apart {
        text += &format!("; {name} is {value:.4}, the video's mean is {mean:.4}");
    }
    json!({ "frameNum": frame.number, "metrics": metrics, "description": text })
}

fn distance(((_, mean), value): &(&(String, f64), &f64)) -> f64 {
    ((*value - mean) / mean.abs().max(1e-3)).abs()
}
