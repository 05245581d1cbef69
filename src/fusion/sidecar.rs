use serde::{Deserialize, Serialize};

use super::FusionError;

/// What a model says of itself; the part of its sidecar JSON that running it needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sidecar {
    /// Features in the order of the input's columns, named as their extractors name them.
    pub features: Vec<String>,
    /// The network's input and output tensors.
    pub output: Output,
    /// A second output, if the network has one.
    #[serde(default)]
    pub second_output: Option<SecondOutput>,
    /// Applied to the network's output before it is limited to the range.
    #[serde(default)]
    pub transform: Option<Transform>,
    /// As `transform`, for viewing on a phone; on the score before it is limited.
    #[serde(default)]
    pub phone_transform: Option<Transform>,
    /// The region of feature space that training covered.
    #[serde(default)]
    pub feature_range: Option<FeatureRange>,
}

/// The score's tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Tensor name.
    pub name: String,
    /// Scores are limited to this.
    pub range: Range,
}

/// The tensor that carries the 95 % confidence half-width.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondOutput {
    /// Tensor name.
    pub name: String,
}

/// Lowest and highest score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 2]", into = "[f64; 2]")]
pub struct Range {
    /// Lowest score.
    pub low: f64,
    /// Highest score.
    pub high: f64,
}

impl From<[f64; 2]> for Range {
    fn from([low, high]: [f64; 2]) -> Self {
        Self { low, high }
    }
}

impl From<Range> for [f64; 2] {
    fn from(range: Range) -> Self {
        [range.low, range.high]
    }
}

/// Per-feature limits, in the order of `features`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureRange {
    /// Smallest value seen.
    pub min: Vec<f64>,
    /// Largest value seen.
    pub max: Vec<f64>,
}

/// A polynomial in the raw score, as libvmaf's models carry it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transform {
    /// p0, p1, p2, …: `p0 + p1·x + p2·x²` …
    pub coefficients: Vec<f64>,
    /// Never lower the score.
    #[serde(default)]
    pub out_gte_in: bool,
}

impl Transform {
    /// The transformed score, not limited to any range.
    pub fn apply(&self, raw: f64) -> f64 {
        let value = self.coefficients.iter().rev().fold(0.0, |sum, c| sum * raw + c);
        if self.out_gte_in { value.max(raw) } else { value }
    }
}

impl Sidecar {
    /// What a file of this family means when it has no sidecar: the canonical six, 0 to 100.
    pub fn family() -> Self {
        Self {
            features: crate::features::NAMES.map(String::from).to_vec(),
            output: Output { name: "vmaf".into(), range: [0.0, 100.0].into() },
            second_output: None,
            transform: None,
            phone_transform: None,
            feature_range: None,
        }
    }

    /// Reads and checks a sidecar; `what` names it in errors.
    pub fn parse(json: &[u8], what: &str) -> Result<Self, FusionError> {
        let sidecar: Self = serde_json::from_slice(json)
            .map_err(|source| FusionError::Json { what: what.into(), source })?;
        let invalid = |problem: String| FusionError::Metadata { what: what.into(), problem };
        if sidecar.features.is_empty() {
            return Err(invalid("'features' is empty".into()));
        }
        let Range { low, high } = sidecar.output.range;
        if low.partial_cmp(&high) != Some(std::cmp::Ordering::Less) {
            return Err(invalid(format!("output range [{low}, {high}] is empty")));
        }
        if let Some(range) = &sidecar.feature_range {
            let n = sidecar.features.len();
            if range.min.len() != n || range.max.len() != n {
                return Err(invalid(format!("'feature_range' does not have {n} limits")));
            }
        }
        Ok(sidecar)
    }

    /// Whether a feature vector (in the sidecar's order) lies outside what training covered.
    pub fn extrapolates(&self, features: &[f32]) -> bool {
        self.feature_range.as_ref().is_some_and(|range| {
            features
                .iter()
                .zip(range.min.iter().zip(&range.max))
                .any(|(v, (min, max))| f64::from(*v) < *min || f64::from(*v) > *max)
        })
    }
}
