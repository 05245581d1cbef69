//! Which frames of two files belong together.

pub use gstvmaftiny::align::pairing::Unpaired;
use gstvmaftiny::align::pairing::{Pairing, Side, Verdict};

use crate::Error;
use crate::input::{Shared, Source};

/// By what frames are paired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The first with the first, the second with the second.
    Number,
    /// When they are shown, each stream beginning at zero.
    Time,
}

/// What became of frames.
pub enum Step {
    /// Two frames of the same moment.
    Pair {
        /// From the reference.
        reference: Shared,
        /// From the distorted stream.
        distorted: Shared,
    },
    /// A reference frame without a partner.
    Alone {
        /// The frame.
        reference: Shared,
        /// Why.
        reason: Unpaired,
    },
    /// A distorted frame that no reference frame wanted.
    Surplus,
}

// any distance will do where only the order counts
const FRAME: i64 = 40_000_000;

/// Reads two sources side by side, never further ahead than pairing needs.
pub struct Pairs {
    by: By,
    reference: Stream,
    distorted: Stream,
    pairing: Pairing<Shared>,
}

struct Stream {
    name: String,
    source: Box<dyn Source>,
    count: i64,
    newest: Option<i64>,
    ended: bool,
}

impl Pairs {
    /// Sources with the names that errors give them.
    pub fn new(
        reference: (String, Box<dyn Source>),
        distorted: (String, Box<dyn Source>),
        by: By,
    ) -> Self {
        let stream = |(name, source)| Stream { name, source, count: 0, newest: None, ended: false };
        Self {
            by,
            reference: stream(reference),
            distorted: stream(distorted),
            pairing: Pairing::new(0, 0),
        }
    }

    /// What became of the next frame; `None` when both streams have ended.
    ///
    /// # Errors
    /// A source fails, has no frame at all, or has frames without times where those are needed.
    pub fn step(&mut self) -> Result<Option<Step>, Error> {
        loop {
            if let Some(verdict) = self.pairing.verdict() {
                return Ok(Some(match verdict {
                    Verdict::Pair { reference, distorted, .. } => {
                        Step::Pair { reference, distorted }
                    }
                    Verdict::Alone { reference, reason } => Step::Alone { reference, reason },
                    Verdict::Surplus(_) => Step::Surplus,
                }));
            }
            let side = match (&self.reference, &self.distorted) {
                (r, d) if r.ended && d.ended => return Ok(None),
                (r, d) if d.ended || (!r.ended && r.newest <= d.newest) => Side::Reference,
                _ => Side::Distorted,
            };
            self.read(side)?;
        }
    }

    fn read(&mut self, side: Side) -> Result<(), Error> {
        let stream = match side {
            Side::Reference => &mut self.reference,
            Side::Distorted => &mut self.distorted,
        };
        match stream.read(self.by)? {
            Some((time, picture)) => self.pairing.push(side, time, picture),
            None => self.pairing.end(side),
        }
        Ok(())
    }
}

impl Stream {
    fn read(&mut self, by: By) -> Result<Option<(i64, Shared)>, Error> {
        let Some(frame) = self.source.next()? else {
            if self.count == 0 {
                return Err(Error::Empty { name: self.name.clone() });
            }
            self.ended = true;
            return Ok(None);
        };
        let time = match by {
            By::Number => self.count * FRAME,
            By::Time => frame.time.ok_or_else(|| Error::NoTimes { name: self.name.clone() })?,
        };
        self.count += 1;
        self.newest = Some(time);
        Ok(Some((time, frame.picture)))
    }
}
