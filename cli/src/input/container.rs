use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gst::prelude::*;
use gst_app::AppSink;
use gst_video::VideoInfo;
use gstvmaftiny::scoring::Store;
use gstvmaftiny::vmaftiny::{Picture, caps, info};

use super::{Frame, Shown, Source};
use crate::Error;

/// Decoded frames that may wait to be scored.
const QUEUE: u32 = 3;
/// How often the bus is looked at while no frame comes.
const PATIENCE: gst::ClockTime = gst::ClockTime::from_mseconds(50);
/// A decoder that is silent for so long will not speak again.
const SILENCE: Duration = Duration::from_secs(10);
/// One whose threads have all stopped is believed so much earlier.
const STOPPED: Duration = Duration::from_millis(500);

/// Whatever GStreamer decodes: the first video stream of a file or URI.
pub(super) struct Container {
    name: String,
    pipeline: gst::Pipeline,
    sink: AppSink,
    format: Option<(gst::Caps, VideoInfo)>,
    no_video: Arc<AtomicBool>,
    store: Store,
}

impl Container {
    pub(super) fn open_path(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let absolute = std::path::absolute(path)
            .map_err(|source| Error::Open { path: path.into(), source })?;
        init(&name)?;
        let uri = gst::glib::filename_to_uri(absolute, None)
            .map_err(|e| Error::Decode { name: name.clone(), problem: e.to_string() })?;
        Self::open_uri(&name, &uri)
    }

    /// `name` is what errors call it.
    pub(super) fn open_uri(name: &str, uri: &str) -> Result<Self, Error> {
        init(name)?;
        let build = || -> Result<_, gst::glib::BoolError> {
            let decode = gst::ElementFactory::make("uridecodebin").property("uri", uri).build()?;
            // passes formats with a luma plane through and converts the others
            let convert = gst::ElementFactory::make("videoconvert").build()?;
            let sink = AppSink::builder().caps(&caps()).max_buffers(QUEUE).sync(false).build();
            let pipeline = gst::Pipeline::new();
            pipeline.add_many([&decode, &convert, sink.upcast_ref()])?;
            convert.link(&sink)?;
            Ok((pipeline, decode, convert, sink))
        };
        let (pipeline, decode, convert, sink) =
            build().map_err(|e| Error::Decode { name: name.into(), problem: e.to_string() })?;
        let no_video = Arc::new(AtomicBool::new(false));
        link_first_video(&decode, &convert, no_video.clone());
        // a refusal is also said on the bus
        let _ = pipeline.set_state(gst::State::Playing);
        Ok(Self {
            name: name.into(),
            pipeline,
            sink,
            format: None,
            no_video,
            store: Store::default(),
        })
    }

    fn failed(&self, problem: impl Into<String>) -> Error {
        Error::Decode { name: self.name.clone(), problem: problem.into() }
    }

    /// An error that is known by now.
    fn trouble(&self) -> Result<(), Error> {
        if self.no_video.load(Ordering::Relaxed) {
            return Err(self.failed("there is no video in it"));
        }
        let error = self.pipeline.bus().and_then(|b| b.pop_filtered(&[gst::MessageType::Error]));
        match error.as_ref().map(|m| m.view()) {
            Some(gst::MessageView::Error(e)) => Err(self.failed(e.error().to_string())),
            _ => Ok(()),
        }
    }

    /// Whether no thread moves data any more. A demuxer that fails while decodebin is still adding
    /// it does so in silence: decodebin takes the error for a failed attempt, and forgets it.
    fn has_stopped(&self) -> bool {
        let mut elements = self.pipeline.iterate_recurse().into_iter().flatten();
        !elements.any(|e| e.pads().iter().any(|p| p.task_state() == gst::TaskState::Started))
    }

    fn frame(&mut self, sample: &gst::Sample) -> Result<Frame, Error> {
        let caps = sample.caps().ok_or_else(|| self.failed("a frame without a format"))?;
        let known = self.format.take().filter(|(known, _)| known.as_ref() == caps);
        let format = match known {
            Some(known) => known,
            None => {
                let info = info(caps).map_err(|e| self.failed(e.to_string()))?;
                (caps.to_owned(), info)
            }
        };
        let (_, info) = self.format.insert(format);
        let info = info.clone();
        let buffer =
            sample.buffer_owned().ok_or_else(|| self.failed("a frame without a picture"))?;
        let segment = sample.segment().and_then(|s| s.downcast_ref::<gst::ClockTime>());
        let time = segment
            .zip(buffer.pts())
            .and_then(|(segment, pts)| segment.to_running_time(pts))
            .and_then(|t| i64::try_from(t.nseconds()).ok());
        let picture =
            Picture::map(buffer, &info, &self.store).map_err(|problem| self.failed(problem))?;
        let range = picture.full_range();
        Ok(Frame { time, picture: Shown::shared(picture, range) })
    }
}

impl Source for Container {
    fn next(&mut self) -> Result<Option<Frame>, Error> {
        let start = Instant::now();
        loop {
            if let Some(sample) = self.sink.try_pull_sample(PATIENCE) {
                return self.frame(&sample).map(Some);
            }
            self.trouble()?;
            if self.sink.is_eos() {
                return Ok(None);
            }
            if start.elapsed() > STOPPED && self.has_stopped() {
                return Err(self.failed("the decoder has stopped"));
            }
            if start.elapsed() > SILENCE {
                let seconds = SILENCE.as_secs();
                return Err(self.failed(format!("no frame came for {seconds} seconds")));
            }
        }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // going down does not fail for the elements used here, and nobody could act on it
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

fn init(name: &str) -> Result<(), Error> {
    gst::init().map_err(|e| Error::Decode { name: name.into(), problem: e.to_string() })
}

fn link_first_video(decode: &gst::Element, convert: &gst::Element, no_video: Arc<AtomicBool>) {
    let target = convert.static_pad("sink");
    let sink = target.clone();
    decode.connect_pad_added(move |_, pad| {
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let video = caps.structure(0).is_some_and(|s| s.name().starts_with("video/"));
        if let Some(sink) = sink.as_ref().filter(|s| video && !s.is_linked()) {
            // a refusal shows as a stream that goes nowhere: an error on the bus
            let _ = pad.link(sink);
        }
    });
    decode.connect_no_more_pads(move |_| {
        let linked = target.as_ref().is_some_and(|s| s.is_linked());
        no_video.store(!linked, Ordering::Relaxed);
    });
}
