//! Formats whose luma can be read without conversion, and how its samples are stored.

use std::sync::LazyLock;

use gst::glib::BoolError;
use gst_video::{VideoColorMatrix, VideoColorRange, VideoColorimetry, VideoFormat, VideoInfo};

use crate::features::Depth;

/// Where luma samples lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Alone in the first plane.
    Plane,
    /// Bytes 0, 2, 4… of a row.
    EvenBytes,
    /// Bytes 1, 3, 5… of a row.
    OddBytes,
    /// Six in four little-endian words of three 10-bit samples each.
    V210,
}

const FORMATS: &[(VideoFormat, Depth, Layout)] = &[
    (VideoFormat::I420, Depth::Eight, Layout::Plane),
    (VideoFormat::Yv12, Depth::Eight, Layout::Plane),
    (VideoFormat::Nv12, Depth::Eight, Layout::Plane),
    (VideoFormat::Nv21, Depth::Eight, Layout::Plane),
    (VideoFormat::Y42b, Depth::Eight, Layout::Plane),
    (VideoFormat::Nv16, Depth::Eight, Layout::Plane),
    (VideoFormat::Y444, Depth::Eight, Layout::Plane),
    (VideoFormat::Gray8, Depth::Eight, Layout::Plane),
    (VideoFormat::I42010le, Depth::Ten, Layout::Plane),
    (VideoFormat::I42210le, Depth::Ten, Layout::Plane),
    (VideoFormat::Y44410le, Depth::Ten, Layout::Plane),
    (VideoFormat::I42012le, Depth::Twelve, Layout::Plane),
    (VideoFormat::I42212le, Depth::Twelve, Layout::Plane),
    (VideoFormat::Y44412le, Depth::Twelve, Layout::Plane),
    (VideoFormat::Y44416le, Depth::Sixteen, Layout::Plane),
    (VideoFormat::Gray16Le, Depth::Sixteen, Layout::Plane),
    // the features do not change when a picture is shifted to more bits
    (VideoFormat::P01010le, Depth::Sixteen, Layout::Plane),
    (VideoFormat::P012Le, Depth::Sixteen, Layout::Plane),
    (VideoFormat::P016Le, Depth::Sixteen, Layout::Plane),
    (VideoFormat::Yuy2, Depth::Eight, Layout::EvenBytes),
    (VideoFormat::Uyvy, Depth::Eight, Layout::OddBytes),
    (VideoFormat::V210, Depth::Ten, Layout::V210),
];

/// What both sink pads and the source pad accept: video whose luma can be read without conversion.
pub fn caps() -> gst::Caps {
    static CAPS: LazyLock<gst::Caps> = LazyLock::new(|| {
        gst_video::VideoCapsBuilder::new().format_list(FORMATS.iter().map(|(f, ..)| *f)).build()
    });
    CAPS.clone()
}

/// What caps say of a stream, its colour range included: GStreamer's own reading drops the range
/// where the matrix is not known, and files whose encoder told nothing but the range are common.
/// A matrix that caps do not tell is unknown, where GStreamer's own reading supposes one.
///
/// # Errors
/// They are no raw video.
pub fn info(caps: &gst::CapsRef) -> Result<VideoInfo, BoolError> {
    let info = VideoInfo::from_caps(caps)?;
    let told = caps.structure(0).and_then(|s| s.get::<&str>("colorimetry").ok());
    let told = told.and_then(|c| c.parse::<VideoColorimetry>().ok());
    let read = info.colorimetry();
    let range = told.as_ref().map(VideoColorimetry::range);
    let range = range.filter(|r| *r != VideoColorRange::Unknown).unwrap_or(read.range());
    let matrix = told.map_or(VideoColorMatrix::Unknown, |c| c.matrix());
    let colorimetry = VideoColorimetry::new(range, matrix, read.transfer(), read.primaries());
    VideoInfo::builder_from_info(&info).colorimetry(&colorimetry).build()
}

/// Depth and place of luma samples; none if the format is not one of ours.
pub(super) fn luma(format: VideoFormat) -> Option<(Depth, Layout)> {
    FORMATS.iter().find(|(f, ..)| *f == format).map(|(_, depth, layout)| (*depth, *layout))
}
