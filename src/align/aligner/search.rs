//! The offset from the correlation: found, replaced by a better one, refined, and judged.

use super::{Aligner, State};
use crate::align::confidence::Findings;
use crate::align::correlation::{Memory, Peak};
use crate::align::event::Event;
use crate::align::evidence::{DISTINCT, MATCHING};

/// A grid point, and how many pairs had been seen there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    index: usize,
    pairs: u32,
    // advantages over the current offset, summed over pairs
    lead: f32,
}

const AGREEMENT: f32 = 0.5;
const LITTLE_AGREEMENT: f32 = 0.35;
const CLEAR_LEAD: f32 = 0.2;
// distance of pictures that are the same one, coded
const ALIKE: f32 = 0.01;
const CLEARLY_BETTER: f32 = 0.15;
// pairs, at least, that make an offset verified
pub(super) const VERIFIED_AFTER: u32 = 6;
// pairs after which a peak needs no lead over its neighbours
const CLEAR_AFTER: u32 = 8;
// pairs after which the hypothesis is preferred to an equal peak
const TIE_AFTER: u32 = 12;
// pairs after which a peak counts though the last pictures speak against it
const PATIENCE: u32 = 25;
const SLIGHTLY_BETTER: f32 = 0.01;
const ENOUGH: f32 = 0.2;
const ENOUGH_DAMAGED: f32 = 2.0;
const NEAR: usize = 24;

impl Aligner {
    /// True when a grid point has been proposed at least twice, each time on more pairs, and the
    /// sum of its leads is enough.
    fn confirmed(&mut self, index: usize, lead: f32, enough: f32) -> bool {
        let Some(correlation) = &self.evidence.correlation else { return false };
        let pairs = correlation.pairs(index);
        match &mut self.candidate {
            Some(candidate) if candidate.index == index => {
                if pairs == candidate.pairs {
                    return false;
                }
                candidate.pairs = pairs;
                candidate.lead += lead;
                candidate.lead >= enough
            }
            _ => {
                self.candidate = Some(Candidate { index, pairs, lead });
                false
            }
        }
    }

    /// Not locked: looks for a peak that stands out.
    pub(super) fn search(&mut self) {
        let Some(correlation) = &self.evidence.correlation else { return };
        let all = 0..correlation.len();
        let Some(peak) = correlation.peak(Memory::Slow, all, self.evidence.neighbours(), 3) else {
            return;
        };
        let peak = Peak { index: self.evidence.likest_beside(&peak), ..peak };
        // coding may leave little of a small movement; what is clearly ahead of all else counts
        // all the same
        let unrivalled = peak.score > LITTLE_AGREEMENT
            && peak.score > peak.rival + CLEAR_LEAD
            && correlation.pairs(peak.index) >= CLEAR_AFTER
            && correlation.distance(peak.index).is_some_and(|distance| distance < ALIKE);
        let strong = (peak.score > AGREEMENT || unrivalled)
            && correlation.motion(peak.index, Memory::Slow) > 3.0;
        // what looks most alike may be closer to its rival
        let likest = self.evidence.excess(peak.index) <= 1.0;
        let distinct = if likest { DISTINCT / 2.0 } else { DISTINCT };
        let index = if strong && peak.score - peak.rival > distinct {
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
        if !self.confirmed(index, lead, ENOUGH) {
            return;
        }
        self.offset = self.measured(index);
        self.state = State::Locked;
        self.candidate = None;
        self.unverified = true;
        self.restless = 0;
        self.confidence.renew();
        self.pauses.settle();
        self.examine_again();
        self.judge(index);
        let (offset, confidence) = (self.offset, self.confidence());
        self.tell(Event::Aligned { offset, confidence });
    }

    /// Locked: looks for something clearly better.
    pub(super) fn track(&mut self) {
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
            Some((peak, lead)) if self.confirmed(peak.index, lead, self.enough(peak.index)) => {
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

    /// Sum of leads that another offset needs. Pictures that were damaged on the way resemble some
    /// wrong ones more than their own; they do not look as usual at either.
    fn enough(&self, index: usize) -> f32 {
        let pair = self.evidence.last_pair(self.measured(index));
        let fits = pair.is_none_or(|p| !self.confidence.is_unusual(p.mismatch, p.energy()));
        if fits { ENOUGH } else { ENOUGH_DAMAGED }
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
        if pairs >= self.verified_at
            && fast > AGREEMENT
            && fast > best - DISTINCT
            && excess < MATCHING
        {
            self.unverified = false;
            self.pauses.settle();
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
}
