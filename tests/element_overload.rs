//! Where scoring, or what comes after it, is slower than the video.

#[path = "support/bench.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod bench;
#[path = "support/canary.rs"]
mod canary;
#[path = "support/live.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod live;
#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod mlp;
#[path = "support/pipeline.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod pipeline;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use bench::{Bench, FRAME, accounted, frame};
use canary::Canary;
use gst::prelude::*;
use gstvmaftiny::align::pairing::Side::{Distorted, Reference};
use gstvmaftiny::report::EventKind;
use gstvmaftiny::vmaftiny::slow_down_scoring;
use live::{assert_in_time, feed, live, start_of};

/// Timing is what these tests are about: they do not run side by side.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn overload_costs_scores_but_never_the_video() {
    let _alone = ALONE.lock();
    // scoring takes three frames' time
    slow_down_scoring(Duration::from_nanos(3 * FRAME));
    let canary = Canary::start();
    let mut bench = live("max-skip=30");
    feed(&mut bench, 0..100, |_, _| true);
    let start = start_of(&bench);
    let (heard, seen) = bench.finish();
    slow_down_scoring(Duration::ZERO);
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!(seen.len(), 100);
    assert_in_time(start, &seen, &canary.stop(), Duration::from_nanos(2 * FRAME));

    let verdict = heard.verdict();
    assert_eq!(accounted(verdict), 100);
    let skipped: u64 = verdict.get("skipped").expect("a counter");
    let scored = heard.scores().len() as u64;
    assert!((15..=45).contains(&scored), "{scored} scored");
    assert_eq!(scored + skipped, 100);
    assert_eq!(heard.told(EventKind::OverloadStart).len(), 1);
    assert_eq!(heard.qos.len() as u64, skipped);
    let gst::MessageView::Qos(qos) = heard.qos.last().expect("some").view() else { panic!() };
    let (gst::GenericFormattedValue::Buffers(Some(processed)), dropped) = qos.stats() else {
        panic!("{:?}", qos.stats())
    };
    assert!(u64::from(processed) <= scored, "{processed:?} {dropped:?}");
    let values = |message: &gst::Message| match message.view() {
        gst::MessageView::Qos(qos) => qos.values(),
        _ => panic!("{message:?}"),
    };
    let (late, shares): (Vec<_>, Vec<_>) =
        heard.qos.iter().map(values).map(|(jitter, share, _)| (jitter, share)).unzip();
    // the first to be left out stood behind those that made it necessary
    assert!(late.iter().all(|l| *l >= 0) && late[0] > FRAME as i64, "{late:?}");
    assert!(shares.iter().all(|share| (0.0..1.0).contains(share)), "{shares:?}");
    for message in &heard.qos {
        let gst::MessageView::Qos(qos) = message.view() else { panic!("{message:?}") };
        let (live, running, stream, timestamp, duration) = qos.get();
        let time = running.expect("of the frame that was left out");
        assert!(live && stream == running && timestamp == running, "{message:?}");
        assert_eq!((time.nseconds() % FRAME, duration.map(|d| d.nseconds())), (0, Some(FRAME)));
    }
}

#[test]
fn relief_ends_an_overload() {
    let _alone = ALONE.lock();
    slow_down_scoring(Duration::from_nanos(2 * FRAME));
    let mut bench = live("max-skip=30");
    feed(&mut bench, 0..40, |_, _| true);
    slow_down_scoring(Duration::ZERO);
    assert!(bench.stats().get::<u64>("step").expect("there") > 1);
    feed(&mut bench, 40..290, |_, _| true);
    let (heard, _) = bench.finish();
    assert!(!heard.told(EventKind::OverloadEnd).is_empty(), "{:?}", heard.events);
    assert!(heard.statuses()[280..].contains(&"ok"));
}

#[test]
fn a_shorter_longest_step_holds_at_once() {
    let _alone = ALONE.lock();
    slow_down_scoring(Duration::from_nanos(3 * FRAME));
    let mut bench = live("max-skip=30");
    feed(&mut bench, 0..40, |_, _| true);
    let step = |bench: &Bench| bench.stats().get::<u64>("step").expect("there");
    assert!(step(&bench) > 1);
    bench.element.set_property("max-skip", 1u32);
    feed(&mut bench, 40..43, |_, _| true);
    assert_eq!(step(&bench), 1);
    slow_down_scoring(Duration::ZERO);
    let (heard, _) = bench.finish();
    assert_eq!(heard.told(EventKind::OverloadEnd).len(), 1, "{:?}", heard.events);
}

#[test]
fn slow_scoring_holds_a_file_back_and_leaves_nothing_out() {
    let _alone = ALONE.lock();
    pipeline::init();
    slow_down_scoring(Duration::from_millis(10));
    let mut bench = Bench::new("", false);
    bench.play();
    bench.pairs(0..100);
    let mut most = 0;
    while bench.output() < 80 {
        let stats = bench.stats();
        let held = ["in-scoring", "held-buffers"].map(|n| stats.get::<u64>(n).expect("a counter"));
        most = held.into_iter().fold(most, u64::max);
        bench.idle(Duration::from_millis(5));
    }
    let (heard, seen) = bench.finish();
    slow_down_scoring(Duration::ZERO);
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!((heard.scores().len(), seen.len()), (100, 100), "{:?}", heard.statuses());
    assert!(most <= 8, "{most} frames held");
}

#[test]
fn the_verdict_of_a_file_waits_for_every_score() {
    let _alone = ALONE.lock();
    pipeline::init();
    slow_down_scoring(Duration::from_millis(1500));
    let mut bench = Bench::new("", false);
    bench.play();
    bench.pairs(0..4);
    let (heard, _) = bench.finish();
    slow_down_scoring(Duration::ZERO);
    assert_eq!(heard.scores().len(), 4, "{:?}", heard.statuses());
    assert_eq!(heard.verdict().get::<u64>("frames"), Ok(4));
}

#[test]
fn the_verdict_of_a_live_stream_waits_for_scores_that_are_nearly_there() {
    let _alone = ALONE.lock();
    pipeline::init();
    slow_down_scoring(Duration::from_millis(150));
    let mut bench = live("");
    feed(&mut bench, 0..8, |_, _| true);
    let (heard, _) = bench.finish();
    slow_down_scoring(Duration::ZERO);
    assert_eq!(heard.scores().len(), 8, "{:?}", heard.statuses());
    assert_eq!(heard.verdict().get::<u64>("frames"), Ok(8));
}

#[test]
fn the_verdict_of_a_live_stream_does_not_wait_for_ever() {
    let _alone = ALONE.lock();
    pipeline::init();
    // half a minute of work
    slow_down_scoring(Duration::from_millis(1500));
    let mut bench = live("");
    feed(&mut bench, 0..20, |_, _| true);
    let end = Instant::now();
    let (heard, seen) = bench.finish();
    let took = end.elapsed();
    slow_down_scoring(Duration::ZERO);
    assert!(took < Duration::from_secs(12), "{took:?}");
    assert_eq!((seen.len(), accounted(heard.verdict())), (20, 20));
    assert!(heard.verdict().get::<u64>("skipped").is_ok_and(|n| n >= 10));
}

#[test]
fn the_video_does_not_wait_for_scores_where_the_caps_change() {
    let _alone = ALONE.lock();
    pipeline::init();
    slow_down_scoring(Duration::from_millis(1500));
    let canary = Canary::start();
    let mut bench = live("");
    feed(&mut bench, 0..10, |_, _| true);
    for side in [Reference, Distorted] {
        let other = bench::CAPS.replace("25/1", "24/1").parse::<gst::Caps>().expect("caps");
        bench.source(side).set_caps(Some(&other));
    }
    feed(&mut bench, 10..30, |_, _| true);
    let start = start_of(&bench);
    let (heard, seen) = bench.finish();
    slow_down_scoring(Duration::ZERO);
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!((seen.len(), accounted(heard.verdict())), (30, 30));
    assert_in_time(start, &seen, &canary.stop(), Duration::from_nanos(3 * FRAME));
}

#[test]
fn a_frame_is_held_to_its_deadline_where_the_caps_change_and_no_longer() {
    const SECOND: u64 = 1_000_000_000;
    let _alone = ALONE.lock();
    pipeline::init();
    slow_down_scoring(Duration::from_secs(3));
    let canary = Canary::start();
    let slow = bench::CAPS.replace("25/1", "1/1");
    let mut bench = Bench::with_caps("max-skip=1", true, [&slow, &slow]);
    bench.play();
    let until = |bench: &mut Bench, time: u64| {
        let now = bench.pipeline.current_running_time().map_or(0, gst::ClockTime::nseconds);
        bench.idle(Duration::from_nanos(time.saturating_sub(now)));
    };
    for n in 0..2 {
        until(&mut bench, n * SECOND);
        for side in [Reference, Distorted] {
            bench.push(side, frame(n, n * SECOND));
        }
    }
    // just before the last frame is due, whose score takes far longer
    until(&mut bench, 19 * SECOND / 10);
    let caps = format!("{slow},pixel-aspect-ratio=2/1").parse::<gst::Caps>().expect("caps");
    bench.source(Reference).set_caps(Some(&caps));
    bench.push(Reference, frame(2, 2 * SECOND));
    slow_down_scoring(Duration::ZERO);
    until(&mut bench, 7 * SECOND / 2);
    let start = start_of(&bench);
    let (heard, seen) = bench.finish();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!(seen.len(), 3);
    let left = seen[1].0;
    // its time and the frame of latency that the meta costs
    let due = start + Duration::from_nanos(2 * SECOND);
    let (delay, excused) = (left.saturating_duration_since(due), canary.stop().between(due, left));
    assert!(delay < Duration::from_millis(500) + excused, "{delay:?} late, {excused:?} excused");
}

#[test]
fn one_slow_frame_is_no_overload() {
    let _alone = ALONE.lock();
    let mut bench = live("max-skip=30");
    feed(&mut bench, 0..20, |_, _| true);
    // the next frames wait for it, each less than the one before
    slow_down_scoring(Duration::from_nanos(5 * FRAME));
    feed(&mut bench, 20..21, |_, _| true);
    bench.idle(Duration::from_nanos(FRAME));
    slow_down_scoring(Duration::ZERO);
    feed(&mut bench, 21..50, |_, _| true);
    let (heard, _) = bench.finish();
    assert!(heard.told(EventKind::OverloadStart).is_empty(), "{:?}", heard.events);
    assert_eq!(heard.scores().len(), 50, "{:?}", heard.statuses());
}

/// Says to the element what a sink says whose buffers come too late, or early enough.
fn complain(bench: &Bench, kind: gst::QOSType, jitter: i64, n: u64) {
    let out = bench.pipeline.by_name("out").expect("named in the launch line");
    let pad = out.static_pad("sink").expect("a sink has one");
    let time = gst::ClockTime::from_nseconds((n + 1) * FRAME);
    pad.push_event(gst::event::Qos::new(kind, 1.5, jitter, time));
}

#[test]
fn late_buffers_downstream_cost_scores_but_never_the_video() {
    let _alone = ALONE.lock();
    // scoring takes less than half of the time
    slow_down_scoring(Duration::from_nanos(FRAME / 4));
    let canary = Canary::start();
    let mut bench = live("max-skip=30");
    // buffers that are early, or that the sink itself leaves out, are none of scoring's business
    for (n, kind) in (0..25).zip([gst::QOSType::Overflow, gst::QOSType::Throttle].iter().cycle()) {
        feed(&mut bench, n..n + 1, |_, _| true);
        complain(&bench, *kind, 30_000_000, n);
        complain(&bench, gst::QOSType::Underflow, -30_000_000, n);
    }
    let before: u64 = bench.stats().get("step").expect("there");
    for n in 25..75 {
        feed(&mut bench, n..n + 1, |_, _| true);
        complain(&bench, gst::QOSType::Underflow, 30_000_000, n);
    }
    let during: u64 = bench.stats().get("step").expect("there");
    let start = start_of(&bench);
    let (heard, seen) = bench.finish();
    slow_down_scoring(Duration::ZERO);
    let stumbles = canary.stop();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert!(before == 1 || stumbles.busy > 0.3, "{before}: {:?}", heard.events);
    assert!(during > before && during <= 30, "{before}, then {during}: {:?}", heard.events);
    assert_eq!((seen.len(), accounted(heard.verdict())), (75, 75));
    assert_in_time(start, &seen, &stumbles, Duration::from_nanos(2 * FRAME));
    let skipped: u64 = heard.verdict().get("skipped").expect("a counter");
    assert!(skipped >= 10 && heard.qos.len() as u64 == skipped, "{skipped} skipped");
    assert!(!heard.told(EventKind::OverloadStart).is_empty(), "{:?}", heard.events);
}

#[test]
fn late_buffers_downstream_cost_no_score_of_a_file() {
    let _alone = ALONE.lock();
    pipeline::init();
    slow_down_scoring(Duration::from_millis(10));
    let mut bench = Bench::new("", false);
    bench.play();
    for n in 0..50 {
        bench.trickle([n]);
        complain(&bench, gst::QOSType::Underflow, 30_000_000, n);
    }
    let (heard, _) = bench.finish();
    slow_down_scoring(Duration::ZERO);
    assert_eq!(heard.scores().len(), 50, "{:?}", heard.statuses());
    assert!(heard.told(EventKind::OverloadStart).is_empty(), "{:?}", heard.events);
}

/// Bytes of resident memory.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: u64 = statm.split(' ').nth(1).and_then(|n| n.parse().ok()).expect("a number");
    pages * 4096
}

#[test]
fn overload_at_1080p60_is_in_time_with_flat_memory_and_loses_count_of_nothing() {
    const CAPS: &str = "video/x-raw,format=GRAY8,width=1920,height=1080,framerate=60/1";
    const COUNT: u64 = 300;
    let _alone = ALONE.lock();
    pipeline::init();
    let time = |n: u64| n * 1_000_000_000 / 60;
    // frames are made once and shared, as those of a capture pool are
    let made: Vec<gst::Buffer> = (0..8).map(|n| bench::sized_frame(1920, 1080, n, 0)).collect();
    let shown = |n: u64| {
        let mut buffer = made[n as usize % made.len()].copy();
        let b = buffer.make_mut();
        b.set_pts(gst::ClockTime::from_nseconds(time(n)));
        b.set_duration(gst::ClockTime::from_nseconds(time(1)));
        buffer
    };
    // on top of what the features take: ten times the rate at which frames come
    slow_down_scoring(Duration::from_nanos(10 * time(1)));
    let canary = Canary::start();
    let mut bench = Bench::with_caps("max-skip=30", true, [CAPS, CAPS]);
    bench.play();
    let mut early = 0;
    for n in 0..COUNT {
        let now = bench.pipeline.current_running_time().map_or(0, gst::ClockTime::nseconds);
        bench.idle(Duration::from_nanos(time(n).saturating_sub(now)));
        for side in [Reference, Distorted] {
            bench.push(side, shown(n));
        }
        if n == 60 {
            early = resident();
        }
    }
    let grown = resident().saturating_sub(early);
    let start = start_of(&bench);
    let (heard, seen) = bench.finish();
    slow_down_scoring(Duration::ZERO);
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!(seen.len() as u64, COUNT);
    assert_in_time(start, &seen, &canary.stop(), Duration::from_nanos(2 * time(1)));
    // less than one picture
    assert!(grown < 2_000_000, "{grown} bytes");
    let verdict = heard.verdict();
    assert_eq!(accounted(verdict), COUNT);
    let scored = heard.scores().len() as u64;
    assert_eq!(scored + verdict.get::<u64>("skipped").expect("a counter"), COUNT);
    assert!((10..=60).contains(&scored), "{scored} scored");
    println!("{scored} of {COUNT} scored, {grown} bytes grown");
}
