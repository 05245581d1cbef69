//! Live streams: the video is never late because of a stream that is.

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

use bench::{Bench, FRAME, frame};
use gst::prelude::*;
use gstvmaftiny::align::pairing::Side::{self, Distorted, Reference};
use gstvmaftiny::report::EventKind;
use gstvmaftiny::vmaftiny::slow_down_scoring;
use pipeline::Heard;

/// Timing is what these tests are about: they do not run side by side.
static ALONE: Mutex<()> = Mutex::new(());

fn live(options: &str) -> Bench {
    let mut bench = Bench::new(&format!("max-skip=1 {options}"), true);
    bench.play();
    bench
}

/// Feeds frames when they are due: `sends` says which side gets which frame.
fn feed(bench: &mut Bench, numbers: std::ops::Range<u64>, sends: impl Fn(Side, u64) -> bool) {
    for n in numbers {
        let due = n * FRAME;
        let now = bench.pipeline.current_running_time().map_or(0, gst::ClockTime::nseconds);
        bench.idle(Duration::from_nanos(due.saturating_sub(now)));
        for side in [Reference, Distorted] {
            if sends(side, n) {
                bench.push(side, frame(n, due));
            }
        }
    }
}

fn accounted(s: &gst::StructureRef) -> u64 {
    ["frames", "excluded", "missing", "no-pair", "ended", "skipped", "unscorable"]
        .iter()
        .map(|name| s.get::<u64>(*name).expect("a counter"))
        .sum()
}

#[test]
fn each_input_may_start_late() {
    let _alone = ALONE.lock();
    for late in [Reference, Distorted] {
        let mut bench = live("timeout=300000000");
        feed(&mut bench, 0..40, |side, n| side != late || n >= 20);
        let (heard, seen) = bench.finish();
        assert!(heard.errors.is_empty(), "{late:?}: {:?}", heard.errors);
        let expected = if late == Reference { 20 } else { 40 };
        assert_eq!(seen.len(), expected, "{late:?}");
        assert!(heard.scores().len() >= 18, "{late:?}: {:?}", heard.statuses());
        // a stumbling machine may make the other one seem lost for a moment
        for kind in [EventKind::InputLost, EventKind::InputResumed] {
            let told = heard.told(kind);
            assert!(told.iter().any(|e| e.input == Some(late)), "{late:?}: {told:?}");
        }
    }
}

#[test]
fn a_stall_of_the_distorted_stream_does_not_delay_the_reference() {
    let _alone = ALONE.lock();
    let mut bench = live("timeout=300000000");
    feed(&mut bench, 0..75, |side, n| side == Reference || !(15..40).contains(&n));
    let base = bench.pipeline.base_time().expect("playing");
    let clock = bench.pipeline.clock().expect("playing");
    let started = Instant::now() - Duration::from_nanos((clock.time() - base).nseconds());
    let (heard, seen) = bench.finish();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!(seen.len(), 75);
    let delays = seen[..74].iter().map(|(at, buffer)| {
        let due = started + Duration::from_nanos(buffer.pts().expect("set").nseconds());
        at.saturating_duration_since(due)
    });
    // a frame's deadline is its time and the frame of latency that the meta costs
    let mut delays: Vec<Duration> = delays.collect();
    delays.sort();
    // the machine itself may stumble
    assert!(delays[70] < Duration::from_nanos(2 * FRAME), "{:?}", &delays[66..]);
    let lost = heard.told(EventKind::InputLost);
    assert!(lost.iter().any(|e| e.input == Some(Distorted)), "{:?}", heard.events);
    assert!(!heard.told(EventKind::InputResumed).is_empty());
    assert_eq!(heard.verdict().get::<u64>("missing"), Ok(25));
    assert_eq!((heard.scores().len(), accounted(heard.verdict())), (50, 75));
}

#[test]
fn a_stall_of_the_reference_keeps_the_distorted_stream_flowing() {
    let _alone = ALONE.lock();
    let mut bench = live("timeout=300000000");
    feed(&mut bench, 0..15, |_, _| true);
    feed(&mut bench, 15..65, |side, _| side == Distorted);
    let waiting: u64 = bench.stats().get("waiting-distorted").expect("a counter");
    // one second of patience, not all that came
    assert!(waiting <= 35, "{waiting} frames held");
    feed(&mut bench, 65..80, |_, _| true);
    let (heard, seen) = bench.finish();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!((seen.len(), heard.scores().len()), (30, 30), "{:?}", heard.statuses());
    assert_eq!(heard.told(EventKind::InputLost)[0].input, Some(Reference));
    assert!(!heard.told(EventKind::InputResumed).is_empty());
}

#[test]
fn silence_on_both_inputs_is_told_and_survived() {
    let _alone = ALONE.lock();
    let mut bench = live("timeout=300000000");
    feed(&mut bench, 0..10, |_, _| true);
    let lost = |h: &Heard, side| h.told(EventKind::InputLost).iter().any(|e| e.input == Some(side));
    bench.listen("silence", |h| lost(h, Reference) && lost(h, Distorted));
    feed(&mut bench, 40..50, |_, _| true);
    let (heard, seen) = bench.finish();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!((seen.len(), heard.scores().len()), (20, 20));
    let (lost, resumed) = (heard.told(EventKind::InputLost), heard.told(EventKind::InputResumed));
    assert!(resumed.len() >= 2 && lost.len() - resumed.len() <= 2, "{:?}", heard.events);
}

#[test]
fn eos_comes_in_time_whichever_input_ends() {
    let _alone = ALONE.lock();
    for first in [Reference, Distorted] {
        let mut bench = live("timeout=300000000");
        feed(&mut bench, 0..15, |_, _| true);
        bench.end(first);
        feed(&mut bench, 15..30, |side, _| side != first);
        let (heard, seen) = bench.finish();
        assert!(heard.errors.is_empty(), "{first:?}: {:?}", heard.errors);
        let expected = if first == Reference { 15 } else { 30 };
        assert_eq!((seen.len(), heard.scores().len()), (expected, 15), "{first:?}");
        assert_eq!(accounted(heard.verdict()), expected as u64);
    }
}

#[test]
fn a_pause_loses_nothing() {
    let _alone = ALONE.lock();
    let mut bench = live("");
    feed(&mut bench, 0..15, |_, _| true);
    bench.pipeline.set_state(gst::State::Paused).expect("it pauses");
    bench.idle(Duration::from_millis(300));
    bench.pipeline.set_state(gst::State::Playing).expect("it goes on");
    feed(&mut bench, 15..30, |_, _| true);
    let (heard, seen) = bench.finish();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!((seen.len(), heard.scores().len()), (30, 30), "{:?}", heard.statuses());
    assert!(heard.frames.iter().all(|f| f.get::<f64>("adm2").is_ok_and(|a| a > 0.999)));
}

#[test]
fn the_frame_of_latency_is_reported() {
    let _alone = ALONE.lock();
    for (options, expected) in [("", FRAME), ("add-meta=false", 0)] {
        let mut bench = live(options);
        feed(&mut bench, 0..5, |_, _| true);
        bench.listen("scores", |h| h.scores().len() >= 3);
        let mut query = gst::query::Latency::new();
        assert!(bench.element.static_pad("src").expect("there").query(&mut query));
        let (live, min, _) = query.result();
        assert!(live);
        assert_eq!(min.nseconds(), expected, "{options}");
        bench.stop();
    }
}

/// One side's frames come late: the other waits for them as long as it takes.
#[test]
fn a_late_distorted_stream_is_paired_by_its_offset() {
    let _alone = ALONE.lock();
    const LATE: u64 = 12;
    let mut bench = live(&format!("offset={}", LATE * FRAME));
    for n in 0..50 {
        let now = bench.pipeline.current_running_time().map_or(0, gst::ClockTime::nseconds);
        bench.idle(Duration::from_nanos((n * FRAME).saturating_sub(now)));
        bench.push(Reference, frame(n, n * FRAME));
        if n >= LATE {
            bench.push(Distorted, frame(n - LATE, n * FRAME));
        }
    }
    bench.end(Reference);
    (50..50 + LATE).for_each(|n| bench.push(Distorted, frame(n - LATE, n * FRAME)));
    let (heard, seen) = bench.finish();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!((seen.len(), heard.scores().len()), (50, 50), "{:?}", heard.statuses());
    assert!(heard.frames.iter().all(|f| f.get::<f64>("adm2").is_ok_and(|a| a > 0.999)));
    // the video could not wait for the scores
    assert!(heard.frames[5..35].iter().all(|f| f.get("late") == Ok(true)));
}

#[test]
fn overload_costs_scores_but_never_the_video() {
    let _alone = ALONE.lock();
    // scoring takes three frames' time
    slow_down_scoring(Duration::from_nanos(3 * FRAME));
    let mut bench = live("max-skip=30");
    feed(&mut bench, 0..100, |_, _| true);
    let base = bench.pipeline.base_time().expect("playing");
    let clock = bench.pipeline.clock().expect("playing");
    let started = Instant::now() - Duration::from_nanos((clock.time() - base).nseconds());
    let (heard, seen) = bench.finish();
    slow_down_scoring(Duration::ZERO);
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!(seen.len(), 100);
    let slowest = seen[..99].iter().map(|(at, buffer)| {
        let due = started + Duration::from_nanos(buffer.pts().expect("set").nseconds() + FRAME);
        at.saturating_duration_since(due)
    });
    let mut delays: Vec<Duration> = slowest.collect();
    delays.sort();
    // the machine itself may stumble
    assert!(delays[94] < Duration::from_nanos(FRAME), "{:?} after schedule", &delays[90..]);

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
