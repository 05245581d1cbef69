//! One run: two files in, a report out.

use std::ops::ControlFlow;
use std::time::Instant;

use gstvmaftiny::features::{Geometry, NAMES, Profile, Workers};
use gstvmaftiny::fusion::{self, Fusion};
use gstvmaftiny::report::{Pool, PoolMethod};
use gstvmaftiny::scoring::{
    Change, Conformer, Measured, Picture as _, RangeChange, Scorer, Store, Verdict,
};

use crate::input::{self, Layout, Shared, Shown, Source};
use crate::pairs::{By, Pairs, Step, Unpaired};
use crate::report::{Counts, FrameScore, Report};
use crate::{Error, offset};

/// What to score and how. [`Job::new`] gives the defaults.
#[derive(Clone, Debug)]
pub struct Job {
    /// Path or URI of what was sent.
    pub reference: String,
    /// Path or URI of what arrived.
    pub distorted: String,
    /// What raw files hold; y4m and containers say it themselves.
    pub layout: Option<Layout>,
    /// Registry id or path of the model.
    pub model: String,
    /// How to load it.
    pub model_options: fusion::Options,
    /// Whether the report has scores, or only features.
    pub prediction: bool,
    /// By what frames are paired; `None`: by number if a file is raw or frames are skipped,
    /// otherwise by content.
    pub by: Option<By>,
    /// Scale distorted pictures to the reference's size where they differ.
    pub scale: bool,
    /// How closely features follow their definition.
    pub profile: Profile,
    /// Threads that measure a frame together; 0 for one per core.
    pub threads: usize,
    /// Stop after so many reference frames; 0 for all.
    pub frame_count: u64,
    /// Leave out the first frames of the reference.
    pub skip_reference: u64,
    /// Leave out the first frames of the distorted file.
    pub skip_distorted: u64,
    /// Score every n-th frame only, from 1.
    pub subsample: u64,
}

impl Job {
    /// Every frame of two files, with the default model.
    pub fn new(reference: impl Into<String>, distorted: impl Into<String>) -> Self {
        Self {
            reference: reference.into(),
            distorted: distorted.into(),
            layout: None,
            model: fusion::DEFAULT_MODEL.into(),
            model_options: fusion::Options::default(),
            prediction: true,
            by: None,
            scale: false,
            profile: Profile::default(),
            threads: 0,
            frame_count: 0,
            skip_reference: 0,
            skip_distorted: 0,
            subsample: 1,
        }
    }
}

/// How far a run has come.
pub struct Progress<'a> {
    /// Reference frames dealt with.
    pub frames: u64,
    /// Reference frames in all, where that is known.
    pub total: Option<u64>,
    /// The latest frame with a score.
    pub latest: &'a FrameScore,
    /// Mean score so far.
    pub mean: f64,
}

/// Scores two files. `observer` hears of every scored frame and may end the run.
///
/// # Errors
/// An input or the model cannot be used, a frame cannot be scored, or the observer asked to stop.
pub fn score(
    job: &Job,
    observer: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Report, Error> {
    if job.subsample == 0 {
        return Err(Error::Options("subsample is 0, it must be 1 or more".into()));
    }
    let fusion = Fusion::open_with(&job.model, &NAMES, &job.model_options)?;
    let mut reference = input::open(&job.reference, job.layout)?;
    let mut distorted = input::open(&job.distorted, job.layout)?;
    let by = chosen(job, reference.as_ref(), distorted.as_ref())?;
    let total = total(job, reference.as_ref(), distorted.as_ref());
    skip(reference.as_mut(), job.skip_reference)?;
    skip(distorted.as_mut(), job.skip_distorted)?;
    let offset = if by == By::Content { offset(job)? } else { None };
    let pairs = Pairs::new(
        (job.reference.clone(), reference),
        (job.distorted.clone(), distorted),
        by,
        offset.unwrap_or(0),
    );
    Run::new(job, fusion, total, observer)?.finish(job, by, offset, pairs)
}

/// Looks into both files before they are scored.
fn offset(job: &Job) -> Result<Option<i64>, Error> {
    let mut reference = input::open(&job.reference, job.layout)?;
    let mut distorted = input::open(&job.distorted, job.layout)?;
    offset::find(reference.as_mut(), distorted.as_mut())
}

fn chosen(job: &Job, reference: &dyn Source, distorted: &dyn Source) -> Result<By, Error> {
    let skipping = job.skip_reference > 0 || job.skip_distorted > 0;
    let untimed = [(reference, &job.reference), (distorted, &job.distorted)]
        .into_iter()
        .find(|(source, _)| !source.has_times());
    match job.by {
        Some(By::Time | By::Content) if skipping => {
            Err(Error::Options("skipping frames goes with pairing by number, not by time".into()))
        }
        Some(By::Time | By::Content) if untimed.is_some() => {
            Err(Error::NoTimes { name: untimed.map(|(_, name)| name.clone()).unwrap_or_default() })
        }
        Some(by) => Ok(by),
        None if skipping || reference.is_raw() || distorted.is_raw() => Ok(By::Number),
        None => Ok(By::Content),
    }
}

fn total(job: &Job, reference: &dyn Source, distorted: &dyn Source) -> Option<u64> {
    let reference = reference.total().map(|n| n.saturating_sub(job.skip_reference));
    let distorted = distorted.total().map(|n| n.saturating_sub(job.skip_distorted));
    let limit = Some(job.frame_count).filter(|n| *n > 0);
    [reference, distorted, limit].into_iter().flatten().min()
}

fn skip(source: &mut dyn Source, frames: u64) -> Result<(), Error> {
    for _ in 0..frames {
        if source.next()?.is_none() {
            break;
        }
    }
    Ok(())
}

/// A run in progress.
struct Run<'a> {
    scorer: Scorer<Shared>,
    observer: &'a mut dyn FnMut(&Progress) -> ControlFlow<()>,
    total: Option<u64>,
    pool: Pool,
    counts: Counts,
    frames: Vec<FrameScore>,
    geometry: Option<Geometry>,
    scale: bool,
    conformer: Conformer,
    // the frame whose verdict is still to come
    waiting: Option<u64>,
}

impl<'a> Run<'a> {
    fn new(
        job: &Job,
        fusion: Fusion,
        total: Option<u64>,
        observer: &'a mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Self, Error> {
        let range = fusion.info().range;
        Ok(Self {
            scorer: Scorer::new(fusion, Workers::new(job.threads)?, job.profile),
            observer,
            total,
            pool: Pool::new(range.low, range.high),
            counts: Counts::default(),
            frames: Vec::new(),
            geometry: None,
            scale: job.scale,
            conformer: Conformer::new(Store::default()),
            waiting: None,
        })
    }

    fn finish(
        mut self,
        job: &Job,
        by: By,
        offset: Option<i64>,
        mut pairs: Pairs,
    ) -> Result<Report, Error> {
        let start = Instant::now();
        let mut number = 0;
        while job.frame_count == 0 || number < job.frame_count {
            let Some(step) = pairs.step()? else { break };
            let (reference, distorted) = match step {
                Step::Surplus => {
                    self.counts.surplus += 1;
                    continue;
                }
                Step::Pair { reference, distorted } => {
                    let distorted = self.conformed(&reference, distorted)?;
                    self.counts.paired += 1;
                    (reference, Some(distorted))
                }
                Step::Alone { reference, reason } => {
                    *match reason {
                        Unpaired::Missing | Unpaired::NoPair => &mut self.counts.missing,
                        Unpaired::Ended => &mut self.counts.ended,
                    } += 1;
                    (reference, None)
                }
            };
            let wanted = distorted.filter(|_| number.is_multiple_of(job.subsample));
            let verdict = self.scorer.push(reference, wanted);
            self.note(verdict)?;
            self.waiting = Some(number);
            number += 1;
        }
        let verdict = self.scorer.flush();
        self.note(verdict)?;
        let (Some(pooled), Some(geometry)) = (self.pool.pooled(PoolMethod::Mean), self.geometry)
        else {
            return Err(Error::NothingPaired {
                reference: job.reference.clone(),
                distorted: job.distorted.clone(),
            });
        };
        Ok(Report {
            reference: job.reference.clone(),
            distorted: job.distorted.clone(),
            geometry,
            by,
            offset,
            fps: number as f64 / start.elapsed().as_secs_f64(),
            counts: self.counts,
            model: self.scorer.fusion().info().clone(),
            prediction: job.prediction,
            profile: job.profile,
            frames: self.frames,
            pooled,
        })
    }

    /// The distorted picture in the reference's size and colour range.
    fn conformed(&mut self, reference: &Shared, distorted: Shared) -> Result<Shared, Error> {
        let wanted = reference.luma()?.geometry();
        let luma = distorted.luma()?;
        let found = luma.geometry();
        self.geometry.get_or_insert(wanted);
        let to = (wanted.width, wanted.height);
        let size = ((found.width, found.height) != to).then_some(to);
        if size.is_some() && !self.scale {
            return Err(Error::SizesDiffer { reference: wanted, distorted: found });
        }
        let range = RangeChange::between(reference.full_range, distorted.full_range);
        if size.is_none() && range.is_none() {
            return Ok(distorted);
        }
        self.counts.scaled += u64::from(size.is_some());
        self.counts.range_converted += u64::from(range.is_some());
        let plane = self.conformer.conform(&luma, Change { size, range });
        let plane = plane.map_err(|problem| Error::Scale { from: found, to, problem })?;
        Ok(Shown::shared(plane, reference.full_range))
    }

    fn note(&mut self, verdict: Option<Verdict>) -> Result<(), Error> {
        let Some((verdict, number)) = verdict.zip(self.waiting.take()) else { return Ok(()) };
        match verdict {
            Verdict::Watched => Ok(()),
            Verdict::Failed(source) => Err(Error::Frame { frame: number, source }),
            Verdict::Scored { measured, .. } => self.keep(number, measured),
        }
    }

    fn keep(&mut self, number: u64, measured: Measured) -> Result<(), Error> {
        self.pool.add(measured.score.value);
        self.frames.push(FrameScore { number, measured });
        let (Some(latest), Some(pooled)) = (self.frames.last(), self.pool.pooled(PoolMethod::Mean))
        else {
            return Ok(());
        };
        let progress =
            Progress { frames: number + 1, total: self.total, latest, mean: pooled.mean };
        match (self.observer)(&progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Stopped),
        }
    }
}
