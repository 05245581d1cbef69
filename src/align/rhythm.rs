use super::event::Event;

/// How often a side shows a frame, learnt from running times; ignores gaps of lost frames.
#[derive(Clone, Debug)]
pub(super) struct Rhythm {
    intervals: [i64; RING],
    seen: usize,
    newest: Option<i64>,
    // usual distance of two frames and its standard error, ns, asked for more often than it changes;
    // known after three intervals
    recent: Option<(f64, f64)>,
    // the same of all the ring, once it is full
    long_term: Option<(f64, f64)>,
}

const RING: usize = 128;
// enough for the frame rate, few enough to follow a change of it
const RECENT: usize = 15;

impl Rhythm {
    pub(super) fn new() -> Self {
        Self { intervals: [0; RING], seen: 0, newest: None, recent: None, long_term: None }
    }

    pub(super) fn push(&mut self, time: i64) {
        if let Some(newest) = self.newest.replace(time) {
            self.intervals[self.seen % RING] = time - newest;
            self.seen += 1;
            self.recent = self.mean_of_recent();
            self.long_term = self.mean_of_all();
        }
    }

    /// The next interval spans a cut and does not count.
    pub(super) fn cut(&mut self) {
        self.newest = None;
    }

    fn mean_of_recent(&self) -> Option<(f64, f64)> {
        let count = self.seen.min(RECENT);
        if count < 3 {
            return None;
        }
        let mut recent = [0; RECENT];
        for (i, interval) in recent[..count].iter_mut().enumerate() {
            *interval = self.intervals[(self.seen - 1 - i) % RING];
        }
        let recent = &mut recent[..count];
        recent.sort_unstable();
        mean_near(recent, recent[count / 2])
    }

    /// As exactly as is known.
    pub(super) fn best(&self) -> Option<(f64, f64)> {
        let recent = self.recent?;
        let same = |long: &(f64, f64)| (long.0 - recent.0).abs() < recent.0 / 10.0;
        Some(self.long_term.filter(same).unwrap_or(recent))
    }

    fn mean_of_all(&self) -> Option<(f64, f64)> {
        if self.seen < RING {
            return None;
        }
        mean_near(&self.intervals, self.recent?.0 as i64)
    }
}

/// Mean, and its standard error, of the values within half of `typical` from it.
fn mean_near(values: &[i64], typical: i64) -> Option<(f64, f64)> {
    let near = || values.iter().filter(|v| (**v - typical).abs() <= typical / 2).map(|v| *v as f64);
    let count = near().count() as f64;
    let mean = near().sum::<f64>() / count;
    let variance = near().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
    (count > 0.0).then_some((mean, (variance / count).sqrt()))
}

/// Notices that the sides differ in frames per second.
#[derive(Debug, Default)]
pub(super) struct RateWatch {
    // distances of frames that have been told
    told: Option<(i64, i64)>,
}

impl RateWatch {
    /// The event, once until either rate changes. `rhythms` of reference and distorted stream.
    pub(super) fn observe(&mut self, rhythms: [&Rhythm; 2]) -> Option<Event> {
        let [(r, r_error), (d, d_error)] = [rhythms[0].long_term?, rhythms[1].long_term?];
        let certain = 4.0 * r_error.hypot(d_error) + 0.0004 * r;
        if (r - d).abs() <= certain {
            self.told = None;
            return None;
        }
        let same = |known: i64, now: f64| (known as f64 - now).abs() < 0.05 * now;
        if self.told.is_some_and(|(known_r, known_d)| same(known_r, r) && same(known_d, d)) {
            return None;
        }
        let ratio = r.max(d) / r.min(d);
        let integer_ratio = ratio > 1.5 && (ratio - ratio.round()).abs() < 0.005 * ratio;
        let (reference, distorted) = (r.round() as i64, d.round() as i64);
        self.told = Some((reference, distorted));
        Some(Event::RateMismatch { reference, distorted, integer_ratio })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rhythm(times: impl IntoIterator<Item = i64>) -> Rhythm {
        let mut rhythm = Rhythm::new();
        times.into_iter().for_each(|t| rhythm.push(t));
        rhythm
    }

    #[test]
    fn lost_frames_do_not_change_the_rate() {
        let kept = (0..40).filter(|i| ![7, 8, 20, 30, 31, 32].contains(i));
        assert_eq!(rhythm(kept.map(|i| i * 40)).recent, Some((40.0, 0.0)));
    }

    #[test]
    fn a_change_of_rate_is_followed() {
        let times = (0..100).map(|i| if i < 50 { i * 40 } else { 50 * 40 + (i - 50) * 20 });
        assert_eq!(rhythm(times).recent, Some((20.0, 0.0)));
    }

    #[test]
    fn ntsc_is_told_from_thirty() {
        let mean = |unit: f64| {
            let times = (0..200).map(|i| (f64::from(i) * unit) as i64);
            rhythm(times).long_term.expect("enough frames").0
        };
        let difference = mean(1001.0e9 / 30000.0) - mean(1.0e9 / 30.0);
        assert!((difference - 33_333.0).abs() < 10.0, "{difference}");
    }
}
