//! The list of known models and the digests that pin their files.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::FusionError;

/// `registry.json`: what is in a model directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registry {
    /// Format version, 1.
    pub version: u32,
    /// One entry a model.
    pub models: Vec<Entry>,
}

/// One model of the registry. File names are relative to the registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What `tiny-model` names.
    pub id: String,
    /// `fr`: full reference.
    pub kind: String,
    /// The float32 file.
    pub onnx: String,
    /// The description beside it.
    pub sidecar: String,
    /// ONNX operator set version.
    pub opset: i64,
    /// Hex digest of `onnx`.
    pub sha256: String,
    /// The quantised file, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub int8_onnx: Option<String>,
    /// Hex digest of `int8_onnx`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub int8_sha256: Option<String>,
    /// Which of the two files runs when the id is named.
    pub quant_mode: QuantMode,
    /// How far `onnx` may be from its teacher on held-out frames.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy_budget: Option<AccuracyBudget>,
    /// How far `int8_onnx` may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub int8_accuracy_budget: Option<AccuracyBudget>,
    /// SPDX-like licence name.
    pub license: String,
    /// One sentence.
    pub description: String,
}

/// Limits on a model's error against its teacher; errors in score points.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccuracyBudget {
    /// Root of the mean squared error, at most.
    pub rmse: f64,
    /// 99 % of the absolute errors, at most.
    pub p99: f64,
    /// Largest absolute error, at most.
    pub max: f64,
    /// Pearson's correlation, at least.
    pub plcc: f64,
    /// Spearman's rank correlation, at least.
    pub srocc: f64,
}

/// How a model's shipped weights are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuantMode {
    /// The float32 file runs.
    Fp32,
    /// int8 weights, one scale per output channel; float32 arithmetic.
    Int8WeightOnly,
    /// int8 weights, activations quantised at run time.
    Dynamic,
}

impl QuantMode {
    /// Name as the registry writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Int8WeightOnly => "int8-weight-only",
            Self::Dynamic => "dynamic",
        }
    }
}

impl Registry {
    /// Reads a registry; `what` names it in errors.
    pub fn parse(json: &[u8], what: &str) -> Result<Self, FusionError> {
        let registry: Self = serde_json::from_slice(json)
            .map_err(|source| FusionError::Json { what: what.into(), source })?;
        if registry.version != 1 {
            return Err(FusionError::Metadata {
                what: what.into(),
                problem: format!("version is {}, this build reads version 1", registry.version),
            });
        }
        for entry in &registry.models {
            let int8_complete = entry.int8_onnx.is_some() && entry.int8_sha256.is_some();
            if entry.quant_mode != QuantMode::Fp32 && !int8_complete {
                return Err(FusionError::Metadata {
                    what: what.into(),
                    problem: format!(
                        "{} has quant_mode {} but no int8_onnx with int8_sha256",
                        entry.id,
                        entry.quant_mode.as_str()
                    ),
                });
            }
        }
        Ok(registry)
    }

    /// The entry with this id.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.models.iter().find(|e| e.id == id)
    }

    /// All ids, comma separated, for messages.
    pub fn ids(&self) -> String {
        self.models.iter().map(|e| e.id.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The digest that this registry gives for a file name, if it lists the file.
    pub fn digest_of(&self, file_name: &str) -> Option<&str> {
        self.models.iter().find_map(|e| {
            if e.onnx == file_name {
                Some(e.sha256.as_str())
            } else if e.int8_onnx.as_deref() == Some(file_name) {
                e.int8_sha256.as_deref()
            } else {
                None
            }
        })
    }
}

/// Lower-case hex sha256.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Compares a file with the digest that its registry gives.
pub fn verify(bytes: &[u8], expected: &str, model: &str) -> Result<(), FusionError> {
    let found = sha256_hex(bytes);
    if found.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    Err(FusionError::Digest { model: model.into(), expected: expected.into(), found })
}
