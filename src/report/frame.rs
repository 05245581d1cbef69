use crate::scoring::Measured;

/// How much a frame's score is worth, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Scored.
    Ok,
    /// Scored; the first frame of a stretch, so without motion.
    First,
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
    /// As messages write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::First => "first",
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
    /// What became of it.
    pub status: Status,
    /// The outcome, if it was scored.
    pub measured: Option<Measured>,
}
