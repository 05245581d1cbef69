use std::path::Path;

use gstvmaftiny::features::{Depth, Geometry};

use crate::Error;

/// How much colour a frame carries; it is skipped, never read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chroma {
    /// None.
    Mono,
    /// A quarter of the luma samples, twice.
    Yuv420,
    /// A quarter of the luma's width, twice.
    Yuv411,
    /// Half of the luma's width, twice.
    Yuv422,
    /// As much as luma, twice.
    Yuv444,
    /// As much as luma, three times: the third is transparency.
    Yuva444,
}

impl Chroma {
    /// As libvmaf's tool names it: 420, 422, 444 or 400.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "420" => Some(Self::Yuv420),
            "422" => Some(Self::Yuv422),
            "444" => Some(Self::Yuv444),
            "400" => Some(Self::Mono),
            _ => None,
        }
    }
}

/// How a frame lies in a raw file: luma first, rows without padding, 16-bit samples little endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Of the luma plane.
    pub geometry: Geometry,
    /// What follows it.
    pub chroma: Chroma,
}

impl Layout {
    /// Largest width and height.
    pub const LIMIT: usize = 32768;

    /// Refuses sizes that no video has; `path` is named in the error.
    pub(super) fn checked(self, path: &Path) -> Result<Self, Error> {
        let Geometry { width, height, .. } = self.geometry;
        let legal = 1..=Self::LIMIT;
        if legal.contains(&width) && legal.contains(&height) {
            return Ok(self);
        }
        Err(Error::Size { path: path.into(), width, height, limit: Self::LIMIT })
    }

    /// Bytes a sample.
    pub(super) fn sample_bytes(&self) -> u64 {
        if self.geometry.depth == Depth::Eight { 1 } else { 2 }
    }

    /// Samples of the luma plane.
    pub(super) fn luma_samples(&self) -> usize {
        self.geometry.width * self.geometry.height
    }

    /// Bytes of the luma plane.
    pub(super) fn luma_bytes(&self) -> u64 {
        self.luma_samples() as u64 * self.sample_bytes()
    }

    /// Bytes of what follows the luma plane.
    pub(super) fn chroma_bytes(&self) -> u64 {
        let (width, height) = (self.geometry.width as u64, self.geometry.height as u64);
        let samples = match self.chroma {
            Chroma::Mono => 0,
            Chroma::Yuv420 => 2 * width.div_ceil(2) * height.div_ceil(2),
            Chroma::Yuv411 => 2 * width.div_ceil(4) * height,
            Chroma::Yuv422 => 2 * width.div_ceil(2) * height,
            Chroma::Yuv444 => 2 * width * height,
            Chroma::Yuva444 => 3 * width * height,
        };
        samples * self.sample_bytes()
    }

    /// Bytes of a frame.
    pub(super) fn frame_bytes(&self) -> u64 {
        self.luma_bytes() + self.chroma_bytes()
    }
}
