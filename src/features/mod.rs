//! The canonical-6 features of VMAF, measured from luma.
//!
//! `adm2`, `vif_scale0` … `vif_scale3` and `motion2`, as libvmaf's default integer extractors
//! define them. Pure Rust: planes in, numbers out; no time, no GStreamer, no models.

mod error;
mod plane;

pub use error::FeatureError;
pub use plane::{Depth, Geometry, Luma, Samples};

/// Feature names in canonical order, as models and files write them.
pub const NAMES: [&str; 6] =
    ["adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2"];

/// What one distorted picture shows against its reference: everything but motion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spatial {
    /// Detail-loss ratio, about 0.2 to 1.6; 1 for identical pictures.
    pub adm2: f64,
    /// Visual information fidelity at scales 0 to 3, about 0 to 1.4.
    pub vif: [f64; 4],
}

/// One frame's complete measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Features {
    /// The part that needs both pictures.
    pub spatial: Spatial,
    /// Smaller of the reference's change from the previous and to the next frame, grey levels.
    pub motion2: f64,
}

impl Features {
    /// Values in the order of [`NAMES`].
    pub fn to_array(&self) -> [f64; 6] {
        let [v0, v1, v2, v3] = self.spatial.vif;
        [self.spatial.adm2, v0, v1, v2, v3, self.motion2]
    }
}

/// Measures [`Spatial`] of picture pairs of one geometry. Owns all scratch memory.
pub struct SpatialExtractor {
    geometry: Geometry,
}

impl SpatialExtractor {
    /// `threads`: strips of one frame measured side by side; 0 means one per core, 1 no helpers.
    pub fn new(geometry: Geometry, threads: usize) -> Result<Self, FeatureError> {
        let _ = threads;
        Ok(Self { geometry })
    }

    /// Geometry given to `new`.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// Both pictures must have the extractor's geometry.
    pub fn extract(&mut self, reference: Luma, distorted: Luma) -> Result<Spatial, FeatureError> {
        let _ = (reference, distorted);
        todo!()
    }
}

/// Blurred luma difference of successive reference pictures. Owns all scratch memory.
pub struct MotionExtractor {
    geometry: Geometry,
}

impl MotionExtractor {
    /// `threads` as for [`SpatialExtractor::new`].
    pub fn new(geometry: Geometry, threads: usize) -> Result<Self, FeatureError> {
        let _ = threads;
        Ok(Self { geometry })
    }

    /// Mean absolute blurred difference of two successive reference pictures, in grey levels.
    pub fn difference(&mut self, previous: Luma, current: Luma) -> Result<f64, FeatureError> {
        let _ = (previous, current, self.geometry);
        todo!()
    }
}

/// Turns the differences of successive reference frames into `motion2`, one frame late:
/// a frame's value is the smaller of its own difference and its successor's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Motion2 {
    // difference of the newest frame to the one before it; None before the first frame
    newest: Option<Newest>,
}

#[derive(Clone, Copy, Debug)]
enum Newest {
    First,
    Difference(f64),
}

impl Motion2 {
    /// Takes the next frame's difference (`None`: no predecessor, so the stream's first frame) and
    /// gives `motion2` of the frame before it, if there is one.
    pub fn push(&mut self, difference: Option<f64>) -> Option<f64> {
        let finished = self.newest.map(|n| match (n, difference) {
            (Newest::First, _) => 0.0,
            (Newest::Difference(own), Some(next)) => own.min(next),
            (Newest::Difference(own), None) => own,
        });
        self.newest = Some(difference.map_or(Newest::First, Newest::Difference));
        finished
    }

    /// Ends the stream: gives `motion2` of its last frame, if there was any.
    pub fn flush(&mut self) -> Option<f64> {
        self.newest.take().map(|n| match n {
            Newest::First => 0.0,
            Newest::Difference(own) => own,
        })
    }
}
