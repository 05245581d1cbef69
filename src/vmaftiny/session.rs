//! From frames that arrived to verdicts about them: pairing, scoring, counting.

use std::collections::VecDeque;
use std::sync::Arc;

use super::input::Arrived;
use super::picture::Picture;
use super::worker::{Job, QUEUE, Worker};
use crate::align::pairing::{Pairing, Side, Unpaired, Verdict};
use crate::features::Geometry;
use crate::fusion::{Fusion, ModelInfo};
use crate::report::{Counters, Frame, Pool, PoolMethod, Pooled, Status};
use crate::scoring;

/// In live mode, reference frames wait this long for a partner, ns.
const PATIENCE: i64 = 1_000_000_000;

/// How pairs are chosen and scored; may change while running.
#[derive(Clone, Copy)]
pub(super) struct Policy {
    pub(super) offset: i64,
    pub(super) tolerance: i64,
    pub(super) subsample: u64,
    /// Never wait for scoring.
    pub(super) live: bool,
}

/// A finished frame and the buffers it is about.
pub(super) struct Report {
    pub(super) frame: Frame,
    pub(super) reference: u64,
    pub(super) distorted: Option<u64>,
    /// Why it could not be measured.
    pub(super) problem: Option<String>,
}

/// Something the caller must act upon.
pub(super) enum Decision {
    /// A distorted frame that belongs to no reference frame.
    Surplus(u64),
    /// Reference and distorted pictures differ in size.
    SizesDiffer(Geometry, Geometry),
}

/// One run of the element, from start to stop.
pub(super) struct Session {
    model: ModelInfo,
    worker: Worker,
    pairing: Pairing<Arrived>,
    in_progress: VecDeque<InProgress>,
    counters: Counters,
    pool: Pool,
    number: u64,
    epoch: u32,
    // number of the epoch's first frame
    epoch_start: u64,
    // a frame was kept from the worker: its motion history has a hole
    hole: bool,
}

struct InProgress {
    report: Report,
    submitted: bool,
}

impl Session {
    pub(super) fn new(fusion: Fusion, threads: usize) -> std::io::Result<Self> {
        let model = fusion.info().clone();
        let pool = Pool::new(model.range.low, model.range.high);
        Ok(Self {
            model,
            worker: Worker::spawn(fusion, threads)?,
            pairing: Pairing::new(0, 0),
            in_progress: VecDeque::new(),
            counters: Counters::default(),
            pool,
            number: 0,
            epoch: 0,
            epoch_start: 0,
            hole: false,
        })
    }

    pub(super) fn model(&self) -> &ModelInfo {
        &self.model
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(super) fn pooled(&self, method: PoolMethod) -> Option<Pooled> {
        self.pool.pooled(method)
    }

    /// Time up to which a side has been read, on the reference's time line, ns.
    pub(super) fn read_to(&self, side: Side) -> Option<i64> {
        let newest = self.pairing.newest(side)?;
        Some(on_reference_line(side, newest, self.pairing.offset()))
    }

    pub(super) fn take(&mut self, side: Side, running_time: i64, frame: Arrived) {
        self.pairing.push(side, running_time, frame);
    }

    pub(super) fn end(&mut self, side: Side) {
        self.pairing.end(side);
    }

    /// Pairs what can be paired and hands it to the worker.
    pub(super) fn decide(&mut self, policy: Policy) -> Vec<Decision> {
        self.pairing.set_offset(policy.offset);
        self.pairing.set_tolerance(policy.tolerance);
        let limit = match policy.live {
            true => self.pairing.newest(Side::Reference).map(|newest| newest - PATIENCE),
            false => None,
        };
        let mut decisions = Vec::new();
        loop {
            let verdict = match limit {
                Some(limit) => self.pairing.verdict_before(limit),
                None => self.pairing.verdict(),
            };
            match verdict {
                None => return decisions,
                Some(Verdict::Surplus(frame)) => {
                    self.counters.surplus += 1;
                    decisions.push(Decision::Surplus(frame.token));
                }
                Some(Verdict::Alone { reference, reason }) => {
                    let status = match reason {
                        Unpaired::Missing => Status::Missing,
                        Unpaired::NoPair => Status::NoPair,
                        Unpaired::Ended => Status::Ended,
                    };
                    self.begin(reference, None, status, policy);
                }
                Some(Verdict::Pair { reference, distorted, .. }) => {
                    if let Some((r, d)) = sizes_differ(&reference, &distorted) {
                        decisions.push(Decision::SizesDiffer(r, d));
                    }
                    self.begin(reference, Some(distorted), Status::Skipped, policy);
                }
            }
        }
    }

    /// `otherwise`: what the frame is if it is not scored.
    fn begin(
        &mut self,
        reference: Arrived,
        distorted: Option<Arrived>,
        otherwise: Status,
        policy: Policy,
    ) {
        let number = self.number;
        self.number += 1;
        let mut report = Report {
            frame: Frame {
                number,
                epoch: self.epoch,
                times: reference.times,
                distorted_running_time: distorted.as_ref().and_then(|d| d.times.running_time),
                offset: policy.offset,
                status: otherwise,
                measured: None,
            },
            reference: reference.token,
            distorted: distorted.as_ref().map(|d| d.token),
            problem: None,
        };
        let chosen = distorted.filter(|_| number.is_multiple_of(policy.subsample));
        let submitted = match (reference.picture, chosen.map(|d| d.picture).transpose()) {
            (Ok(reference), Ok(distorted)) => self.submit(number, reference, distorted, policy),
            (Err(problem), _) | (_, Err(problem)) => {
                report.frame.status = Status::Unscorable;
                report.problem = Some(problem);
                self.hole = true;
                false
            }
        };
        self.in_progress.push_back(InProgress { report, submitted });
    }

    fn submit(
        &mut self,
        number: u64,
        reference: Arc<Picture>,
        distorted: Option<Arc<Picture>>,
        policy: Policy,
    ) -> bool {
        let waiting = self.worker.outstanding();
        if policy.live && waiting >= QUEUE {
            self.hole = true;
            return false;
        }
        if std::mem::take(&mut self.hole) {
            self.worker.cut();
        }
        // late: keep the motion history whole, leave out the rest
        let distorted = distorted.filter(|_| !policy.live || waiting < QUEUE - 1);
        self.worker.submit(Job { number, reference, distorted });
        true
    }

    /// The next finished frame, in order; waits for the worker if `wait`.
    pub(super) fn report(&mut self, wait: bool) -> Option<Report> {
        if self.in_progress.front()?.submitted {
            let outcome = self.worker.outcome(wait)?;
            let report = &mut self.in_progress.front_mut()?.report;
            debug_assert_eq!(outcome.number, report.frame.number);
            match outcome.verdict {
                scoring::Verdict::Watched => {}
                scoring::Verdict::Scored { first, measured } => {
                    report.frame.status = if first { Status::First } else { Status::Ok };
                    report.frame.measured = Some(measured);
                }
                scoring::Verdict::Failed(problem) => {
                    report.frame.status = Status::Unscorable;
                    report.problem = Some(problem.to_string());
                }
            }
        }
        let report = self.in_progress.pop_front()?.report;
        self.count(&report.frame);
        Some(report)
    }

    fn count(&mut self, frame: &Frame) {
        let Counters { scored, missing, no_pair, ended, skipped, unscorable, .. } =
            &mut self.counters;
        *match frame.status {
            Status::Ok | Status::First => scored,
            Status::Missing => missing,
            Status::NoPair => no_pair,
            Status::Ended => ended,
            Status::Skipped => skipped,
            Status::Unscorable => unscorable,
        } += 1;
        if let Some(measured) = &frame.measured {
            self.pool.add(measured.score.value);
        }
    }

    /// The stream is cut here: the last frame is finished without a successor.
    pub(super) fn cut(&mut self) {
        self.worker.cut();
        self.hole = false;
        if self.number != self.epoch_start {
            self.epoch += 1;
            self.epoch_start = self.number;
        }
    }

    /// Forgets frames in flight and counts from zero.
    pub(super) fn restart(&mut self) {
        self.cut();
        while self.worker.outcome(true).is_some() {}
        self.in_progress.clear();
        self.pairing.reset(Side::Reference).for_each(drop);
        self.pairing.reset(Side::Distorted).for_each(drop);
        self.counters = Counters::default();
        self.pool = Pool::new(self.model.range.low, self.model.range.high);
        self.number = 0;
        self.epoch_start = 0;
    }

    /// Forgets the unpaired frames of one side; returns their tokens.
    pub(super) fn forget(&mut self, side: Side) -> Vec<u64> {
        self.pairing.reset(side).map(|frame| frame.token).collect()
    }
}

/// A time of a side, where the same moment is on the reference's time line.
pub(super) fn on_reference_line(side: Side, time: i64, offset: i64) -> i64 {
    match side {
        Side::Reference => time,
        Side::Distorted => time.saturating_sub(offset),
    }
}

fn sizes_differ(reference: &Arrived, distorted: &Arrived) -> Option<(Geometry, Geometry)> {
    let (Ok(r), Ok(d)) = (&reference.picture, &distorted.picture) else { return None };
    let (r, d) = (r.geometry(), d.geometry());
    ((r.width, r.height) != (d.width, d.height)).then_some((r, d))
}
