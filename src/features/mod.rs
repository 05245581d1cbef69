//! The canonical-6 features of VMAF, measured from luma.
//!
//! `adm2`, `vif_scale0` … `vif_scale3` and `motion2`, as libvmaf's default integer extractors
//! define them. Pure Rust: planes in, numbers out; no time, no GStreamer, no models.
//!
//! Whatever is summed up over threads is an integer, so a frame's numbers do not depend on how
//! many there are. The portable code is exact; code for AVX2 follows it within 5e-5.
//! What belongs to one picture (moments, wavelet) is computed apart from what a pair adds.

mod adm;
mod canvas;
mod cpu;
mod error;
mod extract;
mod filter;
mod fixed;
#[cfg(target_arch = "x86_64")]
mod lanes;
mod motion;
mod motion2;
mod plane;
mod profile;
mod strips;
mod vif;
#[cfg(target_arch = "x86_64")]
mod wide;

pub use cpu::{CPU_VARIABLE, Level};
pub use error::FeatureError;
#[doc(hidden)]
pub use extract::Part;
pub use extract::{MotionExtractor, SpatialExtractor};
pub use motion2::Motion2;
pub use plane::{Depth, Geometry, Luma, Samples};
pub use profile::Profile;
pub use strips::Workers;

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
