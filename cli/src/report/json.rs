use std::io;

use serde::ser::{Serialize, Serializer};

use super::metrics::{Statistics, rounded};
use super::{Counts, Report, VERSION};

#[derive(serde::Serialize)]
struct Document<'a> {
    version: &'a str,
    fps: f64,
    tiny_model: TinyModel<'a>,
    alignment: Alignment<'a>,
    frames: Vec<Frame<'a>>,
    pooled_metrics: Map<&'a str, Statistics>,
    aggregate_metrics: Map<&'a str, f64>,
}

#[derive(serde::Serialize)]
struct TinyModel<'a> {
    name: &'a str,
    file: &'a str,
    sha256: &'a str,
    quantization: &'a str,
    version: &'a str,
    backend: &'a str,
    profile: &'a str,
    extrapolated_frames: usize,
}

#[derive(serde::Serialize)]
struct Alignment<'a> {
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset_ns: Option<i64>,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(serde::Serialize)]
struct Frame<'a> {
    #[serde(rename = "frameNum")]
    number: u64,
    metrics: Map<&'a str, f64>,
}

/// Keys in the order they are written.
struct Map<K, V>(Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for Map<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(k, v)| (k, v)))
    }
}

pub(super) fn write(report: &Report) -> io::Result<Vec<u8>> {
    let names = report.metrics();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let pooled = report.pooled_metrics();
    let document = Document {
        version: VERSION,
        fps: (report.fps * 100.0).round() / 100.0,
        tiny_model: TinyModel {
            name: &report.model.id,
            file: &report.model.origin,
            sha256: &report.model.sha256,
            quantization: report.model.quant_mode.as_str(),
            version: VERSION,
            backend: report.model.backend,
            profile: report.profile.name(),
            extrapolated_frames: report.extrapolated(),
        },
        alignment: Alignment {
            method: report.by.name(),
            offset_ns: report.offset,
            counts: report.counts,
        },
        frames: report
            .frames
            .iter()
            .map(|f| Frame {
                number: f.number,
                metrics: Map(names.iter().copied().zip(report.values(f).map(rounded)).collect()),
            })
            .collect(),
        pooled_metrics: Map(pooled.iter().map(|(n, s)| (n.as_str(), s.rounded())).collect()),
        aggregate_metrics: Map(Vec::new()),
    };
    let mut bytes = serde_json::to_vec_pretty(&document)?;
    bytes.push(b'\n');
    Ok(bytes)
}
