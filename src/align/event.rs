use super::pairing::Side;

/// What the aligner has noticed. Times and offsets are nanoseconds; an offset is distorted minus
/// reference running time of the same moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// The offset is known now, for the first time or after a loss.
    Aligned {
        /// As [`super::Aligner::offset`] from now on.
        offset: i64,
        /// As [`super::Aligner::confidence`].
        confidence: f64,
    },
    /// The distorted stream is later or earlier than it was.
    OffsetChanged {
        /// Until now.
        old: i64,
        /// From now on.
        new: i64,
    },
    /// The pictures move and do not match at any offset within the window. Repeated every ten
    /// seconds while it lasts.
    Lost,
    /// The distorted stream has shown one picture for three frames and 100 ms while the reference
    /// moved.
    FreezeStart {
        /// Running time of the first repeated distorted frame.
        since: i64,
    },
    /// The distorted stream moves again.
    FreezeEnd {
        /// From the first repeated frame to the first that was not.
        length: i64,
    },
    /// A side has been black, or one shade, for three frames and 100 ms.
    BlackStart {
        /// Which.
        side: Side,
        /// Running time of the first such frame.
        since: i64,
    },
    /// A side shows a picture again.
    BlackEnd {
        /// Which.
        side: Side,
        /// From the first black frame to the first that was not.
        length: i64,
    },
    /// The sides differ in frames per second; once, until either rate changes.
    RateMismatch {
        /// Mean distance of reference frames.
        reference: i64,
        /// Mean distance of distorted frames.
        distorted: i64,
        /// One rate is a multiple of the other.
        integer_ratio: bool,
    },
}
