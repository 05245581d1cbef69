use std::collections::VecDeque;

/// When a mean score is an alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlarmLimits {
    /// Raised when the mean is below; negative: never.
    pub below: f64,
    /// Time the mean is taken over, ns.
    pub window: u64,
    /// Ended when the mean is this many points above `below`.
    pub hysteresis: f64,
}

/// The alarm's state has changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AlarmChange {
    /// The mean is below the limit.
    Start {
        /// The mean.
        mean: f64,
    },
    /// The mean is above the limit plus the hysteresis.
    End {
        /// Lowest mean since the start.
        minimum: f64,
        /// Time since the start, ns.
        length: u64,
    },
}

/// Watches the mean score over a sliding window.
#[derive(Clone, Debug, Default)]
pub struct Alarm {
    recent: VecDeque<(u64, f64)>,
    sum: f64,
    // since when the window is being filled
    since: u64,
    // start and lowest mean, while raised
    raised: Option<(u64, f64)>,
}

impl Alarm {
    /// Takes a frame's running time, ns, and score. Silent until the window is filled once.
    pub fn add(&mut self, time: u64, score: f64, limits: AlarmLimits) -> Option<AlarmChange> {
        // after a seek time goes on elsewhere
        if self.recent.back().is_none_or(|(newest, _)| *newest > time) {
            self.recent.clear();
            (self.sum, self.since) = (0.0, time);
        }
        // the window is half open: what is exactly its length old has left it
        let has_left = |(old, _): &(u64, f64)| time - old >= limits.window;
        while let Some((_, score)) = self.recent.front().copied().filter(has_left) {
            self.recent.pop_front();
            self.sum -= score;
        }
        self.recent.push_back((time, score));
        self.sum += score;
        let filled = time - self.since >= limits.window;
        let mean = self.sum / self.recent.len() as f64;
        match &mut self.raised {
            None if filled && mean < limits.below => {
                self.raised = Some((time, mean));
                Some(AlarmChange::Start { mean })
            }
            Some((since, minimum)) => {
                *minimum = minimum.min(mean);
                let (since, minimum) = (*since, *minimum);
                let over = mean > limits.below + limits.hysteresis || limits.below < 0.0;
                over.then(|| {
                    self.raised = None;
                    AlarmChange::End { minimum, length: time.saturating_sub(since) }
                })
            }
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const LIMITS: AlarmLimits = AlarmLimits { below: 70.0, window: 2 * SECOND, hysteresis: 3.0 };

    fn changes(scores: impl IntoIterator<Item = f64>) -> Vec<(u64, AlarmChange)> {
        let mut alarm = Alarm::default();
        let frames = (0u64..).zip(scores);
        frames.filter_map(|(i, s)| Some((i, alarm.add(i * SECOND / 10, s, LIMITS)?))).collect()
    }

    #[test]
    fn one_bad_frame_is_no_alarm() {
        let scores = (0..100).map(|i| if i == 50 { 0.0 } else { 90.0 });
        assert_eq!(changes(scores), []);
    }

    #[test]
    fn a_bad_stretch_starts_and_ends_one_alarm_with_its_lowest_mean() {
        let scores = (0..200).map(|i| if (50..100).contains(&i) { 40.0 } else { 90.0 });
        let found = changes(scores);
        // 9 of 20 frames at 40 make a mean below 70, 7 of 20 one above 72.5, 6 one above 73
        let [(start, AlarmChange::Start { mean }), (end, AlarmChange::End { minimum, length })] =
            found[..]
        else {
            panic!("{found:?}")
        };
        assert_eq!((start, end), (58, 113));
        assert!((mean - 67.5).abs() < 1e-9 && (minimum - 40.0).abs() < 1e-9);
        assert_eq!(length, 55 * SECOND / 10);
    }

    #[test]
    fn a_window_of_no_length_is_the_frame() {
        let mut alarm = Alarm::default();
        let limits = AlarmLimits { window: 0, ..LIMITS };
        let mut add = |time, score| alarm.add(time, score, limits);
        assert_eq!(add(0, 90.0), None);
        assert_eq!(add(1, 60.0), Some(AlarmChange::Start { mean: 60.0 }));
        assert_eq!(add(2, 90.0), Some(AlarmChange::End { minimum: 60.0, length: 1 }));
    }

    #[test]
    fn what_was_before_time_went_back_is_not_in_the_mean() {
        let mut alarm = Alarm::default();
        for i in 100..200 {
            assert_eq!(alarm.add(i * SECOND / 10, 90.0, LIMITS), None);
        }
        let starts: Vec<u64> =
            (0..50).filter(|i| alarm.add(i * SECOND / 10, 60.0, LIMITS).is_some()).collect();
        // when the window is filled again, with nothing but the new scores
        assert_eq!(starts, [20]);
    }

    #[test]
    fn around_the_limit_the_hysteresis_keeps_quiet() {
        // means of 69 and 71 by turns of four seconds
        let scores = (0..800).map(|i| if i / 40 % 2 == 0 { 69.0 } else { 71.0 });
        assert_eq!(changes(scores).len(), 1);
    }
}
