//! Ten thousand damaged model files: each loads or is refused, in bounded time and memory.

#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod mlp;

use std::time::{Duration, Instant};

use gstvmaftiny::fusion::Fusion;
use rand::{Rng, SeedableRng, rngs::StdRng};

const FILES: usize = 10_000;
const SEED: u64 = 7;

fn peak_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).expect("a peak in it");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number of KiB")
}

fn mutate(bytes: &mut Vec<u8>, rng: &mut StdRng) {
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..bytes.len().max(1));
        match rng.random_range(0..5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at.min(bytes.len()), rng.random()),
            2 if !bytes.is_empty() => drop(bytes.remove(at)),
            3 if !bytes.is_empty() => bytes[at] ^= 1 << rng.random_range(0..8),
            _ if !bytes.is_empty() => bytes[at] = rng.random(),
            _ => {}
        }
    }
}

#[test]
fn damaged_models_never_panic_hang_or_swell() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("damaged.onnx");
    let provides = gstvmaftiny::features::NAMES;
    let whole = mlp::bytes(&mlp::linear(&[40.0, 10.0, 8.0, 6.0, 4.0, 1.0], 0.0));
    let mut rng = StdRng::seed_from_u64(SEED);
    // a caught panic inside the graph compiler is an error like any other; keep the log readable
    std::panic::set_hook(Box::new(|_| {}));

    let (mut loaded, mut slowest) = (0, Duration::ZERO);
    for file in 0..FILES {
        let mut bytes = whole.clone();
        mutate(&mut bytes, &mut rng);
        std::fs::write(&path, &bytes).unwrap();
        let start = Instant::now();
        if let Ok(mut fusion) = Fusion::open(path.to_str().unwrap(), &provides) {
            loaded += 1;
            let _ = fusion.score(&[0.9, 0.5, 0.8, 0.9, 0.9, 3.0]);
        }
        slowest = slowest.max(start.elapsed());
        assert!(slowest < Duration::from_secs(1), "file {file} of seed {SEED}: {slowest:?}");
    }
    let _ = std::panic::take_hook();
    assert!(loaded > FILES / 100, "only {loaded} loaded: the mutations reach nothing");
    assert!(loaded < FILES * 9 / 10, "{loaded} loaded: the mutations damage nothing");
    let peak = peak_memory_kib();
    assert!(peak < 200 << 10, "peak memory {peak} KiB");
}
