//! By how much the distorted stream is late, from what both show in their first seconds.

use gstvmaftiny::align::pairing::Side;
use gstvmaftiny::align::{Aligner, Config, Fingerprint};
use gstvmaftiny::scoring::Picture as _;

use crate::Error;
use crate::input::Source;

/// Reference frames in a row that must confirm an offset: files can wait to be sure.
const SURE: u32 = 25;
/// Below it the element does not pool frames either.
const CONFIDENT: f64 = 0.6;
/// What has told nothing until then is not searched further, ns.
const LIMIT: i64 = 30_000_000_000;

struct Probe<'a> {
    source: &'a mut dyn Source,
    newest: Option<i64>,
    ended: bool,
}

/// Distorted minus reference time of the same moment, ns, up to 5 s either way; `None` where the
/// pictures leave it open. Reads no further than it must.
///
/// # Errors
/// A source fails.
pub(crate) fn find(
    reference: &mut dyn Source,
    distorted: &mut dyn Source,
) -> Result<Option<i64>, Error> {
    let probe = |source| Probe { source, newest: None, ended: false };
    let (mut reference, mut distorted) = (probe(reference), probe(distorted));
    let mut aligner = Aligner::new(Config::default());
    let mut confirmed = 0;
    while confirmed < SURE && !(reference.ended && distorted.ended) {
        let first = distorted.ended || (!reference.ended && reference.newest <= distorted.newest);
        let (side, probe) = match first {
            true => (Side::Reference, &mut reference),
            false => (Side::Distorted, &mut distorted),
        };
        let Some((time, print)) = probe.read()? else { continue };
        if time > LIMIT {
            break;
        }
        aligner.push(side, time, &print);
        if side == Side::Reference {
            confirmed = if aligner.confidence() >= CONFIDENT { confirmed + 1 } else { 0 };
        }
    }
    Ok((aligner.confidence() >= CONFIDENT).then(|| aligner.offset()))
}

impl Probe<'_> {
    /// The next frame's time and fingerprint; `None` for a frame without a time, and at the end.
    fn read(&mut self) -> Result<Option<(i64, Fingerprint)>, Error> {
        let frame = self.source.next()?;
        self.ended = frame.is_none();
        let Some((frame, time)) = frame.and_then(|f| f.time.map(|time| (f, time))) else {
            return Ok(None);
        };
        self.newest = Some(time);
        Ok(Some((time, Fingerprint::of(&frame.picture.luma()?))))
    }
}
