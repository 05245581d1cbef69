//! From frames that arrived to verdicts about them: pairing, scoring, counting.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::alignment::{Alignment, Manner, Seen, Trust};
use super::caps::CapsInUse;
use super::compare::{Comparison, Refusal, Rules, compare};
use super::input::Arrived;
use super::load::{Ladder, Moment};
use super::news::News;
use super::picture::Picture;
use super::worker::{Answer, Job, LIVE_QUEUE, Outcome, Told, Wait, Worker};
use crate::align::pairing::{Pairing, Side, Unpaired, Verdict};
use crate::features::{Profile, Workers};
use crate::fusion::{Fusion, ModelInfo};
use crate::report::{Event, EventKind, Frame, PoolMethod, Status, Summary, Tally};
use crate::scoring::{self, Store};

/// In live mode, frames wait this long for a partner that is due, ns.
const PATIENCE: i64 = 1_000_000_000;
/// A side's frames that may wait, whatever their size.
const MOST_WAITING: usize = 2000;
/// Frames that may keep their buffers while they wait; others are copied.
const KEEP_BUFFERS: usize = 3;

/// How pairs are chosen and scored; may change while running.
#[derive(Clone, Copy)]
pub(super) struct Policy {
    pub(super) manner: Manner,
    /// Frames whose offset is less sure are not pooled.
    pub(super) min_confidence: f64,
    pub(super) tolerance: i64,
    pub(super) subsample: u64,
    pub(super) rules: Rules,
    /// Longest step of the overload ladder.
    pub(super) max_skip: u64,
    /// Bytes of luma that may wait.
    pub(super) max_memory: u64,
    /// Live: never wait for scoring. The running time that frames arriving now have, ns.
    pub(super) live: Option<i64>,
}

/// A finished frame and the buffers it is about.
pub(super) struct Report {
    pub(super) frame: Frame,
    pub(super) reference: u64,
    pub(super) distorted: Option<u64>,
    /// Why it could not be measured.
    pub(super) problem: Option<String>,
    /// It was left out for want of time.
    pub(super) overload: bool,
    /// Counts changes of caps.
    pub(super) formats: u64,
    /// How long it waited for the worker, or the last one that did.
    pub(super) waited: Duration,
}

/// Something the caller must act upon.
pub(super) enum Decision {
    /// A distorted frame that belongs to no reference frame.
    Surplus(u64),
    /// The user wants pictures of different sizes to be an error.
    SizesDiffer(Refusal),
}

/// One run of the element, from start to stop.
pub(super) struct Session {
    model: ModelInfo,
    profile: Profile,
    worker: Worker,
    pairing: Pairing<Arrived>,
    alignment: Alignment,
    in_progress: VecDeque<InProgress>,
    pub(super) store: Store,
    pub(super) news: News,
    caps: CapsInUse,
    // of the newest reference frame whose turn has come
    stretch: u64,
    ladder: Ladder,
    total: Tally,
    recent: Tally,
    last_score: Option<f64>,
    live: bool,
    number: u64,
    epoch: u32,
    // number of the epoch's first frame
    epoch_start: u64,
    // a frame was kept from the worker: its motion history has a hole
    hole: bool,
    // bytes of the newest picture of each side
    sizes: [u64; 2],
    // the side whose samples have fewer bits
    widened: Option<Side>,
}

struct InProgress {
    report: Report,
    submitted: bool,
    // instead of Ok, if it is scored
    doubt: Option<Status>,
}

impl Session {
    pub(super) fn new(
        fusion: Fusion,
        workers: Workers,
        profile: Profile,
        manner: Manner,
        told: Told,
    ) -> std::io::Result<Self> {
        let model = fusion.info().clone();
        let tally = Tally::new(model.range.low, model.range.high);
        let store = Store::default();
        Ok(Self {
            model,
            profile,
            worker: Worker::spawn(fusion, workers, profile, store.clone(), told)?,
            pairing: Pairing::new(0, 0),
            alignment: Alignment::new(manner),
            in_progress: VecDeque::new(),
            store,
            news: News::default(),
            caps: CapsInUse::default(),
            stretch: 0,
            ladder: Ladder::default(),
            recent: tally.clone(),
            total: tally,
            last_score: None,
            live: false,
            number: 0,
            epoch: 0,
            epoch_start: 0,
            hole: false,
            sizes: [0; 2],
            widened: None,
        })
    }

    /// The verdict on everything since the start or the last reset.
    pub(super) fn total(&self, method: PoolMethod) -> Summary {
        self.summary(&self.total, method)
    }

    /// The verdict on everything since it was last asked for.
    pub(super) fn take_recent(&mut self, method: PoolMethod) -> Summary {
        let summary = self.summary(&self.recent, method);
        self.recent.clear();
        summary
    }

    fn summary(&self, tally: &Tally, method: PoolMethod) -> Summary {
        let summary = tally.summary(method, self.is_aligned(), &self.model.id, self.profile);
        Summary { widened: self.widened, ..summary }
    }

    pub(super) fn counters(&self) -> &crate::report::Counters {
        self.total.counters()
    }

    pub(super) fn last_score(&self) -> Option<f64> {
        self.last_score
    }

    /// Frames waiting: of the reference, of the distorted stream, for the worker.
    pub(super) fn queues(&self) -> [usize; 3] {
        let [r, d] = [Side::Reference, Side::Distorted].map(|side| self.pairing.waiting(side));
        [r, d, self.in_progress.len()]
    }

    /// Every how many frames one is scored.
    pub(super) fn step(&self) -> u64 {
        self.ladder.step()
    }

    /// Time up to which a side has been read, on the reference's time line, ns.
    pub(super) fn read_to(&self, side: Side) -> Option<i64> {
        let newest = self.pairing.newest(side)?;
        Some(on_reference_line(side, newest, self.pairing.offset()))
    }

    /// Offset frames are paired with, ns.
    pub(super) fn offset(&self) -> i64 {
        self.alignment.offset()
    }

    pub(super) fn trust(&self) -> Trust {
        self.alignment.trust()
    }

    fn is_aligned(&self) -> bool {
        self.trust() != Trust::Unknown
    }

    /// Waits until the worker of a file could take another frame: until then it is better kept where
    /// it comes from than here.
    pub(super) fn make_room(&mut self) {
        self.worker.make_room();
    }

    pub(super) fn take(&mut self, side: Side, running_time: i64, mut frame: Arrived) {
        self.align(side, running_time, &mut frame);
        if let Ok(picture) = &frame.picture {
            self.sizes[side as usize] = picture.size();
            let queued = if self.live { self.worker.outstanding() } else { 0 };
            // what waits longer must not starve the pool its buffer comes from
            if picture.is_mapped() && self.pairing.waiting(side) + queued >= KEEP_BUFFERS {
                frame.picture = picture.copied(&self.store).map(Arc::new);
            }
        }
        self.pairing.push(side, running_time, frame);
    }

    fn align(&mut self, side: Side, time: i64, frame: &mut Arrived) {
        let before = self.alignment.offset();
        self.alignment.see(Seen {
            side,
            time,
            print: frame.print.as_ref(),
            stamps: std::mem::take(&mut frame.stamps),
            discont: frame.discont,
        });
        let interval = self.pairing.interval(Side::Reference).unwrap_or(40_000_000);
        if let Some(right) = self.alignment.report(&mut self.news, before, interval) {
            let right = right.then_some(before);
            self.total.confirm(right);
            self.recent.confirm(right);
        }
    }

    pub(super) fn end(&mut self, side: Side) {
        self.pairing.end(side);
    }

    /// Pairs what can be paired and hands it to the worker.
    pub(super) fn decide(&mut self, policy: Policy) -> Vec<Decision> {
        self.live = policy.live.is_some();
        self.alignment.set_manner(policy.manner);
        let shorter = self.ladder.limit(self.number, policy.max_skip);
        self.tell_load(shorter);
        let offset = self.alignment.offset();
        self.pairing.set_offset(offset);
        self.pairing.set_tolerance(policy.tolerance);
        let due = policy.live.map(|now| now.saturating_sub(PATIENCE));
        let limit = due.map(|due| due.saturating_sub(offset));
        let mut decisions = Vec::new();
        while let Some(verdict) = match limit {
            Some(limit) => self.pairing.verdict_before(limit),
            None => self.pairing.verdict(),
        } {
            match verdict {
                Verdict::Surplus(frame) => decisions.push(self.surplus(&frame)),
                Verdict::Alone { reference, reason } => {
                    let status = match reason {
                        Unpaired::Missing => Status::Missing,
                        Unpaired::NoPair => Status::NoPair,
                        Unpaired::Ended => Status::Ended,
                    };
                    self.begin(reference, None, status, policy);
                }
                Verdict::Pair { reference, distorted, .. } => {
                    let refused = self.begin(reference, Some(distorted), Status::Skipped, policy);
                    decisions.extend(refused.map(Decision::SizesDiffer));
                }
            }
        }
        // a reference that does not come any more must not fill the memory
        while let Some((oldest, due)) = self.pairing.oldest(Side::Distorted).zip(due)
            && oldest.saturating_sub(offset) < due
            && let Some(frame) = self.pairing.give_up(Side::Distorted)
        {
            decisions.push(self.surplus(&frame));
        }
        self.trim(policy, &mut decisions);
        decisions
    }

    fn surplus(&mut self, frame: &Arrived) -> Decision {
        let time = frame.times.running_time.and_then(|t| i64::try_from(t).ok());
        let time = time.map(|t| on_reference_line(Side::Distorted, t, self.alignment.offset()));
        let time = time.and_then(|t| u64::try_from(t).ok());
        self.caps.see(Side::Distorted, frame.caps.clone(), time, &mut self.news);
        self.caps.alone(time, &mut self.news);
        self.total.count_surplus();
        self.recent.count_surplus();
        Decision::Surplus(frame.token)
    }

    /// Drops the oldest of what waits until it fits into the memory.
    fn trim(&mut self, policy: Policy, decisions: &mut Vec<Decision>) {
        loop {
            let waiting = [Side::Reference, Side::Distorted].map(|s| self.pairing.waiting(s));
            let bytes: u64 = waiting.iter().zip(self.sizes).map(|(n, size)| *n as u64 * size).sum();
            let longest = waiting[0].max(waiting[1]);
            if longest <= 1 || (bytes <= policy.max_memory && longest <= MOST_WAITING) {
                return;
            }
            let text = format!("{bytes} bytes of luma wait for partners: the oldest are dropped");
            self.news.tell_once(Event::new(EventKind::MemoryLimit).saying(text));
            if waiting[0] >= waiting[1] {
                if let Some(frame) = self.pairing.give_up(Side::Reference) {
                    self.begin(frame, None, Status::Missing, policy);
                }
            } else if let Some(frame) = self.pairing.give_up(Side::Distorted) {
                let decision = self.surplus(&frame);
                decisions.push(decision);
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
    ) -> Option<Refusal> {
        self.follow_caps(&reference, distorted.as_ref(), otherwise);
        let number = self.number;
        self.number += 1;
        let mut frame = Frame {
            number,
            epoch: self.epoch,
            times: reference.times,
            distorted_running_time: distorted.as_ref().and_then(|d| d.times.running_time),
            offset: self.alignment.offset(),
            confidence: match self.trust() {
                Trust::Given => None,
                Trust::Unknown => Some(0.0),
                Trust::Measured(confidence) => Some(confidence),
            },
            status: otherwise,
            marks: Default::default(),
            measured: None,
        };
        let tokens = (reference.token, distorted.as_ref().map(|d| d.token));
        let either =
            |of: fn(&Arrived) -> bool| of(&reference) || distorted.as_ref().is_some_and(of);
        let (corrupted, black) = (either(|a| a.corrupted), either(|a| a.blank));
        let (mut problem, mut refused, mut overload) = (None, None, false);
        let mut suspect = false;
        let mut submitted = false;
        match (reference.picture, distorted.map(|d| d.picture).transpose()) {
            (Ok(reference), Ok(distorted)) => {
                let compared = distorted
                    .as_ref()
                    .map(|d| compare(&reference, d, policy.rules, &mut self.news))
                    .transpose();
                match compared {
                    Err(refusal) => {
                        frame.status = Status::Unscorable;
                        problem = Some(refusal.to_string());
                        refused =
                            Some(refusal).filter(|r| matches!(r, Refusal::SizesDiffer { .. }));
                        self.hole = true;
                    }
                    Ok(comparison) => {
                        let comparison = comparison.unwrap_or_default();
                        frame.marks = comparison.marks;
                        suspect = comparison.suspect;
                        if let Some(distorted) = &distorted {
                            self.widened = shallower(&reference, distorted);
                        }
                        let pair = Pair { number, reference, distorted };
                        (submitted, overload) = self.submit(pair, &comparison, policy);
                    }
                }
            }
            (Err(text), _) | (_, Err(text)) => {
                frame.status = Status::Unscorable;
                problem = Some(text);
                self.hole = true;
            }
        }
        frame.marks.corrupted = corrupted;
        frame.marks.black = black;
        frame.marks.frozen = tokens.1.is_some() && self.alignment.is_frozen();
        let doubt = match self.trust() {
            Trust::Unknown => Some(Status::Unaligned),
            Trust::Measured(c) if c < policy.min_confidence => Some(Status::LowConfidence),
            _ => suspect.then_some(Status::Suspect),
        };
        let (reference, distorted) = tokens;
        let waited = Duration::ZERO;
        let formats = self.caps.changes();
        let report = Report { frame, reference, distorted, problem, overload, formats, waited };
        self.in_progress.push_back(InProgress { report, submitted, doubt });
        refused
    }

    /// Where the reference's stretch ends, and what is told of caps, before its frame begins.
    fn follow_caps(&mut self, reference: &Arrived, distorted: Option<&Arrived>, alone: Status) {
        if self.stretch != reference.stretch {
            self.stretch = reference.stretch;
            self.cut();
        }
        let (time, news) = (reference.times.running_time, &mut self.news);
        self.caps.see(Side::Reference, reference.caps.clone(), time, news);
        match distorted {
            Some(distorted) => {
                self.caps.see(Side::Distorted, distorted.caps.clone(), time, news);
                self.caps.compare(news);
            }
            // no partner will come
            None if alone == Status::Ended => self.caps.tell(news),
            None => self.caps.alone(time, news),
        }
    }

    /// Whether the pair went to the worker, and whether it goes unscored for want of time.
    fn submit(&mut self, pair: Pair, comparison: &Comparison, policy: Policy) -> (bool, bool) {
        let Pair { number, reference, distorted } = pair;
        let live = policy.live.is_some();
        let wanted = distorted.is_some() && number.is_multiple_of(policy.subsample);
        if live && self.worker.outstanding() >= LIVE_QUEUE {
            self.hole = true;
            let interval = self.pairing.interval(Side::Reference).unwrap_or(1);
            let moment = Moment { time: 0, interval, next: number };
            let changed = self.ladder.refuse(moment, policy.max_skip);
            self.tell_load(changed);
            return (false, wanted);
        }
        if std::mem::take(&mut self.hole) {
            self.worker.cut();
        }
        let in_time = !live || self.ladder.chooses(number / policy.subsample);
        let distorted = distorted.filter(|_| wanted && in_time).map(|d| (d, comparison.change));
        self.worker.submit(Job { number, reference, distorted }, live);
        (true, wanted && !in_time)
    }

    /// Buffers came too late downstream, where scoring may have taken the time: a live stream is
    /// scored less often.
    pub(super) fn give_way(&mut self, late: u32, policy: Policy) {
        let Some(time) = policy.live else { return };
        let interval = self.pairing.interval(Side::Reference).unwrap_or(1);
        let moment = Moment { time, interval, next: self.number };
        let changed = self.ladder.complain(late, moment, policy.max_skip);
        self.tell_load(changed);
    }

    fn tell_load(&mut self, changed: bool) {
        if !changed {
            return;
        }
        let step = self.ladder.step();
        if step == 1 {
            self.news.clear_kind(EventKind::OverloadStart);
            self.news.tell(Event::new(EventKind::OverloadEnd));
        } else {
            let text = format!("one of {step} frames is scored");
            self.news.tell_once(Event::new(EventKind::OverloadStart).saying(text));
        }
    }

    /// The next finished frame, in order.
    pub(super) fn report(&mut self, wait: Wait, max_skip: u64) -> Option<Report> {
        if self.in_progress.front()?.submitted {
            match self.worker.outcome(wait) {
                Answer::Pending => return None,
                Answer::Gone => {
                    let report = &mut self.in_progress.front_mut()?.report;
                    report.frame.status = Status::Unscorable;
                    report.problem = Some("the scoring thread has ended".into());
                }
                Answer::Outcome(outcome) => self.settle(outcome, max_skip),
            }
        }
        let mut report = self.in_progress.pop_front()?.report;
        report.waited = self.ladder.waited();
        self.total.count(&report.frame);
        self.recent.count(&report.frame);
        if let Some(measured) = &report.frame.measured {
            self.last_score = Some(measured.score.value);
        }
        Some(report)
    }

    fn settle(&mut self, outcome: Outcome, max_skip: u64) {
        let Some(front) = self.in_progress.front_mut() else { return };
        let report = &mut front.report;
        debug_assert_eq!(outcome.number, report.frame.number);
        match outcome.verdict {
            Ok(scoring::Verdict::Watched) => {}
            Ok(scoring::Verdict::Scored { first, measured }) => {
                let sure = if first { Status::First } else { Status::Ok };
                report.frame.status = front.doubt.unwrap_or(sure);
                report.frame.measured = Some(measured);
            }
            Ok(scoring::Verdict::Failed(problem)) => {
                report.frame.status = Status::Unscorable;
                report.problem = Some(problem.to_string());
            }
            Err(problem) => {
                report.frame.status = Status::Unscorable;
                report.problem = Some(problem);
            }
        }
        let time = report.frame.times.running_time.and_then(|t| i64::try_from(t).ok());
        let interval = self.pairing.interval(Side::Reference);
        if let (true, Some(time), Some(interval)) = (self.live, time, interval) {
            let moment = Moment { time, interval, next: self.number };
            let changed = self.ladder.take(outcome.cost, moment, max_skip);
            self.tell_load(changed);
        }
    }

    /// Until when, live, the partner of the oldest reference frame may come, running time, ns.
    pub(super) fn patience_ends(&self) -> Option<u64> {
        let oldest = self.pairing.oldest(Side::Reference)?;
        let wanted = oldest.saturating_add(self.alignment.offset());
        Some(u64::try_from(wanted.saturating_add(PATIENCE + 1)).unwrap_or(0))
    }

    /// How long the video may be held for what is in progress when the stream ends or is cut: as
    /// long as it always may.
    pub(super) fn patience(&self) -> Wait {
        if !self.live {
            return Wait::Forever;
        }
        let interval = self.pairing.interval(Side::Reference).unwrap_or(40_000_000);
        Wait::Until(Instant::now() + Duration::from_nanos(interval.max(0) as u64))
    }

    /// Tells of caps whose frames have found no partner.
    pub(super) fn tell_caps(&mut self) {
        self.caps.tell(&mut self.news);
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

    /// Gives up on the worker's verdicts: what is in progress goes unscored.
    pub(super) fn abandon(&mut self) {
        self.worker.abandon();
        self.in_progress.iter_mut().for_each(|p| p.submitted = false);
    }

    /// Forgets frames that wait, for a flush; `reset`: counts from zero.
    pub(super) fn restart(&mut self, reset: bool) {
        self.pairing.reset(Side::Reference).for_each(drop);
        self.pairing.reset(Side::Distorted).for_each(drop);
        self.alignment.discontinuity(Side::Reference);
        self.alignment.discontinuity(Side::Distorted);
        self.news.clear();
        self.recent.clear();
        if reset {
            self.total.clear();
            self.number = 0;
            self.epoch_start = 0;
        }
    }

    /// What a side shows next may not continue what it showed: the offset is to be verified.
    pub(super) fn verify(&mut self, side: Side) {
        self.alignment.discontinuity(side);
    }

    /// Forgets the unpaired frames of one side; returns their tokens.
    pub(super) fn forget(&mut self, side: Side) -> Vec<u64> {
        self.verify(side);
        self.pairing.reset(side).map(|frame| frame.token).collect()
    }
}

/// The side whose samples must be brought to the depth of the other's.
fn shallower(reference: &Picture, distorted: &Picture) -> Option<Side> {
    match reference.geometry().depth.cmp(&distorted.geometry().depth) {
        Ordering::Less => Some(Side::Reference),
        Ordering::Equal => None,
        Ordering::Greater => Some(Side::Distorted),
    }
}

struct Pair {
    number: u64,
    reference: Arc<Picture>,
    distorted: Option<Arc<Picture>>,
}

/// A time of a side, where the same moment is on the reference's time line.
pub(super) fn on_reference_line(side: Side, time: i64, offset: i64) -> i64 {
    match side {
        Side::Reference => time,
        Side::Distorted => time.saturating_sub(offset),
    }
}
