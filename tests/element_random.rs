//! Streams that do anything, in any order: no panic, no hang, no critical warning, no growth.
//!
//! `VMAFTINY_FUZZ` sets the number of sequences, `VMAFTINY_SOAK` the number of frames.

#[path = "support/bench.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod bench;
#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod mlp;
#[path = "support/pipeline.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod pipeline;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use bench::{Bench, CAPS, FRAME, frame, sized_frame};
use gst::prelude::*;
use gstvmaftiny::align::pairing::Side::{self, Distorted, Reference};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

fn size(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// One test's memory must not be counted as another's.
static ALONE: Mutex<()> = Mutex::new(());

/// How long one sequence may take before it counts as hung.
const HANG: Duration = Duration::from_secs(30);

/// What feeds one side: a source pad of its own and, like any upstream, a thread of its own.
struct Upstream {
    pad: gst::Pad,
    rng: StdRng,
    live: bool,
}

impl Upstream {
    fn new(side: Side, sink: &gst::Pad, seed: u64, live: bool) -> Self {
        let pad = gst::Pad::builder(gst::PadDirection::Src)
            .name(format!("{side:?}"))
            .query_function(move |pad, parent, query| match query.view_mut() {
                gst::QueryViewMut::Latency(q) => {
                    q.set(live, gst::ClockTime::ZERO, gst::ClockTime::NONE);
                    true
                }
                _ => gst::Pad::query_default(pad, parent, query),
            })
            .build();
        pad.set_active(true).expect("a pad without parent");
        pad.link(sink).expect("both accept anything");
        Self { pad, rng: StdRng::seed_from_u64(seed), live }
    }

    /// Pushes frames and, in between, anything else.
    fn run(mut self) {
        self.pad.push_event(gst::event::StreamStart::new(self.pad.name().as_str()));
        self.caps(64);
        self.pad
            .push_event(gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new()));
        for n in 0..self.rng.random_range(5..40u64) {
            let time = n * FRAME / 20;
            if self.rng.random_bool(0.9) {
                let _ = self.pad.push(frame(n, time));
            }
            if self.rng.random_bool(0.2) {
                self.disturb(time);
            }
            if self.live {
                std::thread::sleep(Duration::from_micros(self.rng.random_range(0..1500)));
            }
        }
        if self.rng.random_bool(0.8) {
            self.pad.push_event(gst::event::Eos::new());
        }
    }

    fn caps(&self, width: usize) {
        let caps = CAPS.replace("width=64", &format!("width={width}"));
        self.pad.push_event(gst::event::Caps::new(&caps.parse().expect("caps")));
    }

    fn disturb(&mut self, time: u64) {
        match self.rng.random_range(0..9) {
            0 | 1 => self.flush(),
            2 => {
                let mut segment = gst::FormattedSegment::<gst::ClockTime>::new();
                let start = self.rng.random_range(0..=time);
                segment.set_start(gst::ClockTime::from_nseconds(start));
                // backward playback begins at the stop
                segment.set_stop(gst::ClockTime::from_nseconds(time + 100 * FRAME));
                segment.set_rate([1.0, 0.5, 2.0, -1.0][self.rng.random_range(0..4)]);
                self.pad.push_event(gst::event::Segment::new(&segment));
            }
            3 => {
                let time = gst::ClockTime::from_nseconds(time);
                let length = self.rng.random_range(1..10 * FRAME);
                let gap = gst::event::Gap::builder(time);
                self.pad.push_event(gap.duration(gst::ClockTime::from_nseconds(length)).build());
            }
            4 => {
                let width = [64, 80, 16, 33][self.rng.random_range(0..4)];
                self.caps(width);
                let _ = self.pad.push(sized_frame(width, 48, time, time));
                self.caps(64);
            }
            5 => {
                let mut buffer = frame(time, time);
                let flags = gst::BufferFlags::from_bits_truncate(self.rng.random());
                buffer.make_mut().set_flags(flags);
                let _ = self.pad.push(buffer);
            }
            6 => {
                let mut buffer = frame(time, time);
                buffer.make_mut().set_pts(gst::ClockTime::NONE);
                let _ = self.pad.push(buffer);
            }
            7 => {
                // a buffer that is no picture
                let _ = self.pad.push(gst::Buffer::from_slice([0u8; 7]));
            }
            _ => {
                let structure = gst::Structure::new_empty("anything");
                self.pad.push_event(gst::event::CustomDownstream::new(structure));
            }
        }
    }

    fn flush(&mut self) {
        let sequence = gst::Seqnum::next();
        let reset = self.rng.random();
        self.pad.push_event(gst::event::FlushStart::builder().seqnum(sequence).build());
        self.pad.push_event(gst::event::FlushStop::builder(reset).seqnum(sequence).build());
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        self.pad.push_event(gst::event::Segment::builder(&segment).seqnum(sequence).build());
    }
}

/// One life of an element between two random upstreams; errors it posted.
fn sequence(rng: &mut StdRng) -> Vec<String> {
    let live = rng.random();
    let element = gst::ElementFactory::make("vmaftiny")
        .property("tiny-model", pipeline::model())
        .property_from_str("align-mode", ["auto", "timestamps"][rng.random_range(0..2)])
        .property_from_str("output", ["reference", "distorted"][rng.random_range(0..2)])
        .property("timeout", 20_000_000u64)
        .build()
        .expect("registered");
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let clock = gst::SystemClock::obtain();
    element.set_clock(Some(&clock)).expect("any clock will do");
    element.set_base_time(clock.time());
    let out = gst::Pad::builder(gst::PadDirection::Sink)
        .name("out")
        .chain_function(|_, _, _| Ok(gst::FlowSuccess::Ok))
        .build();
    out.set_active(true).expect("a pad without parent");
    let pad = |name: &str| element.static_pad(name).expect("always there");
    pad("src").link(&out).expect("both accept anything");
    let upstreams = [(Reference, "ref_sink"), (Distorted, "dist_sink")]
        .map(|(side, name)| Upstream::new(side, &pad(name), rng.random(), live));
    element.set_state(gst::State::Playing).expect("it starts");
    let threads = upstreams.map(|u| std::thread::spawn(move || u.run()));
    let patience = Instant::now() + Duration::from_millis(300);
    while Instant::now() < patience && threads.iter().any(|t| !t.is_finished()) {
        std::thread::sleep(Duration::from_millis(1));
    }
    // an upstream may be held back for want of the other: stopping sets it free
    element.set_state(gst::State::Null).expect("it stops");
    for thread in threads {
        thread.join().expect("upstreams do not panic");
    }
    let mut errors = Vec::new();
    while let Some(message) = bus.pop() {
        if let gst::MessageView::Error(e) = message.view() {
            errors.push(e.error().to_string());
        }
    }
    // what the element still says while it is taken apart would keep it and the bus alive
    bus.set_flushing(true);
    errors
}

#[test]
fn events_in_any_order_neither_crash_nor_hang() {
    let _alone = ALONE.lock();
    pipeline::init();
    let seed = size("VMAFTINY_SEED", 4);
    let mut rng = StdRng::seed_from_u64(seed);
    println!("seed {seed}");
    for n in 0..size("VMAFTINY_FUZZ", 100) {
        let one = StdRng::seed_from_u64(rng.random());
        let (done, end) = std::sync::mpsc::channel();
        std::thread::spawn(move || done.send(sequence(&mut one.clone())));
        let errors = end.recv_timeout(HANG).unwrap_or_else(|_| panic!("sequence {n} hangs"));
        let panics = errors.iter().filter(|e| e.to_lowercase().contains("panic"));
        assert_eq!(panics.count(), 0, "sequence {n}: {errors:?}");
    }
}

/// Resident memory, bytes.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) * 4096
}

#[test]
fn a_long_run_leaves_no_trace_in_memory() {
    let _alone = ALONE.lock();
    let frames = size("VMAFTINY_SOAK", 3_000);
    let seed = size("VMAFTINY_SEED", 4);
    let mut rng = StdRng::seed_from_u64(seed);
    println!("seed {seed}");
    let options = "align-mode=auto frame-message=false report-missing=false add-meta=false";
    let mut bench = Bench::new(&format!("{options} reset-on-flush=false"), false);
    bench.play();
    let (mut late, mut sent, mut sizes) = (0u64, 0u64, Vec::new());
    for n in 0..frames {
        if rng.random_bool(0.002) {
            late = rng.random_range(0..25);
        }
        bench.push(Reference, frame(n % 5000, n * FRAME));
        sent += 1;
        if !rng.random_bool(0.02) && n >= late {
            bench.push(Distorted, frame((n - late) % 5000, n * FRAME));
        }
        if n % 50 == 0 {
            // messages left on the bus would be taken for a leak
            bench.idle(Duration::from_millis(1));
            while backlog(&bench, Reference).max(backlog(&bench, Distorted)) > 100 {
                bench.idle(std::time::Duration::from_millis(2));
            }
            bench.heard = Default::default();
            bench.forget_output();
            sizes.push(resident());
        }
    }
    let (heard, _) = bench.finish();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    let verdict = heard.verdict();
    let accounted: u64 = verdict.get("reference-frames").expect("a counter");
    assert_eq!(accounted, sent);
    let half = &sizes[sizes.len() / 2..];
    let (first, last) = half.split_at(half.len() / 2);
    let mean = |s: &[u64]| s.iter().sum::<u64>() as f64 / s.len().max(1) as f64;
    let growth = mean(last) - mean(first);
    println!("{frames} frames, resident {:.1} MB, growth {growth} bytes", mean(last) / 1e6);
    assert!(growth < 4e6, "memory grew by {growth} bytes");
}

#[test]
fn pictures_of_8k_take_memory_for_a_few_of_their_planes() {
    let _alone = ALONE.lock();
    const CAPS: &str = "video/x-raw,format=GRAY8,width=7680,height=4320,framerate=25/1";
    const PLANE: u64 = 7680 * 4320;
    pipeline::init();
    let made: Vec<gst::Buffer> = (0..2).map(|n| sized_frame(7680, 4320, n, 0)).collect();
    let before = resident();
    let mut bench = Bench::with_caps("", false, [CAPS, CAPS]);
    bench.play();
    for n in 0..6u64 {
        for side in [Reference, Distorted] {
            let mut buffer = made[n as usize % 2].copy();
            buffer.make_mut().set_pts(gst::ClockTime::from_nseconds(n * FRAME));
            bench.push(side, buffer);
        }
    }
    bench.end(Reference);
    bench.end(Distorted);
    let mut most = 0;
    while !bench.heard.eos {
        most = most.max(resident());
        bench.idle(Duration::from_millis(5));
    }
    let (heard, seen) = bench.finish();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!((heard.scores().len(), seen.len()), (6, 6), "{:?}", heard.warnings);
    assert!(heard.frames.iter().all(|f| f.get::<f64>("adm2").is_ok_and(|a| a > 0.999)));
    let planes = most.saturating_sub(before) as f64 / PLANE as f64;
    println!("{planes:.1} planes");
    assert!(planes < 30.0, "{planes}");
}

fn backlog(bench: &Bench, side: Side) -> u64 {
    bench.source(side).current_level_buffers()
}
