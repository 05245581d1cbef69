//! The files the plugin loads: ONNX, sidecar, registry.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::evaluate::Metrics;
use crate::train::Student;
use crate::{Failure, Vector, onnx};

/// Features in canonical order.
const FEATURES: [&str; 6] =
    ["adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2"];
/// libvmaf's phone transform of `vmaf_v0.6.1`: p0 + p1·score + p2·score², never below the score.
const PHONE: [f64; 3] = [1.70674692, 1.72643844, -0.00705305];

/// What a model is, apart from its weights.
#[derive(Clone, Debug)]
pub struct Description {
    /// Registry id.
    pub id: String,
    /// One sentence.
    pub text: String,
    /// Name of the teacher.
    pub teacher: String,
    /// Whether the teacher's phone transform applies.
    pub phone: bool,
    /// Smallest and largest feature values of real frames.
    pub feature_range: (Vector, Vector),
    /// Error that `validate` accepts: RMSE and maximum, points; PLCC at least.
    pub budget: Budget,
}

/// The gates of a model.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Budget {
    /// Root of the mean squared error, points, at most.
    pub rmse: f64,
    /// Largest error, points, at most.
    pub max: f64,
    /// Pearson's correlation, at least.
    pub plcc: f64,
}

impl Budget {
    /// Whether metrics keep to it.
    pub fn admits(&self, m: &Metrics) -> bool {
        m.rmse <= self.rmse && m.max <= self.max && m.plcc >= self.plcc
    }
}

/// `registry.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Registry {
    version: u32,
    models: Vec<Value>,
}

/// Writes a student's ONNX and sidecar and enters it in the registry of `directory`.
///
/// # Errors
/// A file cannot be read or written.
pub fn ship(
    directory: &Path,
    student: &Student,
    description: &Description,
    metrics: &Metrics,
    provenance: &Value,
) -> Result<(), Failure> {
    let Description { id, text, teacher, phone, feature_range, budget } = description;
    let (onnx_name, sidecar_name) = (format!("{id}.onnx"), format!("{id}.json"));
    let bytes = onnx::export(student, id);
    let digest = format!("{:x}", Sha256::digest(&bytes));
    std::fs::write(directory.join(&onnx_name), bytes)?;

    let widths: Vec<usize> = student.network.layers.iter().map(|l| l.bias.len()).collect();
    let mut sidecar = json!({
        "id": id,
        "kind": "fr",
        "onnx": onnx_name,
        "opset": onnx::OPSET,
        "architecture": "mlp, relu, standardised input, clipped output",
        "layers": widths,
        "parameters": student.network.parameters(),
        "input": {"name": "features", "dtype": "float32", "shape": ["N", 6]},
        "output": {"name": "vmaf", "dtype": "float32", "shape": ["N"], "range": [0.0, 100.0]},
        "features": FEATURES,
        "mean": student.whitening.mean,
        "std": student.whitening.std,
        "feature_range": {"min": feature_range.0, "max": feature_range.1},
        "teacher": teacher,
        "metrics": metrics,
        "run_provenance": provenance,
    });
    if *phone {
        sidecar["phone_transform"] = json!({"coefficients": PHONE, "out_gte_in": true});
    }
    write_json(&directory.join(&sidecar_name), &sidecar)?;

    let path = directory.join("registry.json");
    let mut registry: Registry = match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(_) => Registry { version: 1, models: Vec::new() },
    };
    registry.models.retain(|m| m["id"] != **id);
    registry.models.push(json!({
        "id": id,
        "kind": "fr",
        "onnx": onnx_name,
        "sidecar": sidecar_name,
        "opset": onnx::OPSET,
        "sha256": digest,
        "quant_mode": "fp32",
        "accuracy_budget": budget,
        "license": "BSD-3-Clause-Plus-Patent",
        "description": text,
    }));
    registry.models.sort_by(|a, b| a["id"].as_str().cmp(&b["id"].as_str()));
    write_json(&path, &serde_json::to_value(&registry)?)
}

/// How a file came to be: command, inputs with digests, version.
///
/// # Errors
/// An input cannot be read.
pub fn provenance(inputs: &[PathBuf]) -> Result<Value, Failure> {
    let mut digests = serde_json::Map::new();
    for path in inputs {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        digests.insert(name, format!("{:x}", Sha256::digest(std::fs::read(path)?)).into());
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    Ok(json!({
        "tool": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "arguments": arguments,
        "inputs_sha256": digests,
    }))
}

fn write_json(path: &Path, value: &Value) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(std::fs::write(path, text)?)
}
