//! The int8 files that ship: what damage to them does, and what their ids load.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gstvmaftiny::features::NAMES;
use gstvmaftiny::fusion::{Fusion, QuantMode};
use rand::{Rng, SeedableRng, rngs::StdRng};

const FILES: usize = 10_000;
const SEED: u64 = 8;
const FEATURES: [f64; 6] = [0.9, 0.5, 0.8, 0.9, 0.9, 3.0];

fn shipped(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("model/tiny").join(file)
}

fn score(model: &str) -> (f64, QuantMode) {
    let mut fusion = Fusion::open(model, &NAMES).unwrap_or_else(|e| panic!("{model}: {e}"));
    (fusion.score(&FEATURES).unwrap().value, fusion.info().quant_mode)
}

#[test]
fn the_id_loads_the_int8_file_and_a_suffix_the_other() {
    for id in ["vmaf_tiny_v3", "vmaf_tiny_v4"] {
        let (coarse, mode) = score(id);
        assert_eq!(mode, QuantMode::Int8WeightOnly, "{id}");
        assert_eq!(coarse, score(shipped(&format!("{id}.int8.onnx")).to_str().unwrap()).0);
        let (exact, mode) = score(&format!("{id}:fp32"));
        assert_eq!(mode, QuantMode::Fp32, "{id}");
        assert!(exact != coarse && (exact - coarse).abs() < 0.5, "{id}: {exact} {coarse}");
    }
}

#[test]
fn a_damaged_int8_file_loads_or_is_refused_within_a_second() {
    let whole = std::fs::read(shipped("vmaf_tiny_v3.int8.onnx")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    // no registry beside it: no digest to refuse it first
    let path = directory.path().join("damaged.onnx");
    let mut rng = StdRng::seed_from_u64(SEED);
    // a caught panic inside the graph compiler is an error like any other; keep the log readable
    std::panic::set_hook(Box::new(|_| {}));
    let (mut loaded, mut slowest) = (0, Duration::ZERO);
    for file in 0..FILES {
        let mut bytes = whole.clone();
        for _ in 0..rng.random_range(1..=4) {
            let at = rng.random_range(0..bytes.len());
            match rng.random_range(0..4) {
                0 => bytes[at] = rng.random(),
                1 => bytes.insert(at, rng.random()),
                2 if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => bytes[at] ^= 1 << rng.random_range(0..8),
            }
        }
        std::fs::write(&path, &bytes).unwrap();
        let start = Instant::now();
        if let Ok(mut fusion) = Fusion::open(path.to_str().unwrap(), &NAMES) {
            loaded += 1;
            let _ = fusion.score(&FEATURES);
        }
        slowest = slowest.max(start.elapsed());
        assert!(slowest < Duration::from_secs(1), "file {file} of seed {SEED}: {slowest:?}");
    }
    let _ = std::panic::take_hook();
    assert!(loaded > FILES / 100, "only {loaded} loaded: the mutations reach nothing");
    assert!(loaded < FILES * 9 / 10, "{loaded} loaded: the mutations damage nothing");
}
