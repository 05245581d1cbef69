//! Scores of picture pairs: what the element, the command and the bindings all drive.
//!
//! A [`Scorer`] measures each pair, keeps the reference's motion history and asks the model. A
//! frame's motion depends on its successor, so verdicts come one frame late: [`Scorer::push`]
//! answers about the frame before, [`Scorer::flush`] about the last one. No time, no GStreamer.

mod conform;
mod plane;
mod store;
mod wide;

use std::sync::Arc;

use crate::features::{
    FeatureError, Features, Luma, Motion2, MotionExtractor, NAMES, Profile, Spatial,
    SpatialExtractor, Workers,
};
use crate::fusion::{Fusion, FusionError, Score};
pub use conform::{Change, Conformer, RangeChange};
pub use plane::Plane;
pub use store::{Store, Stored};
use wide::Wide;

/// Something whose luma can be read for as long as it is held.
pub trait Picture {
    /// The samples, in place.
    ///
    /// # Errors
    /// The picture is not what it is said to be.
    fn luma(&self) -> Result<Luma<'_>, FeatureError>;
}

impl<P: Picture + ?Sized> Picture for Arc<P> {
    fn luma(&self) -> Result<Luma<'_>, FeatureError> {
        (**self).luma()
    }
}

/// A score and what it was computed from.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The model's verdict.
    pub score: Score,
    /// Feature names, as `values` has them.
    pub names: Arc<[String]>,
    /// Feature values.
    pub values: Vec<f64>,
    /// How closely they follow their definition.
    pub profile: Profile,
}

/// What became of a frame.
#[derive(Debug)]
pub enum Verdict {
    /// It has a score.
    Scored {
        /// The first frame of a stretch has no motion.
        first: bool,
        /// The score and its features.
        measured: Measured,
    },
    /// There was no distorted picture: only the motion history went on.
    Watched,
    /// It cannot be scored.
    Failed(ScoringError),
}

/// Why a pair has no score.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoringError {
    /// The pictures cannot be measured.
    #[error(transparent)]
    Feature(#[from] FeatureError),
    /// The model refused the features.
    #[error(transparent)]
    Fusion(#[from] FusionError),
}

/// Extractors, motion history and model of one stream.
pub struct Scorer<P> {
    fusion: Fusion,
    names: Arc<[String]>,
    workers: Workers,
    profile: Profile,
    spatial: Option<SpatialExtractor>,
    motion: Option<MotionExtractor>,
    look_ahead: Motion2,
    previous: Option<P>,
    waiting: Option<Waiting>,
    wide: Wide,
}

/// A frame that lacks only its successor.
struct Waiting {
    first: bool,
    spatial: Result<Option<Spatial>, FeatureError>,
}

impl<P: Picture> Scorer<P> {
    /// Measures on `workers`; best driven inside [`Workers::enter`].
    pub fn new(fusion: Fusion, workers: Workers, profile: Profile) -> Self {
        Self {
            fusion,
            names: NAMES.map(String::from).into(),
            workers,
            profile,
            spatial: None,
            motion: None,
            look_ahead: Motion2::default(),
            previous: None,
            waiting: None,
            wide: Wide::default(),
        }
    }

    /// The model.
    pub fn fusion(&self) -> &Fusion {
        &self.fusion
    }

    /// Takes the next reference picture and what became of it (`None`: not to be scored) and gives
    /// the verdict on the frame before: [`Self::advance`] and [`Self::compare`].
    pub fn push<D: Picture>(&mut self, reference: P, distorted: Option<D>) -> Option<Verdict> {
        let finished = self.advance(reference);
        if let Some(distorted) = distorted {
            self.compare(&distorted);
        }
        finished
    }

    /// Takes the next reference picture and gives the verdict on the frame before, which lacked only
    /// the motion to this one. A change of size or depth ends the stretch: the verdict is that of
    /// its last frame. The reference is kept.
    pub fn advance(&mut self, reference: P) -> Option<Verdict> {
        // none between pictures of two sizes or depths, which no motion leads across
        let difference = self.difference(&reference);
        let first = difference.is_none();
        let motion2 = self.look_ahead.push(difference);
        let finished = self.finish(motion2);
        self.waiting = Some(Waiting { first, spatial: Ok(None) });
        self.previous = Some(reference);
        finished
    }

    /// Measures what became of the newest reference picture.
    pub fn compare(&mut self, distorted: &impl Picture) {
        let Some(reference) = self.previous.take() else { return };
        let spatial = self.measure(&reference, distorted).map(Some);
        self.previous = Some(reference);
        if let Some(waiting) = &mut self.waiting {
            waiting.spatial = spatial;
        }
    }

    /// Ends the stretch: the verdict on its last frame, if there is one. The next frame is a first.
    pub fn flush(&mut self) -> Option<Verdict> {
        let motion2 = self.look_ahead.flush();
        self.previous = None;
        self.finish(motion2)
    }

    fn finish(&mut self, motion2: Option<f64>) -> Option<Verdict> {
        let (Waiting { first, spatial }, motion2) = self.waiting.take().zip(motion2)?;
        Some(match spatial {
            Ok(None) => Verdict::Watched,
            Ok(Some(spatial)) => self.fuse(Features { spatial, motion2 }, first),
            Err(e) => Verdict::Failed(e.into()),
        })
    }

    fn fuse(&mut self, features: Features, first: bool) -> Verdict {
        let values = features.to_array();
        match self.fusion.score(&values) {
            Ok(score) => Verdict::Scored {
                first,
                measured: Measured {
                    score,
                    names: self.names.clone(),
                    values: values.to_vec(),
                    profile: self.profile,
                },
            },
            Err(e) => Verdict::Failed(e.into()),
        }
    }

    // None without a predecessor of the same size and depth
    fn difference(&mut self, reference: &P) -> Option<f64> {
        let previous = self.previous.as_ref()?.luma().ok()?;
        let reference = reference.luma().ok()?;
        let geometry = reference.geometry();
        let motion = made_for(
            &mut self.motion,
            |m| m.geometry() == geometry,
            || MotionExtractor::on(&self.workers, geometry),
        );
        motion.ok()?.difference(previous, reference).ok()
    }

    fn measure(
        &mut self,
        reference: &P,
        distorted: &impl Picture,
    ) -> Result<Spatial, FeatureError> {
        let (mut r, mut d) = (reference.luma()?, distorted.luma()?);
        let depth = r.geometry().depth.max(d.geometry().depth);
        // at most one of the two is shallower
        if r.geometry().depth < depth {
            r = self.wide.widened(r, depth)?;
        } else if d.geometry().depth < depth {
            d = self.wide.widened(d, depth)?;
        }
        let geometry = r.geometry();
        let spatial = made_for(
            &mut self.spatial,
            |s| s.geometry() == geometry,
            || SpatialExtractor::on(&self.workers, geometry, self.profile),
        );
        spatial?.extract(r, d)
    }
}

/// The extractor in `slot` if it fits, else a new one.
fn made_for<T>(
    slot: &mut Option<T>,
    fits: impl Fn(&T) -> bool,
    make: impl FnOnce() -> Result<T, FeatureError>,
) -> Result<&mut T, FeatureError> {
    let extractor = match slot.take().filter(fits) {
        Some(extractor) => extractor,
        None => make()?,
    };
    Ok(slot.insert(extractor))
}
