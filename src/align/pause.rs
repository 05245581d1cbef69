use super::pair::Pair;

/// Interruptions of the distorted stream, by repeated pictures or by none, after which it may go on
/// where it was, and so be later than before.
///
/// While nothing moves a stream that paused looks much like one that skipped. What small difference
/// there is, is summed until it tells.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    // time of the first of the repeated frames
    since: Option<i64>,
    frames: u32,
    // share of frames that repeat another
    repeating: f32,
    candidates: Vec<Later>,
}

/// An offset, and by how much better it has explained the frames since.
#[derive(Clone, Copy, Debug)]
struct Later {
    offset: i64,
    lead: f32,
}

// shorter interruptions are common at very low bit rates
const FRAMES: u32 = 3;
const DURATION: i64 = 100_000_000;
// some encoders and rate converters repeat frames all the time
const RARE: f32 = 0.2;
const LEARNING: f32 = 0.02;
// the sums of three pauses that could not be told from skips
const MOST_CANDIDATES: usize = 7;
// mismatch that no eye sees
const INVISIBLE: f32 = 0.5;
// logarithms of ratios of mismatches
const ENOUGH: f32 = 2.0;
const MOST_PER_FRAME: f32 = 1.5;

impl Pauses {
    /// The next pair at the offset in use; `span` is the usual distance of frames. Returns how much
    /// later the stream is, if it paused, when an interruption has ended with this frame, ns.
    pub(super) fn observe(&mut self, pair: &Pair, span: i64) -> Option<i64> {
        if pair.gap >= DURATION.max(i64::from(FRAMES) * span) {
            (self.since, self.frames) = (None, 0);
            return Some(pair.gap);
        }
        if !pair.repeats() {
            return self.resume(pair.time);
        }
        // what stands still in the reference, too, tells nothing
        if !pair.partner_repeats() {
            self.since.get_or_insert(pair.time);
            self.frames += 1;
        }
        None
    }

    fn resume(&mut self, time: i64) -> Option<i64> {
        let frames = std::mem::take(&mut self.frames);
        let length = self.since.take().map(|since| time - since);
        let rare = self.repeating < RARE;
        self.repeating *= 1.0 - LEARNING;
        for _ in 0..frames {
            self.repeating += LEARNING * (1.0 - self.repeating);
        }
        length.filter(|length| rare && frames >= FRAMES && *length >= DURATION)
    }

    /// The stream was interrupted for this long, ns: either `offset` still holds, or it paused.
    pub(super) fn expect(&mut self, offset: i64, length: i64) {
        let before = std::iter::once(Later { offset, lead: 0.0 }).chain(self.candidates.clone());
        self.candidates.extend(before.map(|c| Later { offset: c.offset + length, ..c }));
        self.candidates.truncate(MOST_CANDIDATES);
    }

    /// Which offset holds is known.
    pub(super) fn settle(&mut self) {
        self.candidates.clear();
    }

    /// Some interruption may have been a pause.
    pub(super) fn is_open(&self) -> bool {
        !self.candidates.is_empty()
    }

    /// Mismatch of a frame with its partner at the offset in use, the usual one, and that with the
    /// partner at another offset. Returns the offset that explains much better what was seen.
    pub(super) fn weigh(
        &mut self,
        own: f32,
        usual: f32,
        at: impl Fn(i64) -> Option<f32>,
    ) -> Option<i64> {
        for candidate in &mut self.candidates {
            let Some(other) = at(candidate.offset) else { continue };
            // what coding leaves behind looks more like an older picture than like its own: more
            // alike than usual proves nothing
            let lead = ((own + INVISIBLE) / (other.max(usual) + INVISIBLE)).ln();
            candidate.lead += lead.clamp(-MOST_PER_FRAME, MOST_PER_FRAME);
        }
        self.candidates.retain(|candidate| candidate.lead > -ENOUGH);
        let best = self.candidates.iter().max_by(|a, b| a.lead.total_cmp(&b.lead))?;
        (best.lead >= ENOUGH).then_some(best.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: i64 = 40_000_000;

    fn pair(time: i64, gap: i64, own: f32, reference: f32) -> Pair {
        Pair { time, gap, mismatch: 2.0, own: Some(own), reference: Some(reference) }
    }

    fn run(changes: impl IntoIterator<Item = (f32, f32)>) -> Vec<i64> {
        let mut pauses = Pauses::default();
        let pairs = changes.into_iter().enumerate();
        pairs
            .filter_map(|(i, (o, r))| pauses.observe(&pair(i as i64 * FRAME, 0, o, r), FRAME))
            .collect()
    }

    #[test]
    fn repetitions_of_a_restless_reference_are_an_interruption() {
        let changes = (0..20).map(|i| (if (5..10).contains(&i) { 0.0 } else { 0.7 }, 0.7));
        assert_eq!(run(changes), [5 * FRAME]);
    }

    #[test]
    fn two_repetitions_are_not_nor_what_the_reference_repeats() {
        assert!(run((0..30).map(|i| (if i % 15 < 2 { 0.0 } else { 0.7 }, 0.7))).is_empty());
        assert!(run((0..30).map(|i| if i % 10 < 5 { (0.0, 0.0) } else { (0.7, 0.7) })).is_empty());
    }

    #[test]
    fn an_encoder_that_repeats_all_the_time_is_not_interrupted() {
        let told = run((0..400).map(|i| (if i % 8 < 4 { 0.0 } else { 0.7 }, 0.7)));
        assert!(told.len() < 12, "{}", told.len());
    }

    #[test]
    fn a_gap_is_an_interruption_if_it_is_long() {
        let mut pauses = Pauses::default();
        let gaps = [1, 2, 3, 12].map(|frames| frames * FRAME);
        let told = gaps.map(|gap| pauses.observe(&pair(0, gap, 0.7, 0.7), FRAME));
        assert_eq!(told, [None, None, Some(3 * FRAME), Some(12 * FRAME)]);
    }

    #[test]
    fn the_sum_that_explains_the_pictures_is_found_a_skip_is_not_taken_for_a_pause() {
        let mut pauses = Pauses::default();
        pauses.expect(100, 5);
        pauses.expect(100, 7);
        let truth = |right: i64| move |offset: i64| Some(if offset == right { 2.2 } else { 5.0 });
        let found = (0..9).find_map(|_| pauses.weigh(5.0, 2.0, truth(112)));
        assert_eq!(found, Some(112));
        pauses.settle();
        pauses.expect(100, 5);
        assert_eq!((0..9).find_map(|_| pauses.weigh(2.2, 2.0, truth(100))), None);
        assert!(!pauses.is_open());
    }

    #[test]
    fn what_is_more_alike_than_usual_proves_nothing() {
        let mut pauses = Pauses::default();
        pauses.expect(0, 5);
        assert_eq!((0..50).find_map(|_| pauses.weigh(3.0, 3.0, |_| Some(1.0))), None);
    }
}
