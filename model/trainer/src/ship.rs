//! The files the plugin loads: ONNX, sidecar, registry.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::family::Plan;
use crate::pool::LIMITS;
use crate::provenance::{sha256, write_json};
use crate::quantise::Codes;
use crate::student::Student;
use crate::target::Target;
use crate::{Failure, onnx};

/// libvmaf's phone transform of `vmaf_v0.6.1`: p0 + p1·score + p2·score², never below the score.
const PHONE: [f64; 3] = [1.70674692, 1.72643844, -0.00705305];

/// `registry.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Registry {
    version: u32,
    models: Vec<Value>,
}

impl Registry {
    /// The registry of a directory; an empty one if there is none.
    ///
    /// # Errors
    /// The file is not a registry.
    pub fn read(directory: &Path) -> Result<Self, Failure> {
        match std::fs::read(directory.join("registry.json")) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(_) => Ok(Self { version: 1, models: Vec::new() }),
        }
    }

    /// The entry of a model.
    pub fn entry(&self, id: &str) -> Option<&Value> {
        self.models.iter().find(|m| m["id"] == id)
    }

    fn put(&mut self, entry: Value) {
        self.models.retain(|m| m["id"] != entry["id"]);
        self.models.push(entry);
        self.models.sort_by(|a, b| a["id"].as_str().cmp(&b["id"].as_str()));
    }

    fn write(&self, directory: &Path) -> Result<(), Failure> {
        write_json(&directory.join("registry.json"), self)
    }
}

/// Writes a student's ONNX file and sidecar and enters it in the registry of `directory`.
/// `report` goes into the sidecar.
///
/// # Errors
/// A file cannot be read or written.
pub fn ship(
    directory: &Path,
    plan: &Plan,
    student: &Student,
    report: &Value,
) -> Result<(), Failure> {
    let id = plan.id;
    let file = format!("{id}.onnx");
    let bytes = onnx::export(student, id);
    std::fs::create_dir_all(directory).map_err(|e| Failure::file(directory, e))?;
    write(&directory.join(&file), &bytes)?;

    let output = |name: &str, high: f64| json!({"name": name, "dtype": "float32", "shape": ["N"], "range": [0.0, high]});
    let mut sidecar = json!({
        "id": id,
        "kind": "fr",
        "onnx": file,
        "opset": onnx::OPSET,
        "architecture": format!("mlp {:?}, relu, standardised input, limited output", plan.widths()),
        "parameters": student.network.parameters(),
        "input": {"name": "features", "dtype": "float32", "shape": ["N", 6]},
        "output": output(onnx::OUTPUTS[0], 100.0),
        "features": gstvmaftiny::features::NAMES,
        "mean": student.mean,
        "std": student.std,
        "feature_range": {"min": LIMITS.map(|_| 0.0), "max": LIMITS},
        "teacher": plan.target.teacher(),
    });
    match plan.target {
        Target::Vmaf => {
            sidecar["phone_transform"] = json!({"coefficients": PHONE, "out_gte_in": true});
        }
        Target::Vmaf4k => {}
        Target::Confidence => sidecar["second_output"] = output(onnx::OUTPUTS[1], 100.0),
    }
    if let (Some(sidecar), Some(report)) = (sidecar.as_object_mut(), report.as_object()) {
        sidecar.extend(report.clone());
    }
    write_json(&directory.join(format!("{id}.json")), &sidecar)?;

    let mut registry = Registry::read(directory)?;
    registry.put(json!({
        "id": id,
        "kind": "fr",
        "onnx": file,
        "sidecar": format!("{id}.json"),
        "opset": onnx::OPSET,
        "sha256": sha256(&bytes),
        "quant_mode": "fp32",
        "accuracy_budget": plan.gate,
        "license": "BSD-3-Clause-Plus-Patent",
        "description": description(plan, student),
    }));
    registry.write(directory)
}

/// Writes the int8 file beside a shipped model and makes it the one that the id names.
///
/// # Errors
/// The model is not in the registry, or a file cannot be read or written.
pub fn ship_int8(
    directory: &Path,
    plan: &Plan,
    student: &Student,
    layers: &[Codes],
    report: &Value,
) -> Result<(), Failure> {
    let id = plan.id;
    let file = format!("{id}.int8.onnx");
    let bytes = onnx::export_codes(student, layers, id);
    let mut registry = Registry::read(directory)?;
    let entry = registry.entry(id).cloned();
    let mut entry = entry.ok_or_else(|| Failure::Model(format!("no {id} in the registry")))?;
    write(&directory.join(&file), &bytes)?;
    entry["quant_mode"] = "int8-weight-only".into();
    entry["int8_onnx"] = file.into();
    entry["int8_sha256"] = sha256(&bytes).into();
    entry["int8_accuracy_budget"] = serde_json::to_value(plan.int8)?;
    registry.put(entry);
    registry.write(directory)?;

    let path = directory.join(format!("{id}.json"));
    let text = std::fs::read(&path).map_err(|e| Failure::file(&path, e))?;
    let mut sidecar: Value = serde_json::from_slice(&text)?;
    sidecar["int8"] = report.clone();
    write_json(&path, &sidecar)
}

fn description(plan: &Plan, student: &Student) -> String {
    let says = match plan.target {
        Target::Vmaf => "VMAF v0.6.1",
        Target::Vmaf4k => "VMAF 4K v0.6.1",
        Target::Confidence => "VMAF b v0.6.3 with the half-width of its 95 % confidence interval",
    };
    format!("{says} from the canonical six features, {} parameters", student.network.parameters())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|e| Failure::file(path, e))
}
