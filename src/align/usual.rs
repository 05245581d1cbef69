use super::history::NOISE;

/// How much pairs of pictures that belong together differ: learnt, for a picture in motion is coded
/// worse than one at rest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usual {
    // mismatch for a level of 1, see there
    any: Option<f64>,
    // mismatch while nothing moves
    resting: Option<f64>,
}

const INVISIBLE: f64 = 1.0;
const TOLERATED: f64 = 2.0;
const ODD: f64 = 1.5;
// shares of the newest pair
const BETTER: f64 = 0.2;
const WORSE: f64 = 0.05;
// wrong pairs are many in a row: they must not become usual before a better offset can be known
const UNUSUAL: f64 = 0.02;

impl Usual {
    /// A mismatch as a multiple of the usual one for a change of some energy, invisible differences
    /// apart; 1 while nothing is known.
    pub(super) fn ratio(&self, mismatch: f32, energy: f32) -> f64 {
        match self.any {
            Some(_) => relative(mismatch.into(), self.mismatch(energy).into()),
            None => 1.0,
        }
    }

    /// Usual mismatch for a change of some energy, 0 while nothing is known.
    pub(super) fn mismatch(&self, energy: f32) -> f32 {
        let any = self.any.unwrap_or(0.0) * level(energy);
        any.max(self.resting.unwrap_or(0.0)) as f32
    }

    /// So much of a ratio puts the offset into doubt: 0 for none to 1.
    pub(super) fn likeness(ratio: f64) -> f64 {
        (TOLERATED + 1.0 - ratio).clamp(0.0, 1.0)
    }

    pub(super) fn is_unusual(ratio: f64) -> bool {
        ratio > TOLERATED
    }

    /// At rest pairs hardly differ from one another in this.
    pub(super) fn is_odd(ratio: f64) -> bool {
        ratio > ODD
    }

    /// Takes account of a pair that may be right or wrong.
    pub(super) fn learn(&mut self, mismatch: f32, energy: f32) {
        let unusual = Self::is_unusual(self.ratio(mismatch, energy));
        let mismatch = f64::from(mismatch);
        let learn = |known: &mut Option<f64>, mismatch: f64| {
            let known = known.get_or_insert(mismatch);
            let share = match unusual {
                _ if mismatch < *known => BETTER,
                true => UNUSUAL,
                false => WORSE,
            };
            *known += share * (mismatch.min(TOLERATED * (*known + INVISIBLE)) - *known);
        };
        learn(&mut self.any, mismatch / level(energy));
        if energy < NOISE {
            learn(&mut self.resting, mismatch);
        }
    }

    /// A pair of this mismatch is right for sure: pictures have become worse, or others.
    pub(super) fn accept(&mut self, mismatch: f32, energy: f32) {
        let any = self.any.get_or_insert(0.0);
        *any = any.max(f64::from(mismatch) / level(energy));
    }
}

/// What the mismatch of right pairs grows with: its fourth power is as steep as energy, on clips.
fn level(energy: f32) -> f64 {
    (1.0 + f64::from(energy) / f64::from(NOISE)).sqrt().sqrt()
}

fn relative(mismatch: f64, usual: f64) -> f64 {
    (mismatch + INVISIBLE) / (usual + INVISIBLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_motion_explains_is_not_expected_at_rest() {
        let mut usual = Usual::default();
        usual.learn(2.0, 1.0);
        usual.accept(60.0, 20_000.0);
        assert!(!Usual::is_unusual(usual.ratio(60.0, 20_000.0)));
        assert!(Usual::is_unusual(usual.ratio(60.0, 50.0)));
    }

    #[test]
    fn half_as_much_again_is_odd_but_not_unusual() {
        let mut usual = Usual::default();
        (0..20).for_each(|i| usual.learn(2.0 + 0.4 * f32::from(u8::from(i % 2 == 0)), 0.5));
        assert!(!Usual::is_odd(usual.ratio(2.8, 0.5)));
        assert!(Usual::is_odd(usual.ratio(4.5, 0.5)) && !Usual::is_unusual(usual.ratio(4.5, 0.5)));
    }

    #[test]
    fn what_is_at_rest_may_differ_as_much_as_ever() {
        // slides that are coded badly, turned now and then
        let mut usual = Usual::default();
        (0..40).for_each(|_| usual.learn(1_400.0, 0.0));
        (0..40).for_each(|_| usual.learn(1_600.0, 30_000.0));
        assert!(!Usual::is_unusual(usual.ratio(1_500.0, 0.0)));
    }
}
