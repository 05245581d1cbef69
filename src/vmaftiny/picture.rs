use gst_video::prelude::*;
use gst_video::{VideoFrame, VideoInfo};

use super::formats::{self, Layout};
use super::traits::Traits;
use super::unpack;
use crate::features::{Depth, FeatureError, Geometry, Luma, Samples};
use crate::scoring::{self, Change, Conformer, Picture as _, Store};

/// The luma of one buffer, where it is mapped or copied out.
pub struct Picture {
    geometry: Geometry,
    pub(super) traits: Traits,
    plane: Plane,
}

enum Plane {
    Mapped {
        frame: Box<VideoFrame<gst_video::video_frame::Readable>>,
        // first column and row that are shown
        first: (usize, usize),
    },
    Own(scoring::Plane),
}

/// The part of a buffer that is shown.
struct Window {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Picture {
    /// Maps a buffer; copies of its luma, where one must be made, come from `store`.
    ///
    /// # Errors
    /// A message that says what is wrong with the buffer.
    pub fn map(buffer: gst::Buffer, info: &VideoInfo, store: &Store) -> Result<Self, String> {
        let (depth, layout) = formats::luma(info.format())
            .ok_or_else(|| format!("format {} has no luma to read", info.format()))?;
        let window = Window::of(&buffer, info)?;
        let traits = Traits::of(info, buffer.video_flags());
        let geometry = Geometry { width: window.width, height: window.height, depth };
        let frame = VideoFrame::from_buffer_readable(buffer, info).map_err(|buffer| {
            format!("cannot map a buffer of {} bytes as {}", buffer.size(), info.format())
        })?;
        if layout != Layout::Plane {
            let plane = unpacked(&frame, layout, &window, geometry, store)?;
            return Ok(Self { geometry, traits, plane: Plane::Own(plane) });
        }
        let first = (window.x, window.y);
        let picture =
            Self { geometry, traits, plane: Plane::Mapped { frame: Box::new(frame), first } };
        match picture.luma() {
            Ok(_) => Ok(picture),
            // 16-bit samples at odd addresses
            Err(FeatureError::SampleSize(_) | FeatureError::Stride { .. }) => picture.copied(store),
            Err(e) => Err(e.to_string()),
        }
    }

    /// As it is after a change of size or range.
    pub(super) fn changed(&self, change: Change, by: &mut Conformer) -> Result<Self, String> {
        let luma = self.luma().map_err(|e| e.to_string())?;
        let plane = by.conform(&luma, change)?;
        let geometry = plane.luma().map_err(|e| e.to_string())?.geometry();
        Ok(Self { geometry, traits: self.traits, plane: Plane::Own(plane) })
    }

    /// Whether luma uses all values, 0 included; `None` if the caps do not say.
    pub fn full_range(&self) -> Option<bool> {
        self.traits.full_range
    }

    /// Size and depth of the luma that is shown.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// Memory that is held for the luma, in bytes.
    pub(super) fn size(&self) -> u64 {
        let Geometry { width, height, depth } = self.geometry;
        (width * height * if depth == Depth::Eight { 1 } else { 2 }) as u64
    }

    /// Luma of its own, so that the buffer can go back to where it came from.
    pub(super) fn copied(&self, store: &Store) -> Result<Self, String> {
        let Plane::Mapped { frame, first } = &self.plane else {
            return Err("the picture is a copy already".into());
        };
        let Geometry { width, height, depth } = self.geometry;
        let (bytes, stride) = first_plane(frame);
        let size = if depth == Depth::Eight { 1 } else { 2 };
        let rows = (first.1..first.1 + height).map(|y| {
            let start = y * stride + first.0 * size;
            bytes
                .get(start..start + size * width)
                .ok_or_else(|| format!("the buffer ends in row {y} of {height}"))
        });
        let mut rows = rows.collect::<Result<Vec<_>, _>>()?.into_iter();
        let plane = if size == 1 {
            let bytes = store.bytes(|out| rows.for_each(|row| out.extend_from_slice(row)));
            scoring::Plane::of_bytes(bytes, self.geometry)
        } else {
            let words = store.words(|out| {
                rows.by_ref().for_each(|row| {
                    out.extend(row.chunks_exact(2).map(|s| u16::from_le_bytes([s[0], s[1]])));
                });
            });
            scoring::Plane::of_words(words, self.geometry)
        };
        Ok(Self { geometry: self.geometry, traits: self.traits, plane: Plane::Own(plane) })
    }

    /// Whether the buffer is still held.
    pub(super) fn is_mapped(&self) -> bool {
        matches!(self.plane, Plane::Mapped { .. })
    }
}

impl scoring::Picture for Picture {
    fn luma(&self) -> Result<Luma<'_>, FeatureError> {
        match &self.plane {
            Plane::Own(plane) => plane.luma(),
            Plane::Mapped { frame, first } => {
                let (bytes, stride) = first_plane(frame);
                if self.geometry.depth == Depth::Eight {
                    let shown = bytes.get(first.1 * stride + first.0..).unwrap_or(&[]);
                    return Luma::new(Samples::U8(shown), stride, self.geometry);
                }
                let whole = &bytes[..bytes.len() - bytes.len() % 2];
                match bytemuck::try_cast_slice(whole) {
                    Ok(samples) if stride % 2 == 0 => {
                        let start = first.1 * stride / 2 + first.0;
                        let shown = samples.get(start..).unwrap_or(&[]);
                        Luma::new(Samples::U16(shown), stride / 2, self.geometry)
                    }
                    _ => Err(FeatureError::SampleSize(self.geometry.depth.bits())),
                }
            }
        }
    }
}

impl Window {
    fn of(buffer: &gst::BufferRef, info: &VideoInfo) -> Result<Self, String> {
        let (width, height) = (info.width() as usize, info.height() as usize);
        let Some(crop) = buffer.meta::<gst_video::VideoCropMeta>() else {
            return Ok(Self { x: 0, y: 0, width, height });
        };
        let (x, y, w, h) = crop.rect();
        let [x, y, w, h] = [x, y, w, h].map(|v| v as usize);
        if x.saturating_add(w) > width || y.saturating_add(h) > height {
            return Err(format!("the crop {w}x{h} at {x},{y} leaves the {width}x{height} picture"));
        }
        Ok(Self { x, y, width: w, height: h })
    }
}

fn unpacked(
    frame: &VideoFrame<gst_video::video_frame::Readable>,
    layout: Layout,
    window: &Window,
    geometry: Geometry,
    store: &Store,
) -> Result<scoring::Plane, String> {
    let (bytes, stride) = first_plane(frame);
    let Window { x, y, width, height } = *window;
    let end = x + width;
    let needed = if layout == Layout::V210 { end.div_ceil(6) * 16 } else { 2 * end };
    let rows: Vec<&[u8]> = (y..y + height)
        .map(|row| bytes.get(row * stride..row * stride + needed))
        .collect::<Option<_>>()
        .ok_or_else(|| format!("the buffer is too short for {height} rows"))?;
    Ok(match layout {
        Layout::V210 => {
            let words = store.words(|out| {
                for row in rows {
                    let start = out.len();
                    unpack::v210(row, end, out);
                    out.drain(start..start + x);
                }
            });
            scoring::Plane::of_words(words, geometry)
        }
        layout => {
            let first = 2 * x + usize::from(layout == Layout::OddBytes);
            let bytes = store.bytes(|out| {
                rows.iter().for_each(|row| unpack::every_second(row, first, width, out));
            });
            scoring::Plane::of_bytes(bytes, geometry)
        }
    })
}

/// Bytes of the luma plane and from one row to the next.
fn first_plane(frame: &VideoFrame<gst_video::video_frame::Readable>) -> (&[u8], usize) {
    let stride = frame.plane_stride().first().copied().unwrap_or(0);
    (frame.plane_data(0).unwrap_or(&[]), usize::try_from(stride).unwrap_or(0))
}
