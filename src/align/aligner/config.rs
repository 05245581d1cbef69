/// Where to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Offsets up to this, either way, are searched, ns; default 5 s.
    pub max_offset: i64,
    /// Used until the pictures tell the offset, and preferred where they leave a choice, ns.
    pub hypothesis: i64,
}

impl Default for Config {
    fn default() -> Self {
        Self { max_offset: 5_000_000_000, hypothesis: 0 }
    }
}

/// Who says what the offset is. The later ones outrank the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HintSource {
    /// Timestamps, or the user: where to start.
    Timestamps,
    /// Time codes found on both sides: used at once, checked by content.
    Timecode,
    /// Reference timestamps found on both sides: used at once, checked by content.
    ReferenceTimestamp,
}

/// What is known about the offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing yet: the hypothesis is used.
    Searching,
    /// The offset is measured, or told by metadata.
    Locked,
    /// It was known, or should have been found: the last one is used as hypothesis.
    Lost,
}
