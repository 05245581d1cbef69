use std::path::PathBuf;
use std::sync::mpsc::{Receiver, sync_channel};

use super::{Frame, Source};
use crate::Error;
use crate::input::raw::Raw;

/// Frames read while others are scored; more would only cost memory.
const AHEAD: usize = 2;

/// A file that is read in a thread of its own.
pub(super) struct Ahead {
    frames: Receiver<Result<Frame, Error>>,
    total: Option<u64>,
    has_times: bool,
}

impl Ahead {
    pub(super) fn new(mut source: Raw) -> Result<Self, Error> {
        let (total, has_times) = (source.total(), source.has_times());
        let path = PathBuf::from(source.path());
        let (sender, frames) = sync_channel(AHEAD);
        let read = move || {
            while let Some(frame) = source.next().transpose() {
                let last = frame.is_err();
                // nobody listens any more when scoring has stopped
                if sender.send(frame).is_err() || last {
                    return;
                }
            }
        };
        std::thread::Builder::new()
            .name("vmaf-read".into())
            .spawn(read)
            .map_err(|source| Error::Read { path, source })?;
        Ok(Self { frames, total, has_times })
    }
}

impl Source for Ahead {
    fn next(&mut self) -> Result<Option<Frame>, Error> {
        self.frames.recv().ok().transpose()
    }

    fn total(&self) -> Option<u64> {
        self.total
    }

    fn is_raw(&self) -> bool {
        true
    }

    fn has_times(&self) -> bool {
        self.has_times
    }
}
