use crate::scoring::Measured;

/// How much a frame's score is worth, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Scored.
    Ok,
    /// Scored; the first frame of a stretch, so without motion.
    First,
    /// Scored, but the offset between the streams is not known: it may be the wrong partner.
    Unaligned,
    /// Scored, but the offset is in doubt.
    LowConfidence,
    /// Scored, but the two pictures cannot be compared like this (SDR against HDR, for example).
    Suspect,
    /// No distorted frame came for this moment.
    Missing,
    /// The distorted stream has fewer frames per second than the reference.
    NoPair,
    /// The distorted stream had ended.
    Ended,
    /// Scoring was left out, by `subsample` or for want of time.
    Skipped,
    /// The picture cannot be measured.
    Unscorable,
}

impl Status {
    /// Whether the score counts in pooled values.
    pub fn pooled(self) -> bool {
        matches!(self, Self::Ok | Self::First)
    }

    /// As messages write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::First => "first",
            Self::Unaligned => "unaligned",
            Self::LowConfidence => "low-confidence",
            Self::Suspect => "suspect",
            Self::Missing => "missing",
            Self::NoPair => "no-pair",
            Self::Ended => "ended",
            Self::Skipped => "skipped",
            Self::Unscorable => "unscorable",
        }
    }
}

/// When a frame is shown, ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Buffer timestamp.
    pub timestamp: Option<u64>,
    /// Position in the stream.
    pub stream_time: Option<u64>,
    /// Time since playing began.
    pub running_time: Option<u64>,
    /// How long it is shown.
    pub duration: Option<u64>,
}

/// What was noticed about a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The distorted picture stands still while the reference moves.
    pub frozen: bool,
    /// Either picture is black, or one flat colour.
    pub black: bool,
    /// A decoder has marked either picture as damaged.
    pub corrupted: bool,
    /// The distorted picture was brought to the reference's size.
    pub scaled: bool,
    /// The woven fields of an interlaced picture were compared.
    pub interlaced: bool,
    /// The buffer had to leave before its score was known: it carries no metadata.
    pub late: bool,
}

/// All that is known about one reference frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Counts reference frames since the start, or the last flush.
    pub number: u64,
    /// Counts stretches without a cut in time.
    pub epoch: u32,
    /// When the reference frame is shown.
    pub times: Times,
    /// When its partner is shown, running time.
    pub distorted_running_time: Option<u64>,
    /// Offset it was paired with, ns; positive: distorted late.
    pub offset: i64,
    /// How sure the offset is, 0 to 1; none if it is not measured.
    pub confidence: Option<f64>,
    /// What became of it.
    pub status: Status,
    /// What else was noticed.
    pub marks: Marks,
    /// The outcome, if it was scored.
    pub measured: Option<Measured>,
}
