use super::correlation::Peak;
use super::usual::Usual;

/// How sure the aligner is of its offset, and how that ages while nothing moves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Confidence {
    value: f64,
    as_of: i64,
    // 0 when the last pair looks much less alike than pairs usually do, else 1
    likeness: f64,
    usual: Usual,
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
// likeness that a pair can win back
const RECOVERY: f64 = 0.25;
// below the default of what is pooled
pub(super) const UNVERIFIED: f64 = 0.5;

impl Confidence {
    pub(super) fn none() -> Self {
        Self { value: 0.0, as_of: 0, likeness: 1.0, usual: Usual::default() }
    }

    /// 0 to 1, at a time, ns.
    pub(super) fn at(&self, time: i64) -> f64 {
        let age = time.saturating_sub(self.as_of).max(0) as f64;
        self.value * (-age / HALF_LIFE).exp2() * self.likeness
    }

    pub(super) fn set(&mut self, value: f64, time: i64) {
        self.value = value;
        self.as_of = time;
    }

    /// Compares a pair of pictures that the offset puts together with earlier ones. Sees at once
    /// what takes correlation some frames, and sees it in slow motion. `energy`: of their change.
    /// Returns whether the pair is too unlike for one at rest.
    pub(super) fn compare(&mut self, mismatch: f32, energy: f32) -> bool {
        let ratio = self.usual.ratio(mismatch, energy);
        let likeness = Usual::likeness(ratio);
        // one wrong picture may look right by chance, three in a row do not
        self.likeness = likeness.min(self.likeness + RECOVERY);
        self.usual.learn(mismatch, energy);
        Usual::is_odd(ratio)
    }

    /// Mismatch of pairs lately, with a change of some energy.
    pub(super) fn usual_mismatch(&self, energy: f32) -> f32 {
        self.usual.mismatch(energy)
    }

    /// A pair of this mismatch puts the offset into doubt.
    pub(super) fn is_unusual(&self, mismatch: f32, energy: f32) -> bool {
        Usual::is_unusual(self.usual.ratio(mismatch, energy))
    }

    /// A pair of this mismatch is right for sure: pictures have become worse, or others.
    pub(super) fn accept(&mut self, mismatch: f32, energy: f32) {
        self.usual.accept(mismatch, energy);
    }

    /// Pairs were others until now.
    pub(super) fn renew(&mut self) {
        self.usual = Usual::default();
        self.likeness = 1.0;
    }

    /// Does not age up to now.
    pub(super) fn refresh(&mut self, now: i64) {
        self.as_of = now;
    }

    /// At most `limit` from now on.
    pub(super) fn cap(&mut self, limit: f64, time: i64) {
        let value = self.value.min(limit);
        self.set(value, time);
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
        let mut confidence = Confidence::none();
        confidence.set(0.8, 5);
        assert!((confidence.at(10_000_000_005) - 0.4).abs() < 1e-9);
        assert_eq!(confidence.at(0), 0.8);
    }

    #[test]
    fn a_wrong_pair_is_seen_at_once_and_forgiven_slowly() {
        let mut confidence = Confidence::none();
        confidence.set(1.0, 0);
        let after = |confidence: &mut Confidence, mismatch| {
            confidence.compare(mismatch, 1.0);
            confidence.at(0)
        };
        (0..20).for_each(|_| assert_eq!(after(&mut confidence, 50.0), 1.0));
        // as long as a reference a second away may take to come
        (0..20).for_each(|_| assert_eq!(after(&mut confidence, 5_000.0), 0.0));
        let back: Vec<f64> = (0..4).map(|_| after(&mut confidence, 50.0)).collect();
        assert_eq!(back, [0.25, 0.5, 0.75, 1.0]);
    }
}
