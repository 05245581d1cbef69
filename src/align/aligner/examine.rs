//! What pairs at the offset in use show: freezes, pauses, and whether they fit.

use super::{Aligner, State};
use crate::align::event::Event;
use crate::align::pair::Pair;
use crate::align::watch::Turn;

// reference frames after a partner that must be known before it is taken for the right one
const LATER: i64 = 8;

impl Aligner {
    /// Looks at the distorted frames whose partner at the offset in use has come.
    pub(super) fn examine(&mut self) {
        if self.evidence.correlation.is_none() {
            return;
        }
        let Some(newest) = self.evidence.reference.newest_time() else { return };
        if self.state != State::Locked {
            self.examined = Some(self.evidence.paired_until(self.offset));
            return;
        }
        self.prove(newest + self.offset - LATER * self.evidence.reference.span());
        while let Some(pair) = self.evidence.pair_after(self.examined, self.offset) {
            self.examined = Some(pair.time);
            let resumed = self.notice_freeze(&pair);
            let paused = self.notice_pause(&pair);
            match resumed.or(paused) {
                Some(later) => {
                    self.weigh_anew();
                    self.change_to(later);
                }
                None if self.frozen_frames == 0 => {
                    let odd = self.confidence.compare(pair.mismatch, pair.energy());
                    // what moves does so in sight; what was skipped at rest shows in this alone
                    if odd && pair.is_at_rest() {
                        self.beware();
                    }
                }
                None => {}
            }
        }
    }

    /// The distorted stream repeats a picture while the reference moves. Returns the offset that
    /// the first picture after it proves.
    fn notice_freeze(&mut self, pair: &Pair) -> Option<i64> {
        if !pair.tells_motion() {
            return None;
        }
        let repeated = pair.stands_still();
        let thawed = !repeated && self.frozen_frames >= 2;
        if repeated && self.frozen_frames == 0 {
            self.stalled = pair.time;
        }
        self.frozen_frames = if repeated { self.frozen_frames + 1 } else { 0 };
        match self.frozen.observe(pair.time, repeated) {
            Some(Turn::Started { since }) => self.tell(Event::FreezeStart { since }),
            Some(Turn::Ended { length }) => self.tell(Event::FreezeEnd { length }),
            None => {}
        }
        if self.frozen_frames == 2 {
            self.weigh_anew();
        }
        if !thawed {
            return None;
        }
        self.believe_less();
        let later = self.offset + pair.time - self.stalled;
        self.evidence.resumed(pair.time, later, self.offset)
    }

    /// The distorted stream was interrupted, in motion or stillness. Returns the offset that
    /// explains the pictures since.
    fn notice_pause(&mut self, pair: &Pair) -> Option<i64> {
        if let Some(length) = self.pauses.observe(pair, self.evidence.distorted.span()) {
            self.pauses.expect(self.offset, length);
            self.doubt();
        }
        if !self.pauses.is_open() || pair.repeats() {
            return None;
        }
        let usual = self.confidence.usual_mismatch(pair.energy());
        let evidence = &self.evidence;
        self.pauses.weigh(pair.mismatch, usual, |offset| evidence.mismatch(pair.time, offset))
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
            let energy = frame.change.as_ref().map_or(0.0, |change| change.energy);
            if self.confidence.is_unusual(mismatch, energy)
                && self.evidence.stands_out(frame, partner, mismatch)
            {
                self.confidence.accept(mismatch, energy);
            }
        }
    }
}
