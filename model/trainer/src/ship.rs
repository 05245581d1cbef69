//! The files the plugin loads: ONNX, sidecar, registry.

use std::path::Path;

use gstvmaftiny::fusion::{Entry, QuantMode, Registry};
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

/// The registry of a directory; an empty one if there is none.
///
/// # Errors
/// The file is not a registry.
pub fn registry(directory: &Path) -> Result<Registry, Failure> {
    let path = directory.join("registry.json");
    match std::fs::read(&path) {
        Ok(bytes) => Ok(Registry::parse(&bytes, &path.to_string_lossy())?),
        Err(_) => Ok(Registry { version: 1, models: Vec::new() }),
    }
}

fn enter(directory: &Path, entry: Entry) -> Result<(), Failure> {
    let mut registry = registry(directory)?;
    registry.models.retain(|m| m.id != entry.id);
    registry.models.push(entry);
    registry.models.sort_by(|a, b| a.id.cmp(&b.id));
    write_json(&directory.join("registry.json"), &registry)
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
        "onnx": &file,
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

    let entry = Entry {
        id: id.into(),
        kind: "fr".into(),
        onnx: file,
        sidecar: format!("{id}.json"),
        opset: onnx::OPSET,
        sha256: sha256(&bytes),
        int8_onnx: None,
        int8_sha256: None,
        quant_mode: QuantMode::Fp32,
        accuracy_budget: Some(plan.gate),
        int8_accuracy_budget: None,
        license: "BSD-3-Clause-Plus-Patent".into(),
        description: description(plan, student),
    };
    enter(directory, entry)
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
    let entry = registry(directory)?.entry(id).cloned();
    let entry = entry.ok_or_else(|| Failure::Model(format!("no {id} in the registry")))?;
    write(&directory.join(&file), &bytes)?;
    let entry = Entry {
        quant_mode: QuantMode::Int8WeightOnly,
        int8_onnx: Some(file),
        int8_sha256: Some(sha256(&bytes)),
        int8_accuracy_budget: plan.int8.map(|int8| int8.gate),
        ..entry
    };
    enter(directory, entry)?;

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
