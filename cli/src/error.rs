//! What can go wrong, in words for the person at the terminal.

use std::io;
use std::path::PathBuf;

use gstvmaftiny::features::{FeatureError, Geometry};
use gstvmaftiny::fusion::FusionError;
use gstvmaftiny::scoring::ScoringError;

/// Why two files have no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be opened.
    #[error("cannot open {path}: {source}")]
    Open {
        /// As it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be read on.
    #[error("cannot read {path}: {source}")]
    Read {
        /// As it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// As it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Raw video does not say what it is.
    #[error("{path} is raw video: its width, height, pixel format and bit depth must be given")]
    Undescribed {
        /// As it was named.
        path: PathBuf,
    },
    /// The y4m header, or the mark before a frame, is not one.
    #[error("{path} is not valid y4m: {problem}")]
    Y4m {
        /// As it was named.
        path: PathBuf,
        /// What was expected and what was found.
        problem: String,
    },
    /// A picture that no video has.
    #[error("{path}: {width}x{height} is not a picture size: both must be from 1 to {limit}")]
    Size {
        /// As it was named.
        path: PathBuf,
        /// In samples.
        width: usize,
        /// In rows.
        height: usize,
        /// Largest accepted width and height.
        limit: usize,
    },
    /// The file ends within a frame.
    #[error("{path} ends within frame {frame}: {found} of {expected} bytes are there")]
    Truncated {
        /// As it was named.
        path: PathBuf,
        /// Counts from 0.
        frame: u64,
        /// Bytes of the frame that are there.
        found: u64,
        /// Bytes of a whole frame.
        expected: u64,
    },
    /// A sample has more bits than the file claims.
    #[error("{path}: frame {frame} has a sample of {sample}, which {bits} bits cannot hold")]
    Sample {
        /// As it was named.
        path: PathBuf,
        /// Counts from 0.
        frame: u64,
        /// The largest sample of the frame.
        sample: u16,
        /// Claimed bit depth.
        bits: u32,
    },
    /// GStreamer cannot decode an input.
    #[error("cannot decode {name}: {problem}")]
    Decode {
        /// Path or URI.
        name: String,
        /// What GStreamer said.
        problem: String,
    },
    /// An input has not a single frame, or not one that is not skipped.
    #[error("{name} has no frames")]
    Empty {
        /// Path or URI.
        name: String,
    },
    /// No frame of the reference found a partner.
    #[error("{reference} and {distorted} have no frame in common")]
    NothingPaired {
        /// Path or URI.
        reference: String,
        /// Path or URI.
        distorted: String,
    },
    /// The two streams have no time in common.
    #[error("{name} has no timestamps; pair by frame number")]
    NoTimes {
        /// Path or URI.
        name: String,
    },
    /// Pictures of a pair differ in size.
    #[error(
        "sizes differ: the reference is {}x{}, the distorted picture {}x{}; scaling brings them together",
        .reference.width, .reference.height, .distorted.width, .distorted.height
    )]
    SizesDiffer {
        /// The reference's.
        reference: Geometry,
        /// The distorted picture's.
        distorted: Geometry,
    },
    /// A picture cannot be scaled.
    #[error("cannot scale a picture of {from} to {}x{}: {problem}", .to.0, .to.1)]
    Scale {
        /// What it is.
        from: Geometry,
        /// Wanted width and height.
        to: (usize, usize),
        /// What the scaler said.
        problem: String,
    },
    /// Options that make no sense together, or a value out of range.
    #[error("{0}")]
    Options(String),
    /// The model cannot be loaded.
    #[error(transparent)]
    Model(#[from] FusionError),
    /// A picture is not what it is said to be.
    #[error(transparent)]
    Picture(#[from] FeatureError),
    /// A pair has no score.
    #[error("frame {frame} cannot be scored: {source}")]
    Frame {
        /// Counts reference frames from 0.
        frame: u64,
        /// Why.
        source: ScoringError,
    },
    /// A report that was given to be read is not one.
    #[error("{path} is not a report of this program or libvmaf: {problem}")]
    NotReport {
        /// As it was named.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A picture of a report cannot be drawn.
    #[error("cannot draw {path}: {problem}")]
    Draw {
        /// As it was named.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The MCP server cannot talk to its client.
    #[error("the MCP session failed: {0}")]
    Serve(io::Error),
    /// The caller asked to stop.
    #[error("stopped")]
    Stopped,
}
