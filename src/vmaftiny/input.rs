//! One sink pad's stream: what its buffers are and when they are shown.

use std::sync::Arc;

use gst::prelude::*;
use gst_video::VideoInfo;

use super::alignment::Stamp;
use super::picture::Picture;
use super::watch::Watch;
use crate::align::Fingerprint;
use crate::report::Times;
use crate::scoring::{Picture as _, Store};

/// A frame on its way to be paired.
pub(super) struct Arrived {
    /// Counts frames of this input; finds the buffer again among those held back.
    pub(super) token: u64,
    pub(super) times: Times,
    /// A decoder has marked it as damaged.
    pub(super) corrupted: bool,
    /// Black, or one flat colour.
    pub(super) blank: bool,
    pub(super) discont: bool,
    /// What it came under.
    pub(super) caps: Option<gst::Caps>,
    /// Another number than that of the frame before: time or caps do not continue.
    pub(super) stretch: u64,
    pub(super) stamps: Vec<Stamp>,
    pub(super) print: Option<Fingerprint>,
    /// Or why it cannot be measured.
    pub(super) picture: Result<Arc<Picture>, String>,
}

/// What is remembered about an input between its buffers.
#[derive(Default)]
pub(super) struct Input {
    caps: Option<gst::Caps>,
    info: Option<VideoInfo>,
    next_token: u64,
    stretch: u64,
    // where the next buffer without timestamp belongs, in the segment's time
    expected: Option<gst::ClockTime>,
    guessed: bool,
    pub(super) watch: Watch,
}

impl Input {
    /// Whether its frames have come under these caps up to now.
    pub(super) fn has_caps(&self, caps: &gst::CapsRef) -> bool {
        self.caps.as_deref() == Some(caps)
    }

    pub(super) fn set_caps(&mut self, caps: gst::Caps, info: VideoInfo) {
        self.info = Some(info);
        self.caps = Some(caps);
        self.stretch += 1;
    }

    /// What comes next is not in the time of what came before.
    pub(super) fn cut(&mut self) {
        self.stretch += 1;
    }

    /// Frames per second, if they are constant.
    fn rate(&self) -> Option<gst::Fraction> {
        Some(self.info.as_ref()?.fps()).filter(|fps| fps.numer() > 0)
    }

    pub(super) fn frame_duration(&self) -> Option<gst::ClockTime> {
        let fps = self.rate()?;
        let (n, d) = (u64::try_from(fps.numer()).ok()?, u64::try_from(fps.denom()).ok()?);
        gst::ClockTime::SECOND.mul_div_round(d, n)
    }

    /// Whether timestamps had to be made up (asked once).
    pub(super) fn take_guessed(&mut self) -> bool {
        std::mem::take(&mut self.guessed)
    }

    /// Forgets the position after a flush or a cut.
    pub(super) fn reset(&mut self) {
        self.expected = None;
    }

    /// The buffer's times and picture, and its running time, ns.
    pub(super) fn arrive(
        &mut self,
        buffer: &gst::Buffer,
        segment: &gst::Segment,
        store: &Store,
    ) -> Option<(i64, Arrived)> {
        let segment = segment.downcast_ref::<gst::ClockTime>()?;
        let pts = buffer.pts().or_else(|| {
            self.guessed = true;
            self.expected.or(segment.start())
        })?;
        let duration = buffer.duration().or_else(|| self.frame_duration());
        self.expected = duration.map(|d| pts + d);
        let running_time = segment.to_running_time_full(pts)?;
        let nanoseconds = |t: gst::ClockTime| i64::try_from(t.nseconds()).unwrap_or(i64::MAX);
        let running = match running_time {
            gst::Signed::Positive(t) => nanoseconds(t),
            gst::Signed::Negative(t) => -nanoseconds(t),
        };
        let times = Times {
            timestamp: Some(pts.nseconds()),
            stream_time: segment.to_stream_time(pts).map(gst::ClockTime::nseconds),
            running_time: u64::try_from(running).ok(),
            duration: duration.map(gst::ClockTime::nseconds),
        };
        let picture = match &self.info {
            Some(info) => Picture::map(buffer.clone(), info, store).map(Arc::new),
            None => Err("no caps before the first buffer".into()),
        };
        let token = self.next_token;
        self.next_token += 1;
        let flags = buffer.flags();
        let luma = picture.as_ref().ok().and_then(|p| p.luma().ok());
        let print = luma.map(|luma| Fingerprint::of(&luma));
        let arrived = Arrived {
            token,
            times,
            corrupted: flags.contains(gst::BufferFlags::CORRUPTED),
            blank: print.as_ref().is_some_and(|p| p.is_black() || p.is_flat()),
            discont: flags.intersects(gst::BufferFlags::DISCONT | gst::BufferFlags::RESYNC),
            caps: self.caps.clone(),
            stretch: self.stretch,
            stamps: Stamp::of(buffer),
            print,
            picture,
        };
        Some((running, arrived))
    }
}
