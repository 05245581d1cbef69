//! Events on their way to the bus, and which have been told.

use crate::align::pairing::Side;
use crate::report::{Event, EventKind};

/// Events to post, in order.
#[derive(Default)]
pub(super) struct News {
    pending: Vec<Event>,
    told: Vec<(EventKind, Option<Side>)>,
}

impl News {
    pub(super) fn tell(&mut self, event: Event) {
        self.pending.push(event);
    }

    /// As [`Self::tell`], unless it has been told since [`Self::clear`].
    pub(super) fn tell_once(&mut self, event: Event) {
        let key = (event.kind, event.input);
        if !self.told.contains(&key) {
            self.told.push(key);
            self.pending.push(event);
        }
    }

    /// Things told once will be told again.
    pub(super) fn clear(&mut self) {
        self.told.clear();
    }

    /// What was told of the streams' formats will be told again.
    pub(super) fn forget_formats(&mut self) {
        self.told.retain(|(told, _)| !is_about_formats(*told));
    }

    /// One kind will be told again.
    pub(super) fn clear_kind(&mut self, kind: EventKind) {
        self.told.retain(|(told, _)| *told != kind);
    }

    pub(super) fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.pending)
    }
}

/// Whether other caps may end it, or make it another one.
fn is_about_formats(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::SizeMismatch
            | EventKind::RateMismatch
            | EventKind::RangeMismatch
            | EventKind::ColorimetryMismatch
            | EventKind::Hdr
            | EventKind::Interlaced
            | EventKind::FieldOrderMismatch
            | EventKind::TooSmall
            | EventKind::MemoryLimit
    )
}
