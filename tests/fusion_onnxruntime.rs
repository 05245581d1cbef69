//! ONNX Runtime, chosen at run time, gives the score that the built-in tract gives.
//!
//! `ORT_DYLIB_PATH=….so cargo test --features onnxruntime --test fusion_onnxruntime`

#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod mlp;

use std::path::Path;

use gstvmaftiny::features::NAMES;
use gstvmaftiny::fusion::Fusion;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tract_onnx::prelude::*;

const VECTORS: usize = 500;
const TOLERANCE: f64 = 1e-4;

/// Feature vectors of the range that video has, in the order of `NAMES`.
fn vectors() -> Vec<[f32; 6]> {
    let mut rng = StdRng::seed_from_u64(11);
    let vector = |_| {
        let mut v = [0.0f32; 6].map(|_| rng.random_range(0.0..1.1));
        v[0] = rng.random_range(0.2..1.1);
        v[5] = rng.random_range(0.0..50.0);
        v
    };
    (0..VECTORS).map(vector).collect()
}

/// All outputs of a model file, `vmaf` first, for one frame; by tract itself, without ort.
fn by_tract(model: &Path) -> impl Fn(&[f32; 6]) -> Vec<f32> + use<> {
    let plan = tract_onnx::onnx()
        .model_for_path(model)
        .and_then(|m| m.into_optimized())
        .and_then(|m| m.into_runnable())
        .unwrap_or_else(|e| panic!("{}: {e:#}", model.display()));
    move |features| {
        let input = tract_ndarray::Array2::from_shape_fn((1, 6), |(_, i)| features[i]);
        let outputs = plan.run(tvec!(Tensor::from(input).into())).expect("a model that runs");
        outputs
            .iter()
            .map(|o| o.try_as_plain_ram().unwrap().as_slice::<f32>().unwrap()[0])
            .collect()
    }
}

#[track_caller]
fn agree(model: &Path) {
    let name = model.display();
    let mut fusion = Fusion::open(model.to_str().unwrap(), &NAMES).unwrap();
    assert_eq!(fusion.info().backend, "onnxruntime", "is ORT_DYLIB_PATH set?");
    let tract = by_tract(model);
    let mut worst = 0.0f64;
    for features in vectors() {
        let here = fusion.score(&features.map(f64::from)).unwrap();
        let there = tract(&features);
        worst = worst.max((here.value - f64::from(there[0])).abs());
        if let Some(half_width) = here.half_width {
            worst = worst.max((half_width - f64::from(there[1].max(0.0))).abs());
        }
    }
    println!("{name}: largest difference {worst:.2e}");
    assert!(worst <= TOLERANCE, "{name}: tract and ONNX Runtime differ by {worst}");
}

#[test]
fn a_foreign_model_scores_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("foreign.onnx");
    let model = mlp::linear(&[40.0, 10.0, 8.0, 6.0, 4.0, 1.0], 3.0);
    std::fs::write(&path, mlp::bytes(&model)).unwrap();
    agree(&path);
}

#[test]
fn every_shipped_model_scores_the_same() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("model/tiny");
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "onnx"))
        .collect();
    files.sort();
    assert!(files.len() >= 3, "the family has three sizes, found {files:?}");
    files.iter().for_each(|file| agree(file));
}

#[test]
fn hostile_files_are_still_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("foreign.onnx");
    std::fs::write(&path, b"not a model").unwrap();
    assert!(Fusion::open(path.to_str().unwrap(), &NAMES).is_err());
}
