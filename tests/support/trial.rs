//! The situations in which alignment is measured.

use gstvmaftiny::align::{Config, Event, Fingerprint};

use crate::timeline::{Incident, Outcome, Timeline, follow};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "not every user needs each")]
pub enum Trial {
    /// The offset never changes.
    Constant,
    /// Up to four freezes that skip.
    Freezes,
    /// Up to four pauses, each making the stream later.
    Pauses,
    /// Up to four gaps, each making the stream later.
    Stalls,
    /// Up to eight freezes, pauses and skips ahead, in turn.
    Mixed,
}

impl Trial {
    /// Starting offsets, ms; with what the incidents add they stay within ±5 s.
    fn offsets(self) -> &'static [i64] {
        match self {
            Self::Constant => &[-5000, -3300, -1000, -40, 0, 500, 2017, 5000],
            Self::Freezes | Self::Pauses | Self::Stalls => &[-2000, -500, 0, 900],
            Self::Mixed => &[-2000, -1000, 0, 700],
        }
    }

    /// One incident in three seconds at most, each 0.2 to 1 s long.
    fn incidents(self, frames: usize, rate: f64, seed: usize) -> Vec<(usize, Incident, usize)> {
        let most = match self {
            Self::Constant => return Vec::new(),
            Self::Freezes | Self::Pauses | Self::Stalls => 4,
            Self::Mixed => 8,
        };
        let count = ((frames as f64 / rate / 3.0).round() as usize).clamp(1, most);
        let spread = |i: usize| (i * 37 + seed * 61 + 13) % 80;
        let incident = |i: usize| {
            let what = match self {
                Self::Freezes => Incident::Freeze,
                Self::Stalls => Incident::Stall,
                Self::Pauses => Incident::Pause,
                _ => [Incident::Pause, Incident::Skip, Incident::Freeze][(i + seed) % 3],
            };
            let length = 1 + (rate * (0.2 + 0.01 * spread(i) as f64)) as usize;
            let length = length.min(frames / (count + 1) / 2).max(2);
            (frames * (i + 1) / (count + 1) + spread(i + 7) % (1 + frames / 30), what, length)
        };
        (0..count).map(incident).collect()
    }

    /// All offsets, summed.
    pub fn run(self, rate: f64, reference: &[Fingerprint], distorted: &[Fingerprint]) -> Outcome {
        let frames = reference.len().min(distorted.len());
        let interval = (1e9 / rate).round() as i64;
        let mut sum = Outcome::default();
        for (seed, offset) in self.offsets().iter().enumerate() {
            let incidents = self.incidents(frames, rate, seed);
            let timeline = Timeline::new(frames, interval, offset * 1_000_000, &incidents);
            let ignore = |_, _: Event| {};
            let config = Config::default();
            sum.add(&follow(config, &timeline, reference, |i| distorted[i], ignore));
        }
        sum
    }
}
