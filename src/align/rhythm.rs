/// How often a side shows a frame, learnt from running times; ignores gaps of lost frames.
#[derive(Clone, Debug)]
pub(super) struct Rhythm {
    intervals: [i64; RING],
    seen: usize,
    newest: Option<i64>,
}

const RING: usize = 128;
// enough for the frame rate, few enough to follow a change of it
const RECENT: usize = 15;

impl Rhythm {
    pub(super) fn new() -> Self {
        Self { intervals: [0; RING], seen: 0, newest: None }
    }

    pub(super) fn push(&mut self, time: i64) {
        if let Some(newest) = self.newest.replace(time) {
            self.intervals[self.seen % RING] = time - newest;
            self.seen += 1;
        }
    }

    /// The next interval spans a cut and does not count.
    pub(super) fn cut(&mut self) {
        self.newest = None;
    }

    /// Usual distance of two frames and its standard error, ns; known after three intervals.
    pub(super) fn recent(&self) -> Option<(f64, f64)> {
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
        let recent = self.recent()?;
        let same = |long: &(f64, f64)| (long.0 - recent.0).abs() < recent.0 / 10.0;
        Some(self.long_term().filter(same).unwrap_or(recent))
    }

    /// Mean distance of frames over the last 128 and its standard error, ns.
    pub(super) fn long_term(&self) -> Option<(f64, f64)> {
        if self.seen < RING {
            return None;
        }
        mean_near(&self.intervals, self.recent()?.0 as i64)
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
        assert_eq!(rhythm(kept.map(|i| i * 40)).recent(), Some((40.0, 0.0)));
    }

    #[test]
    fn a_change_of_rate_is_followed() {
        let times = (0..100).map(|i| if i < 50 { i * 40 } else { 50 * 40 + (i - 50) * 20 });
        assert_eq!(rhythm(times).recent(), Some((20.0, 0.0)));
    }

    #[test]
    fn ntsc_is_told_from_thirty() {
        let mean = |unit: f64| {
            let times = (0..200).map(|i| (f64::from(i) * unit) as i64);
            rhythm(times).long_term().expect("enough frames").0
        };
        let difference = mean(1001.0e9 / 30000.0) - mean(1.0e9 / 30.0);
        assert!((difference - 33_333.0).abs() < 10.0, "{difference}");
    }
}
