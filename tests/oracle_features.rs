//! Features against libvmaf itself, on real content as encoders and filters leave it.
//!
//! Widths are those where libvmaf's own vector code equals its scalar code. With `--nocapture` the
//! test prints the table of the README.

#[path = "support/measure.rs"]
mod measure;
#[path = "support/oracle.rs"]
mod oracle;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gstvmaftiny::features::{Depth, Geometry, Level, NAMES};
use measure::Picture;

/// Of the scalar kernels; the log's last digit is a millionth.
const SCALAR: f64 = 1e-6;
/// Of any other kernels.
const FASTER: f64 = 5e-5;

const FRAMES: usize = 3;

/// How a distorted picture comes about.
#[derive(Clone, Copy)]
enum Distortion {
    /// By an encoder with these arguments.
    Encoder(&'static str),
    /// By ffmpeg filters.
    Filter(&'static str),
}
use Distortion::{Encoder, Filter};

/// What happens to which kind of source.
const CASES: [(&str, &str, Distortion); 14] = [
    ("x264, high quality", CLIP, Encoder("-c:v libx264 -preset veryfast -crf 18")),
    ("x264, low quality", CLIP, Encoder("-c:v libx264 -preset veryfast -crf 45")),
    (
        "x265, high quality",
        CLIP,
        Encoder("-c:v libx265 -preset ultrafast -x265-params log-level=none -crf 20"),
    ),
    (
        "x265, low quality",
        CLIP,
        Encoder("-c:v libx265 -preset ultrafast -x265-params log-level=none -crf 45"),
    ),
    (
        "AV1, high quality",
        CLIP,
        Encoder("-c:v libsvtav1 -preset 12 -crf 24 -svtav1-params log-level=-1"),
    ),
    (
        "AV1, low quality",
        CLIP,
        Encoder("-c:v libsvtav1 -preset 12 -crf 60 -svtav1-params log-level=-1"),
    ),
    (
        "downscale, upscale",
        CLIP,
        Filter("scale=iw/2:ih/2:flags=bicubic,scale=WIDTH:HEIGHT:flags=bicubic"),
    ),
    ("blur", CLIP, Filter("gblur=1.2")),
    ("noise", CLIP, Filter("noise=alls=20:allf=t:all_seed=3")),
    ("contrast", CLIP, Filter("eq=contrast=1.3")),
    ("identical", CLIP, Filter("null")),
    ("black", "drawbox=t=fill:color=black,format=FORMAT", Filter("null")),
    ("static scene", "loop=loop=3:size=1:start=40", Filter("gblur=0.8")),
    ("white noise", "noise=alls=100:allf=t:all_seed=5", Filter("noise=alls=40:allf=t:all_seed=9")),
];
const CLIP: &str = "null";

const SIZES: [(usize, usize); 8] =
    [(1920, 1080), (1280, 720), (854, 480), (426, 240), (300, 168), (107, 61), (64, 64), (47, 35)];

struct Case {
    name: &'static str,
    source: &'static str,
    distortion: Distortion,
    geometry: Geometry,
}

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (width, height) in SIZES {
        for depth in [Depth::Eight, Depth::Ten, Depth::Twelve, Depth::Sixteen] {
            let geometry = Geometry { width, height, depth };
            let chosen = CASES.iter().filter(|(_, _, how)| match how {
                // encoders want even sizes, AV1 from 64 up, and know 8 and 10 bits
                Encoder(_) => width % 2 == 0 && depth <= Depth::Ten,
                Filter(_) => true,
            });
            all.extend(chosen.map(|&(name, source, distortion)| Case {
                name,
                source,
                distortion,
                geometry,
            }));
        }
    }
    all
}

impl Case {
    fn text(&self, filter: &str) -> String {
        let Geometry { width, height, depth } = self.geometry;
        filter
            .replace("WIDTH", &width.to_string())
            .replace("HEIGHT", &height.to_string())
            .replace("FORMAT", oracle::pixel_format(depth))
    }

    /// Largest difference of each feature, scalar kernels first, then the machine's best.
    fn differences(&self, directory: &Path) -> [[f64; 6]; 2] {
        let Geometry { width, height, depth } = self.geometry;
        let format = oracle::pixel_format(depth);
        let size = format!("{width}x{height}");
        let path = |name: &str| directory.join(name).to_string_lossy().into_owned();
        let (reference, coded, distorted) = (path("r.yuv"), path("c.mkv"), path("d.yuv"));
        let frames = FRAMES.to_string();
        let clip = oracle::clip("bikes").to_string_lossy().into_owned();
        let source = self.text(&format!("scale={size},format=FORMAT,{}", self.source));
        let end = ["-frames:v", &frames, "-pix_fmt", format, "-f", "rawvideo"];
        let raw = ["-f", "rawvideo", "-s", &size, "-pix_fmt", format, "-i", &reference];

        let mut arguments = vec!["-ss", "1", "-i", &clip, "-vf", &source];
        arguments.extend(end);
        oracle::run(&[&arguments[..], &[&reference]].concat());
        match self.distortion {
            Encoder(how) => {
                let how: Vec<&str> = how.split(' ').collect();
                oracle::run(&[&raw[..], &how, &[&coded]].concat());
                oracle::run(&[&["-i", &coded][..], &end, &[&distorted]].concat());
            }
            Filter(filter) => {
                let filter = self.text(filter);
                oracle::run(&[&raw[..], &["-vf", &filter], &end, &[&distorted]].concat());
            }
        }
        let expected =
            oracle::score_raw(Path::new(&reference), Path::new(&distorted), self.geometry);
        assert_eq!(expected.len(), FRAMES, "{}", self.name);
        let pictures = |file: &str| luma(&std::fs::read(file).expect("written"), self.geometry);
        let pairs: Vec<_> = pictures(&reference).into_iter().zip(pictures(&distorted)).collect();
        [Level::Scalar, Level::detected()].map(|level| {
            let measured = measure::sequence(&pairs, self.geometry, 1, level);
            let mut largest = [0f64; 6];
            for (ours, theirs) in measured.iter().zip(&expected) {
                for (i, (a, b)) in ours.to_array().iter().zip(theirs.features).enumerate() {
                    largest[i] = largest[i].max((a - b).abs());
                }
            }
            largest
        })
    }
}

/// Luma planes of raw 4:2:0.
fn luma(bytes: &[u8], geometry: Geometry) -> Vec<Picture> {
    let Geometry { width, height, depth } = geometry;
    let size = width * height + 2 * width.div_ceil(2) * height.div_ceil(2);
    let samples: Vec<u16> = match depth {
        Depth::Eight => bytes.iter().map(|b| u16::from(*b)).collect(),
        _ => bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect(),
    };
    samples.chunks_exact(size).map(|f| Picture::new(&f[..width * height], depth)).collect()
}

#[test]
fn every_feature_of_every_frame_is_libvmafs() {
    let cases = cases();
    let next = AtomicUsize::new(0);
    let rows: Mutex<BTreeMap<usize, [[f64; 6]; 2]>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, |n| n.get()) {
            scope.spawn(|| {
                let directory = tempfile::tempdir().expect("a temporary directory");
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(i) else { return };
                    let differences = case.differences(directory.path());
                    rows.lock().expect("no panic before").insert(i, differences);
                }
            });
        }
    });
    let rows = rows.into_inner().expect("no panic before");
    println!("| content | pairs | {} |", NAMES.join(" | "));
    let mut wrong = Vec::new();
    for (name, ..) in CASES {
        let of_kind = rows.iter().filter(|(i, _)| cases[**i].name == name);
        let (mut worst, mut pairs) = ([0f64; 6], 0);
        for (i, [scalar, best]) in of_kind {
            pairs += 1;
            for f in 0..6 {
                worst[f] = worst[f].max(scalar[f]).max(best[f]);
                if scalar[f] > SCALAR || best[f] > FASTER {
                    let (s, b) = (scalar[f], best[f]);
                    let geometry = cases[*i].geometry;
                    wrong.push(format!("{name}, {geometry}: {} {s:.1e} {b:.1e}", NAMES[f]));
                }
            }
        }
        let cells: Vec<String> = worst.iter().map(|w| format!("{w:.1e}")).collect();
        println!("| {name} | {pairs} | {} |", cells.join(" | "));
    }
    assert!(rows.len() == cases.len() && wrong.is_empty(), "{}", wrong.join("\n"));
}
