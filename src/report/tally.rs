use super::{Counters, Frame, Pool, PoolMethod, Status, Summary};
use crate::features::Profile;

/// Offsets that differ by less, ns, are one: their measure follows the jitter of timestamps. Less
/// than half a frame at 60 frames per second.
const SAME_OFFSET: u64 = 8_000_000;

/// Counts frames and pools their scores, over a whole run or an interval of it.
///
/// Scores of frames that were paired before the offset between the streams was known wait apart:
/// they are pooled when the offset they were paired with turns out to be the right one. Scores of
/// frames whose offset was in doubt wait, too: they are pooled when a later frame at the same offset
/// is beyond doubt. Damage makes pictures hard to recognise, and what it does to the score counts.
#[derive(Clone, Debug)]
pub struct Tally {
    pool: Pool,
    // in doubt, all at much the same offset
    doubtful: Pool,
    doubted: i64,
    provisional: Pool,
    // the offset of the provisional scores
    supposed: i64,
    confirmed: Option<i64>,
    counters: Counters,
    start: Option<u64>,
}

impl Tally {
    /// For scores from `lowest` to `highest`.
    pub fn new(lowest: f64, highest: f64) -> Self {
        let pool = Pool::new(lowest, highest);
        Self {
            provisional: pool.clone(),
            doubtful: pool.clone(),
            pool,
            doubted: 0,
            supposed: 0,
            confirmed: None,
            counters: Counters::default(),
            start: None,
        }
    }

    /// Takes a finished frame.
    pub fn count(&mut self, frame: &Frame) {
        let Counters { scored, missing, no_pair, ended, skipped, unscorable, frozen, .. } =
            &mut self.counters;
        *match frame.status {
            Status::Ok
            | Status::First
            | Status::Unaligned
            | Status::LowConfidence
            | Status::Suspect => scored,
            Status::Missing => missing,
            Status::NoPair => no_pair,
            Status::Ended => ended,
            Status::Skipped => skipped,
            Status::Unscorable => unscorable,
        } += 1;
        *frozen += u64::from(frame.marks.frozen && frame.measured.is_some());
        self.start = self.start.or(frame.times.running_time);
        let Some(measured) = &frame.measured else { return };
        let score = measured.score.value;
        if matches!(frame.status, Status::Ok | Status::LowConfidence)
            && self.doubted.abs_diff(frame.offset) > SAME_OFFSET
        {
            self.doubtful.clear();
        }
        if frame.status.pooled() {
            self.pool.merge(&self.doubtful);
            self.doubtful.clear();
            self.pool.add(score);
        } else if frame.status == Status::LowConfidence {
            self.doubted = frame.offset;
            self.doubtful.add(score);
        } else if frame.status == Status::Unaligned {
            if self.confirmed == Some(frame.offset) {
                self.pool.add(score);
                return;
            }
            if self.supposed != frame.offset {
                self.provisional.clear();
                self.supposed = frame.offset;
            }
            self.provisional.add(score);
        }
    }

    /// A distorted frame that no reference frame wanted.
    pub fn count_surplus(&mut self) {
        self.counters.surplus += 1;
    }

    /// The offset is known. `right`: the one frames were paired with before, if it was right.
    pub fn confirm(&mut self, right: Option<i64>) {
        if right == Some(self.supposed) {
            self.pool.merge(&self.provisional);
        }
        self.confirmed = right;
        self.provisional.clear();
    }

    /// The verdict so far. `known`: whether the offset is known.
    pub fn summary(
        &self,
        method: PoolMethod,
        known: bool,
        model: &str,
        profile: Profile,
    ) -> Summary {
        let aligned = known || self.pool.frames() > 0;
        let pool = if aligned { &self.pool } else { &self.provisional };
        Summary {
            pooled: pool.pooled(method),
            counters: self.counters,
            aligned,
            start: self.start,
            model: model.into(),
            profile,
            widened: None,
        }
    }

    /// What was counted.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Forgets all frames.
    pub fn clear(&mut self) {
        self.pool.clear();
        self.provisional.clear();
        self.doubtful.clear();
        self.confirmed = None;
        self.counters = Counters::default();
        self.start = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fusion::Score;
    use crate::report::{Marks, Times};
    use crate::scoring::Measured;

    fn frame(status: Status, score: f64, offset: i64) -> Frame {
        let score = Score { value: score, half_width: None, extrapolated: false };
        let names: Arc<[String]> = Arc::new([]);
        Frame {
            number: 0,
            epoch: 0,
            times: Times::default(),
            distorted_running_time: None,
            offset,
            confidence: None,
            status,
            marks: Marks::default(),
            measured: Some(Measured { score, names, values: Vec::new(), profile: Profile::Exact }),
        }
    }

    fn frames_and_score(tally: &Tally, known: bool) -> (u64, f64, bool) {
        let summary = tally.summary(PoolMethod::Mean, known, "", Profile::Exact);
        let pooled = summary.pooled.expect("frames");
        (pooled.frames, pooled.score, summary.aligned)
    }

    #[test]
    fn early_scores_count_when_their_offset_proves_right() {
        let mut tally = Tally::new(0.0, 100.0);
        tally.count(&frame(Status::Unaligned, 40.0, 7));
        assert_eq!(frames_and_score(&tally, false), (1, 40.0, false));
        tally.confirm(Some(7));
        tally.count(&frame(Status::Unaligned, 50.0, 7));
        tally.count(&frame(Status::Ok, 60.0, 7));
        assert_eq!(frames_and_score(&tally, true), (3, 50.0, true));
    }

    #[test]
    fn doubtful_scores_count_when_their_offset_proves_right() {
        let mut tally = Tally::new(0.0, 100.0);
        tally.count(&frame(Status::Ok, 90.0, 7));
        tally.count(&frame(Status::LowConfidence, 30.0, 1_000_000));
        assert_eq!(frames_and_score(&tally, true), (1, 90.0, true));
        tally.count(&frame(Status::Ok, 60.0, 3_000_000));
        assert_eq!(frames_and_score(&tally, true), (3, 60.0, true));
    }

    #[test]
    fn doubtful_scores_are_dropped_when_the_offset_changes() {
        let mut tally = Tally::new(0.0, 100.0);
        tally.count(&frame(Status::LowConfidence, 30.0, 0));
        tally.count(&frame(Status::LowConfidence, 50.0, 40_000_000));
        tally.count(&frame(Status::Ok, 90.0, 40_000_000));
        assert_eq!(frames_and_score(&tally, true), (2, 70.0, true));
        tally.count(&frame(Status::LowConfidence, 30.0, 40_000_000));
        tally.count(&frame(Status::Ok, 70.0, 0));
        assert_eq!(frames_and_score(&tally, true), (3, 70.0, true));
    }

    #[test]
    fn early_scores_are_dropped_when_their_offset_proves_wrong() {
        let mut tally = Tally::new(0.0, 100.0);
        tally.count(&frame(Status::Unaligned, 10.0, 0));
        tally.confirm(None);
        tally.count(&frame(Status::Ok, 90.0, 7));
        tally.count(&frame(Status::LowConfidence, 5.0, 7));
        tally.count(&frame(Status::Suspect, 5.0, 7));
        assert_eq!(frames_and_score(&tally, true), (1, 90.0, true));
        assert_eq!(tally.counters().scored, 4);
    }
}
