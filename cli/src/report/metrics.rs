use super::{FrameScore, Report};

/// The score's metric.
pub const VMAF: &str = "vmaf";
const HALF_WIDTH: &str = "vmaf_half_width";

/// Statistics of a metric over all scored frames, as libvmaf pools.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Statistics {
    /// Lowest value.
    pub min: f64,
    /// Highest value.
    pub max: f64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Harmonic mean of value + 1, less 1.
    pub harmonic_mean: f64,
}

impl Statistics {
    fn of(values: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let first = values.clone().next()?;
        let count = values.clone().count() as f64;
        let inverse: f64 = values.clone().map(|v| 1.0 / (v + 1.0)).sum();
        Some(Self {
            min: values.clone().fold(first, f64::min),
            max: values.clone().fold(first, f64::max),
            mean: values.sum::<f64>() / count,
            harmonic_mean: count / inverse - 1.0,
        })
    }

    /// To the digits that reports print.
    pub(super) fn rounded(self) -> Self {
        Self {
            min: rounded(self.min),
            max: rounded(self.max),
            mean: rounded(self.mean),
            harmonic_mean: rounded(self.harmonic_mean),
        }
    }
}

impl Report {
    /// Metric names, with libvmaf's `integer_` before features; the score, and its confidence
    /// where the model gives one, come last.
    pub fn metrics(&self) -> Vec<String> {
        let Some(first) = self.frames.first().map(|f| &f.measured) else { return Vec::new() };
        let features = first.names.iter().map(|name| format!("integer_{name}"));
        let half_width = first.score.half_width.map(|_| HALF_WIDTH);
        let scores = [VMAF].into_iter().chain(half_width).filter(|_| self.prediction);
        features.chain(scores.map(String::from)).collect()
    }

    /// A frame's values, in the order of [`Report::metrics`].
    pub fn values(&self, frame: &FrameScore) -> impl Iterator<Item = f64> + Clone {
        let score = frame.measured.score;
        let scores = [score.value].into_iter().chain(score.half_width);
        frame.measured.values.clone().into_iter().chain(scores.filter(|_| self.prediction))
    }

    /// Frames whose features lie outside what the model's training covered.
    pub fn extrapolated(&self) -> usize {
        self.frames.iter().filter(|f| f.measured.score.extrapolated).count()
    }

    /// Each metric's statistics.
    pub fn pooled_metrics(&self) -> Vec<(String, Statistics)> {
        let rows: Vec<Vec<f64>> = self.frames.iter().map(|f| self.values(f).collect()).collect();
        let column = |place: usize| rows.iter().filter_map(move |row| row.get(place).copied());
        let names = self.metrics().into_iter().enumerate();
        names.filter_map(|(i, name)| Some((name, Statistics::of(column(i))?))).collect()
    }
}

/// To the six decimals that libvmaf prints.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
