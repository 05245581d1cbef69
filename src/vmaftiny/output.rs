use std::collections::VecDeque;

/// Buffers of the stream that passes through, held until their scores are known, and the events
/// between them.
#[derive(Default)]
pub(super) struct Output {
    held: VecDeque<Held>,
    // after the last buffer
    events: Vec<gst::Event>,
}

/// What leaves next.
pub(super) struct Leaving {
    /// Before the buffer.
    pub(super) events: Vec<gst::Event>,
    pub(super) buffer: gst::Buffer,
    /// To be attached.
    pub(super) meta: Option<gst::Structure>,
}

struct Held {
    token: Option<u64>,
    running_time: Option<gst::ClockTime>,
    // before the buffer
    events: Vec<gst::Event>,
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
        let events = std::mem::take(&mut self.events);
        self.held.push_back(Held { token, running_time, events, buffer, settled });
    }

    /// Holds an event until all buffers before it have left.
    pub(super) fn follow(&mut self, event: gst::Event) {
        self.events.push(event);
    }

    /// Those events that no buffer is before any more.
    pub(super) fn take_events(&mut self, those: impl Fn(&gst::Event) -> bool) -> Vec<gst::Event> {
        if !self.held.is_empty() {
            return Vec::new();
        }
        let events = std::mem::take(&mut self.events);
        let (leaving, staying) = events.into_iter().partition(those);
        self.events = staying;
        leaving
    }

    /// Forgets everything but the caps of what will come.
    pub(super) fn flush(&mut self) {
        let Self { held, events } = std::mem::take(self);
        let mut all = held.into_iter().flat_map(|held| held.events).chain(events);
        let caps = all.rfind(|event| event.type_() == gst::EventType::Caps);
        self.events = caps.into_iter().collect();
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
    pub(super) fn pop(&mut self) -> Option<Leaving> {
        self.held.front()?.settled.as_ref()?;
        self.force()
    }

    /// The next buffer in order, settled or not.
    pub(super) fn force(&mut self) -> Option<Leaving> {
        let Held { events, buffer, settled, .. } = self.held.pop_front()?;
        Some(Leaving { events, buffer, meta: settled.flatten() })
    }

    /// When the next buffer is due.
    pub(super) fn due(&self) -> Option<gst::ClockTime> {
        self.held.front()?.running_time
    }
}
