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
    /// With a score, pooled or not.
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
    /// Among those scored: the distorted picture stood still.
    pub frozen: u64,
}

impl Counters {
    /// Reference frames accounted for.
    pub fn frames(&self) -> u64 {
        let Self { scored, missing, no_pair, ended, skipped, unscorable, .. } = *self;
        scored + missing + no_pair + ended + skipped + unscorable
    }

    /// What was counted since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            scored: self.scored - earlier.scored,
            missing: self.missing - earlier.missing,
            no_pair: self.no_pair - earlier.no_pair,
            ended: self.ended - earlier.ended,
            skipped: self.skipped - earlier.skipped,
            unscorable: self.unscorable - earlier.unscorable,
            surplus: self.surplus - earlier.surplus,
            frozen: self.frozen - earlier.frozen,
        }
    }
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

    /// Adds all frames of another pool of the same range.
    pub fn merge(&mut self, other: &Self) {
        let Some((low, high)) = other.extremes else { return };
        let (own, new) = (self.count as f64, other.count as f64);
        let distance = other.mean - self.mean;
        self.count += other.count;
        self.mean += distance * new / (own + new);
        self.spread += other.spread + distance * distance * own * new / (own + new);
        self.inverse_sum += other.inverse_sum;
        let (min, max) = self.extremes.unwrap_or((low, high));
        self.extremes = Some((min.min(low), max.max(high)));
        self.histogram.iter_mut().zip(&other.histogram).for_each(|(a, b)| *a += b);
    }

    /// Forgets all frames.
    pub fn clear(&mut self) {
        *self = Self::new(self.range.0, self.range.1);
    }

    /// Frames pooled.
    pub fn frames(&self) -> u64 {
        self.count
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

    proptest! {
        #[test]
        fn pools_merge_as_if_they_had_been_one(
            scores in proptest::collection::vec(0.0f64..=100.0, 2..200),
            cut in 0usize..200,
        ) {
            let (one, two) = scores.split_at(cut.min(scores.len()));
            let pool = |scores: &[f64]| {
                let mut pool = Pool::new(0.0, 100.0);
                scores.iter().for_each(|s| pool.add(*s));
                pool
            };
            let mut merged = pool(one);
            merged.merge(&pool(two));
            let merged = merged.pooled(PoolMethod::Mean).expect("frames");
            let whole = pool(&scores).pooled(PoolMethod::Mean).expect("frames");
            prop_assert!((merged.mean - whole.mean).abs() < 1e-9);
            prop_assert!((merged.stddev - whole.stddev).abs() < 1e-6);
            prop_assert!((merged.harmonic_mean - whole.harmonic_mean).abs() < 1e-6);
            prop_assert_eq!(merged.percentiles, whole.percentiles);
            prop_assert_eq!((merged.min, merged.max), (whole.min, whole.max));
        }
    }

    #[test]
    fn nothing_pools_to_nothing() {
        assert_eq!(Pool::new(0.0, 100.0).pooled(PoolMethod::Min), None);
    }
}
