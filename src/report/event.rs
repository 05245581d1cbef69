//! What an operator should know that is not about one frame.

use gst::StructureRef;

use crate::align::pairing::Side;

/// Name of event messages.
pub const EVENT_STRUCTURE: &str = "VMAFEvent";

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Scores are affected or not made.
    Warning,
    /// A limit the operator has set is crossed.
    Alarm,
}

impl Severity {
    /// As messages write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Alarm => "alarm",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $severity:ident;)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum EventKind { $($(#[$doc])* $kind,)* }

        impl EventKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// As messages write it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// How much it matters.
            pub fn severity(self) -> Severity {
                match self { $(Self::$kind => Severity::$severity,)* }
            }
        }
    };
}

kinds! {
    /// The offset between the streams has been found.
    Aligned = "aligned", Info;
    /// The offset between the streams is another one now.
    OffsetChanged = "offset-changed", Warning;
    /// The pictures of the two streams do not match at any offset in the window.
    AlignmentLost = "alignment-lost", Warning;
    /// The distorted picture stands still while the reference moves.
    FreezeStart = "freeze-start", Warning;
    /// The distorted picture moves again.
    FreezeEnd = "freeze-end", Info;
    /// An input shows black, or one flat colour.
    BlackStart = "black-start", Warning;
    /// An input shows a picture again.
    BlackEnd = "black-end", Info;
    /// An input gives nothing.
    InputLost = "input-lost", Warning;
    /// An input gives frames again.
    InputResumed = "input-resumed", Info;
    /// An input has ended before the other.
    InputEos = "input-eos", Info;
    /// Scoring cannot keep up: frames are left out.
    OverloadStart = "overload-start", Warning;
    /// Every frame is scored again.
    OverloadEnd = "overload-end", Info;
    /// The pictures differ in size.
    SizeMismatch = "size-mismatch", Warning;
    /// The frame rates differ.
    RateMismatch = "rate-mismatch", Warning;
    /// One stream has full, the other limited colour range.
    RangeMismatch = "range-mismatch", Warning;
    /// One stream is SDR, the other HDR or of another kind of HDR, or luma was made of colours in
    /// two ways.
    ColorimetryMismatch = "colorimetry-mismatch", Warning;
    /// Both streams are HDR; models are trained on SDR.
    Hdr = "hdr", Warning;
    /// A stream is interlaced: woven frames are scored.
    Interlaced = "interlaced", Warning;
    /// The streams show their fields in another order.
    FieldOrderMismatch = "field-order-mismatch", Warning;
    /// The pictures are too small for the features.
    TooSmall = "too-small", Warning;
    /// An input has other caps than before.
    CapsChanged = "caps-changed", Info;
    /// Playback runs backwards: nothing is scored.
    Reverse = "reverse", Warning;
    /// Frames were dropped from the history to stay below `max-memory`.
    MemoryLimit = "memory-limit", Warning;
    /// The mean score fell below `alarm-below`.
    AlarmStart = "alarm-start", Alarm;
    /// The mean score rose above `alarm-below` plus the hysteresis.
    AlarmEnd = "alarm-end", Info;
}

/// One thing that happened; fields that do not apply are none.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// When, running time of the reference stream, ns.
    pub running_time: Option<u64>,
    /// The input it happened to.
    pub input: Option<Side>,
    /// The offset from now on, ns.
    pub offset: Option<i64>,
    /// The offset up to now, ns.
    pub old_offset: Option<i64>,
    /// Of the offset, 0 to 1.
    pub confidence: Option<f64>,
    /// How long the state that ends here lasted, ns.
    pub length: Option<u64>,
    /// Alarms: the mean at the start, the lowest mean at the end.
    pub score: Option<f64>,
    /// For people.
    pub text: Option<String>,
}

/// Why a structure is not an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// Another message.
    #[error("the structure is named {0:?}, not \"VMAFEvent\"")]
    Name(String),
    /// No such event.
    #[error("event {0:?} is not known")]
    Kind(String),
}

impl Event {
    /// An event with nothing but its kind.
    pub fn new(kind: EventKind) -> Self {
        Self {
            kind,
            running_time: None,
            input: None,
            offset: None,
            old_offset: None,
            confidence: None,
            length: None,
            score: None,
            text: None,
        }
    }

    /// With what it is about.
    pub fn on(mut self, side: Side) -> Self {
        self.input = Some(side);
        self
    }

    /// With its time, ns.
    pub fn at(mut self, running_time: Option<u64>) -> Self {
        self.running_time = running_time;
        self
    }

    /// With how long what ends here lasted, ns.
    pub fn lasting(mut self, length: u64) -> Self {
        self.length = Some(length);
        self
    }

    /// With words.
    pub fn saying(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }
}

impl From<&Event> for gst::Structure {
    fn from(event: &Event) -> Self {
        let mut s = Self::builder(EVENT_STRUCTURE)
            .field("event", event.kind.name())
            .field("severity", event.kind.severity().name())
            .field("running-time", event.running_time.unwrap_or(u64::MAX))
            .field_if_some("input", event.input.map(input_name))
            .field_if_some("offset", event.offset)
            .field_if_some("old-offset", event.old_offset)
            .field_if_some("confidence", event.confidence)
            .field_if_some("length", event.length)
            .field_if_some("score", event.score);
        if let Some(text) = &event.text {
            s = s.field("text", text.as_str());
        }
        s.build()
    }
}

impl TryFrom<&StructureRef> for Event {
    type Error = EventError;

    fn try_from(s: &StructureRef) -> Result<Self, EventError> {
        if s.name() != EVENT_STRUCTURE {
            return Err(EventError::Name(s.name().to_string()));
        }
        let name = s.get::<&str>("event").unwrap_or_default();
        let kind = EventKind::ALL.iter().find(|k| k.name() == name);
        Ok(Self {
            running_time: s.get("running-time").ok().filter(|t| *t != u64::MAX),
            input: s.get("input").ok().and_then(input_named),
            offset: s.get("offset").ok(),
            old_offset: s.get("old-offset").ok(),
            confidence: s.get("confidence").ok(),
            length: s.get("length").ok(),
            score: s.get("score").ok(),
            text: s.get("text").ok(),
            ..Self::new(*kind.ok_or_else(|| EventError::Kind(name.into()))?)
        })
    }
}

/// An input as messages write it.
pub fn input_name(side: Side) -> &'static str {
    match side {
        Side::Reference => "reference",
        Side::Distorted => "distorted",
    }
}

fn input_named(name: &str) -> Option<Side> {
    [Side::Reference, Side::Distorted].into_iter().find(|side| input_name(*side) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_survive_the_way_through_a_message() {
        gst::init().expect("GStreamer starts");
        for kind in EventKind::ALL {
            let bare = Event::new(*kind);
            let full = Event {
                running_time: Some(7),
                input: Some(Side::Distorted),
                offset: Some(-5),
                old_offset: Some(3),
                confidence: Some(0.75),
                length: Some(11),
                score: Some(42.5),
                text: Some("why".into()),
                ..bare.clone()
            };
            for event in [bare, full] {
                let structure = gst::Structure::from(&event);
                assert_eq!(Event::try_from(structure.as_ref()), Ok(event));
            }
        }
    }

    #[test]
    fn other_structures_are_not_events() {
        gst::init().expect("GStreamer starts");
        let other = gst::Structure::new_empty("VMAF");
        assert_eq!(Event::try_from(other.as_ref()), Err(EventError::Name("VMAF".into())));
        let unknown = gst::Structure::builder(EVENT_STRUCTURE).field("event", "party").build();
        assert_eq!(Event::try_from(unknown.as_ref()), Err(EventError::Kind("party".into())));
    }
}
