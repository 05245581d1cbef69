//! The fast profile against the exact one.

#[path = "support/clips.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod clips;
#[path = "support/oracle.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod oracle;
#[path = "support/patterns.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod patterns;

use std::path::Path;
use std::process::Command;

use gstvmaftiny::features::{
    Depth, FeatureError, Geometry, Level, Luma, NAMES, Profile, Samples, Spatial, SpatialExtractor,
    Workers,
};
use gstvmaftiny::fusion::Fusion;
use gstvmaftiny::scoring::{Picture, Scorer, Verdict};
use patterns::{Kind, pair};

/// How far `vif_scale0` and `vif_scale1` move VMAF, points per unit: the largest found over real
/// clips at good quality.
const SENSITIVITY: [f64; 2] = [3.6, 9.7];

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
    for g in [eight_bit(640, 360), eight_bit(1283, 721), eight_bit(1921, 1081)] {
        let frames = generated(Kind::Noise, g, 5);
        let level = Level::detected();
        let [exact, fast] = [Profile::Exact, Profile::Fast].map(|p| measure(&frames, g, p, level));
        for (e, f) in exact.iter().zip(&fast) {
            assert_eq!((e.adm2, e.vif[2], e.vif[3]), (f.adm2, f.vif[2], f.vif[3]));
            assert_ne!(e.vif[0], f.vif[0], "the grid was used");
            assert_eq!(e.vif[1] == f.vif[1], g.height < 1080);
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
    let g = eight_bit(1281, 1080);
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

/// A real clip at `height`, and the same after compression.
fn decoded(clip: &Path, height: usize, crf: u32, frames: usize) -> Option<(Geometry, Vec<Pair>)> {
    let width = height * 16 / 9 / 2 * 2;
    let scaled = format!("scale={width}:{height}:flags=bicubic,format=yuv420p");
    let folder = tempfile::tempdir().ok()?;
    let coded = folder.path().join("coded.mkv");
    let ffmpeg = |input: &Path| {
        let mut command = Command::new(oracle::ffmpeg());
        command.args(["-nostdin", "-v", "error", "-threads", "1", "-i"]).arg(input);
        command.args(["-frames:v", &frames.to_string(), "-vf", &scaled]);
        command
    };
    let raw = |input: &Path| {
        let output = ffmpeg(input).args(["-f", "rawvideo", "-pix_fmt", "gray", "-"]).output();
        output.ok().filter(|o| o.status.success()).map(|o| o.stdout)
    };
    let mut encoder = ffmpeg(clip);
    encoder.args(["-c:v", "libx264", "-preset", "ultrafast", "-crf", &crf.to_string()]).arg(&coded);
    encoder.status().ok().filter(|s| s.success())?;
    let sides = [raw(clip)?, raw(&coded)?];
    let [reference, distorted] =
        sides.map(|s| s.chunks_exact(width * height).map(<[u8]>::to_vec).collect::<Vec<_>>());
    let pairs = reference.into_iter().zip(distorted);
    let pairs = pairs.map(|(reference, distorted)| Pair { reference, distorted }).collect();
    Some((eight_bit(width, height), pairs))
}

/// Height of a clip.
fn lines(clip: &Path) -> usize {
    let mut command = Command::new(oracle::ffmpeg());
    let output = command.args(["-hide_banner", "-i"]).arg(clip).output().expect("ffmpeg runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let video = text.lines().find(|l| l.contains("Video:")).expect("a clip with video");
    let mut sizes = video.split([' ', ',']).filter_map(|word| {
        let (width, height) = word.split_once('x')?;
        width.parse::<usize>().ok().filter(|w| *w > 0)?;
        height.parse().ok()
    });
    sizes.next_back().expect("a size")
}

/// A picture of a pair.
struct Plane<'a>(Geometry, &'a [u8]);

impl Picture for Plane<'_> {
    fn luma(&self) -> Result<Luma<'_>, FeatureError> {
        Luma::new(Samples::U8(self.1), self.0.width, self.0)
    }
}

fn scores(frames: &[Pair], g: Geometry, profile: Profile) -> Vec<f64> {
    let fusion = Fusion::open("vmaf_tiny_v4", &NAMES).expect("a shipped model");
    let mut scorer = Scorer::new(fusion, Workers::new(2).expect("threads"), profile);
    let mut scores = Vec::new();
    let mut note = |verdict| match verdict {
        Some(Verdict::Scored { measured, .. }) => scores.push(measured.score.value),
        Some(Verdict::Watched | Verdict::Failed(_)) => panic!("every frame has a score"),
        None => {}
    };
    for pair in frames {
        note(scorer.push(Plane(g, &pair.reference), Some(Plane(g, &pair.distorted))));
    }
    note(scorer.flush());
    scores
}

#[test]
fn real_clips_keep_the_promise() {
    for height in [432, 720, 1080] {
        let (mut frames, mut highest, mut squares) = (0, 0.0f64, 0.0);
        for (i, clip) in clips::present().into_iter().enumerate() {
            let crf = [25, 35, 45][i % 3];
            // a small picture enlarged has no detail of its size
            if height > 2 * lines(&clip) {
                continue;
            }
            let Some((g, pairs)) = decoded(&clip, height, crf, 20) else { continue };
            let [exact, fast] = [Profile::Exact, Profile::Fast].map(|p| scores(&pairs, g, p));
            let moved = exact.iter().zip(&fast).map(|(e, f)| (e - f).abs());
            let worst = moved.clone().fold(0.0, f64::max);
            let count = exact.len();
            println!("{clip:?} at {height} lines, crf {crf}: {count} frames, {worst:.4}");
            assert!(worst <= allowed(height), "{clip:?} at {height} lines: {worst}");
            squares += moved.map(|m| m * m).sum::<f64>();
            highest = highest.max(worst);
            frames += count;
        }
        let rms = (squares / frames as f64).sqrt();
        println!("{height} lines: {frames} frames, rms {rms:.4}, worst {highest:.4} VMAF");
        // without clips of its own a machine has one that is tall enough
        assert!(frames >= 20, "{frames} frames: run `make setup`");
    }
}
