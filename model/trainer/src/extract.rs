//! Clips and what encoders make of them, measured by the plugin's own extractor.

use std::path::{Path, PathBuf};
use std::process::Command;

use gstvmaftiny::features::{
    Depth, Features, Geometry, Luma, Motion2, MotionExtractor, Samples, SpatialExtractor,
};
use indicatif::ProgressBar;
use rayon::prelude::*;

use crate::corpus::Row;
use crate::matrix::{self, Variant};
use crate::teacher::Teachers;
use crate::{Failure, Vector};

/// Frames measured of every variant.
const FRAMES: usize = 30;
/// Ten frames of every thirty: three places of a clip instead of one.
const PLACES: &str = "select=lt(mod(n\\,30)\\,10)";
/// Large pictures are cut, to keep their sharpness, the others scaled: what matters is the spread
/// of features.
const SIZE: &str = "crop=if(gt(iw\\,900)\\,480\\,iw):if(gt(iw\\,900)\\,270\\,ih),\
    scale=min(480\\,trunc(iw/2)*2):-2:flags=bicubic";
/// MPEG-2 knows few frame rates.
const RATE: &str = "setpts=N/(25*TB),fps=25,format=yuv420p";

/// A source of reference pictures.
#[derive(Clone, Debug)]
pub struct Source {
    /// File stem, or name of the generator.
    pub name: String,
    /// The video file, unless it is generated.
    pub file: Option<PathBuf>,
    /// ffmpeg's input arguments.
    pub input: Vec<String>,
}

/// Video files of some directories, and the generated sources.
///
/// # Errors
/// A directory cannot be listed.
pub fn sources(directories: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let mut all = Vec::new();
    for directory in directories {
        for entry in std::fs::read_dir(directory)? {
            let path = entry?.path();
            let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
            if ["mp4", "mkv", "264", "webm", "y4m"].contains(&extension) {
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let input = ["-i".into(), path.to_string_lossy().into_owned()];
                all.push(Source { name, input: input.into(), file: Some(path) });
            }
        }
    }
    all.extend(matrix::GENERATED.iter().map(|(name, graph)| Source {
        name: (*name).into(),
        file: None,
        input: ["-f", "lavfi", "-i", graph].map(String::from).into(),
    }));
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// Rows of every source and variant; sources are measured side by side. `every`: of the variants
/// of a source to learn from, take only each so-manieth.
///
/// # Errors
/// ffmpeg fails on a source, or a picture is too small. A variant that fails is left out.
pub fn extract(
    ffmpeg: &Path,
    sources: &[Source],
    every: usize,
    teachers: &Teachers,
    bar: &ProgressBar,
) -> Result<Vec<Row>, Failure> {
    let variants = |source: &Source| -> Vec<Variant> {
        let variants = matrix::training().into_iter();
        match matrix::is_held_out(&source.name) {
            true => variants.chain(matrix::testing()).collect(),
            false => variants.step_by(every.max(1)).collect(),
        }
    };
    bar.set_length(sources.iter().map(|s| variants(s).len() as u64).sum());
    let rows = sources.par_iter().map(|s| of_source(ffmpeg, s, &variants(s), teachers, bar));
    Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn of_source(
    ffmpeg: &Path,
    source: &Source,
    variants: &[Variant],
    teachers: &Teachers,
    bar: &ProgressBar,
) -> Result<Vec<Row>, Failure> {
    let directory = tempfile::tempdir()?;
    let mut rows = Vec::new();
    // variants of one reference stand together
    for group in variants.chunk_by(|a, b| a.reference == b.reference) {
        let reference = Clip::reference(ffmpeg, source, group[0].reference, directory.path())?;
        for variant in group {
            bar.inc(1);
            let distorted = match reference.distorted(ffmpeg, variant, directory.path()) {
                // not every build of ffmpeg has every encoder
                Err(Failure::Ffmpeg(why)) => {
                    eprintln!("left out {} {}: {why}", source.name, variant.name);
                    continue;
                }
                other => other?,
            };
            for (frame, features) in reference.features(&distorted)?.into_iter().enumerate() {
                // as the models will read them
                let features: Vector = features.map(|f| f64::from(f as f32));
                rows.push(Row {
                    source: source.name.clone(),
                    variant: variant.name.clone(),
                    frame: frame as u32,
                    labels: teachers.labels(&features),
                    features,
                });
            }
        }
    }
    Ok(rows)
}

/// 4:2:0 pictures in memory and in a file.
struct Clip {
    width: usize,
    height: usize,
    bytes: Vec<u8>,
    file: PathBuf,
}

impl Clip {
    fn reference(ffmpeg: &Path, source: &Source, filter: &str, to: &Path) -> Result<Self, Failure> {
        // y4m tells the size that the filters lead to
        let file = to.join("reference.y4m");
        let filter: Vec<&str> =
            [filter, PLACES, SIZE, RATE].into_iter().filter(|f| !f.is_empty()).collect();
        let filter = filter.join(",");
        let frames = FRAMES.to_string();
        let mut arguments = vec!["-y".to_string()];
        arguments.extend(source.input.clone());
        arguments.extend(["-an", "-vf", &filter, "-frames:v", &frames].map(String::from));
        arguments.extend(["-fps_mode", "passthrough", "-f", "yuv4mpegpipe"].map(String::from));
        arguments.push(file.to_string_lossy().into_owned());
        run(ffmpeg, &arguments)?;
        let text = std::fs::read(&file)?;
        let end = text.iter().position(|b| *b == b'\n');
        let end = end.ok_or_else(|| Failure::Ffmpeg(format!("{}: no pictures", source.name)))?;
        let header = String::from_utf8_lossy(&text[..end]).into_owned();
        let number = |tag: char| {
            let field = header.split(' ').find_map(|f| f.strip_prefix(tag));
            field.and_then(|f| f.parse().ok()).unwrap_or(0)
        };
        let (width, height) = (number('W'), number('H'));
        let size = frame_size(width, height);
        let frames = text[end + 1..].chunks_exact(size + b"FRAME\n".len());
        let bytes = frames.flat_map(|f| &f[b"FRAME\n".len()..]).copied().collect();
        Ok(Self { width, height, bytes, file })
    }

    fn distorted(&self, ffmpeg: &Path, variant: &Variant, to: &Path) -> Result<Self, Failure> {
        let size = |text: &str| {
            text.replace("WIDTH", &self.width.to_string())
                .replace("HEIGHT", &self.height.to_string())
        };
        let reference = self.file.to_string_lossy().into_owned();
        let filter = if variant.filter.is_empty() { "null" } else { &variant.filter };
        let filter = size(filter);
        let (input, filter) = if variant.encoder.is_empty() {
            (reference, filter)
        } else {
            let coded = to.join("coded.mkv").to_string_lossy().into_owned();
            let mut arguments: Vec<String> =
                ["-y", "-i", &reference, "-vf", &filter].map(String::from).into();
            arguments.extend(variant.encoder.iter().cloned());
            arguments.push(coded.clone());
            run(ffmpeg, &arguments)?;
            (coded, size("scale=WIDTH:HEIGHT:flags=bicubic"))
        };
        let frames = FRAMES.to_string();
        let arguments = [
            "-i",
            &input,
            "-vf",
            &filter,
            "-frames:v",
            &frames,
            "-fps_mode",
            "passthrough",
            "-pix_fmt",
            "yuv420p",
            "-f",
            "rawvideo",
            "-",
        ];
        let bytes = run(ffmpeg, &arguments.map(String::from))?;
        Ok(Self { bytes, file: PathBuf::new(), ..*self })
    }

    fn frames(&self) -> usize {
        self.bytes.len() / frame_size(self.width, self.height)
    }

    fn luma(&self, frame: usize, geometry: Geometry) -> Result<Luma<'_>, Failure> {
        let start = frame * frame_size(self.width, self.height);
        let samples = &self.bytes[start..start + self.width * self.height];
        Ok(Luma::new(Samples::U8(samples), self.width, geometry)?)
    }

    fn features(&self, distorted: &Self) -> Result<Vec<Vector>, Failure> {
        let geometry = Geometry { width: self.width, height: self.height, depth: Depth::Eight };
        let mut spatial = SpatialExtractor::new(geometry, 1)?;
        let mut motion = MotionExtractor::new(geometry, 1)?;
        let mut look_ahead = Motion2::default();
        let (mut spatials, mut motions) = (Vec::new(), Vec::new());
        for i in 0..self.frames().min(distorted.frames()) {
            let reference = self.luma(i, geometry)?;
            spatials.push(spatial.extract(reference, distorted.luma(i, geometry)?)?);
            let difference = match i {
                0 => None,
                _ => Some(motion.difference(self.luma(i - 1, geometry)?, reference)?),
            };
            motions.extend(look_ahead.push(difference));
        }
        motions.extend(look_ahead.flush());
        let all = spatials.into_iter().zip(motions);
        Ok(all.map(|(spatial, motion2)| Features { spatial, motion2 }.to_array()).collect())
    }
}

fn frame_size(width: usize, height: usize) -> usize {
    width * height + 2 * width.div_ceil(2) * height.div_ceil(2)
}

/// What ffmpeg writes to its standard output.
fn run(ffmpeg: &Path, arguments: &[String]) -> Result<Vec<u8>, Failure> {
    let output = Command::new(ffmpeg)
        .args(["-v", "error", "-nostdin", "-threads", "1"])
        .args(arguments)
        .output()
        .map_err(|e| Failure::Ffmpeg(format!("cannot run {}: {e}", ffmpeg.display())))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::Ffmpeg(format!("ffmpeg {}: {said}", arguments.join(" "))));
    }
    Ok(output.stdout)
}
