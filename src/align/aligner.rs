use std::collections::VecDeque;

use super::confidence::{Confidence, Findings, UNVERIFIED};
use super::correlation::{Correlation, Memory, Peak};
use super::event::Event;
use super::fingerprint::Fingerprint;
use super::history::{History, NOISE, Shown};
use super::pairing::Side;
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
    reference: History,
    distorted: History,
    correlation: Option<Correlation>,
    candidate: Option<Candidate>,
    // something happened that may have moved the offset
    unverified: bool,
    // running time of the last distorted frame seen together with its partner
    examined: Option<i64>,
    frozen: Spell,
    frozen_frames: u32,
    black: [Spell; 2],
    // time of moving picture without agreement
    restless: i64,
    // pairs at the offset in use when confidence was last judged
    judged: Option<(usize, u32)>,
    rank: HintSource,
    refuted: Option<i64>,
    mismatch: Option<(i64, i64)>,
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

// finer grids than 250 frames per second are not needed
const SMALLEST_STEP: i64 = 4_000_000;
const LARGEST_OFFSET: i64 = 60_000_000_000;
const AGREEMENT: f32 = 0.5;
const DISTINCT: f32 = 0.05;
const CLEARLY_BETTER: f32 = 0.15;
// distance of pictures that differ by nothing but coding
const SAME: f32 = 0.0005;
// distance of pictures that no coding explains
const UNLIKE: f32 = 0.3;
const MATCHING: f32 = 1.5;
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
        Self {
            config: Config { max_offset: config.max_offset.clamp(0, LARGEST_OFFSET), ..config },
            state: State::Searching,
            offset: config.hypothesis,
            confidence: Confidence::none(),
            reference: History::new(),
            distorted: History::new(),
            correlation: None,
            candidate: None,
            unverified: false,
            examined: None,
            frozen: Spell::default(),
            frozen_frames: 0,
            black: [Spell::default(); 2],
            restless: 0,
            judged: None,
            rank: HintSource::Timestamps,
            refuted: None,
            mismatch: None,
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
        if self.refuted.is_some_and(|refuted| (refuted - offset).abs() <= self.half_step()) {
            return;
        }
        let now = self.now();
        let old = std::mem::replace(&mut self.offset, offset);
        let known = self.is_locked() && (old - offset).abs() <= self.half_step();
        if known {
            self.confidence.refresh(now);
            return;
        }
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
        self.history(side).cut();
        self.doubt();
    }

    /// The next frame of a side, with its running time, ns. A time equal to the side's last is
    /// ignored; an earlier one is a [discontinuity](Self::discontinuity).
    pub fn push(&mut self, side: Side, running_time: i64, print: &Fingerprint) {
        match self.history(side).newest_time() {
            Some(newest) if newest == running_time => return,
            Some(newest) if newest > running_time => {
                self.history(side).clear();
                self.examined = None;
                self.doubt();
            }
            _ => {}
        }
        self.history(side).push(running_time, print);
        self.forget();
        let blank = print.is_black() || print.is_flat();
        match self.black[side as usize].observe(running_time, blank) {
            Some(Turn::Started { since }) => self.tell(Event::BlackStart { side, since }),
            Some(Turn::Ended { length }) => self.tell(Event::BlackEnd { side, length }),
            None => {}
        }
        self.compare_rates();
        if !self.tune() {
            self.correlate(side);
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

    fn history(&mut self, side: Side) -> &mut History {
        match side {
            Side::Reference => &mut self.reference,
            Side::Distorted => &mut self.distorted,
        }
    }

    fn now(&self) -> i64 {
        self.distorted.newest_time().unwrap_or(0)
    }

    fn half_step(&self) -> i64 {
        self.correlation.as_ref().map_or(SMALLEST_STEP, |c| c.step() / 2)
    }

    fn tell(&mut self, event: Event) {
        if self.events.len() == MOST_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// A frame is needed as long as one of the other side may come that lies within the window.
    fn forget(&mut self) {
        let window = self.config.max_offset + 1_000_000_000;
        let [reference, distorted] = [&self.reference, &self.distorted].map(History::newest_time);
        for history in [&mut self.reference, &mut self.distorted] {
            let Some(own) = history.newest_time() else { continue };
            let other = reference.zip(distorted).map_or(own, |(r, d)| r.min(d));
            history.forget_before((other - window).max(own - 2 * window));
        }
    }

    fn compare_rates(&mut self) {
        let (reference, distorted) = (&self.reference.rhythm, &self.distorted.rhythm);
        let Some((r, r_error)) = reference.long_term() else { return };
        let Some((d, d_error)) = distorted.long_term() else { return };
        let certain = 4.0 * r_error.hypot(d_error) + 0.0004 * r;
        if (r - d).abs() <= certain {
            self.mismatch = None;
            return;
        }
        if let Some((known_r, known_d)) = self.mismatch {
            let same = |known: i64, now: f64| (known as f64 - now).abs() < 0.05 * now;
            if same(known_r, r) && same(known_d, d) {
                return;
            }
        }
        let ratio = r.max(d) / r.min(d);
        let integer_ratio = ratio > 1.5 && (ratio - ratio.round()).abs() < 0.005 * ratio;
        let (reference, distorted) = (r.round() as i64, d.round() as i64);
        self.mismatch = Some((reference, distorted));
        self.tell(Event::RateMismatch { reference, distorted, integer_ratio });
    }

    /// Fits the search to the frame rates, if they are new; true if it did.
    fn tune(&mut self) -> bool {
        let rhythms = (self.reference.rhythm.best(), self.distorted.rhythm.best());
        let (Some(r), Some(d)) = rhythms else { return false };
        let equal = (r.0 - d.0).abs() < (3.0 * r.1.hypot(d.1)).max(r.0 / 100.0);
        let steadier = if r.1 <= d.1 { r.0 } else { d.0 };
        let (step, span) = match equal {
            true => (steadier, steadier),
            false => (r.0.min(d.0), r.0.max(d.0)),
        };
        let [step, span] =
            [step, span].map(|interval| (interval.round() as i64).max(SMALLEST_STEP));
        // over the whole window, a grid 1 % too fine is off by more than a frame
        let exact = equal && r.1.min(d.1) < 0.0005 * r.0;
        let share = if exact { 400 } else { 10 };
        let fits = |used: i64, wanted: i64| (used - wanted).abs() <= wanted / share;
        let tuned = self.correlation.as_ref().is_some_and(|c| fits(c.step(), step));
        if tuned && fits(self.reference.span(), span) {
            return false;
        }
        self.reference.set_span(span);
        self.distorted.set_span(span);
        let mut correlation = Correlation::new(step, self.config.max_offset);
        if rates_are_commensurable(step, span) {
            for (i, frame) in self.distorted.frames().iter().enumerate() {
                if let Some(difference) = self.reference.nearest_difference(frame, self.offset) {
                    correlation.follow(difference, 1.0 / (i + 1) as f64);
                }
            }
        }
        for distorted in self.distorted.frames() {
            pair(&mut correlation, distorted, self.reference.frames().iter());
        }
        self.correlation = Some(correlation);
        self.candidate = None;
        self.judged = None;
        self.unverified = self.is_locked();
        true
    }

    /// Adds the pairs that a side's newest frame makes.
    fn correlate(&mut self, side: Side) {
        let Some(correlation) = &mut self.correlation else { return };
        let window = correlation.window();
        match side {
            Side::Distorted => {
                let Some(newest) = self.distorted.newest() else { return };
                if rates_are_commensurable(correlation.step(), self.reference.span())
                    && let Some(difference) = self.reference.nearest_difference(newest, self.offset)
                {
                    correlation.follow(difference, 0.05);
                }
                let near = self.reference.between(newest.time - window, newest.time + window);
                pair(correlation, newest, near);
            }
            Side::Reference => {
                let Some(newest) = self.reference.newest() else { return };
                let near = self.distorted.between(newest.time - window, newest.time + window);
                for distorted in near {
                    pair(correlation, distorted, std::iter::once(newest));
                }
            }
        }
    }

    /// Looks at the distorted frames whose partner at the offset in use has come.
    fn examine(&mut self) {
        let Some(correlation) = &self.correlation else { return };
        let Some(newest) = self.reference.newest_time() else { return };
        let reach = correlation.step();
        let limit = newest + self.offset + reach / 2;
        if self.state != State::Locked {
            self.examined = Some(limit);
            return;
        }
        let from = self.examined.map_or(i64::MIN, |examined| examined + 1);
        let mut turns = [None; 2];
        let (mut froze, mut thawed) = (false, false);
        for frame in self.distorted.between(from, limit) {
            self.examined = Some(frame.time);
            let partner = self.reference.nearest(frame.time - self.offset, reach);
            let Some(partner) = partner else { continue };
            let (Some(own), Some(reference)) = (&frame.change, &partner.change) else { continue };
            let repeated = own.energy < (0.1 * reference.energy).max(0.3 * NOISE);
            let both_still = repeated && reference.energy <= 4.0 * NOISE;
            if !both_still {
                thawed |= !repeated && self.frozen_frames >= 2;
                self.frozen_frames = if repeated { self.frozen_frames + 1 } else { 0 };
                froze |= self.frozen_frames == 2;
                if let Some(turn) = self.frozen.observe(frame.time, repeated) {
                    turns[usize::from(turns[0].is_some())] = Some(turn);
                }
            }
            if self.frozen_frames > 0 {
                self.confidence.trust();
            } else {
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
    }

    /// A new offset gives frames other partners.
    fn examine_again(&mut self) {
        let newest = self.reference.newest_time().unwrap_or(0);
        let limit = newest + self.offset + self.half_step();
        self.examined = self.examined.map(|examined| examined.min(limit));
        self.confidence.renew();
    }

    fn doubt(&mut self) {
        self.weigh_anew();
        let now = self.now();
        self.confidence.cap(UNVERIFIED, now);
    }

    /// What was seen before says little about what is now.
    fn weigh_anew(&mut self) {
        if let Some(correlation) = &mut self.correlation {
            correlation.doubt();
        }
        self.unverified = true;
        self.candidate = None;
        self.judged = None;
    }

    /// True when a grid point has been proposed at least twice, each time on more pairs, and the
    /// sum of its leads is enough.
    fn confirmed(&mut self, index: usize, lead: f32) -> bool {
        let Some(correlation) = &self.correlation else { return false };
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
        let Some(correlation) = &self.correlation else { return };
        let all = 0..correlation.len();
        let Some(peak) = correlation.peak(Memory::Slow, all, self.neighbours(), 3) else { return };
        let strong = peak.score > AGREEMENT && correlation.motion(peak.index, Memory::Slow) > 3.0;
        let index = if strong && peak.score - peak.rival > DISTINCT {
            let beside = peak.score - self.best_beside(peak.index);
            let pairs = correlation.pairs(peak.index);
            let agreed = self.agreed(peak.index) || pairs > PATIENCE;
            let lead = if pairs >= CLEAR_AFTER { ENOUGH } else { beside * 2.0 };
            agreed.then_some((peak.index, lead))
        } else {
            // equal peaks: a picture that repeats itself
            let hypothesis = correlation.index_of(self.offset);
            let near = hypothesis.filter(|index| {
                let score = correlation.score(*index, Memory::Slow);
                let known = correlation.pairs(*index) >= TIE_AFTER && self.agreed(*index);
                strong && known && score > (peak.score - DISTINCT).max(self.best_beside(*index))
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
        self.examine_again();
        self.judge(index);
        let (offset, confidence) = (self.offset, self.confidence());
        self.tell(Event::Aligned { offset, confidence });
    }

    /// Locked: looks for something clearly better.
    fn track(&mut self) {
        let Some(correlation) = &self.correlation else { return };
        let Some(current) = correlation.index_of(self.offset) else { return };
        let seen = (current, correlation.pairs(current));
        let all = 0..correlation.len();
        let near = match self.unverified {
            true => all.clone(),
            false => current.saturating_sub(NEAR)..current + NEAR + 1,
        };
        let neighbours = self.neighbours();
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
        let drifting = self.is_drifting();
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
                let new = self.measured(peak.index);
                let old = std::mem::replace(&mut self.offset, new);
                if self.rank > HintSource::Timestamps {
                    self.refuted = Some(old);
                }
                self.candidate = None;
                self.unverified = false;
                self.examine_again();
                self.judge(peak.index);
                self.tell(Event::OffsetChanged { old, new });
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
        if self.is_drifting() {
            self.offset += (measured - self.offset) / 16;
        } else if (measured - self.offset).abs() > self.half_step() / 4 {
            self.offset = measured;
        }
    }

    /// Which frames belong together changes all the time, for the rates differ.
    fn is_drifting(&self) -> bool {
        self.correlation.as_ref().is_some_and(|correlation| {
            !rates_are_commensurable(correlation.step(), self.reference.span())
        })
    }

    fn measured(&self, index: usize) -> i64 {
        let Some(correlation) = &self.correlation else { return self.offset };
        let measured = correlation.offset(index, usize::from(self.is_drifting()));
        // timestamps that agree with the pictures are more exact than the mean of jittery ones
        let hypothesis = self.config.hypothesis;
        let close = (measured - hypothesis).abs() <= self.half_step() / 4;
        if close { hypothesis } else { measured }
    }

    fn judge(&mut self, index: usize) {
        let Some(correlation) = &self.correlation else { return };
        let all = 0..correlation.len();
        let neighbours = self.neighbours();
        let fast_best = correlation.peak(Memory::Fast, all, neighbours, 2);
        let fast = correlation.score(index, Memory::Fast);
        let slow_rival = (0..correlation.len())
            .filter(|other| *other != index)
            .map(|other| correlation.score(other, Memory::Slow))
            .fold(0.0, f32::max);
        let pairs = correlation.pairs(index);
        let best = fast_best.map_or(0.0, |peak| peak.score);
        let excess = self.excess(index);
        if pairs >= VERIFIED_AFTER
            && fast > AGREEMENT
            && fast > best - DISTINCT
            && excess < MATCHING
        {
            self.unverified = false;
        }
        let correlation_slow = correlation.score(index, Memory::Slow);
        let findings = Findings {
            slow: correlation_slow,
            slow_rival,
            fast,
            fast_best,
            excess,
            unverified: self.unverified,
        };
        self.judged = Some((index, pairs));
        let now = self.now();
        self.confidence.judge(&findings, now);
    }

    /// The last changes and the pictures themselves say the same as a peak.
    fn agreed(&self, index: usize) -> bool {
        let Some(correlation) = &self.correlation else { return false };
        let all = 0..correlation.len();
        let best = correlation.peak(Memory::Fast, all, 0, 2).map_or(0.0, |peak| peak.score);
        correlation.score(index, Memory::Fast) > best - DISTINCT / 2.0
            && self.excess(index) < MATCHING
            && correlation.distance(index).is_some_and(|distance| distance < UNLIKE)
    }

    /// Distance of the pictures at a grid point, relative to the least anywhere.
    fn excess(&self, index: usize) -> f32 {
        let Some(correlation) = &self.correlation else { return 1.0 };
        let own = correlation.distance(index).unwrap_or(1.0);
        let least = correlation.least_distance(correlation.pairs(index).min(3));
        (own + SAME) / (least + SAME)
    }

    /// Best agreement of a grid point's neighbours.
    fn best_beside(&self, index: usize) -> f32 {
        let Some(correlation) = &self.correlation else { return 0.0 };
        let neighbours = self.neighbours();
        let last = (index + neighbours).min(correlation.len() - 1);
        (index.saturating_sub(neighbours)..=last)
            .filter(|other| *other != index)
            .map(|other| correlation.score(other, Memory::Slow))
            .fold(0.0, f32::max)
    }

    /// Grid points that a moving picture cannot tell from a peak.
    fn neighbours(&self) -> usize {
        let Some(correlation) = &self.correlation else { return 0 };
        (2 * self.reference.span() / correlation.step()) as usize
    }

    fn notice_loss(&mut self) {
        let frames = self.distorted.frames();
        let Some(newest) = frames.back() else { return };
        if self.correlation.is_none() || newest.change.as_ref().is_none_or(|c| c.is_still()) {
            return;
        }
        self.restless += self.distorted.span();
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

/// The time differences of the frames of two such rates stay the same modulo the smaller one.
fn rates_are_commensurable(step: i64, span: i64) -> bool {
    let ratio = span as f64 / step as f64;
    (ratio - ratio.round()).abs() < 0.01
}

/// Adds the pairs of a distorted frame and some reference frames.
fn pair<'a>(
    correlation: &mut Correlation,
    distorted: &Shown,
    references: impl Iterator<Item = &'a Shown>,
) {
    let Some(own) = distorted.change.as_ref().filter(|change| !change.is_still()) else { return };
    for reference in references {
        if let Some(change) = &reference.change {
            let cross = own.agreement(change);
            let difference = distorted.time - reference.time;
            let distance = distorted.distance(reference);
            correlation.add(difference, cross, change.weight, own.weight, distance);
        }
    }
}
