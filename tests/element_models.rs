//! The element with every model there is, on real video through a real encoder, against libvmaf.

#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod mlp;
#[path = "support/oracle.rs"]
mod oracle;
#[path = "support/pipeline.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod pipeline;

use std::path::{Path, PathBuf};

use gstvmaftiny::features::{Depth, Geometry};
use oracle::Verdict;
use pipeline::Heard;

const GEOMETRY: Geometry = Geometry { width: 448, height: 252, depth: Depth::Eight };
const FRAMES: usize = 12;

/// Raw frames of a clip, and of the same through x264.
fn pair(directory: &Path) -> [PathBuf; 2] {
    let files = ["reference.yuv", "encoded.mkv", "distorted.yuv"].map(|f| directory.join(f));
    let [reference, encoded, distorted] = files.each_ref().map(|f| f.to_str().expect("readable"));
    let size = format!("{}x{}", GEOMETRY.width, GEOMETRY.height);
    let clip = oracle::clip("bikes.mp4");
    let clip = clip.to_str().expect("readable");
    let raw = ["-pix_fmt", "yuv420p", "-f", "rawvideo"];
    let frames = FRAMES.to_string();
    let scaled = ["-i", clip, "-frames:v", &frames, "-vf", &format!("scale={size}")];
    oracle::run(&[&scaled[..], &raw, &[reference]].concat());
    let read = ["-f", "rawvideo", "-s", &size, "-pix_fmt", "yuv420p", "-i", reference];
    oracle::run(&[&read[..], &["-c:v", "libx264", "-crf", "36", encoded]].concat());
    oracle::run(&[&["-i", encoded][..], &raw, &[distorted]].concat());
    let [reference, _, distorted] = files;
    [reference, distorted]
}

fn scored(files: &[PathBuf; 2], model: &str) -> Heard {
    let Geometry { width, height, .. } = GEOMETRY;
    let parse = format!("rawvideoparse format=i420 width={width} height={height} framerate=25/1");
    let [reference, distorted] = files.each_ref().map(|f| f.display());
    let heard = pipeline::run(&format!(
        "filesrc location={reference} ! {parse} ! v.ref_sink \
         filesrc location={distorted} ! {parse} ! v.dist_sink \
         vmaftiny name=v tiny-model={model} ! fakesink"
    ));
    assert!(heard.errors.is_empty(), "{model}: {:?}", heard.errors);
    assert_eq!(heard.scores().len(), FRAMES, "{model}: {:?}", heard.statuses());
    heard
}

/// Every score is what `expected` makes of libvmaf's verdict, to `most` points.
fn assert_near(heard: &Heard, verdicts: &[Verdict], most: f64, expected: fn(&Verdict) -> f64) {
    for (n, (score, verdict)) in heard.scores().iter().zip(verdicts).enumerate() {
        let expected = expected(verdict);
        assert!((score - expected).abs() <= most, "frame {n}: {score}, not {expected}");
    }
}

#[test]
fn every_model_scores_a_real_clip() {
    pipeline::init();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let files = pair(directory.path());
    let verdicts = oracle::score_raw(&files[0], &files[1], GEOMETRY);
    assert_eq!(verdicts.len(), FRAMES);
    let budgets = [
        ("vmaf_tiny_v2", 0.6),
        ("vmaf_tiny_v3", 0.45),
        ("vmaf_tiny_v3:fp32", 0.3),
        ("vmaf_tiny_v4", 0.35),
        ("vmaf_tiny_v4:fp32", 0.2),
    ];
    for (model, most) in budgets {
        assert_near(&scored(&files, model), &verdicts, most, |v| v.score);
    }
    // of another teacher, which the oracle does not ask
    let other = scored(&files, "vmaf_tiny_4k").scores();
    assert!(other.iter().all(|s| (0.0..=100.0).contains(s)), "{other:?}");
    let heard = scored(&files, "vmaf_tiny_confidence");
    assert_near(&heard, &verdicts, 5.0, |v| v.score);
    let half_width = |f: &gst::Structure| f.get::<f64>("half-width").is_ok_and(|w| w > 0.0);
    assert!(heard.frames.iter().all(half_width), "{:?}", heard.frames);
}

#[test]
fn a_foreign_model_that_keeps_the_contract_scores_a_real_clip() {
    pipeline::init();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let files = pair(directory.path());
    let verdicts = oracle::score_raw(&files[0], &files[1], GEOMETRY);
    let heard = scored(&files, pipeline::model());
    assert_near(&heard, &verdicts, 0.01, |v| {
        let [adm, vif @ .., motion] = v.features;
        1.0 + 60.0 * adm + 5.0 * vif.iter().sum::<f64>() + 0.5 * motion
    });
}
