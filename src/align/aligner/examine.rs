//! What pairs at the offset in use show: freezes, pauses, and whether they fit.

use super::{Aligner, State};
use crate::align::confidence::UNVERIFIED;
use crate::align::event::Event;
use crate::align::history::NOISE;
use crate::align::watch::Turn;

// reference frames after a partner that must be known before it is taken for the right one
const LATER: i64 = 8;

impl Aligner {
    /// Looks at the distorted frames whose partner at the offset in use has come.
    pub(super) fn examine(&mut self) {
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
}
