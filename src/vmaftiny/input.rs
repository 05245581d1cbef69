//! One sink pad's stream: what its buffers are and when they are shown.

use std::sync::Arc;

use gst::prelude::*;
use gst_video::VideoInfo;

use super::picture::Picture;
use crate::report::Times;

/// A frame on its way to be paired.
pub(super) struct Arrived {
    /// Counts frames of this input; finds the buffer again among those held back.
    pub(super) token: u64,
    pub(super) times: Times,
    /// Or why it cannot be measured.
    pub(super) picture: Result<Arc<Picture>, String>,
}

/// What is remembered about an input between its buffers.
#[derive(Default)]
pub(super) struct Input {
    info: Option<VideoInfo>,
    next_token: u64,
    // where the next buffer without timestamp belongs, in the segment's time
    expected: Option<gst::ClockTime>,
    guessed: bool,
}

impl Input {
    pub(super) fn set_info(&mut self, info: VideoInfo) {
        self.info = Some(info);
    }

    pub(super) fn frame_duration(&self) -> Option<gst::ClockTime> {
        let fps = self.info.as_ref()?.fps();
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
            Some(info) => Picture::map(buffer.clone(), info).map(Arc::new),
            None => Err("no caps before the first buffer".into()),
        };
        let token = self.next_token;
        self.next_token += 1;
        Some((running, Arrived { token, times, picture }))
    }
}
