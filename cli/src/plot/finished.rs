use std::collections::HashMap;

use gstvmaftiny::features::NAMES;
use serde::Deserialize;

use crate::report::VMAF;

/// Frames that are pointed out.
const WORST: usize = 5;

/// What a picture needs of a report.
pub(super) struct Finished {
    /// The model, if it is one of ours.
    pub(super) model: Option<String>,
    /// By frame number.
    pub(super) scores: Vec<(u64, f64)>,
    /// Those of the six features that the report has, by frame number.
    pub(super) features: Vec<(&'static str, Vec<(u64, f64)>)>,
}

#[derive(Deserialize)]
struct Document {
    tiny_model: Option<Model>,
    frames: Vec<Frame>,
}

#[derive(Deserialize)]
struct Model {
    name: String,
}

#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "frameNum")]
    number: u64,
    metrics: HashMap<String, f64>,
}

impl Finished {
    /// Reads JSON of this program or libvmaf.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        let column = |metric: &str| -> Vec<(u64, f64)> {
            let frames = document.frames.iter();
            frames.filter_map(|f| Some((f.number, *f.metrics.get(metric)?))).collect()
        };
        let scores = column(VMAF);
        if scores.is_empty() {
            return Err(format!("no frame has a metric '{VMAF}'"));
        }
        let features = NAMES.map(|name| (name, column(&format!("integer_{name}"))));
        Ok(Self {
            scores,
            features: features.into_iter().filter(|(_, values)| !values.is_empty()).collect(),
            model: document.tiny_model.map(|m| m.name),
        })
    }

    pub(super) fn mean(&self) -> f64 {
        self.scores.iter().map(|(_, v)| v).sum::<f64>() / self.scores.len() as f64
    }

    /// The lowest scores, lowest first.
    pub(super) fn worst(&self) -> Vec<(u64, f64)> {
        let mut frames = self.scores.clone();
        frames.sort_by(|(_, a), (_, b)| a.total_cmp(b));
        frames.truncate(WORST);
        frames
    }

    pub(super) fn title(&self) -> String {
        let model = self.model.as_deref().unwrap_or("VMAF");
        format!("{model}: mean {:.2} over {} frames", self.mean(), self.scores.len())
    }
}
