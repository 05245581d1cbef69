/// Over what a stream's score is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PoolMethod {
    /// Arithmetic mean.
    #[default]
    Mean,
    /// Harmonic mean of score + 1, less 1: low scores weigh more.
    HarmonicMean,
    /// The worst frame.
    Min,
    /// The best frame.
    Max,
}

impl PoolMethod {
    /// As properties and messages write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::HarmonicMean => "harmonic_mean",
            Self::Min => "min",
            Self::Max => "max",
        }
    }
}

/// Reference frames by what became of them. They add up to all frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Scored and pooled.
    pub scored: u64,
    /// No distorted frame came.
    pub missing: u64,
    /// No partner at the distorted stream's lower rate.
    pub no_pair: u64,
    /// After the end of the distorted stream.
    pub ended: u64,
    /// Not scored by choice or for want of time.
    pub skipped: u64,
    /// Could not be measured.
    pub unscorable: u64,
    /// Distorted frames no reference frame wanted.
    pub surplus: u64,
}

/// Resolution of percentiles: tenths of a point of a 100-point range.
const BINS: usize = 1001;

/// Running statistics of scores, in constant memory.
#[derive(Clone, Debug)]
pub struct Pool {
    // lowest and highest possible score
    range: (f64, f64),
    count: u64,
    mean: f64,
    // sum of squared distances from the mean
    spread: f64,
    inverse_sum: f64,
    extremes: Option<(f64, f64)>,
    histogram: Vec<u64>,
}

/// Statistics of a stretch of frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pooled {
    /// By the chosen method.
    pub score: f64,
    /// The method.
    pub method: PoolMethod,
    /// Frames pooled.
    pub frames: u64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Harmonic mean, as [`PoolMethod::HarmonicMean`].
    pub harmonic_mean: f64,
    /// Lowest score.
    pub min: f64,
    /// Highest score.
    pub max: f64,
    /// Standard deviation.
    pub stddev: f64,
    /// 1, 5 and 10 % of frames are at or below these, to a thousandth of the range.
    pub percentiles: [f64; 3],
}

impl Pool {
    /// For scores from `lowest` to `highest`.
    pub fn new(lowest: f64, highest: f64) -> Self {
        Self {
            range: (lowest, highest),
            count: 0,
            mean: 0.0,
            spread: 0.0,
            inverse_sum: 0.0,
            extremes: None,
            histogram: vec![0; BINS],
        }
    }

    /// Adds a frame's score.
    pub fn add(&mut self, score: f64) {
        let (lowest, highest) = self.range;
        self.count += 1;
        let distance = score - self.mean;
        self.mean += distance / self.count as f64;
        self.spread += distance * (score - self.mean);
        self.inverse_sum += 1.0 / (score - lowest + 1.0);
        let (min, max) = self.extremes.unwrap_or((score, score));
        self.extremes = Some((min.min(score), max.max(score)));
        let place = (score - lowest) / (highest - lowest) * (BINS - 1) as f64;
        self.histogram[place.round().clamp(0.0, (BINS - 1) as f64) as usize] += 1;
    }

    /// Statistics so far; none before the first frame.
    pub fn pooled(&self, method: PoolMethod) -> Option<Pooled> {
        let (min, max) = self.extremes?;
        let harmonic_mean = self.count as f64 / self.inverse_sum - 1.0 + self.range.0;
        let score = match method {
            PoolMethod::Mean => self.mean,
            PoolMethod::HarmonicMean => harmonic_mean,
            PoolMethod::Min => min,
            PoolMethod::Max => max,
        };
        Some(Pooled {
            score,
            method,
            frames: self.count,
            mean: self.mean,
            harmonic_mean,
            min,
            max,
            stddev: (self.spread / self.count as f64).sqrt(),
            percentiles: [0.01, 0.05, 0.10].map(|share| self.percentile(share).clamp(min, max)),
        })
    }

    fn percentile(&self, share: f64) -> f64 {
        let (lowest, highest) = self.range;
        let wanted = (share * self.count as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        let bin = self.histogram.iter().position(|n| {
            seen += n;
            seen >= wanted
        });
        lowest + (highest - lowest) * bin.unwrap_or(BINS - 1) as f64 / (BINS - 1) as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn statistics_are_those_of_the_whole_list(
            scores in proptest::collection::vec(0.0f64..=100.0, 1..300),
        ) {
            let mut pool = Pool::new(0.0, 100.0);
            scores.iter().for_each(|s| pool.add(*s));
            let p = pool.pooled(PoolMethod::Mean).expect("frames");
            let n = scores.len() as f64;
            let mean = scores.iter().sum::<f64>() / n;
            let variance = scores.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / n;
            let harmonic = n / scores.iter().map(|s| 1.0 / (s + 1.0)).sum::<f64>() - 1.0;
            let mut sorted = scores.clone();
            sorted.sort_by(f64::total_cmp);
            prop_assert!((p.score - mean).abs() < 1e-9);
            prop_assert!((p.stddev - variance.sqrt()).abs() < 1e-6);
            prop_assert!((p.harmonic_mean - harmonic).abs() < 1e-6);
            prop_assert_eq!((p.min, p.max), (sorted[0], sorted[sorted.len() - 1]));
            for (share, found) in [0.01, 0.05, 0.10].iter().zip(p.percentiles) {
                let rank = ((share * n).ceil() as usize).max(1) - 1;
                prop_assert!((found - sorted[rank]).abs() <= 0.0501);
            }
        }
    }

    #[test]
    fn nothing_pools_to_nothing() {
        assert_eq!(Pool::new(0.0, 100.0).pooled(PoolMethod::Min), None);
    }
}
