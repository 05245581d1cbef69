//! Which distorted frame belongs to which reference frame, given the offset between the streams.

use std::collections::VecDeque;

/// A stream of frames, seen from the pairing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What was sent.
    Reference,
    /// What arrived.
    Distorted,
}

/// What became of a frame. Every frame pushed comes out in exactly one verdict.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict<T> {
    /// Two frames of the same moment.
    Pair {
        /// From the reference.
        reference: T,
        /// From the distorted stream.
        distorted: T,
        /// How far the distorted frame is from where the offset puts it, ns.
        deviation: i64,
    },
    /// A reference frame without a partner.
    Alone {
        /// From the reference.
        reference: T,
        /// Why.
        reason: Unpaired,
    },
    /// A distorted frame no reference frame wanted.
    Surplus(T),
}

/// Why a reference frame has no partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpaired {
    /// The distorted frame was lost, or did not come in time.
    Missing,
    /// The distorted stream has fewer frames per second.
    NoPair,
    /// The distorted stream had ended.
    Ended,
}

/// Pairs frames by running time: the distorted frame nearest to a reference frame's time plus the
/// offset, if it is within half a reference frame. Times are nanoseconds, rising on each side.
#[derive(Debug)]
pub struct Pairing<T> {
    offset: i64,
    tolerance: i64,
    reference: Stream<T>,
    distorted: Stream<T>,
}

#[derive(Debug)]
struct Stream<T> {
    frames: VecDeque<(i64, T)>,
    newest: Option<i64>,
    interval: Option<i64>,
    ended: bool,
}

/// Taken for the distance of frames before two have been seen: 25 frames per second.
const ASSUMED_INTERVAL: i64 = 40_000_000;

impl<T> Stream<T> {
    fn new() -> Self {
        Self { frames: VecDeque::new(), newest: None, interval: None, ended: false }
    }

    fn push(&mut self, time: i64, frame: T) {
        // a gap of lost frames must not pass for the frame rate
        let step = self.newest.map(|newest| time - newest).filter(|step| *step > 0);
        self.interval = match (self.interval, step) {
            (Some(known), Some(step)) if step > known + known / 2 => Some(known + known / 16),
            (_, Some(step)) => Some(step),
            (known, None) => known,
        };
        self.newest = Some(time);
        self.ended = false;
        self.frames.push_back((time, frame));
    }
}

impl<T> Pairing<T> {
    /// `offset`: distorted minus reference running time of the same moment, ns. `tolerance`: added
    /// to half a reference frame, ns.
    pub fn new(offset: i64, tolerance: i64) -> Self {
        Self { offset, tolerance, reference: Stream::new(), distorted: Stream::new() }
    }

    /// The offset frames are paired with.
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// From the next verdict on.
    pub fn set_offset(&mut self, offset: i64) {
        self.offset = offset;
    }

    /// From the next verdict on.
    pub fn set_tolerance(&mut self, tolerance: i64) {
        self.tolerance = tolerance;
    }

    /// Takes the next frame of a side.
    pub fn push(&mut self, side: Side, time: i64, frame: T) {
        self.stream(side).push(time, frame);
    }

    /// No more frames on this side (until one is pushed).
    pub fn end(&mut self, side: Side) {
        self.stream(side).ended = true;
    }

    /// Forgets a side's frames and rhythm; returns the frames.
    pub fn reset(&mut self, side: Side) -> impl Iterator<Item = T> + use<T> {
        let stream = std::mem::replace(self.stream(side), Stream::new());
        stream.frames.into_iter().map(|(_, frame)| frame)
    }

    /// Frames waiting on a side.
    pub fn waiting(&self, side: Side) -> usize {
        match side {
            Side::Reference => self.reference.frames.len(),
            Side::Distorted => self.distorted.frames.len(),
        }
    }

    /// Time of the frame that has waited longest on a side.
    pub fn oldest(&self, side: Side) -> Option<i64> {
        let stream = match side {
            Side::Reference => &self.reference,
            Side::Distorted => &self.distorted,
        };
        stream.frames.front().map(|(time, _)| *time)
    }

    /// Takes the frame that has waited longest on a side, unpaired.
    pub fn give_up(&mut self, side: Side) -> Option<T> {
        self.stream(side).frames.pop_front().map(|(_, frame)| frame)
    }

    /// Time of a side's newest frame.
    pub fn newest(&self, side: Side) -> Option<i64> {
        match side {
            Side::Reference => self.reference.newest,
            Side::Distorted => self.distorted.newest,
        }
    }

    /// Distance of a side's frames, ns, once two have been seen.
    pub fn interval(&self, side: Side) -> Option<i64> {
        match side {
            Side::Reference => self.reference.interval,
            Side::Distorted => self.distorted.interval,
        }
    }

    /// The next verdict that no later frame can change.
    pub fn verdict(&mut self) -> Option<Verdict<T>> {
        self.decide(None)
    }

    /// As [`Self::verdict`], without waiting for partners of reference frames older than `limit`.
    pub fn verdict_before(&mut self, limit: i64) -> Option<Verdict<T>> {
        self.decide(Some(limit))
    }

    fn stream(&mut self, side: Side) -> &mut Stream<T> {
        match side {
            Side::Reference => &mut self.reference,
            Side::Distorted => &mut self.distorted,
        }
    }

    fn decide(&mut self, limit: Option<i64>) -> Option<Verdict<T>> {
        let Some((time, _)) = self.reference.frames.front() else {
            if self.reference.ended {
                return self.distorted.frames.pop_front().map(|(_, d)| Verdict::Surplus(d));
            }
            return None;
        };
        let time = *time;
        let wanted = time.saturating_add(self.offset);
        let half = self.reference.interval.unwrap_or(ASSUMED_INTERVAL) / 2;
        let reach = half + self.tolerance;

        // distorted frames that are nearer to nothing that can still come
        let next = self.distorted.frames.get(1).map(|(t, _)| *t);
        if let Some((first, _)) = self.distorted.frames.front() {
            let passed = next.is_some_and(|n| (n - wanted).abs() <= (*first - wanted).abs());
            if passed || *first < wanted - reach {
                return self.distorted.frames.pop_front().map(|(_, d)| Verdict::Surplus(d));
            }
            let settled = *first >= wanted || next.is_some() || self.distorted.ended;
            let late = limit.is_some_and(|limit| time < limit);
            if (*first - wanted).abs() <= reach && (settled || late) {
                let deviation = *first - wanted;
                let (_, reference) = self.reference.frames.pop_front()?;
                let (_, distorted) = self.distorted.frames.pop_front()?;
                return Some(Verdict::Pair { reference, distorted, deviation });
            }
            if *first > wanted + reach {
                let reason =
                    if self.distorted_is_slower() { Unpaired::NoPair } else { Unpaired::Missing };
                return self.alone(reason);
            }
            return None;
        }
        if self.distorted.ended {
            return self.alone(Unpaired::Ended);
        }
        if limit.is_some_and(|limit| time < limit) {
            return self.alone(Unpaired::Missing);
        }
        None
    }

    fn alone(&mut self, reason: Unpaired) -> Option<Verdict<T>> {
        let (_, reference) = self.reference.frames.pop_front()?;
        Some(Verdict::Alone { reference, reason })
    }

    fn distorted_is_slower(&self) -> bool {
        match (self.reference.interval, self.distorted.interval) {
            (Some(reference), Some(distorted)) => distorted > reference + reference / 2,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FRAME: i64 = 40_000_000;

    fn run(reference: &[i64], distorted: &[i64], offset: i64) -> (Vec<(i64, i64)>, Vec<Unpaired>) {
        let mut pairing = Pairing::new(offset, 2_000_000);
        reference.iter().for_each(|t| pairing.push(Side::Reference, *t, *t));
        distorted.iter().for_each(|t| pairing.push(Side::Distorted, *t, *t));
        pairing.end(Side::Reference);
        pairing.end(Side::Distorted);
        let (mut pairs, mut alone) = (Vec::new(), Vec::new());
        while let Some(verdict) = pairing.verdict() {
            match verdict {
                Verdict::Pair { reference, distorted, .. } => pairs.push((reference, distorted)),
                Verdict::Alone { reason, .. } => alone.push(reason),
                Verdict::Surplus(_) => {}
            }
        }
        (pairs, alone)
    }

    fn times(n: i64, frame: i64) -> Vec<i64> {
        (0..n).map(|i| i * frame).collect()
    }

    #[test]
    fn a_lost_frame_is_missing_and_its_neighbours_are_not() {
        let reference = times(10, FRAME);
        let distorted: Vec<i64> = reference.iter().copied().filter(|t| *t != 4 * FRAME).collect();
        let (pairs, alone) = run(&reference, &distorted, 0);
        assert_eq!(pairs.len(), 9);
        assert!(pairs.iter().all(|(r, d)| r == d));
        assert_eq!(alone, [Unpaired::Missing]);
    }

    #[test]
    fn half_rate_leaves_every_second_frame_without_partner() {
        let (pairs, alone) = run(&times(20, FRAME / 2), &times(10, FRAME), 0);
        assert!(pairs.iter().all(|(r, d)| r == d));
        assert_eq!(pairs.len(), 10);
        assert!(alone.iter().filter(|r| **r == Unpaired::NoPair).count() >= 8);
    }

    #[test]
    fn double_rate_uses_the_nearest() {
        let (pairs, alone) = run(&times(10, FRAME), &times(20, FRAME / 2), 0);
        assert!(pairs.iter().all(|(r, d)| r == d));
        assert_eq!((pairs.len(), alone.len()), (10, 0));
    }

    #[test]
    fn an_ended_stream_is_not_a_lossy_one() {
        let (_, alone) = run(&times(6, FRAME), &times(3, FRAME), 0);
        assert_eq!(alone, [Unpaired::Ended; 3]);
    }

    #[test]
    fn nothing_is_decided_before_it_must() {
        let mut pairing = Pairing::new(0, 0);
        pairing.push(Side::Reference, 0, 'r');
        assert_eq!(pairing.verdict(), None);
        assert_eq!(
            pairing.verdict_before(1),
            Some(Verdict::Alone { reference: 'r', reason: Unpaired::Missing })
        );
    }

    proptest! {
        #[test]
        fn jitter_and_offset_do_not_shift_pairs(
            offset in -5_000_000_000i64..5_000_000_000,
            jitter in proptest::collection::vec(-8_000_000i64..8_000_000, 50),
        ) {
            let reference = times(50, FRAME);
            let distorted: Vec<i64> =
                reference.iter().zip(&jitter).map(|(t, j)| t + j + offset).collect();
            let (pairs, alone) = run(&reference, &distorted, offset);
            prop_assert_eq!(alone.len(), 0);
            for (i, (r, d)) in pairs.iter().enumerate() {
                prop_assert_eq!((*r, *d), (reference[i], distorted[i]));
            }
        }

        #[test]
        fn every_frame_comes_out_once(
            kept in proptest::collection::vec(any::<bool>(), 60),
            offset in -200_000_000i64..200_000_000,
        ) {
            let mut pairing = Pairing::new(offset, 2_000_000);
            let mut pushed = 0;
            for (i, keep) in kept.iter().enumerate() {
                pairing.push(Side::Reference, i as i64 * FRAME, ());
                pushed += 1;
                if *keep {
                    pairing.push(Side::Distorted, i as i64 * FRAME, ());
                    pushed += 1;
                }
            }
            pairing.end(Side::Reference);
            pairing.end(Side::Distorted);
            let mut out = 0;
            while let Some(verdict) = pairing.verdict() {
                out += if matches!(verdict, Verdict::Pair { .. }) { 2 } else { 1 };
            }
            prop_assert_eq!(out, pushed);
        }
    }
}
