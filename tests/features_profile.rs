//! The fast profile against the exact one.

#[path = "support/patterns.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod patterns;

use std::path::{Path, PathBuf};
use std::process::Command;

use gstvmaftiny::features::{
    Depth, Geometry, Level, Luma, Profile, Samples, Spatial, SpatialExtractor,
};
use patterns::{Kind, pair};

/// How far `vif_scale0` and `vif_scale1` move VMAF, points per unit: the largest found over real
/// clips at good quality.
const SENSITIVITY: [f64; 2] = [3.6, 9.7];

/// Names the ffmpeg that decodes real clips.
const FFMPEG: &str = "VMAFTINY_FFMPEG";

struct Pair {
    reference: Vec<u8>,
    distorted: Vec<u8>,
}

fn measure(frames: &[Pair], g: Geometry, profile: Profile, level: Level) -> Vec<Spatial> {
    let mut extractor = SpatialExtractor::with_profile(g, 2, level, profile).expect("a legal size");
    let luma = |s| Luma::new(Samples::U8(s), g.width, g).expect("a whole plane");
    let pairs = frames.iter().map(|p| (luma(&p.reference), luma(&p.distorted)));
    pairs.map(|(r, d)| extractor.extract(r, d).expect("matching pictures")).collect()
}

fn generated(kind: Kind, g: Geometry, frames: u32) -> Vec<Pair> {
    let narrow = |v: Vec<u16>| v.into_iter().map(|s| s as u8).collect();
    (0..frames)
        .map(|t| pair(kind, g.width, g.height, t, 8))
        .map(|p| Pair { reference: narrow(p.reference), distorted: narrow(p.distorted) })
        .collect()
}

/// Largest difference that the scales may make to a frame's VMAF.
fn worst(exact: &[Spatial], fast: &[Spatial]) -> f64 {
    exact.iter().zip(fast).fold(0.0, |worst, (e, f)| {
        let moved = |scale: usize| (e.vif[scale] - f.vif[scale]).abs() * SENSITIVITY[scale];
        worst.max(moved(0) + moved(1))
    })
}

fn allowed(height: usize) -> f64 {
    if height >= 720 { 0.02 } else { 0.05 }
}

fn eight_bit(width: usize, height: usize) -> Geometry {
    Geometry { width, height, depth: Depth::Eight }
}

#[test]
fn small_pictures_are_exact() {
    let g = eight_bit(632, 359);
    let frames = generated(Kind::Blur, g, 2);
    let level = Level::detected();
    let [exact, fast] = [Profile::Exact, Profile::Fast].map(|p| measure(&frames, g, p, level));
    assert_eq!(exact, fast);
}

#[test]
fn only_the_finest_scales_are_sampled() {
    for g in [eight_bit(640, 360), eight_bit(1283, 721)] {
        let frames = generated(Kind::Noise, g, 5);
        let level = Level::detected();
        let [exact, fast] = [Profile::Exact, Profile::Fast].map(|p| measure(&frames, g, p, level));
        for (e, f) in exact.iter().zip(&fast) {
            assert_eq!((e.adm2, e.vif[2], e.vif[3]), (f.adm2, f.vif[2], f.vif[3]));
            assert_ne!(e.vif[0], f.vif[0], "the grid was used");
            assert_eq!(e.vif[1] == f.vif[1], g.height < 720);
        }
        assert!(worst(&exact, &fast) <= allowed(g.height), "{g}: {}", worst(&exact, &fast));
    }
}

#[test]
fn the_grid_starts_somewhere_else_on_every_frame() {
    let g = eight_bit(640, 360);
    let still = generated(Kind::Noise, g, 1).remove(0);
    let frames: Vec<Pair> = (0..17)
        .map(|_| Pair { reference: still.reference.clone(), distorted: still.distorted.clone() })
        .collect();
    let found = measure(&frames, g, Profile::Fast, Level::detected());
    let mut values: Vec<f64> = found.iter().map(|s| s.vif[0]).collect();
    assert_eq!(values[0], values[16], "sixteen places in turn");
    values.pop();
    values.sort_by(f64::total_cmp);
    values.dedup();
    assert!(values.len() > 12, "{} different values", values.len());
}

#[test]
fn levels_and_threads_see_the_same_grid() {
    let g = eight_bit(1281, 720);
    let frames = generated(Kind::Blur, g, 3);
    let expected = measure(&frames, g, Profile::Fast, Level::Scalar);
    for level in Level::available() {
        let found = measure(&frames, g, Profile::Fast, level);
        for (found, expected) in found.iter().zip(&expected) {
            for scale in 0..4 {
                let difference = (found.vif[scale] - expected.vif[scale]).abs();
                assert!(difference <= 5e-5, "scale {scale}, {}: {difference:e}", level.name());
            }
        }
        let luma = |s| Luma::new(Samples::U8(s), g.width, g).expect("a whole plane");
        let mut alone = SpatialExtractor::with_profile(g, 1, level, Profile::Fast).expect("legal");
        let alone: Vec<_> = frames
            .iter()
            .map(|p| alone.extract(luma(&p.reference), luma(&p.distorted)).expect("matching"))
            .collect();
        assert_eq!(alone, found, "one thread, {}", level.name());
    }
}

/// A real clip at `height`, and the same after strong compression.
fn decoded(
    ffmpeg: &str,
    clip: &Path,
    height: usize,
    frames: usize,
) -> Option<(Geometry, Vec<Pair>)> {
    let width = height * 16 / 9 / 2 * 2;
    let scaled = format!("scale={width}:{height}:flags=bicubic,format=yuv420p");
    let folder = tempfile::tempdir().ok()?;
    let coded = folder.path().join("coded.mkv");
    let raw = |input: &Path, filter: &str| {
        let mut command = Command::new(ffmpeg);
        command.args(["-nostdin", "-v", "error", "-threads", "1", "-i"]).arg(input);
        command.args(["-frames:v", &frames.to_string(), "-vf", filter]);
        command.args(["-f", "rawvideo", "-pix_fmt", "gray", "-"]);
        command.output().ok().filter(|o| o.status.success()).map(|o| o.stdout)
    };
    let mut command = Command::new(ffmpeg);
    command.args(["-nostdin", "-v", "error", "-threads", "1", "-i"]).arg(clip);
    command.args(["-frames:v", &frames.to_string(), "-vf", &scaled]);
    command.args(["-c:v", "libx264", "-preset", "ultrafast", "-crf", "35", "-threads", "1"]);
    command.arg(&coded).status().ok().filter(|s| s.success())?;
    let sides = [raw(clip, &scaled)?, raw(&coded, "format=yuv420p")?];
    let [reference, distorted] =
        sides.map(|s| s.chunks_exact(width * height).map(<[u8]>::to_vec).collect::<Vec<_>>());
    let pairs = reference.into_iter().zip(distorted);
    let pairs = pairs.map(|(reference, distorted)| Pair { reference, distorted }).collect();
    Some((eight_bit(width, height), pairs))
}

#[test]
fn real_clips_keep_the_promise() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/clips");
    let (Ok(entries), Ok(ffmpeg)) = (std::fs::read_dir(&folder), std::env::var(FFMPEG)) else {
        println!("not run: no clips beside the repository, or {FFMPEG} is not set");
        return;
    };
    let mut measured = 0;
    for entry in entries.flatten() {
        for height in [432, 720] {
            let Some((g, frames)) = decoded(&ffmpeg, &entry.path(), height, 10) else { continue };
            let level = Level::detected();
            let [exact, fast] =
                [Profile::Exact, Profile::Fast].map(|p| measure(&frames, g, p, level));
            let worst = worst(&exact, &fast);
            let name = entry.file_name();
            println!("{name:?} at {height} lines: {} frames, {worst:.4} VMAF", exact.len());
            assert!(worst <= allowed(height), "{name:?} at {height} lines: {worst}");
            measured += exact.len();
        }
    }
    println!("{measured} frames");
}
