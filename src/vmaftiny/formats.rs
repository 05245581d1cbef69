//! Formats whose first plane is luma, and how its samples are stored.

use std::sync::LazyLock;

use gst_video::VideoFormat;

use crate::features::Depth;

const FORMATS: &[(VideoFormat, Depth)] = &[
    (VideoFormat::I420, Depth::Eight),
    (VideoFormat::Yv12, Depth::Eight),
    (VideoFormat::Nv12, Depth::Eight),
    (VideoFormat::Nv21, Depth::Eight),
    (VideoFormat::Y42b, Depth::Eight),
    (VideoFormat::Nv16, Depth::Eight),
    (VideoFormat::Y444, Depth::Eight),
    (VideoFormat::Gray8, Depth::Eight),
    (VideoFormat::I42010le, Depth::Ten),
    (VideoFormat::I42210le, Depth::Ten),
    (VideoFormat::Y44410le, Depth::Ten),
    (VideoFormat::I42012le, Depth::Twelve),
    (VideoFormat::I42212le, Depth::Twelve),
    (VideoFormat::Y44412le, Depth::Twelve),
    (VideoFormat::Y44416le, Depth::Sixteen),
    (VideoFormat::Gray16Le, Depth::Sixteen),
    // the features do not change when a picture is shifted to more bits
    (VideoFormat::P01010le, Depth::Sixteen),
    (VideoFormat::P012Le, Depth::Sixteen),
    (VideoFormat::P016Le, Depth::Sixteen),
];

/// What both sink pads and the source pad accept: video whose luma is a plane of its own.
pub fn caps() -> gst::Caps {
    static CAPS: LazyLock<gst::Caps> = LazyLock::new(|| {
        gst_video::VideoCapsBuilder::new().format_list(FORMATS.iter().map(|(f, _)| *f)).build()
    });
    CAPS.clone()
}

/// Depth of the first plane's samples; none if it is not luma.
pub(super) fn depth(format: VideoFormat) -> Option<Depth> {
    FORMATS.iter().find(|(f, _)| *f == format).map(|(_, depth)| *depth)
}
