//! Scoring for days takes no more memory than scoring for a second.

use gstvmaftiny::features::NAMES;
use gstvmaftiny::fusion::Fusion;

/// Resident memory of this process, bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: u64 = statm.split(' ').nth(1).and_then(|n| n.parse().ok()).expect("a number");
    pages * 4096
}

// without the mended table ort loses some 100 bytes per frame: 5.8 MB were seen
#[test]
fn inference_loses_no_memory() {
    let mut fusion = Fusion::open("vmaf_tiny_v2", &NAMES).expect("the default model");
    let mut score = |frames: usize| {
        for _ in 0..frames {
            fusion.score(&[0.9, 0.5, 0.8, 0.9, 0.95, 3.0]).expect("ordinary features");
        }
    };
    score(1_000);
    let before = resident();
    score(50_000);
    let grown = resident().saturating_sub(before);
    assert!(grown < 1 << 19, "{grown} bytes more after 50,000 frames");
}
