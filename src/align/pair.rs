use super::history::NOISE;

/// A distorted frame and the reference frame that the offset in use gives it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    /// Of the distorted frame, ns.
    pub(super) time: i64,
    /// By how much more than usual that is later than the frame before it, ns.
    pub(super) gap: i64,
    pub(super) mismatch: f32,
    /// Energies of their changes; `None` after a gap.
    pub(super) own: Option<f32>,
    pub(super) reference: Option<f32>,
}

// energy of a change that is none
const UNCHANGED: f32 = 0.01 * NOISE;

impl Pair {
    /// Of the distorted frame's change, else of its partner's.
    pub(super) fn energy(&self) -> f32 {
        self.own.or(self.reference).unwrap_or(0.0)
    }

    /// The distorted frame repeats the one before.
    pub(super) fn repeats(&self) -> bool {
        self.own.is_some_and(|energy| energy < UNCHANGED)
    }

    pub(super) fn partner_repeats(&self) -> bool {
        self.reference.is_some_and(|energy| energy < UNCHANGED)
    }

    /// The distorted frame changes little, for coding alone or for what its partner does.
    pub(super) fn stands_still(&self) -> bool {
        let moving = self.reference.unwrap_or(0.0);
        self.own.is_some_and(|energy| energy < (0.1 * moving).max(0.3 * NOISE))
    }

    /// Neither side changes more than coding and noise make it.
    pub(super) fn is_at_rest(&self) -> bool {
        let both = self.own.zip(self.reference);
        both.is_some_and(|(own, reference)| own < 2.0 * NOISE && reference < NOISE)
    }

    /// Either side moves for sure.
    pub(super) fn tells_motion(&self) -> bool {
        let Some((_, reference)) = self.own.zip(self.reference) else { return false };
        !self.stands_still() || reference > 4.0 * NOISE
    }
}
