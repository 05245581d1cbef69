//! The public extractors: check the input, pick the sample type, run the kernels.

use super::adm::Adm;
use super::cpu::Level;
use super::motion::Motion;
use super::plane::Plane;
use super::strips::Workers;
use super::vif::Vif;
use super::{FeatureError, Geometry, Luma, Profile, Samples, Spatial};

/// Samples of pictures.
trait Sample: super::vif::Sample + super::adm::Sample {}
impl Sample for u8 {}
impl Sample for u16 {}

/// Measures [`Spatial`] of picture pairs of one geometry. Owns all scratch memory: `extract` does
/// not allocate.
pub struct SpatialExtractor {
    geometry: Geometry,
    profile: Profile,
    workers: Workers,
    vif: Vif,
    adm: Adm,
    canvas: Vec<u32>,
}

impl SpatialExtractor {
    /// Smallest width and height, set by `adm2`.
    pub const MINIMUM: usize = 33;

    /// `threads`: strips of one frame measured side by side; 0 means one per core, 1 no helpers.
    ///
    /// # Errors
    /// [`FeatureError::TooSmall`] below [`Self::MINIMUM`], [`FeatureError::Threads`].
    pub fn new(geometry: Geometry, threads: usize) -> Result<Self, FeatureError> {
        Self::at_level(geometry, threads, Level::detected())
    }

    /// [`Self::new`] with kernels of `level`, or of the best one below it that the processor has.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn at_level(
        geometry: Geometry,
        threads: usize,
        level: Level,
    ) -> Result<Self, FeatureError> {
        Self::with_profile(geometry, threads, level, Profile::Exact)
    }

    /// [`Self::at_level`] with features of `profile`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_profile(
        geometry: Geometry,
        threads: usize,
        level: Level,
        profile: Profile,
    ) -> Result<Self, FeatureError> {
        Self::on(&Workers::at_level(threads, level)?, geometry, profile)
    }

    /// [`Self::new`] on threads that others use too, with features of `profile`.
    ///
    /// # Errors
    /// [`FeatureError::TooSmall`] below [`Self::MINIMUM`].
    pub fn on(
        workers: &Workers,
        geometry: Geometry,
        profile: Profile,
    ) -> Result<Self, FeatureError> {
        check_size(geometry, "adm2", Self::MINIMUM)?;
        let workers = workers.clone();
        let vif = Vif::new(geometry, profile, &workers);
        let adm = Adm::new(geometry, &workers);
        let canvas = vec![0; vif.canvas().max(adm.canvas())];
        Ok(Self { geometry, profile, workers, vif, adm, canvas })
    }

    /// Geometry given to `new`.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// What was asked for; [`Profile::Exact`] unless made by [`Self::with_profile`].
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Measures one pair. With [`Profile::Fast`] the number of pairs measured before has a say in
    /// which pixels are.
    ///
    /// # Errors
    /// [`FeatureError::Geometry`] when a picture is not of the extractor's geometry.
    pub fn extract(&mut self, reference: Luma, distorted: Luma) -> Result<Spatial, FeatureError> {
        check_geometry(self.geometry, [&reference, &distorted])?;
        let Self { workers, vif, adm, canvas, .. } = self;
        Ok(match (reference.samples(), distorted.samples()) {
            (Samples::U8(r), Samples::U8(d)) => {
                let pair = [Plane::of(&reference, r), Plane::of(&distorted, d)];
                workers.enter(|| Spatial {
                    adm2: adm.measure(workers, pair, canvas),
                    vif: vif.measure(workers, pair, canvas),
                })
            }
            (Samples::U16(r), Samples::U16(d)) => {
                let pair = [Plane::of(&reference, r), Plane::of(&distorted, d)];
                workers.enter(|| Spatial {
                    adm2: adm.measure(workers, pair, canvas),
                    vif: vif.measure(workers, pair, canvas),
                })
            }
            // equal depths, so never reached: Luma ties the sample size to the depth
            _ => return Err(FeatureError::SampleSize(self.geometry.depth.bits())),
        })
    }
}

/// A part of [`SpatialExtractor::extract`], to be timed alone.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// VIF's pictures of half, quarter and eighth size.
    Pyramid,
    /// VIF of one scale, 0 to 3; [`Part::Pyramid`] must have come last of the other parts.
    Scale(usize),
    /// All of `adm2`.
    Adm,
}

impl SpatialExtractor {
    /// Does one part and drops its result.
    #[doc(hidden)]
    pub fn run_part(&mut self, part: Part, reference: Luma, distorted: Luma) {
        match (reference.samples(), distorted.samples()) {
            (Samples::U8(r), Samples::U8(d)) => {
                self.run_part_of(part, [Plane::of(&reference, r), Plane::of(&distorted, d)]);
            }
            (Samples::U16(r), Samples::U16(d)) => {
                self.run_part_of(part, [Plane::of(&reference, r), Plane::of(&distorted, d)]);
            }
            _ => {}
        }
    }

    fn run_part_of<P: Sample>(&mut self, part: Part, pair: [Plane<P>; 2]) {
        let Self { workers, vif, adm, canvas, .. } = self;
        match part {
            Part::Pyramid => vif.build_pyramid(workers, pair, canvas),
            Part::Scale(scale) => vif.measure_scales(workers, pair, canvas, scale..scale + 1),
            Part::Adm => _ = adm.measure(workers, pair, canvas),
        }
    }
}

/// Blurred luma difference of successive reference pictures. Owns all scratch memory.
pub struct MotionExtractor {
    geometry: Geometry,
    workers: Workers,
    motion: Motion,
}

impl MotionExtractor {
    /// Smallest width and height.
    pub const MINIMUM: usize = 3;

    /// `threads` as for [`SpatialExtractor::new`].
    ///
    /// # Errors
    /// [`FeatureError::TooSmall`] below [`Self::MINIMUM`], [`FeatureError::Threads`].
    pub fn new(geometry: Geometry, threads: usize) -> Result<Self, FeatureError> {
        Self::at_level(geometry, threads, Level::detected())
    }

    /// [`Self::new`] with kernels of `level`, or of the best one below it that the processor has.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn at_level(
        geometry: Geometry,
        threads: usize,
        level: Level,
    ) -> Result<Self, FeatureError> {
        Self::on(&Workers::at_level(threads, level)?, geometry)
    }

    /// [`Self::new`] on threads that others use too.
    ///
    /// # Errors
    /// [`FeatureError::TooSmall`] below [`Self::MINIMUM`].
    pub fn on(workers: &Workers, geometry: Geometry) -> Result<Self, FeatureError> {
        check_size(geometry, "motion2", Self::MINIMUM)?;
        let workers = workers.clone();
        Ok(Self { geometry, motion: Motion::new(geometry, &workers), workers })
    }

    /// Geometry given to `new`.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// Mean absolute blurred difference of two successive reference pictures, in 8-bit grey
    /// levels, 0 to 255.
    ///
    /// # Errors
    /// [`FeatureError::Geometry`] when a picture is not of the extractor's geometry.
    pub fn difference(&mut self, previous: Luma, current: Luma) -> Result<f64, FeatureError> {
        check_geometry(self.geometry, [&previous, &current])?;
        let Self { workers, motion, .. } = self;
        Ok(match (previous.samples(), current.samples()) {
            (Samples::U8(p), Samples::U8(c)) => {
                let pair = [Plane::of(&previous, p), Plane::of(&current, c)];
                workers.enter(|| motion.measure(workers, pair))
            }
            (Samples::U16(p), Samples::U16(c)) => {
                let pair = [Plane::of(&previous, p), Plane::of(&current, c)];
                workers.enter(|| motion.measure(workers, pair))
            }
            _ => return Err(FeatureError::SampleSize(self.geometry.depth.bits())),
        })
    }
}

fn check_size(g: Geometry, feature: &'static str, minimum: usize) -> Result<(), FeatureError> {
    let Geometry { width, height, .. } = g;
    if width < minimum || height < minimum {
        return Err(FeatureError::TooSmall { width, height, feature, minimum });
    }
    Ok(())
}

fn check_geometry(expected: Geometry, pictures: [&Luma; 2]) -> Result<(), FeatureError> {
    match pictures.iter().find(|p| p.geometry() != expected) {
        Some(p) => Err(FeatureError::Geometry { expected, found: p.geometry() }),
        None => Ok(()),
    }
}
