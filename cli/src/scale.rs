//! Bringing a distorted picture to the reference's size.

use std::sync::Arc;

use gst_video::{VideoConverter, VideoFormat, VideoFrame, VideoInfo};
use gstvmaftiny::features::{Depth, Geometry, Luma, Samples};
use gstvmaftiny::scoring::Picture as _;
use gstvmaftiny::vmaftiny::{Picture, Store};

use crate::Error;
use crate::input::Shared;

/// Scales luma bicubically, as GStreamer's `videoscale` does. Keeps its tables from frame to frame.
#[derive(Default)]
pub struct Scaler(Option<Tables>);

struct Tables {
    from: Geometry,
    to: (usize, usize),
    input: VideoInfo,
    output: VideoInfo,
    converter: VideoConverter,
    store: Store,
}

impl Scaler {
    /// `picture` in another size (width, height). Deeper than 8 bits, it comes out at 16, which
    /// leaves its features as they are.
    ///
    /// # Errors
    /// GStreamer cannot scale so.
    pub fn scaled(&mut self, picture: &Shared, to: (usize, usize)) -> Result<Shared, Error> {
        let luma = picture.luma()?;
        let from = luma.geometry();
        let failed = |problem: String| Error::Scale { from, to, problem };
        let tables = match self.0.take().filter(|t| (t.from, t.to) == (from, to)) {
            Some(tables) => tables,
            None => Tables::new(from, to).map_err(|e| failed(e.to_string()))?,
        };
        let tables = self.0.insert(tables);
        Ok(Arc::new(tables.scale(&luma).map_err(failed)?))
    }
}

impl Tables {
    fn new(from: Geometry, to: (usize, usize)) -> Result<Self, gst::glib::Error> {
        gst::init()?;
        Self::initialized(from, to)
            .map_err(|e| gst::glib::Error::new(gst::LibraryError::Init, &e.message))
    }

    fn initialized(from: Geometry, to: (usize, usize)) -> Result<Self, gst::glib::BoolError> {
        let format = match from.depth {
            Depth::Eight => VideoFormat::Gray8,
            _ => VideoFormat::Gray16Le,
        };
        let info = |(width, height): (usize, usize)| {
            let size = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            VideoInfo::builder(format, size(width), size(height)).build()
        };
        let input = info((from.width, from.height))?;
        let output = info(to)?;
        let converter = VideoConverter::new(&input, &output, None)?;
        Ok(Self { from, to, input, output, converter, store: Store::default() })
    }

    fn scale(&self, luma: &Luma) -> Result<Picture, String> {
        let bytes = packed(luma, self.input.size(), stride(&self.input));
        let input =
            VideoFrame::from_buffer_readable(gst::Buffer::from_mut_slice(bytes), &self.input)
                .map_err(|_| "the picture cannot be mapped")?;
        let space = gst::Buffer::with_size(self.output.size()).map_err(|e| e.to_string())?;
        let mut output = VideoFrame::from_buffer_writable(space, &self.output)
            .map_err(|_| "there is no room for the picture")?;
        self.converter.frame(&input, &mut output);
        Picture::map(output.into_buffer(), &self.output, &self.store)
    }
}

fn stride(info: &VideoInfo) -> usize {
    info.stride().first().and_then(|s| usize::try_from(*s).ok()).unwrap_or(0)
}

/// Rows `stride` bytes apart; deep samples in the high bits.
fn packed(luma: &Luma, size: usize, stride: usize) -> Vec<u8> {
    let Geometry { width, height, depth } = luma.geometry();
    let shift = Depth::Sixteen.bits() - depth.bits();
    let mut bytes = Vec::with_capacity(size);
    for y in 0..height {
        let row = y * luma.stride()..y * luma.stride() + width;
        match luma.samples() {
            Samples::U8(s) => bytes.extend_from_slice(&s[row]),
            Samples::U16(s) => bytes.extend(s[row].iter().flat_map(|v| (v << shift).to_le_bytes())),
        }
        bytes.resize((y + 1) * stride, 0);
    }
    bytes
}
