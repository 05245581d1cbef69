use super::FeatureError;

/// Bits per luma sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// Bytes.
    Eight = 8,
    /// 0 to 1023 in 16-bit words.
    Ten = 10,
    /// 0 to 4095 in 16-bit words.
    Twelve = 12,
    /// 0 to 65535 in 16-bit words; also lower depths kept in the high bits (P010, P012, P016).
    Sixteen = 16,
}

impl Depth {
    /// Number of bits: 8, 10, 12 or 16.
    pub const fn bits(self) -> u32 {
        self as u32
    }
}

impl TryFrom<u32> for Depth {
    type Error = FeatureError;

    fn try_from(bits: u32) -> Result<Self, FeatureError> {
        match bits {
            8 => Ok(Self::Eight),
            10 => Ok(Self::Ten),
            12 => Ok(Self::Twelve),
            16 => Ok(Self::Sixteen),
            other => Err(FeatureError::Depth(other)),
        }
    }
}

/// Size and depth of a picture. Any size; what a feature needs is checked by its extractor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Geometry {
    /// Samples per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Bits per sample.
    pub depth: Depth,
}

impl std::fmt::Display for Geometry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{} at {} bits", self.width, self.height, self.depth.bits())
    }
}

/// Samples of a plane, rows `stride` samples apart.
#[derive(Clone, Copy, Debug)]
pub enum Samples<'a> {
    /// 8-bit samples.
    U8(&'a [u8]),
    /// 10- to 16-bit samples, native endian.
    U16(&'a [u16]),
}

/// The luma plane of one picture, borrowed from wherever it is mapped. Valid by construction:
/// every row of `width` samples lies within the slice.
#[derive(Clone, Copy, Debug)]
pub struct Luma<'a> {
    samples: Samples<'a>,
    stride: usize,
    geometry: Geometry,
}

impl<'a> Luma<'a> {
    /// `stride` is in samples, not bytes.
    pub fn new(
        samples: Samples<'a>,
        stride: usize,
        geometry: Geometry,
    ) -> Result<Self, FeatureError> {
        let Geometry { width, height, depth } = geometry;
        let found = match samples {
            Samples::U8(s) if depth == Depth::Eight => s.len(),
            Samples::U16(s) if depth != Depth::Eight => s.len(),
            _ => return Err(FeatureError::SampleSize(depth.bits())),
        };
        if stride < width {
            return Err(FeatureError::Stride { stride, width });
        }
        let needed = match height {
            0 => 0,
            _ => stride
                .checked_mul(height - 1)
                .and_then(|n| n.checked_add(width))
                .unwrap_or(usize::MAX),
        };
        if found < needed {
            return Err(FeatureError::PlaneTooShort { width, height, stride, needed, found });
        }
        Ok(Self { samples, stride, geometry })
    }

    /// Size and depth.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// The samples as given to [`Luma::new`].
    pub fn samples(&self) -> Samples<'a> {
        self.samples
    }

    /// Samples from one row to the next.
    pub fn stride(&self) -> usize {
        self.stride
    }
}

/// A plane whose sample type is known: what kernels read.
#[derive(Clone, Copy)]
pub(super) struct Plane<'a, P> {
    samples: &'a [P],
    stride: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl<'a, P> Plane<'a, P> {
    /// `samples` are those of `luma`.
    pub(super) fn of(luma: &Luma, samples: &'a [P]) -> Self {
        let Geometry { width, height, .. } = luma.geometry;
        Self { samples, stride: luma.stride, width, height }
    }

    /// Two planes of `width` columns whose rows alternate in one buffer.
    pub(super) fn side_by_side(samples: &'a [P], width: usize, height: usize) -> [Self; 2] {
        [0, width].map(|first| Self {
            samples: &samples[first..],
            stride: 2 * width,
            width,
            height,
        })
    }

    #[inline(always)]
    pub(super) fn row(&self, y: usize) -> &'a [P] {
        &self.samples[y * self.stride..][..self.width]
    }
}
