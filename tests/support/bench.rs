//! The element between two sources that a test feeds frame by frame.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gst::prelude::*;
use gstvmaftiny::align::pairing::Side;

use crate::pipeline::{Heard, parse};

/// Distance of frames unless a test says otherwise, ns.
pub const FRAME: u64 = 40_000_000;
pub const CAPS: &str = "video/x-raw,format=GRAY8,width=64,height=48,framerate=25/1";
/// No test waits longer than this for anything.
const LIMIT: Duration = Duration::from_secs(90);

pub struct Bench {
    pub pipeline: gst::Pipeline,
    pub element: gst::Element,
    sources: [gst_app::AppSrc; 2],
    seen: Arc<Mutex<Vec<(Instant, gst::Buffer)>>>,
    pub heard: Heard,
}

impl Bench {
    pub fn new(options: &str, live: bool) -> Self {
        Self::with_caps(options, live, [CAPS, CAPS])
    }

    pub fn with_caps(options: &str, live: bool, caps: [&str; 2]) -> Self {
        let source = |name: &str, caps: &str| {
            format!("appsrc name={name} format=time is-live={live} max-bytes=0 caps=\"{caps}\"")
        };
        let pipeline = parse(&format!(
            "{} ! v.ref_sink {} ! v.dist_sink \
             vmaftiny name=v tiny-model=MODEL report-missing=true align-mode=timestamps {options} \
             ! fakesink name=out sync=false",
            source("r", caps[0]),
            source("d", caps[1])
        ));
        let named = |name: &str| pipeline.by_name(name).expect("named in the launch line");
        let sources = ["r", "d"].map(|name| named(name).downcast().expect("an appsrc"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let list = seen.clone();
        let pad = named("out").static_pad("sink").expect("a sink has one");
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            if let Some(buffer) = info.buffer() {
                list.lock().expect("no panic before").push((Instant::now(), buffer.clone()));
            }
            gst::PadProbeReturn::Ok
        });
        let element = named("v");
        Self { pipeline, element, sources, seen, heard: Heard::default() }
    }

    pub fn play(&mut self) -> &mut Self {
        self.pipeline.set_state(gst::State::Playing).expect("it starts");
        self
    }

    pub fn source(&self, side: Side) -> &gst_app::AppSrc {
        &self.sources[side as usize]
    }

    pub fn push(&self, side: Side, buffer: gst::Buffer) {
        self.source(side).push_buffer(buffer).expect("the source accepts");
    }

    /// Frames of these numbers on both sides, shown when their numbers say.
    pub fn pairs(&self, numbers: impl IntoIterator<Item = u64>) {
        for n in numbers {
            self.push(Side::Reference, frame(n, n * FRAME));
            self.push(Side::Distorted, frame(n, n * FRAME));
        }
    }

    /// As [`Self::pairs`], one after the other is worked on: results are told with the next frame.
    pub fn trickle(&mut self, numbers: impl IntoIterator<Item = u64>) {
        for n in numbers {
            self.pairs([n]);
            self.idle(Duration::from_millis(10));
        }
    }

    /// Waits until the element has paired this many reference frames.
    pub fn await_paired(&mut self, frames: u64) {
        let end = Instant::now() + LIMIT;
        loop {
            let stats = self.stats();
            let of = |name: &str| stats.get::<u64>(name).expect("a counter");
            if of("in-scoring") + of("reference-frames") >= frames {
                return;
            }
            assert!(Instant::now() < end, "{}", self.story());
            self.idle(Duration::from_millis(5));
        }
    }

    /// Waits until the sources have handed on everything: one that is pushing while its pad is
    /// flushed would give up.
    pub fn drain(&mut self) {
        while self.sources.iter().any(|source| source.current_level_buffers() > 0) {
            self.idle(Duration::from_millis(10));
        }
        self.idle(Duration::from_millis(200));
    }

    /// Flushes these sides, event by event, as the source of a seek does.
    pub fn flush(&self, sides: &[Side], reset_time: bool) {
        let sequence = gst::Seqnum::next();
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        for event in [
            gst::event::FlushStart::builder().seqnum(sequence).build(),
            gst::event::FlushStop::builder(reset_time).seqnum(sequence).build(),
            gst::event::Segment::builder(&segment).seqnum(sequence).build(),
        ] {
            for side in sides {
                let pad = self.source(*side).static_pad("src").expect("a source has one");
                assert!(pad.push_event(event.clone()));
            }
        }
    }

    pub fn frames(&self, side: Side, numbers: impl IntoIterator<Item = u64>) {
        numbers.into_iter().for_each(|n| self.push(side, frame(n, n * FRAME)));
    }

    pub fn end(&self, side: Side) {
        self.source(side).end_of_stream().expect("the source accepts");
    }

    /// Listens until `done`.
    pub fn listen(&mut self, what: &str, done: impl Fn(&Heard) -> bool) {
        let bus = self.pipeline.bus().expect("a pipeline has a bus");
        let end = Instant::now() + LIMIT;
        while !done(&self.heard) {
            assert!(Instant::now() < end, "waiting for {what}: {}", self.story());
            if let Some(message) = bus.timed_pop(gst::ClockTime::from_mseconds(50)) {
                self.heard.note(&message);
            }
        }
    }

    /// Listens for some time.
    pub fn idle(&mut self, time: Duration) {
        let end = Instant::now() + time;
        let bus = self.pipeline.bus().expect("a pipeline has a bus");
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            let left = gst::ClockTime::from_nseconds(left.as_nanos() as u64);
            if let Some(message) = bus.timed_pop(left) {
                self.heard.note(&message);
            }
        }
    }

    /// Ends both sides, plays to the end and stops.
    pub fn finish(mut self) -> (Heard, Vec<(Instant, gst::Buffer)>) {
        for source in &self.sources {
            // may have been ended before
            let _ = source.end_of_stream();
        }
        self.listen("the end", |heard| heard.eos || !heard.errors.is_empty());
        self.stop()
    }

    /// Stops at once.
    pub fn stop(mut self) -> (Heard, Vec<(Instant, gst::Buffer)>) {
        self.pipeline.set_state(gst::State::Null).expect("every element stops");
        let seen = std::mem::take(&mut *self.seen.lock().expect("no panic before"));
        (std::mem::take(&mut self.heard), seen)
    }

    pub fn output(&self) -> usize {
        self.seen.lock().expect("no panic before").len()
    }

    pub fn forget_output(&self) {
        self.taken();
    }

    /// What has left since it was last asked for.
    pub fn taken(&self) -> Vec<(Instant, gst::Buffer)> {
        std::mem::take(&mut *self.seen.lock().expect("no panic before"))
    }

    pub fn stats(&self) -> gst::Structure {
        self.element.property("stats")
    }

    fn story(&self) -> String {
        let Heard { frames, events, errors, warnings, .. } = &self.heard;
        let last = frames.last();
        format!(
            "{} frames, the last {last:?}, {} out, {events:?}, {errors:?}, {warnings:?}, {:?}",
            frames.len(),
            self.output(),
            self.stats()
        )
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // also when a test fails
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// A bench of two files, playing.
pub fn files(options: &str) -> Bench {
    let mut bench = Bench::new(options, false);
    bench.play();
    bench
}

/// All reference frames, by what became of them.
pub fn accounted(s: &gst::StructureRef) -> u64 {
    ["frames", "excluded", "missing", "no-pair", "ended", "skipped", "unscorable"]
        .iter()
        .map(|name| s.get::<u64>(*name).expect("a counter"))
        .sum()
}

/// A 64x48 texture that moves three pixels a frame.
pub fn frame(number: u64, pts: u64) -> gst::Buffer {
    sized_frame(64, 48, number, pts)
}

pub fn sized_frame(width: usize, height: usize, number: u64, pts: u64) -> gst::Buffer {
    let shift = 3 * number as usize;
    let texture = |x: usize, y: usize| {
        // blocks of 8x8 pixels, each of its own grey
        let mut grey = ((x + shift) / 8 * 1009 + y / 8 + 1) as u32;
        for _ in 0..3 {
            grey = (grey ^ grey >> 15).wrapping_mul(0x2c1b_3c6d);
        }
        (grey >> 24) as u8
    };
    let samples = (0..width * height).map(|i| texture(i % width, i / width));
    let mut buffer = gst::Buffer::from_mut_slice(samples.collect::<Vec<u8>>());
    let b = buffer.get_mut().expect("new");
    b.set_pts(gst::ClockTime::from_nseconds(pts));
    b.set_duration(gst::ClockTime::from_nseconds(FRAME));
    buffer
}
