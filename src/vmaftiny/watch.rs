//! Whether an input still gives frames.

/// When an input last gave a frame; all times are clock time since playing began, ns.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Watch {
    last: u64,
    // when it was found to be lost for the last time, and when it was there again
    silence: Option<(u64, Option<u64>)>,
}

impl Watch {
    /// A frame came. If the input was lost: for how long.
    pub(super) fn seen(&mut self, now: u64) -> Option<u64> {
        let length = now.saturating_sub(self.last);
        self.last = self.last.max(now);
        let (_, end) = self.silence.as_mut().filter(|(_, end)| end.is_none())?;
        *end = Some(now);
        Some(length)
    }

    /// Whether the input has just become lost.
    pub(super) fn check(&mut self, now: u64, timeout: u64) -> bool {
        let lost = now > self.last.saturating_add(timeout) && !self.is_lost();
        if lost {
            self.silence = Some((now, None));
        }
        lost
    }

    /// Whether the input gives nothing.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self.silence, Some((_, None)))
    }

    /// Whether it was known at that time that the input gives nothing.
    pub(super) fn was_lost(&self, time: u64) -> bool {
        self.silence.is_some_and(|(from, to)| time >= from && to.is_none_or(|to| time < to))
    }

    /// When to check again.
    pub(super) fn deadline(&self, timeout: u64) -> Option<u64> {
        (!self.is_lost()).then_some(self.last.saturating_add(timeout).saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_input_is_lost_once_and_resumes_once() {
        let mut watch = Watch::default();
        assert!(!watch.check(10, 10));
        assert!(watch.check(11, 10));
        assert!(!watch.check(50, 10));
        assert_eq!(watch.deadline(10), None);
        assert_eq!(watch.seen(60), Some(60));
        assert_eq!(watch.seen(65), None);
        assert!(!watch.check(75, 10));
        assert!(watch.check(76, 10));
    }

    #[test]
    fn silence_lasts_from_when_it_is_noticed_to_the_next_frame() {
        let mut watch = Watch::default();
        let lost = |watch: &Watch| [19, 20, 59, 60].map(|time| watch.was_lost(time));
        assert_eq!(lost(&watch), [false; 4]);
        watch.check(20, 10);
        assert_eq!(lost(&watch), [false, true, true, true]);
        watch.seen(60);
        assert_eq!(lost(&watch), [false, true, true, false]);
    }
}
