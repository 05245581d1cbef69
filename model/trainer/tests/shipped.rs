//! The files in `model/tiny` and `model/corpus` are what they claim to be.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gstvmaftiny::features::NAMES;
use gstvmaftiny::fusion::{Fusion, QuantMode, registry::sha256_hex};
use serde_json::Value;
use vmaftiny_trainer::commands::{Common, measure_quant_drop, validate};
use vmaftiny_trainer::family::FAMILY;
use vmaftiny_trainer::{corpus, matrix, onnx, ship};

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tiny")
}

fn common() -> Common {
    let corpus = |name| Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(name);
    Common {
        teachers: PathBuf::new(),
        corpus: corpus("learn.parquet"),
        held_out: corpus("test.parquet"),
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn the_corpus_is_broad_and_small() {
    let (mut bytes, mut rows) = (0, Vec::new());
    for path in [common().corpus, common().held_out] {
        bytes += std::fs::metadata(&path).unwrap().len();
        rows.extend(corpus::read(&path).unwrap());
        let provenance: Value = serde_json::from_str(&corpus::provenance(&path).unwrap()).unwrap();
        // three teachers and the clips
        assert!(provenance["inputs"].as_array().unwrap().len() >= 3 + 5, "{provenance}");
    }
    assert!(bytes <= 12 << 20);
    let sources: BTreeSet<&str> = rows.iter().map(|r| r.source.as_str()).collect();
    let real = sources.iter().filter(|s| !matrix::is_generated(s));
    let (held_out, known): (Vec<&str>, Vec<&str>) =
        real.copied().partition(|s| matrix::is_held_out(s));
    assert!(known.len() >= 9, "learnt from: {known:?}");
    assert!(held_out.len() >= 5, "held out: {held_out:?}");
    let scenes: BTreeSet<&str> = known.iter().map(|s| matrix::scene(s)).collect();
    assert!(held_out.iter().all(|s| !scenes.contains(matrix::scene(s))));
    let learnt = |r: &&corpus::Row| !matrix::is_held_out(&r.source);
    assert!(!rows.iter().filter(learnt).any(|r| matrix::is_unseen(&r.variant)));
    assert!(rows.iter().any(|r| matrix::is_unseen(&r.variant)));
}

#[test]
fn every_model_passes_its_gates() {
    let arguments = validate::Arguments { ids: Vec::new(), models: models(), report: None };
    validate::run(&common(), &arguments).unwrap();
}

#[test]
fn every_int8_file_passes_its_gate() {
    let arguments = measure_quant_drop::Arguments {
        ids: Vec::new(),
        models: models(),
        ending: "int8.onnx".into(),
    };
    measure_quant_drop::run(&common(), &arguments).unwrap();
}

#[test]
fn digests_sidecars_and_sizes_agree() {
    let registry = ship::registry(&models()).unwrap();
    assert_eq!(registry.models.len(), FAMILY.len());
    for plan in &FAMILY {
        let entry = registry.entry(plan.id).unwrap();
        let read = |file: &str| std::fs::read(models().join(file)).unwrap();
        assert_eq!(sha256_hex(&read(&entry.onnx)), entry.sha256);
        assert_eq!(plan.int8.is_some(), entry.quant_mode == QuantMode::Int8WeightOnly);
        if let Some(file) = &entry.int8_onnx {
            assert_eq!(Some(sha256_hex(&read(file))), entry.int8_sha256);
            assert!(read(file).len() < read(&entry.onnx).len());
        }
        let student = onnx::import(&models().join(&entry.onnx)).unwrap();
        let sidecar = json(&models().join(&entry.sidecar));
        assert_eq!(sidecar["parameters"], student.network.parameters());
        assert_eq!(sidecar["features"].as_array().unwrap().len(), 6);
        assert!(sidecar["run_provenance"]["inputs"].as_array().unwrap().len() == 2);
    }
    // the ids load what the registry says
    for (id, quant_mode) in [
        ("vmaf_tiny_v2", QuantMode::Fp32),
        ("vmaf_tiny_v4", QuantMode::Int8WeightOnly),
        ("vmaf_tiny_v4:fp32", QuantMode::Fp32),
    ] {
        assert_eq!(Fusion::open(id, &NAMES).unwrap().info().quant_mode, quant_mode, "{id}");
    }
    let mut confidence = Fusion::open("vmaf_tiny_confidence", &NAMES).unwrap();
    let score = confidence.score(&[0.9, 0.5, 0.7, 0.8, 0.85, 4.0]).unwrap();
    assert!(score.half_width.is_some_and(|h| (0.5..15.0).contains(&h)), "{score:?}");
}
