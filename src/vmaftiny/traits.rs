//! What caps and flags say about how luma is meant, and whether two pictures can be compared.

use gst_video::{
    VideoBufferFlags, VideoColorMatrix, VideoColorRange, VideoInfo, VideoInterlaceMode,
    VideoTransferFunction,
};

/// How grey levels become light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Light {
    Sdr,
    Pq,
    Hlg,
}

/// How a picture's luma is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Traits {
    /// None if the caps do not say.
    pub(super) full_range: Option<bool>,
    pub(super) light: Light,
    /// How luma was made of colours; none if the caps do not say.
    pub(super) matrix: Option<VideoColorMatrix>,
    /// It is the one that GStreamer supposes at this size: decoders that were told nothing say so.
    pub(super) usual_matrix: bool,
    pub(super) interlaced: bool,
    /// Of interlaced pictures.
    pub(super) top_field_first: bool,
}

impl Traits {
    pub(super) fn of(info: &VideoInfo, flags: VideoBufferFlags) -> Self {
        let colorimetry = info.colorimetry();
        let matrix = colorimetry.matrix();
        Self {
            full_range: match colorimetry.range() {
                VideoColorRange::Range0_255 => Some(true),
                VideoColorRange::Range16_235 => Some(false),
                _ => None,
            },
            light: match colorimetry.transfer() {
                VideoTransferFunction::Smpte2084 => Light::Pq,
                VideoTransferFunction::AribStdB67 => Light::Hlg,
                _ => Light::Sdr,
            },
            matrix: Some(matrix).filter(|m| *m != VideoColorMatrix::Unknown),
            usual_matrix: usual_matrix(info) == Some(matrix),
            interlaced: match info.interlace_mode() {
                VideoInterlaceMode::Progressive => false,
                VideoInterlaceMode::Mixed => flags.contains(VideoBufferFlags::INTERLACED),
                _ => true,
            },
            top_field_first: match info.field_order() {
                gst_video::VideoFieldOrder::TopFieldFirst => true,
                gst_video::VideoFieldOrder::BottomFieldFirst => false,
                _ => flags.contains(VideoBufferFlags::TFF),
            },
        }
    }
}

/// What GStreamer supposes of video whose caps tell no colorimetry.
fn usual_matrix(info: &VideoInfo) -> Option<VideoColorMatrix> {
    let silent = VideoInfo::builder(info.format(), info.width(), info.height()).build().ok()?;
    Some(silent.colorimetry().matrix())
}
