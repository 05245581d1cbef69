use std::collections::VecDeque;

/// Buffers of the stream that passes through, held until their scores are known.
#[derive(Default)]
pub(super) struct Output {
    held: VecDeque<Held>,
}

struct Held {
    token: Option<u64>,
    running_time: Option<gst::ClockTime>,
    buffer: gst::Buffer,
    // None until it may leave; then what to attach, if anything
    settled: Option<Option<gst::Structure>>,
}

impl Output {
    /// Holds a buffer until its token is settled; not at all without a token.
    pub(super) fn push(
        &mut self,
        buffer: gst::Buffer,
        token: Option<u64>,
        running_time: Option<gst::ClockTime>,
    ) {
        let settled = token.is_none().then_some(None);
        self.held.push_back(Held { token, running_time, buffer, settled });
    }

    /// Lets the token's buffer go, with the fields of `meta` attached.
    pub(super) fn settle(&mut self, token: u64, meta: Option<gst::Structure>) {
        if let Some(held) = self.held.iter_mut().find(|h| h.token == Some(token)) {
            held.settled = Some(meta);
        }
    }

    /// Whether the token's buffer has not left yet.
    pub(super) fn holds(&self, token: u64) -> bool {
        self.held.iter().any(|h| h.token == Some(token))
    }

    /// Buffers held.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// The next buffer in order, if it may leave.
    pub(super) fn pop(&mut self) -> Option<(gst::Buffer, Option<gst::Structure>)> {
        self.held.front()?.settled.as_ref()?;
        let held = self.held.pop_front()?;
        Some((held.buffer, held.settled.flatten()))
    }

    /// The next buffer in order, settled or not.
    pub(super) fn force(&mut self) -> Option<(gst::Buffer, Option<gst::Structure>)> {
        let held = self.held.pop_front()?;
        Some((held.buffer, held.settled.flatten()))
    }

    /// When the next buffer is due.
    pub(super) fn due(&self) -> Option<gst::ClockTime> {
        self.held.front()?.running_time
    }
}
