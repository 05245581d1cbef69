//! What a run found, and its form in files: libvmaf's schemas and metric names, plus what was
//! paired and which model scored.

mod csv;
mod json;
mod metrics;
mod sub;
pub(crate) mod write;
mod xml;

use std::path::Path;

use gstvmaftiny::features::{Geometry, Profile};
use gstvmaftiny::fusion::ModelInfo;
use gstvmaftiny::report::Pooled;
use gstvmaftiny::scoring::Measured;
use serde::Serialize;

use crate::Error;
use crate::pairs::By;
pub use metrics::{Statistics, VMAF};

/// Version in reports and of the command.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A finished run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Path or URI of the reference.
    pub reference: String,
    /// Path or URI of the distorted file.
    pub distorted: String,
    /// Of the reference's first paired frame.
    pub geometry: Geometry,
    /// By what frames were paired.
    pub by: By,
    /// Distorted minus reference time of the same moment as the pictures tell it, ns.
    pub offset: Option<i64>,
    /// Reference frames a second that this run managed.
    pub fps: f64,
    /// What became of the frames.
    pub counts: Counts,
    /// The model that scored.
    pub model: ModelInfo,
    /// Whether scores are reported, or only features.
    pub prediction: bool,
    /// How closely features follow their definition.
    pub profile: Profile,
    /// Frames with a score, in order.
    pub frames: Vec<FrameScore>,
    /// The scores pooled.
    pub pooled: Pooled,
}

/// Frames by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Reference frames with a partner.
    pub paired: u64,
    /// Reference frames without one.
    pub missing: u64,
    /// Reference frames after the end of the distorted file.
    pub ended: u64,
    /// Distorted frames that belong to no reference frame.
    pub surplus: u64,
    /// Pairs whose distorted picture was scaled to the reference's size.
    pub scaled: u64,
    /// Pairs whose distorted picture was converted to the reference's colour range.
    pub range_converted: u64,
}

/// A frame's score.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameScore {
    /// Counts reference frames from 0.
    pub number: u64,
    /// The score and the features it was made from.
    pub measured: Measured,
}

/// The form of a report file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// What libvmaf's tool writes if not told otherwise.
    #[default]
    Xml,
    /// JSON.
    Json,
    /// A line a frame, without pooled values.
    Csv,
    /// MicroDVD subtitles: the scores as text over the video.
    Sub,
}

impl Report {
    /// The report as a file's content.
    ///
    /// # Errors
    /// A library refuses what it is given, which does not happen for valid reports.
    pub fn to_bytes(&self, format: Format) -> std::io::Result<Vec<u8>> {
        match format {
            Format::Xml => xml::write(self),
            Format::Json => json::write(self),
            Format::Csv => csv::write(self),
            Format::Sub => sub::write(self),
        }
    }

    /// Writes a file: whole, or not at all. `-` is the standard output.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path, format: Format) -> Result<(), Error> {
        self.to_bytes(format)
            .and_then(|bytes| write::whole(path, &bytes))
            .map_err(|source| Error::Write { path: path.into(), source })
    }
}

impl By {
    /// As reports and options write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "frames",
            Self::Time => "timestamps",
            Self::Content => "content",
        }
    }
}
