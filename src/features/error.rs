use super::Geometry;

/// Why a picture or a pair cannot be measured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// A feature is not defined for so small a picture.
    #[error("{width}x{height} is too small: {feature} is defined from {minimum}x{minimum} up")]
    TooSmall {
        /// Picture width in pixels.
        width: usize,
        /// Picture height in pixels.
        height: usize,
        /// Name of the feature that sets the limit.
        feature: &'static str,
        /// Smallest legal width and height.
        minimum: usize,
    },
    /// Not one of the bit depths the features are defined for.
    #[error("bit depth {0} is not supported: use 8, 10, 12 or 16")]
    Depth(u32),
    /// The buffer does not hold the picture it is said to hold.
    #[error("a {width}x{height} plane with stride {stride} needs {needed} samples, {found} given")]
    PlaneTooShort {
        /// Picture width in samples.
        width: usize,
        /// Picture height in rows.
        height: usize,
        /// Samples from one row to the next.
        stride: usize,
        /// Samples the last pixel needs.
        needed: usize,
        /// Samples present.
        found: usize,
    },
    /// A row would run into the next one.
    #[error("stride {stride} is smaller than the width {width}")]
    Stride {
        /// Samples from one row to the next.
        stride: usize,
        /// Picture width in samples.
        width: usize,
    },
    /// 8-bit samples given for a deeper picture, or the reverse.
    #[error("{0}-bit pictures cannot be read from samples of this size")]
    SampleSize(u32),
    /// The picture is not of the geometry the extractor was made for.
    #[error("this extractor measures {expected}, the picture is {found}")]
    Geometry {
        /// What the extractor was made for.
        expected: Geometry,
        /// What it was given.
        found: Geometry,
    },
    /// The operating system gave no threads.
    #[error("cannot start {count} scoring threads: {reason}")]
    Threads {
        /// Threads asked for.
        count: usize,
        /// What the system said.
        reason: String,
    },
}
