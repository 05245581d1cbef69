use gstvmaftiny::features::{Depth, Geometry};
use gstvmaftiny::fusion::DEFAULT_MODEL;
use rmcp::schemars::{self, JsonSchema};
use serde::Deserialize;

use crate::choice::{Align, FeatureProfile};
use crate::input::{Chroma, Layout};
use crate::run::Job;

/// Arguments of `vmaf_score`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Score {
    /// Path of what was sent: y4m, yuv, or anything that GStreamer decodes.
    reference: String,
    /// Path of what arrived.
    distorted: String,
    /// Width of .yuv files, in pixels.
    width: Option<usize>,
    /// Height of .yuv files, in pixels.
    height: Option<usize>,
    /// Chroma of .yuv files: 420, 422, 444 or 400 (none).
    pixel_format: Option<String>,
    /// Bits a sample of .yuv files: 8, 10, 12 or 16.
    bitdepth: Option<u32>,
    /// Registry id or path of the model.
    #[serde(default = "default_model")]
    tiny_model: String,
    /// How frames are paired.
    #[serde(default)]
    align: Align,
    /// Scale distorted pictures to the reference's size.
    #[serde(default)]
    scale: bool,
    /// How closely features follow libvmaf's.
    #[serde(default)]
    profile: FeatureProfile,
    /// Score every n-th frame only, from 1.
    #[serde(default = "one")]
    subsample: u64,
    /// Stop after so many reference frames; 0: all.
    #[serde(default)]
    frame_cnt: u64,
    /// Threads; 0: one per core.
    #[serde(default)]
    threads: u16,
    /// Whether the answer has every frame, or pooled values only.
    #[serde(default = "yes")]
    pub(super) frames: bool,
}

/// Arguments of `list_models`: none.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct ListModels {}

/// Arguments of `compare_models`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Compare {
    #[serde(flatten)]
    pub(super) score: Score,
    /// Registry ids or paths of the models.
    pub(super) models: Vec<String>,
}

/// Arguments of `describe_worst_frames`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct WorstFrames {
    #[serde(flatten)]
    pub(super) score: Score,
    /// How many frames.
    #[serde(default = "five")]
    pub(super) count: usize,
}

impl TryFrom<Score> for Job {
    type Error = String;

    fn try_from(request: Score) -> Result<Self, String> {
        let chroma = match request.pixel_format.as_deref() {
            None => None,
            Some(name) => Some(
                Chroma::named(name)
                    .ok_or_else(|| format!("pixel_format {name} is not 420, 422, 444 or 400"))?,
            ),
        };
        let layout = match (request.width, request.height, chroma, request.bitdepth) {
            (None, None, None, None) => None,
            (Some(width), Some(height), Some(chroma), Some(bits)) => {
                let depth = Depth::try_from(bits).map_err(|e| e.to_string())?;
                Some(Layout { geometry: Geometry { width, height, depth }, chroma })
            }
            _ => return Err("width, height, pixel_format and bitdepth go together".into()),
        };
        Ok(Self {
            layout,
            model: request.tiny_model,
            by: request.align.by(),
            scale: request.scale,
            profile: request.profile.into(),
            subsample: request.subsample,
            frame_count: request.frame_cnt,
            threads: request.threads.into(),
            ..Self::new(request.reference, request.distorted)
        })
    }
}

fn default_model() -> String {
    DEFAULT_MODEL.into()
}

fn one() -> u64 {
    1
}

fn five() -> usize {
    5
}

fn yes() -> bool {
    true
}
