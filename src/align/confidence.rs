use super::correlation::Peak;

/// How sure the aligner is of its offset, and how that ages while nothing moves.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Confidence {
    value: f64,
    as_of: i64,
}

/// What the pictures say about the offset in use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Findings {
    /// Agreement at the offset in use, over seconds.
    pub(super) slow: f32,
    /// Best agreement elsewhere, over seconds.
    pub(super) slow_rival: f32,
    /// Agreement at the offset in use, over the last frames.
    pub(super) fast: f32,
    /// Best agreement of the last frames anywhere.
    pub(super) fast_best: Option<Peak>,
    /// Distance of pictures at the offset in use, relative to the least of its neighbours.
    pub(super) excess: f32,
    /// Something happened that may have moved the offset, and too little was seen since.
    pub(super) unverified: bool,
}

const HALF_LIFE: f64 = 10e9;
// below the default of what is pooled
const UNVERIFIED: f64 = 0.5;

impl Confidence {
    /// 0 to 1, at a time, ns.
    pub(super) fn at(&self, time: i64) -> f64 {
        let age = time.saturating_sub(self.as_of).max(0) as f64;
        self.value * (-age / HALF_LIFE).exp2()
    }

    pub(super) fn set(&mut self, value: f64, time: i64) {
        *self = Self { value, as_of: time };
    }

    /// At most `limit` from now on.
    pub(super) fn cap(&mut self, limit: f64, time: i64) {
        self.set(self.at(time).min(limit), time);
    }

    /// The pictures moved and said something.
    pub(super) fn judge(&mut self, findings: &Findings, time: i64) {
        let clip = |x: f32| f64::from(x.clamp(0.0, 1.0));
        let agreement = clip((findings.slow - 0.3) / 0.4);
        let distinct = clip(0.5 + (findings.slow - findings.slow_rival) / 0.2);
        let lately = findings
            .fast_best
            .map_or(1.0, |best| (clip(0.5 + (findings.fast - best.score) / 0.2) / 0.5).min(1.0));
        let spatial = 0.3 + 0.7 * clip(2.0 - findings.excess);
        let value = agreement * distinct * lately * spatial;
        self.set(if findings.unverified { value.min(UNVERIFIED) } else { value }, time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_halves_in_ten_seconds() {
        let mut confidence = Confidence::default();
        confidence.set(0.8, 5);
        assert!((confidence.at(10_000_000_005) - 0.4).abs() < 1e-9);
        assert_eq!(confidence.at(0), 0.8);
    }
}
