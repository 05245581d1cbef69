mod config;
mod examine;
mod search;

use std::collections::VecDeque;

use super::confidence::{Confidence, UNVERIFIED};
use super::event::Event;
use super::evidence::Evidence;
use super::fingerprint::Fingerprint;
use super::pairing::Side;
use super::pause::Pauses;
use super::rhythm::RateWatch;
use super::watch::{Spell, Turn};
pub use config::{Config, HintSource, State};
use search::{Candidate, VERIFIED_AFTER};

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
    // number of pairs at the offset after which that is over
    verified_at: u32,
    // running time of the last distorted frame seen together with its partner
    examined: Option<i64>,
    // running time of the last distorted frame of which it was tried to show whose partner it is
    proved: i64,
    frozen: Spell,
    pauses: Pauses,
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

const LARGEST_OFFSET: i64 = 60_000_000_000;
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
            verified_at: VERIFIED_AFTER,
            examined: None,
            proved: i64::MIN,
            frozen: Spell::default(),
            pauses: Pauses::default(),
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
        self.pauses.settle();
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
                self.pauses.settle();
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

    /// Takes another offset than the one in use.
    fn change_to(&mut self, new: i64) {
        let old = std::mem::replace(&mut self.offset, new);
        if self.rank > HintSource::Timestamps {
            self.refuted = Some(old);
        }
        self.candidate = None;
        self.pauses.settle();
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
        self.believe_less();
    }

    /// The offset must prove right again, by what was seen before and by what comes.
    fn beware(&mut self) {
        let correlation = self.evidence.correlation.as_ref();
        let current = correlation.and_then(|c| c.index_of(self.offset).map(|index| c.pairs(index)));
        self.verified_at = current.unwrap_or(0) + VERIFIED_AFTER;
        self.unverified = true;
        self.believe_less();
    }

    fn believe_less(&mut self) {
        let now = self.now();
        self.confidence.cap(UNVERIFIED, now);
    }

    /// What was seen before says little about what is now.
    fn weigh_anew(&mut self) {
        self.evidence.doubt();
        self.unverified = true;
        self.verified_at = VERIFIED_AFTER;
        self.candidate = None;
        self.judged = None;
    }

    fn notice_loss(&mut self) {
        let frames = self.evidence.distorted.frames();
        let Some(newest) = frames.back() else { return };
        if self.evidence.correlation.is_none()
            || newest.change.as_ref().is_none_or(|c| !c.is_motion())
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
