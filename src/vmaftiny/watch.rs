//! Whether an input still gives frames.

/// When an input last gave a frame; all times are clock time since playing began, ns.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Watch {
    last: u64,
    lost: bool,
}

impl Watch {
    /// A frame came. If the input was lost: for how long.
    pub(super) fn seen(&mut self, now: u64) -> Option<u64> {
        let length = now.saturating_sub(self.last);
        self.last = self.last.max(now);
        std::mem::take(&mut self.lost).then_some(length)
    }

    /// Whether the input has just become lost.
    pub(super) fn check(&mut self, now: u64, timeout: u64) -> bool {
        let lost = now > self.last.saturating_add(timeout);
        lost && !std::mem::replace(&mut self.lost, true)
    }

    /// Whether the input gives nothing.
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// When to check again.
    pub(super) fn deadline(&self, timeout: u64) -> Option<u64> {
        (!self.lost).then_some(self.last.saturating_add(timeout).saturating_add(1))
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
}
