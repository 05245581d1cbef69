//! An encoder in the loop behind a lossy network whose delay nobody told: what is scored live is
//! what scoring the received frames afterwards, aligned exactly, gives.
//!
//! `VMAFTINY_NETWORK=120` makes it last two minutes instead of fifteen seconds.

#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod mlp;
#[path = "support/oracle.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod oracle;
#[path = "support/pipeline.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod pipeline;

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gst::prelude::*;
use gst_video::prelude::*;
use gstvmaftiny::features::{
    Depth, FeatureError, Geometry, Luma, NAMES, Profile, Samples, Workers,
};
use gstvmaftiny::fusion::Fusion;
use gstvmaftiny::report::EventKind;
use gstvmaftiny::scoring::{Picture, Scorer, Verdict};
use pipeline::Heard;

const WIDTH: usize = 448;
const HEIGHT: usize = 252;
const RATE: u64 = 25;
const FRAME: u64 = 1_000_000_000 / RATE;
/// What the network adds, and how much of it gets lost.
const DELAY_MS: u64 = 700;
const LOSS: f32 = 0.02;
/// Frames at the end that all arrive. What is in doubt at the end stays out of the verdict, and of
/// fifteen seconds that could be a good part: so pictures are whole again before.
const WHOLE: u64 = 3 * RATE;

const GEOMETRY: Geometry = Geometry { width: WIDTH, height: HEIGHT, depth: Depth::Eight };

/// Luma of a frame, rows packed.
#[derive(Clone)]
struct Frame(Arc<[u8]>);

impl Picture for Frame {
    fn luma(&self) -> Result<Luma<'_>, FeatureError> {
        Luma::new(Samples::U8(&self.0), WIDTH, GEOMETRY)
    }
}

impl Frame {
    /// Mean absolute difference of every seventh sample.
    fn distance(&self, other: &Self) -> u32 {
        let samples = self.0.iter().zip(other.0.iter()).step_by(7);
        samples.map(|(a, b)| u32::from(a.abs_diff(*b))).sum()
    }
}

/// Real clips one after the other, I420.
fn pictures() -> Vec<Vec<u8>> {
    let size = WIDTH * HEIGHT * 3 / 2;
    let clips = ["bikes.mp4", "bigbuckbunny.mp4", "carphone_pristine.mp4"];
    let decode = |clip| {
        let output = Command::new(oracle::ffmpeg())
            .args(["-v", "error", "-nostdin", "-i"])
            .arg(oracle::clip(clip))
            .args(["-vf", &format!("scale={WIDTH}:{HEIGHT}"), "-pix_fmt", "yuv420p"])
            .args(["-f", "rawvideo", "-"])
            .output()
            .expect("ffmpeg runs");
        output.stdout.chunks_exact(size).map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    clips.into_iter().flat_map(decode).collect()
}

fn luma(buffer: &gst::BufferRef, caps: &gst::CapsRef) -> Frame {
    let info = gst_video::VideoInfo::from_caps(caps).expect("video caps");
    let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info).expect("a frame");
    let (data, stride) = (frame.plane_data(0).expect("luma"), frame.plane_stride()[0] as usize);
    let rows = data.chunks(stride).take(HEIGHT).flat_map(|row| &row[..WIDTH]);
    Frame(rows.copied().collect())
}

/// Everything that arrives at the element's distorted input, by running time.
type Received = Arc<Mutex<Vec<(u64, Frame)>>>;

fn listen(element: &gst::Element) -> Received {
    let received = Received::default();
    let list = received.clone();
    let pad = element.static_pad("dist_sink").expect("a pad");
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        if let (Some(buffer), Some(caps)) = (info.buffer(), pad.current_caps()) {
            let segment = pad.sticky_event::<gst::event::Segment>(0).expect("a segment");
            let segment = segment.segment().downcast_ref::<gst::ClockTime>().expect("time").clone();
            let time = segment.to_running_time(buffer.pts()).expect("inside the segment");
            list.lock().unwrap().push((time.nseconds(), luma(buffer, &caps)));
        }
        gst::PadProbeReturn::Ok
    });
    received
}

/// Plays `count` frames in real time and listens until the reference's end has passed.
fn play(pictures: &[Vec<u8>], count: u64) -> (Heard, Vec<(u64, Frame)>) {
    let port = std::net::UdpSocket::bind("127.0.0.1:0").and_then(|s| s.local_addr());
    let port = port.expect("a free port").port();
    let pipeline = pipeline::parse(&format!(
        "appsrc name=source is-live=true do-timestamp=true format=time caps=video/x-raw,format=I420,width={WIDTH},\
            height={HEIGHT},framerate={RATE}/1 ! tee name=t \
         t. ! queue max-size-time=4000000000 max-size-bytes=0 max-size-buffers=0 ! v.ref_sink \
         t. ! queue ! x264enc tune=zerolatency speed-preset=veryfast bitrate=400 key-int-max={RATE} \
            ! rtph264pay config-interval=-1 \
            ! netsim name=network delay-probability=1 min-delay={DELAY_MS} max-delay={DELAY_MS} \
                allow-reordering=false drop-probability={LOSS} \
            ! udpsink host=127.0.0.1 port={port} sync=false async=false \
         udpsrc port={port} caps=application/x-rtp,media=video,encoding-name=H264,clock-rate=90000 \
            ! rtpjitterbuffer latency=200 ! rtph264depay ! avdec_h264 max-threads=1 \
            ! queue max-size-time=4000000000 max-size-bytes=0 max-size-buffers=0 ! v.dist_sink \
         vmaftiny name=v report-missing=true tiny-model=vmaf_tiny_v2 ! fakesink sync=true"
    ));
    let received = listen(&pipeline.by_name("v").expect("the element"));
    let network = pipeline.by_name("network").expect("the network");
    let source = pipeline.by_name("source").expect("the source");
    let source: gst_app::AppSrc = source.downcast().expect("an appsrc");
    let bus = pipeline.bus().expect("a pipeline has a bus");
    pipeline.set_state(gst::State::Playing).expect("it plays");
    let mut heard = Heard::default();
    let start = Instant::now();
    // and then long enough for the last frames to arrive
    for n in 0..count + 3 * RATE {
        let due = start + Duration::from_nanos(n * FRAME);
        while let Some(left) = due.checked_duration_since(Instant::now()) {
            if let Some(message) =
                bus.timed_pop(gst::ClockTime::from_nseconds(left.as_nanos() as u64))
            {
                assert!(!heard.note(&message), "{:?}", heard.errors);
            }
        }
        if n + WHOLE == count {
            network.set_property("drop-probability", 0f32);
        }
        if n < count {
            let picture = pictures[n as usize % pictures.len()].clone();
            source.push_buffer(gst::Buffer::from_slice(picture)).expect("it flows");
        }
    }
    source.end_of_stream().expect("it flows");
    while let Some(message) = bus.timed_pop(gst::ClockTime::from_seconds(20)) {
        // the network's end does not tell of its own
        if heard.note(&message) || !heard.pooled.is_empty() {
            break;
        }
    }
    pipeline.set_state(gst::State::Null).expect("every element stops");
    let received = std::mem::take(&mut *received.lock().unwrap());
    (heard, received)
}

/// What was received for each reference frame. The delay is that of most frames, each taken for the
/// reference frame that it resembles most; what the decoder had to conceal keeps its place in time.
fn aligned(pictures: &[Frame], count: u64, received: &[(u64, Frame)]) -> HashMap<u64, Frame> {
    let distance = |n: u64, frame: &Frame| pictures[n as usize % pictures.len()].distance(frame);
    let most_alike = |(time, frame): &(u64, Frame)| {
        // sent at most two seconds before it arrived
        let newest = (time / FRAME + 3).min(count);
        (newest.saturating_sub(2 * RATE)..newest).min_by_key(|n| distance(*n, frame))
    };
    let best: Vec<u64> = received.iter().filter_map(most_alike).collect();
    assert_eq!(best.len(), received.len(), "a frame came before all others");
    let delays = received.iter().zip(&best).map(|((time, _), n)| *time as i64 - (n * FRAME) as i64);
    let mut delays: Vec<i64> = delays.collect();
    delays.sort();
    let delay = delays[delays.len() / 2];
    let place = |time: &u64| (*time as i64 - delay + FRAME as i64 / 2) as u64 / FRAME;
    // what loss has spoilt may look a little more like an earlier frame
    let fits = |((time, frame), n): (&(u64, Frame), &u64)| {
        2 * distance(place(time), frame) <= 3 * distance(*n, frame)
    };
    let usual = received.iter().zip(&best).filter(|pair| fits(*pair)).count();
    println!("{usual} of {} fit one delay", received.len());
    assert!(usual * 10 > received.len() * 9, "{usual} of {} fit one delay", received.len());
    received.iter().map(|(time, frame)| (place(time), frame.clone())).collect()
}

/// Mean score of those of some frames that were received, without those `skipped`.
fn offline(
    pictures: &[Frame],
    frames: Range<u64>,
    received: &HashMap<u64, Frame>,
    skipped: &HashSet<u64>,
) -> f64 {
    let fusion = Fusion::open("vmaf_tiny_v2", &NAMES).expect("the default model");
    let workers = Workers::new(1).expect("no threads to start");
    let mut scorer = Scorer::new(fusion, workers, Profile::Exact);
    let mut scores = Vec::new();
    // a verdict for each frame, in order
    let mut numbers = frames.clone();
    let mut note = |verdict: Option<Verdict>| match verdict {
        Some(Verdict::Scored { measured, .. }) => {
            let number = numbers.next().expect("no more verdicts than frames");
            scores.extend((!skipped.contains(&number)).then_some(measured.score.value));
        }
        Some(Verdict::Failed(e)) => panic!("{e}"),
        Some(Verdict::Watched) => _ = numbers.next(),
        None => {}
    };
    for n in frames {
        let reference = pictures[n as usize % pictures.len()].clone();
        note(scorer.push(reference, received.get(&n).cloned()));
    }
    note(scorer.flush());
    scores.iter().sum::<f64>() / scores.len() as f64
}

#[test]
fn a_lossy_network_of_unknown_delay_is_scored_as_afterwards() {
    pipeline::init();
    let seconds = std::env::var("VMAFTINY_NETWORK").ok().and_then(|s| s.parse().ok()).unwrap_or(15);
    let count = seconds * RATE;
    let pictures = pictures();
    let (heard, received) = play(&pictures, count);
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    let lumas: Vec<_> = pictures.iter().map(|p| Frame(p[..WIDTH * HEIGHT].into())).collect();
    let aligned = aligned(&lumas, count, &received);

    let told = heard.told(EventKind::Aligned);
    let offset = told.first().and_then(|e| e.offset).expect("the offset is found");
    let verdict = heard.verdict();
    let [live, missing]: [f64; 2] =
        [verdict.get("score").unwrap(), verdict.get::<u64>("missing").unwrap() as f64];
    // till the offset is known there is nothing to be scored with
    let known = |f: &&gst::Structure| f.get::<i64>("offset").is_ok_and(|o| o > 0);
    let first: u64 = heard.frames.iter().find(known).unwrap().get("frame-number").unwrap();
    // what a busy machine had no time for
    let skipped = heard.frames.iter().filter(|f| f.get::<&str>("status") == Ok("skipped"));
    let skipped = skipped.map(|f| f.get("frame-number").unwrap()).collect();
    let offline = offline(&lumas, first..count, &aligned, &skipped);
    let damaged = heard.frames.iter().filter(|f| f.get("corrupted") == Ok(true)).count();
    println!(
        "{count} frames, known from {first}, {} received, {} aligned; offset {:.0} ms; live {live:.3}, offline \
         {offline:.3}; {missing} missing, {damaged} damaged; {:?}",
        received.len(),
        aligned.len(),
        offset as f64 / 1e6,
        heard.events.iter().map(|e| (e.kind.name(), e.offset)).collect::<Vec<_>>(),
    );
    assert!((offset - DELAY_MS as i64 * 1_000_000).abs() < 150_000_000, "offset {offset}");
    assert!((live - offline).abs() <= 0.5, "live {live}, offline {offline}");
    // every pair is the right one: of two, the one that looks more alike, as delays are not exact
    let by_time: HashMap<u64, &Frame> = received.iter().map(|(t, f)| (*t, f)).collect();
    let places: HashMap<_, u64> = aligned.iter().map(|(n, f)| (Arc::as_ptr(&f.0), *n)).collect();
    let mut wrong = 0;
    let mut paired = 0;
    for frame in heard.frames.iter().filter(|f| f.get::<&str>("status") == Ok("ok")) {
        let number: u64 = frame.get("frame-number").unwrap();
        let time: u64 = frame.get("dist-running-time").unwrap();
        paired += 1;
        let frame = by_time[&time];
        let distance = |n: u64| lumas[n as usize % lumas.len()].distance(frame);
        let own = distance(number);
        // of two received for one place, one has none
        let place = places.get(&Arc::as_ptr(&frame.0));
        let others = place.map_or([number.saturating_sub(1), number + 1], |n| [*n; 2]);
        wrong += u64::from(others.into_iter().any(|n| own > distance(n)));
    }
    println!("{paired} paired, {wrong} with another frame");
    assert!(wrong * 200 <= paired, "{wrong} of {paired} pairs are wrong");
}
