//! Small videos and a model whose every weight is known.
#![allow(dead_code, reason = "each test uses a part")]

#[path = "../../../tests/support/mlp.rs"]
pub mod mlp;
#[path = "../../../tests/support/patterns.rs"]
mod patterns;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub use patterns::Kind;
use vmaftiny_cli::Job;

/// A directory of test files, gone when dropped.
pub struct Bench {
    directory: tempfile::TempDir,
}

impl Bench {
    /// With `model.onnx`, whose score is `1 + 60·adm2 + 5·Σvif + 0.5·motion2`.
    pub fn new() -> Self {
        let bench = Self { directory: tempfile::tempdir().expect("a temporary directory") };
        let model = mlp::linear(&[60.0, 5.0, 5.0, 5.0, 5.0, 0.5], 1.0);
        std::fs::write(bench.path("model.onnx"), mlp::bytes(&model)).expect("writable");
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn name(&self, name: &str) -> String {
        self.path(name).to_str().expect("a readable path").to_owned()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> &Self {
        std::fs::write(self.path(name), bytes).expect("writable");
        self
    }

    /// `ref.y4m` and `dist.y4m`.
    pub fn y4m(&self, clip: Clip) -> &Self {
        self.write("ref.y4m", &clip.y4m(Side::Reference));
        self.write("dist.y4m", &clip.y4m(Side::Distorted))
    }

    /// The job of scoring two files with the model.
    pub fn job(&self, reference: &str, distorted: &str) -> Job {
        Job {
            model: self.name("model.onnx"),
            ..Job::new(self.name(reference), self.name(distorted))
        }
    }

    /// Runs `vmaf` in the directory; words of the line are its arguments.
    pub fn vmaf(&self, line: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_vmaf"))
            .args(line.split_whitespace())
            .current_dir(self.directory.path())
            .output()
            .expect("the command starts")
    }

    /// Runs `vmaf` on `ref.y4m` and `dist.y4m` with the model; what it says on standard error.
    pub fn refusal(&self, line: &str) -> String {
        let output = self.vmaf(&format!("-r ref.y4m -d dist.y4m --tiny-model model.onnx {line}"));
        assert!(!output.status.success(), "{line} succeeded");
        String::from_utf8(output.stderr).expect("text")
    }

    /// The JSON report of a run that succeeds.
    pub fn report(&self, line: &str) -> serde_json::Value {
        let output = self.vmaf(&format!("{line} --tiny-model model.onnx --json -o -"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path()).expect("readable");
        let mut names: Vec<String> = entries
            .map(|e| e.expect("an entry").file_name().into_string().expect("text"))
            .collect();
        names.sort();
        names
    }
}

#[derive(Clone, Copy)]
pub enum Side {
    Reference,
    Distorted,
}

/// A short video made by formula.
#[derive(Clone, Copy)]
pub struct Clip {
    pub kind: Kind,
    pub width: usize,
    pub height: usize,
    pub bits: u32,
    pub frames: u32,
}

pub const CLIP: Clip = Clip { kind: Kind::Blur, width: 64, height: 48, bits: 8, frames: 4 };

impl Clip {
    pub fn luma(&self, side: Side, frame: u32) -> Vec<u8> {
        let pair = patterns::pair(self.kind, self.width, self.height, frame, self.bits);
        let samples = match side {
            Side::Reference => pair.reference,
            Side::Distorted => pair.distorted,
        };
        match self.bits {
            8 => samples.iter().map(|s| *s as u8).collect(),
            _ => samples.iter().flat_map(|s| s.to_le_bytes()).collect(),
        }
    }

    /// 4:2:0, as `.yuv` files hold it.
    pub fn frame(&self, side: Side, frame: u32) -> Vec<u8> {
        let mut bytes = self.luma(side, frame);
        let chroma = 2 * self.width.div_ceil(2) * self.height.div_ceil(2);
        let chroma = if self.bits == 8 { chroma } else { 2 * chroma };
        bytes.resize(bytes.len() + chroma, 0);
        bytes
    }

    pub fn yuv(&self, side: Side) -> Vec<u8> {
        (0..self.frames).flat_map(|n| self.frame(side, n)).collect()
    }

    pub fn y4m(&self, side: Side) -> Vec<u8> {
        let Self { width, height, bits, .. } = self;
        let colour = if *bits == 8 { "420jpeg".into() } else { format!("420p{bits}") };
        let mut bytes =
            format!("YUV4MPEG2 W{width} H{height} F25:1 Ip A1:1 C{colour}\n").into_bytes();
        for n in 0..self.frames {
            bytes.extend_from_slice(b"FRAME\n");
            bytes.extend(self.frame(side, n));
        }
        bytes
    }
}

/// `x264` in the container that the file's name tells, made by GStreamer.
pub fn encode(y4m: &Path, output: &Path, muxer: &str, bitrate: u32) {
    gst::init().expect("GStreamer starts");
    let (from, to) = (y4m.display(), output.display());
    let line = format!(
        "filesrc location={from} ! y4mdec ! x264enc bitrate={bitrate} ! {muxer} \
         ! filesink location={to}"
    );
    use gst::prelude::*;
    let pipeline = gst::parse::launch(&line).expect("a valid launch line");
    pipeline.set_state(gst::State::Playing).expect("it plays");
    let bus = pipeline.bus().expect("a pipeline has a bus");
    let end = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(60), &end);
    pipeline.set_state(gst::State::Null).expect("it stops");
    let message = message.expect("it ends");
    assert_eq!(message.type_(), gst::MessageType::Eos, "{message:?}");
}
