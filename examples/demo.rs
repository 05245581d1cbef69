//! What the plugin is for, end to end: a real clip, encoded at two qualities by a real encoder,
//! both versions scored in a pipeline frame by frame, beside what libvmaf says of the same files.
//!
//! `make demo` runs it. The clip, the encoder and libvmaf are those that `make setup` installs.

#[path = "../tests/support/oracle.rs"]
mod oracle;

use std::error::Error;
use std::path::{Path, PathBuf};

use gst::prelude::*;

const FRAMES: usize = 50;
const QUALITIES: [&str; 2] = ["23", "38"];

/// Scores of one version: frame by frame, then pooled.
struct Scores {
    frames: Vec<f64>,
    pooled: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    gst::init()?;
    gstvmaftiny::plugin_register_static()?;
    let directory = tempfile::tempdir()?;
    let reference = reference(directory.path());

    let mut columns = Vec::new();
    for quality in QUALITIES {
        let distorted = encode(&reference, quality, directory.path());
        let ours = score(&reference, &distorted)?;
        let theirs: Vec<f64> =
            oracle::score(&reference, &distorted, &[]).iter().map(|v| v.score).collect();
        let pooled = theirs.iter().sum::<f64>() / theirs.len() as f64;
        columns.push((ours, Scores { frames: theirs, pooled }));
    }
    print(&columns);
    let complete = |(ours, theirs): &(Scores, Scores)| {
        ours.frames.len() == FRAMES && theirs.frames.len() == FRAMES
    };
    match columns.iter().all(complete) {
        true => Ok(()),
        false => Err("some frames have no score".into()),
    }
}

fn reference(directory: &Path) -> PathBuf {
    let path = directory.join("reference.mkv");
    let (clip, frames) = (oracle::clip("bikes"), FRAMES.to_string());
    let (from, to) = (clip.to_string_lossy(), path.to_string_lossy());
    oracle::run(&["-i", &from, "-an", "-frames:v", &frames, "-c:v", "ffv1", &to]);
    path
}

fn encode(reference: &Path, quality: &str, directory: &Path) -> PathBuf {
    let path = directory.join(format!("crf-{quality}.mkv"));
    let (from, to) = (reference.to_string_lossy(), path.to_string_lossy());
    oracle::run(&["-i", &from, "-c:v", "libx264", "-crf", quality, &to]);
    path
}

/// Plays both files into the element and collects what it posts.
fn score(reference: &Path, distorted: &Path) -> Result<Scores, Box<dyn Error>> {
    let line = format!(
        "filesrc location={} ! decodebin ! queue ! v.ref_sink \
         filesrc location={} ! decodebin ! queue ! v.dist_sink \
         vmaftiny name=v align-mode=timestamps ! fakesink sync=false",
        reference.display(),
        distorted.display()
    );
    let pipeline = gst::parse::launch(&line)?;
    let bus = pipeline.bus().ok_or("a pipeline without a bus")?;
    pipeline.set_state(gst::State::Playing)?;
    let mut scores = Scores { frames: Vec::new(), pooled: f64::NAN };
    for message in bus.iter_timed(gst::ClockTime::NONE) {
        match message.view() {
            gst::MessageView::Element(element) => {
                let Some(s) = element.structure().filter(|s| s.name() == "VMAF") else { continue };
                match s.get("type")? {
                    "frame" => scores.frames.push(s.get("score")?),
                    _ => scores.pooled = s.get("score")?,
                }
            }
            gst::MessageView::Eos(_) => break,
            gst::MessageView::Error(e) => return Err(e.error().into()),
            _ => {}
        }
    }
    pipeline.set_state(gst::State::Null)?;
    Ok(scores)
}

fn print(columns: &[(Scores, Scores)]) {
    let titles: Vec<String> =
        QUALITIES.iter().map(|q| format!("{:^27}", format!("x264 crf {q}"))).collect();
    println!("      | {}", titles.join(" | "));
    let names = format!("{:>8} {:>9} {:>8}", "vmaftiny", "libvmaf", "apart");
    println!("frame | {}", vec![names; columns.len()].join(" | "));
    let row = |title: &str, of: &dyn Fn(&Scores) -> f64| {
        let cells: Vec<String> = columns
            .iter()
            .map(|(ours, theirs)| (of(ours), of(theirs)))
            .map(|(a, b)| format!("{a:8.3} {b:9.3} {:+8.3}", a - b))
            .collect();
        println!("{title:>5} | {}", cells.join(" | "));
    };
    for frame in 0..FRAMES {
        row(&frame.to_string(), &|s| s.frames.get(frame).copied().unwrap_or(f64::NAN));
    }
    row("mean", &|s| s.pooled);
}
