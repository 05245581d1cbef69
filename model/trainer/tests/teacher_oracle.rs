//! The teachers give libvmaf's own scores.
//!
//! Runs where the teachers are in `../shared/teacher` and ffmpeg with libvmaf is in `.venv`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use vmaftiny_trainer::Vector;
use vmaftiny_trainer::teacher::{Svr, Teachers};

const TOLERANCE: f64 = 2e-4;
/// One good, one bad, one that moves fast, one whose scores leave 0..100.
const PAIRS: [(&str, &str); 4] = [
    ("testsrc2=size=320x240", "gblur=0.6"),
    ("mandelbrot=size=320x240", "noise=alls=30:allf=t"),
    ("testsrc2=size=320x240,select=not(mod(n\\,9))", "gblur=2"),
    ("cellauto=size=320x240:seed=5", "gblur=9"),
];

fn ffmpeg() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = std::fs::read_dir(root.join(".venv/lib")).ok()?.flatten().next()?.path();
    let binaries = python.join("site-packages/imageio_ffmpeg/binaries");
    let mut files = std::fs::read_dir(binaries).ok()?.flatten().map(|e| e.path());
    files.find(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("ffmpeg")))
}

/// Frames that libvmaf scored by the models of `models` (name and ffmpeg's choice).
fn oracle(ffmpeg: &Path, models: &[(&str, String)], directory: &Path) -> Vec<Value> {
    let choices = models.iter().map(|(name, choice)| format!("{choice}\\\\:name={name}"));
    let choices = choices.collect::<Vec<_>>().join("|");
    let mut frames = Vec::new();
    for (source, filter) in PAIRS {
        let graph = format!(
            "{source},format=yuv420p,setpts=N/(25*TB),split[a][b];[a]{filter}[d];\
             [d][b]libvmaf=log_fmt=json:log_path=log.json:model={choices}"
        );
        let output = Command::new(ffmpeg)
            .current_dir(directory)
            .args(["-v", "error", "-nostdin", "-filter_complex", &graph])
            .args(["-frames:v", "12", "-f", "null", "-"])
            .output()
            .expect("ffmpeg runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let log = std::fs::read(directory.join("log.json")).unwrap();
        let log: Value = serde_json::from_slice(&log).unwrap();
        frames.extend(log["frames"].as_array().unwrap().iter().map(|f| f["metrics"].clone()));
    }
    frames
}

fn features(frame: &Value) -> Vector {
    ["adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2"]
        .map(|name| frame[format!("integer_{name}")].as_f64().expect("a printed feature"))
}

#[test]
fn teachers_give_the_scores_of_libvmaf() {
    let teachers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/teacher");
    let (Some(ffmpeg), true) = (ffmpeg(), teachers.is_dir()) else {
        eprintln!("skipped: no ffmpeg in .venv or no ../shared/teacher");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| format!("path={name}.json");
    let mut svrs = Vec::new();
    let mut models = Vec::new();
    for (name, file) in [("vmaf", Teachers::FILES[0]), ("vmaf_4k", Teachers::FILES[1])] {
        std::fs::copy(teachers.join(file), directory.path().join(format!("{name}.json"))).unwrap();
        models.push((name, path(name)));
    }
    // libvmaf's filter takes no collections, but each member alone
    let collection = std::fs::read(teachers.join(Teachers::FILES[2])).unwrap();
    let collection: Value = serde_json::from_slice(&collection).unwrap();
    let names: Vec<String> = (1..=20).map(|i| format!("member{i}")).collect();
    for (i, name) in names.iter().enumerate() {
        let file = directory.path().join(format!("{name}.json"));
        std::fs::write(file, collection[(i + 1).to_string()].to_string()).unwrap();
        models.push((name, path(name)));
    }
    for (name, _) in &models {
        svrs.push(Svr::open(&directory.path().join(format!("{name}.json"))).unwrap());
    }

    let bootstrap = Teachers::open(&teachers).unwrap().bootstrap;
    let (mut worst, mut whole) = (0.0f64, 0);
    let frames = oracle(&ffmpeg, &models, directory.path());
    for frame in &frames {
        let f = features(frame);
        let score = |name: &str| frame[name].as_f64().expect("a printed score");
        for ((name, _), svr) in models.iter().zip(&svrs) {
            worst = worst.max((svr.score(&f).clamp(0.0, 100.0) - score(name)).abs());
        }
        let members: Vec<f64> = names.iter().map(|n| score(n)).collect();
        if members.iter().all(|s| (0.01..99.99).contains(s)) {
            let mean = members.iter().sum::<f64>() / 20.0;
            worst = worst.max((bootstrap.score(&f).0 - mean).abs());
            whole += 1;
        }
    }
    assert!(frames.len() >= 40 && whole >= 10, "{} frames, {whole} inside", frames.len());
    println!("{} frames, 22 models: largest deviation {worst:.2e}", frames.len());
    assert!(worst <= TOLERANCE, "{worst}");
}
