use gst_video::prelude::*;
use gst_video::{VideoFrame, VideoInfo};

use super::formats;
use crate::features::{Depth, FeatureError, Geometry, Luma, Samples};
use crate::scoring::{self, Picture as _};

/// The luma of one buffer, where it is mapped.
pub struct Picture {
    geometry: Geometry,
    plane: Plane,
}

enum Plane {
    Mapped(Box<VideoFrame<gst_video::video_frame::Readable>>),
    /// 16-bit samples that do not lie at even addresses.
    Copied {
        samples: Vec<u16>,
        stride: usize,
    },
}

impl Picture {
    /// Maps a buffer.
    ///
    /// # Errors
    /// A message that says what is wrong with the buffer.
    pub fn map(buffer: gst::Buffer, info: &VideoInfo) -> Result<Self, String> {
        let depth = formats::depth(info.format())
            .ok_or_else(|| format!("format {} has no luma plane", info.format()))?;
        let geometry =
            Geometry { width: info.width() as usize, height: info.height() as usize, depth };
        let frame = VideoFrame::from_buffer_readable(buffer, info).map_err(|buffer| {
            format!("cannot map a buffer of {} bytes as {}", buffer.size(), info.format())
        })?;
        let picture = Self { geometry, plane: Plane::Mapped(Box::new(frame)) };
        match picture.luma() {
            Ok(_) => Ok(picture),
            Err(FeatureError::SampleSize(_) | FeatureError::Stride { .. }) => picture.copied(),
            Err(e) => Err(e.to_string()),
        }
    }

    /// Size and depth of the luma plane.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    // 16-bit samples at odd addresses
    fn copied(self) -> Result<Self, String> {
        let Plane::Mapped(frame) = &self.plane else { return Ok(self) };
        let Geometry { width, height, .. } = self.geometry;
        let (bytes, stride) = first_plane(frame);
        let mut samples = Vec::with_capacity(width * height);
        for y in 0..height {
            let row = bytes
                .get(y * stride..y * stride + 2 * width)
                .ok_or_else(|| format!("the buffer ends in row {y} of {height}"))?;
            samples.extend(row.chunks_exact(2).map(|s| u16::from_le_bytes([s[0], s[1]])));
        }
        Ok(Self { geometry: self.geometry, plane: Plane::Copied { samples, stride: width } })
    }
}

impl scoring::Picture for Picture {
    fn luma(&self) -> Result<Luma<'_>, FeatureError> {
        match &self.plane {
            Plane::Copied { samples, stride } => {
                Luma::new(Samples::U16(samples), *stride, self.geometry)
            }
            Plane::Mapped(frame) => {
                let (bytes, stride) = first_plane(frame);
                if self.geometry.depth == Depth::Eight {
                    return Luma::new(Samples::U8(bytes), stride, self.geometry);
                }
                let whole = &bytes[..bytes.len() - bytes.len() % 2];
                match bytemuck::try_cast_slice(whole) {
                    Ok(samples) if stride % 2 == 0 => {
                        Luma::new(Samples::U16(samples), stride / 2, self.geometry)
                    }
                    _ => Err(FeatureError::SampleSize(self.geometry.depth.bits())),
                }
            }
        }
    }
}

/// Bytes of the luma plane and from one row to the next.
fn first_plane(frame: &VideoFrame<gst_video::video_frame::Readable>) -> (&[u8], usize) {
    let stride = frame.plane_stride().first().copied().unwrap_or(0);
    (frame.plane_data(0).unwrap_or(&[]), usize::try_from(stride).unwrap_or(0))
}
