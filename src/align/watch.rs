/// Tells when a condition has lasted long enough to be worth saying, and when it is over.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spell {
    since: Option<i64>,
    frames: u32,
    announced: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Started { since: i64 },
    Ended { length: i64 },
}

// single repeated frames are common at very low bit rates
const FRAMES: u32 = 3;
const DURATION: i64 = 100_000_000;

impl Spell {
    /// One more frame, for which the condition holds or not.
    pub(super) fn observe(&mut self, time: i64, holds: bool) -> Option<Turn> {
        if !holds {
            let ended = std::mem::take(self);
            let length = time - ended.since?;
            return ended.announced.then_some(Turn::Ended { length });
        }
        let since = *self.since.get_or_insert(time);
        self.frames += 1;
        if self.announced || self.frames < FRAMES || time - since < DURATION {
            return None;
        }
        self.announced = true;
        Some(Turn::Started { since })
    }

    /// The condition held for the last frame observed.
    pub(super) fn holds(&self) -> bool {
        self.since.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: i64 = 40_000_000;

    #[test]
    fn short_spells_are_not_worth_a_word() {
        let mut spell = Spell::default();
        let seen: Vec<_> = (0..10).filter_map(|i| spell.observe(i * FRAME, i % 3 > 0)).collect();
        assert!(seen.is_empty(), "{seen:?}");
    }

    #[test]
    fn a_long_one_is_told_once_and_measured() {
        let mut spell = Spell::default();
        let turns = (0..10).filter_map(|i| spell.observe(i * FRAME, (2..8).contains(&i)));
        let expected = [Turn::Started { since: 2 * FRAME }, Turn::Ended { length: 6 * FRAME }];
        assert_eq!(turns.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn fast_frames_need_a_tenth_of_a_second() {
        let mut spell = Spell::default();
        let turns = (0..9).filter_map(|i| spell.observe(i * 10_000_000, true));
        assert_eq!(turns.count(), 0);
    }
}
