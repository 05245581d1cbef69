use std::collections::VecDeque;

use super::confidence::{Confidence, Findings, UNVERIFIED};
use super::correlation::{Memory, Peak};
use super::event::Event;
use super::evidence::{DISTINCT, Evidence, MATCHING};
use super::fingerprint::Fingerprint;
use super::history::NOISE;
use super::pairing::Side;
use super::rhythm::RateWatch;
use super::watch::{Spell, Turn};

/// Where to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Offsets up to this, either way, are searched, ns; default 5 s.
    pub max_offset: i64,
    /// Used until the pictures tell the offset, and preferred where they leave a choice, ns.
    pub hypothesis: i64,
}

impl Default for Config {
    fn default() -> Self {
        Self { max_offset: 5_000_000_000, hypothesis: 0 }
    }
}

/// Who says what the offset is. The later ones outrank the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HintSource {
    /// Timestamps, or the user: where to start.
    Timestamps,
    /// Time codes found on both sides: used at once, checked by content.
    Timecode,
    /// Reference timestamps found on both sides: used at once, checked by content.
    ReferenceTimestamp,
}

/// What is known about the offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing yet: the hypothesis is used.
    Searching,
    /// The offset is measured, or told by metadata.
    Locked,
    /// It was known, or should have been found: the last one is used as hypothesis.
    Lost,
}

/// Finds by how much the distorted stream is later than the reference, from fingerprints and
/// running times of both, and follows it.
///
/// Frames may come in any order between the sides, but rising in time on each. Memory and work per
/// frame are bounded by the window; after the first seconds nothing is allocated.
///
/// ```
/// use gstvmaftiny::align::{Aligner, Config, Fingerprint, pairing::Side};
/// use gstvmaftiny::features::{Depth, Geometry, Luma, Samples};
///
/// let geometry = Geometry { width: 64, height: 36, depth: Depth::Eight };
/// let mut aligner = Aligner::new(Config::default());
/// for i in 0..30 {
///     // a picture that never repeats, 80 ms later on the distorted side
///     let samples: Vec<u8> =
///         (0..64 * 36).map(|k| ((k + i * i * 7) % 64 * 2 + (k / 64 * i) % 90) as u8).collect();
///     let print = Fingerprint::of(&Luma::new(Samples::U8(&samples), 64, geometry)?);
///     aligner.push(Side::Reference, i * 40_000_000, &print);
///     aligner.push(Side::Distorted, i * 40_000_000 + 80_000_000, &print);
///     while let Some(event) = aligner.next_event() {
///         println!("{event:?}");
///     }
/// }
/// assert!(aligner.is_locked());
/// assert_eq!(aligner.offset(), 80_000_000);
/// # Ok::<(), gstvmaftiny::features::FeatureError>(())
/// ```
#[derive(Debug)]
pub struct Aligner {
    config: Config,
    state: State,
    offset: i64,
    confidence: Confidence,
    evidence: Evidence,
    candidate: Option<Candidate>,
    // something happened that may have moved the offset
    unverified: bool,
    // running time of the last distorted frame seen together with its partner
    examined: Option<i64>,
    // running time of the last distorted frame of which it was tried to show whose partner it is
    proved: i64,
    frozen: Spell,
    frozen_frames: u32,
    // time of the first of those frames
    stalled: i64,
    black: [Spell; 2],
    // time of moving picture without agreement
    restless: i64,
    // pairs at the offset in use when confidence was last judged
    judged: Option<(usize, u32)>,
    rank: HintSource,
    refuted: Option<i64>,
    rates: RateWatch,
    events: VecDeque<Event>,
}

/// A grid point, and how many pairs had been seen there.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Candidate {
    index: usize,
    pairs: u32,
    // advantages over the current offset, summed over pairs
    lead: f32,
}

// reference frames after a partner that must be known before it is taken for the right one
const LATER: i64 = 8;
const LARGEST_OFFSET: i64 = 60_000_000_000;
const AGREEMENT: f32 = 0.5;
const CLEARLY_BETTER: f32 = 0.15;
// pairs, at least, that make an offset verified
const VERIFIED_AFTER: u32 = 6;
// pairs after which a peak needs no lead over its neighbours
const CLEAR_AFTER: u32 = 9;
// pairs after which the hypothesis is preferred to an equal peak
const TIE_AFTER: u32 = 12;
// pairs after which a peak counts though the last pictures speak against it
const PATIENCE: u32 = 25;
const SLIGHTLY_BETTER: f32 = 0.01;
const ENOUGH: f32 = 0.2;
const NEAR: usize = 24;
const HINTED: f64 = 0.9;
const LOSING: f64 = 0.2;
const LOSS_AFTER: i64 = 3_000_000_000;
const REMIND_AFTER: i64 = 10_000_000_000;
const MOST_EVENTS: usize = 64;

impl Aligner {
    /// Knows nothing but the hypothesis. `max_offset` is limited to 0 to 60 s.
    pub fn new(config: Config) -> Self {
        let config = Config { max_offset: config.max_offset.clamp(0, LARGEST_OFFSET), ..config };
        Self {
            config,
            state: State::Searching,
            offset: config.hypothesis,
            confidence: Confidence::none(),
            evidence: Evidence::new(config.max_offset),
            candidate: None,
            unverified: false,
            examined: None,
            proved: i64::MIN,
            frozen: Spell::default(),
            frozen_frames: 0,
            stalled: 0,
            black: [Spell::default(); 2],
            restless: 0,
            judged: None,
            rank: HintSource::Timestamps,
            refuted: None,
            rates: RateWatch::default(),
            events: VecDeque::with_capacity(MOST_EVENTS),
        }
    }

    /// Forgets everything but the configuration.
    pub fn reset(&mut self) {
        *self = Self::new(self.config);
    }

    /// Distorted minus reference running time of the same moment, ns: measured if
    /// [locked](Self::is_locked), else the last known or the hypothesis.
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// How sure the offset is, 0 to 1; 0 unless locked. Frames below 0.6 should not be pooled.
    /// Halves in ten seconds while nothing moves.
    pub fn confidence(&self) -> f64 {
        match self.state {
            State::Locked => self.confidence.at(self.now()),
            State::Searching | State::Lost => 0.0,
        }
    }

    /// What is known about the offset.
    pub fn state(&self) -> State {
        self.state
    }

    /// The offset is measured, or told by metadata.
    pub fn is_locked(&self) -> bool {
        self.state == State::Locked
    }

    /// The last distorted frame whose partner is known repeats an earlier one while the reference
    /// moves.
    pub fn is_frozen(&self) -> bool {
        self.frozen.holds()
    }

    /// The newest frame of a side is black, or one shade.
    pub fn is_black(&self, side: Side) -> bool {
        self.black[side as usize].holds()
    }

    /// What has been noticed and not been fetched, oldest first. Only the last 64 are kept.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// An offset known from elsewhere, ns. Metadata takes effect at once, unless the pictures have
    /// refuted the same value before; timestamps only while nothing better is known.
    pub fn hint(&mut self, offset: i64, source: HintSource) {
        if source < self.rank {
            return;
        }
        self.rank = source;
        if source == HintSource::Timestamps {
            if self.state != State::Locked {
                self.offset = offset;
            }
            return;
        }
        if self.refuted.is_some_and(|refuted| (refuted - offset).abs() <= self.evidence.half_step())
        {
            return;
        }
        let now = self.now();
        let old = std::mem::replace(&mut self.offset, offset);
        let known = self.is_locked() && (old - offset).abs() <= self.evidence.half_step();
        if known {
            self.confidence.refresh(now);
            return;
        }
        self.confidence.renew();
        self.confidence.set(HINTED, now);
        self.restless = 0;
        self.candidate = None;
        match std::mem::replace(&mut self.state, State::Locked) {
            State::Locked => self.tell(Event::OffsetChanged { old, new: offset }),
            State::Searching | State::Lost => {
                self.tell(Event::Aligned { offset, confidence: HINTED });
            }
        }
    }

    /// What a side shows next does not continue what it showed: the offset in use becomes a
    /// hypothesis until the pictures confirm it.
    pub fn discontinuity(&mut self, side: Side) {
        self.evidence.side(side).cut();
        self.doubt();
    }

    /// The next frame of a side, with its running time, ns. A time equal to the side's last is
    /// ignored; an earlier one is a [discontinuity](Self::discontinuity).
    pub fn push(&mut self, side: Side, running_time: i64, print: &Fingerprint) {
        match self.evidence.side(side).newest_time() {
            Some(newest) if newest == running_time => return,
            Some(newest) if newest > running_time => {
                self.evidence.side(side).clear();
                self.examined = None;
                self.proved = i64::MIN;
                self.doubt();
            }
            _ => {}
        }
        let tuned = self.evidence.add(side, running_time, print, self.offset);
        let blank = print.is_black() || print.is_flat();
        match self.black[side as usize].observe(running_time, blank) {
            Some(Turn::Started { since }) => self.tell(Event::BlackStart { side, since }),
            Some(Turn::Ended { length }) => self.tell(Event::BlackEnd { side, length }),
            None => {}
        }
        let rates = [&self.evidence.reference.rhythm, &self.evidence.distorted.rhythm];
        if let Some(mismatch) = self.rates.observe(rates) {
            self.tell(mismatch);
        }
        if tuned {
            self.candidate = None;
            self.judged = None;
            self.unverified = self.is_locked();
        }
        self.examine();
        match self.state {
            State::Searching | State::Lost => self.search(),
            State::Locked => self.track(),
        }
        if side == Side::Distorted {
            self.notice_loss();
        }
    }

    fn now(&self) -> i64 {
        self.evidence.distorted.newest_time().unwrap_or(0)
    }

    fn tell(&mut self, event: Event) {
        if self.events.len() == MOST_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Looks at the distorted frames whose partner at the offset in use has come.
    fn examine(&mut self) {
        let Some(correlation) = &self.evidence.correlation else { return };
        let Some(newest) = self.evidence.reference.newest_time() else { return };
        let reach = correlation.step();
        let limit = newest + self.offset + reach / 2;
        if self.state != State::Locked {
            self.examined = Some(limit);
            return;
        }
        self.prove(newest + self.offset - LATER * self.evidence.reference.span());
        let from = self.examined.map_or(i64::MIN, |examined| examined + 1);
        let mut turns = [None; 2];
        let (mut froze, mut thawed, mut paused) = (false, false, None);
        for frame in self.evidence.distorted.between(from, limit) {
            self.examined = Some(frame.time);
            let partner = self.evidence.reference.nearest(frame.time - self.offset, reach);
            let Some(partner) = partner else { continue };
            let (Some(own), Some(reference)) = (&frame.change, &partner.change) else { continue };
            let repeated = own.energy < (0.1 * reference.energy).max(0.3 * NOISE);
            let both_still = repeated && reference.energy <= 4.0 * NOISE;
            if !both_still {
                if !repeated && self.frozen_frames >= 2 {
                    thawed = true;
                    let later = self.offset + frame.time - self.stalled;
                    paused = self.evidence.resumed(frame, later, self.offset);
                }
                if repeated && self.frozen_frames == 0 {
                    self.stalled = frame.time;
                }
                self.frozen_frames = if repeated { self.frozen_frames + 1 } else { 0 };
                froze |= self.frozen_frames == 2;
                if let Some(turn) = self.frozen.observe(frame.time, repeated) {
                    turns[usize::from(turns[0].is_some())] = Some(turn);
                }
            }
            if self.frozen_frames == 0 {
                self.confidence.compare(frame.mismatch(partner));
            }
        }
        for turn in turns.into_iter().flatten() {
            self.tell(match turn {
                Turn::Started { since } => Event::FreezeStart { since },
                Turn::Ended { length } => Event::FreezeEnd { length },
            });
        }
        if froze {
            self.weigh_anew();
        }
        if thawed {
            let now = self.now();
            self.confidence.cap(UNVERIFIED, now);
        }
        if let Some(later) = paused {
            self.change_to(later);
        }
    }

    /// Looks at distorted frames up to a time that are less like their partners than usual: do they
    /// look still less like all others?
    fn prove(&mut self, limit: i64) {
        let reach = self.evidence.half_step();
        for frame in self.evidence.distorted.between(self.proved + 1, limit) {
            self.proved = frame.time;
            let partner = self.evidence.reference.nearest(frame.time - self.offset, reach);
            let Some(partner) = partner else { continue };
            let mismatch = frame.mismatch(partner);
            if self.confidence.is_unusual(mismatch)
                && self.evidence.stands_out(frame, partner, mismatch)
            {
                self.confidence.accept(mismatch);
            }
        }
    }

    /// Takes another offset than the one in use.
    fn change_to(&mut self, new: i64) {
        let old = std::mem::replace(&mut self.offset, new);
        if self.rank > HintSource::Timestamps {
            self.refuted = Some(old);
        }
        self.candidate = None;
        self.examine_again();
        self.tell(Event::OffsetChanged { old, new });
    }

    /// A new offset gives frames other partners.
    fn examine_again(&mut self) {
        let newest = self.evidence.reference.newest_time().unwrap_or(0);
        let limit = newest + self.offset + self.evidence.half_step();
        self.examined = self.examined.map(|examined| examined.min(limit));
        self.proved = self.proved.min(limit);
    }

    fn doubt(&mut self) {
        self.weigh_anew();
        let now = self.now();
        self.confidence.cap(UNVERIFIED, now);
    }

    /// What was seen before says little about what is now.
    fn weigh_anew(&mut self) {
        self.evidence.doubt();
        self.unverified = true;
        self.candidate = None;
        self.judged = None;
    }

    /// True when a grid point has been proposed at least twice, each time on more pairs, and the
    /// sum of its leads is enough.
    fn confirmed(&mut self, index: usize, lead: f32) -> bool {
        let Some(correlation) = &self.evidence.correlation else { return false };
        let pairs = correlation.pairs(index);
        match &mut self.candidate {
            Some(candidate) if candidate.index == index => {
                if pairs == candidate.pairs {
                    return false;
                }
                candidate.pairs = pairs;
                candidate.lead += lead;
                candidate.lead >= ENOUGH
            }
            _ => {
                self.candidate = Some(Candidate { index, pairs, lead });
                false
            }
        }
    }

    /// Not locked: looks for a peak that stands out.
    fn search(&mut self) {
        let Some(correlation) = &self.evidence.correlation else { return };
        let all = 0..correlation.len();
        let Some(peak) = correlation.peak(Memory::Slow, all, self.evidence.neighbours(), 3) else {
            return;
        };
        let strong = peak.score > AGREEMENT && correlation.motion(peak.index, Memory::Slow) > 3.0;
        let index = if strong && peak.score - peak.rival > DISTINCT {
            let beside = peak.score - self.evidence.best_beside(peak.index);
            let pairs = correlation.pairs(peak.index);
            let agreed = self.evidence.agreed(peak.index) || pairs > PATIENCE;
            let lead = if pairs >= CLEAR_AFTER { ENOUGH } else { beside * 2.0 };
            agreed.then_some((peak.index, lead))
        } else {
            // equal peaks: a picture that repeats itself
            let hypothesis = correlation.index_of(self.offset);
            let near = hypothesis.filter(|index| {
                let score = correlation.score(*index, Memory::Slow);
                let known = correlation.pairs(*index) >= TIE_AFTER && self.evidence.agreed(*index);
                strong
                    && known
                    && score > (peak.score - DISTINCT).max(self.evidence.best_beside(*index))
            });
            near.map(|index| (index, ENOUGH))
        };
        let Some((index, lead)) = index else {
            self.candidate = None;
            return;
        };
        if !self.confirmed(index, lead) {
            return;
        }
        self.offset = self.measured(index);
        self.state = State::Locked;
        self.candidate = None;
        self.unverified = true;
        self.restless = 0;
        self.confidence.renew();
        self.examine_again();
        self.judge(index);
        let (offset, confidence) = (self.offset, self.confidence());
        self.tell(Event::Aligned { offset, confidence });
    }

    /// Locked: looks for something clearly better.
    fn track(&mut self) {
        let Some(correlation) = &self.evidence.correlation else { return };
        let Some(current) = correlation.index_of(self.offset) else { return };
        let seen = (current, correlation.pairs(current));
        let all = 0..correlation.len();
        let near = match self.unverified {
            true => all.clone(),
            false => current.saturating_sub(NEAR)..current + NEAR + 1,
        };
        let neighbours = self.evidence.neighbours();
        let fast = correlation.peak(Memory::Fast, near, neighbours, 2).filter(|peak| {
            peak.score > AGREEMENT
                && peak.score > correlation.score(current, Memory::Fast) + CLEARLY_BETTER
                && correlation.motion(peak.index, Memory::Fast) > 1.5
        });
        let slow = || {
            correlation.peak(Memory::Slow, all, neighbours, 2).filter(|peak| {
                let beside = peak.index.abs_diff(current) <= neighbours;
                let lead = if beside { SLIGHTLY_BETTER } else { CLEARLY_BETTER };
                peak.score > AGREEMENT
                    && peak.score > correlation.score(current, Memory::Slow) + lead
            })
        };
        let lead = |peak: &Peak, memory| peak.score - correlation.score(current, memory);
        let fast = fast.map(|peak| (peak, lead(&peak, Memory::Fast)));
        let better = fast.or_else(|| slow().map(|peak| (peak, lead(&peak, Memory::Slow))));
        let drifting = self.evidence.is_drifting();
        let better = better.filter(|(peak, _)| {
            // the true offset wanders between grid points
            if drifting && peak.index.abs_diff(current) <= 1 {
                return false;
            }
            let [new, old] = [peak.index, current].map(|index| correlation.distance(index));
            let most = if peak.index.abs_diff(current) <= neighbours { 1.0 } else { 0.8 };
            new.zip(old).is_some_and(|(new, old)| new < most * old)
        });
        match better {
            Some((peak, lead)) if self.confirmed(peak.index, lead) => {
                self.unverified = false;
                self.change_to(self.measured(peak.index));
                self.judge(peak.index);
            }
            Some(_) => {}
            None => {
                self.candidate = None;
                self.refine(current);
            }
        }
        if self.judged != Some(seen) {
            self.judge(current);
        }
    }

    /// Follows small movements: clock drift, a jittery first estimate.
    fn refine(&mut self, current: usize) {
        let measured = self.measured(current);
        if self.evidence.is_drifting() {
            self.offset += (measured - self.offset) / 16;
        } else if (measured - self.offset).abs() > self.evidence.half_step() / 4 {
            self.offset = measured;
        }
    }

    fn measured(&self, index: usize) -> i64 {
        let Some(measured) = self.evidence.measured(index) else { return self.offset };
        // timestamps that agree with the pictures are more exact than the mean of jittery ones
        let hypothesis = self.config.hypothesis;
        let close = (measured - hypothesis).abs() <= self.evidence.half_step() / 4;
        if close { hypothesis } else { measured }
    }

    fn judge(&mut self, index: usize) {
        let Some(correlation) = &self.evidence.correlation else { return };
        let all = 0..correlation.len();
        let neighbours = self.evidence.neighbours();
        let fast_best = correlation.peak(Memory::Fast, all, neighbours, 2);
        let fast = correlation.score(index, Memory::Fast);
        let pairs = correlation.pairs(index);
        let best = fast_best.map_or(0.0, |peak| peak.score);
        let excess = self.evidence.excess(index);
        if pairs >= VERIFIED_AFTER
            && fast > AGREEMENT
            && fast > best - DISTINCT
            && excess < MATCHING
        {
            self.unverified = false;
        }
        let findings = Findings {
            slow: correlation.score(index, Memory::Slow),
            slow_rival: self.evidence.best_elsewhere(index),
            fast,
            fast_best,
            excess,
            unverified: self.unverified,
        };
        self.judged = Some((index, pairs));
        let now = self.now();
        self.confidence.judge(&findings, now);
    }

    fn notice_loss(&mut self) {
        let frames = self.evidence.distorted.frames();
        let Some(newest) = frames.back() else { return };
        if self.evidence.correlation.is_none()
            || newest.change.as_ref().is_none_or(|c| c.is_still())
        {
            return;
        }
        self.restless += self.evidence.distorted.span();
        match self.state {
            State::Locked if self.confidence() >= LOSING => self.restless = 0,
            State::Locked if self.restless >= LOSS_AFTER => self.lose(),
            State::Searching if self.restless >= self.config.max_offset + LOSS_AFTER => self.lose(),
            State::Lost if self.restless >= REMIND_AFTER => self.lose(),
            _ => {}
        }
    }

    fn lose(&mut self) {
        self.state = State::Lost;
        self.restless = 0;
        self.candidate = None;
        self.tell(Event::Lost);
    }
}
