//! The offset frames are paired with: given by the user, told by metadata, or found in pictures.

use std::collections::VecDeque;

use gst_video::VideoTimeCodeMeta;

use super::news::News;
use super::settings::AlignMode;
use crate::align::pairing::Side;
use crate::align::{Aligner, Config, Event as Finding, Fingerprint, HintSource};
use crate::report::{Event, EventKind};

/// Stamps of a side that are remembered.
const STAMPS: usize = 600;

/// How far the offset can be relied upon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Trust {
    /// The user says so.
    Given,
    /// A hypothesis.
    Unknown,
    /// Measured, with this confidence, 0 to 1.
    Measured(f64),
}

/// How the offset is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manner {
    pub(super) mode: AlignMode,
    /// The offset that is set, ns.
    pub(super) offset: i64,
    /// Largest offset that is searched, ns.
    pub(super) max_offset: i64,
}

/// The time at which a picture was taken, as a buffer carries it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stamp {
    /// On the clock that the caps name, ns.
    Reference(gst::Caps, u64),
    /// Time code, ns since midnight.
    Timecode(u64),
}

impl Stamp {
    /// All that the buffer carries, the surest first: the other stream may have but one kind.
    pub(super) fn of(buffer: &gst::BufferRef) -> Vec<Self> {
        let clocks = buffer
            .iter_meta::<gst::ReferenceTimestampMeta>()
            .map(|meta| Self::Reference(meta.reference_owned(), meta.timestamp().nseconds()));
        let codes = buffer
            .iter_meta::<VideoTimeCodeMeta>()
            .map(|meta| Self::Timecode(meta.tc().time_since_daily_jam().nseconds()));
        clocks.chain(codes).collect()
    }

    fn source(&self) -> HintSource {
        match self {
            Self::Reference(..) => HintSource::ReferenceTimestamp,
            Self::Timecode(_) => HintSource::Timecode,
        }
    }
}

/// What of an arrived frame matters here.
pub(super) struct Seen<'a> {
    pub(super) side: Side,
    /// Running time, ns.
    pub(super) time: i64,
    pub(super) print: Option<&'a Fingerprint>,
    pub(super) stamps: Vec<Stamp>,
    /// The frame does not continue what was before.
    pub(super) discont: bool,
}

/// The offset in use, and where it comes from.
pub(super) struct Alignment {
    manner: Manner,
    aligner: Aligner,
    stamps: [VecDeque<(Stamp, i64)>; 2],
}

impl Alignment {
    pub(super) fn new(manner: Manner) -> Self {
        // in these modes the aligner only watches for freezes and black
        let searches = matches!(manner.mode, AlignMode::Auto | AlignMode::Content);
        let max_offset = if searches { manner.max_offset } else { 0 };
        let config = Config { max_offset, hypothesis: manner.offset };
        Self { manner, aligner: Aligner::new(config), stamps: Default::default() }
    }

    /// Begins anew if the manner is another one.
    pub(super) fn set_manner(&mut self, manner: Manner) {
        if self.manner != manner {
            *self = Self::new(manner);
        }
    }

    /// Distorted minus reference running time of the same moment, ns.
    pub(super) fn offset(&self) -> i64 {
        match self.manner.mode {
            AlignMode::Timestamps => self.manner.offset,
            _ => self.aligner.offset(),
        }
    }

    pub(super) fn trust(&self) -> Trust {
        match self.manner.mode {
            AlignMode::Timestamps => Trust::Given,
            _ if self.aligner.is_locked() => Trust::Measured(self.aligner.confidence()),
            _ => Trust::Unknown,
        }
    }

    /// The distorted picture stands still while the reference moves.
    pub(super) fn is_frozen(&self) -> bool {
        self.aligner.is_frozen()
    }

    /// Takes account of a frame.
    pub(super) fn see(&mut self, seen: Seen) {
        let Seen { side, time, print, stamps, discont } = seen;
        if discont {
            self.discontinuity(side);
        }
        if let Some(print) = print.filter(|_| self.manner.mode != AlignMode::Metadata) {
            self.aligner.push(side, time, print);
        }
        if matches!(self.manner.mode, AlignMode::Auto | AlignMode::Metadata) {
            self.match_stamps(side, time, stamps);
        }
    }

    /// What a side shows next does not continue what it showed.
    pub(super) fn discontinuity(&mut self, side: Side) {
        self.aligner.discontinuity(side);
        self.stamps[side as usize].clear();
    }

    fn match_stamps(&mut self, side: Side, time: i64, stamps: Vec<Stamp>) {
        let other = match side {
            Side::Reference => Side::Distorted,
            Side::Distorted => Side::Reference,
        };
        let of = |stamp| self.stamps[other as usize].iter().rev().find(|(s, _)| s == stamp);
        let known = stamps.iter().find_map(|stamp| Some((stamp, of(stamp)?.1)));
        if let Some((stamp, partner)) = known {
            let offset = match side {
                Side::Reference => partner - time,
                Side::Distorted => time - partner,
            };
            self.aligner.hint(offset, stamp.source());
        }
        let own = &mut self.stamps[side as usize];
        own.extend(stamps.into_iter().map(|stamp| (stamp, time)));
        own.drain(..own.len().saturating_sub(STAMPS));
    }

    /// Tells what was noticed. If the offset has become known: whether it is `before`, the one in
    /// use till then.
    pub(super) fn report(&mut self, news: &mut News, before: i64, interval: i64) -> Option<bool> {
        let mut confirmed = None;
        while let Some(finding) = self.aligner.next_event() {
            let about_offset = matches!(
                finding,
                Finding::Aligned { .. } | Finding::OffsetChanged { .. } | Finding::Lost
            );
            if about_offset && self.manner.mode == AlignMode::Timestamps {
                continue;
            }
            if let Finding::Aligned { offset, .. } = finding {
                confirmed = Some((offset - before).abs() <= interval / 2);
            }
            let event = self.event(finding);
            match event.kind {
                // caps may have told it
                EventKind::RateMismatch => news.tell_once(event),
                _ => news.tell(event),
            }
        }
        confirmed
    }

    fn event(&self, finding: Finding) -> Event {
        let length = |ns: i64| u64::try_from(ns).unwrap_or(0);
        let at = |side: Side, time: i64| {
            let offset = if side == Side::Distorted { self.offset() } else { 0 };
            u64::try_from(time - offset).ok()
        };
        match finding {
            Finding::Aligned { offset, confidence } => Event {
                offset: Some(offset),
                confidence: Some(confidence),
                ..Event::new(EventKind::Aligned)
            },
            Finding::OffsetChanged { old, new } => Event {
                old_offset: Some(old),
                offset: Some(new),
                ..Event::new(EventKind::OffsetChanged)
            },
            Finding::Lost => Event::new(EventKind::AlignmentLost)
                .saying("the pictures do not match at any offset within max-offset"),
            Finding::FreezeStart { since } => {
                Event::new(EventKind::FreezeStart).at(at(Side::Distorted, since))
            }
            Finding::FreezeEnd { length: ns } => {
                Event::new(EventKind::FreezeEnd).lasting(length(ns))
            }
            Finding::BlackStart { side, since } => {
                Event::new(EventKind::BlackStart).on(side).at(at(side, since))
            }
            Finding::BlackEnd { side, length: ns } => {
                Event::new(EventKind::BlackEnd).on(side).lasting(length(ns))
            }
            Finding::RateMismatch { reference, distorted, .. } => {
                Event::new(EventKind::RateMismatch).saying(format!(
                    "reference frames are {reference} ns apart, distorted ones {distorted} ns: \
                     scores include judder"
                ))
            }
        }
    }
}
