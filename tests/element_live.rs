//! Live streams: the video is never late because of a stream that is.

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

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bench::{Bench, CAPS, FRAME, accounted, frame};
use canary::Canary;
use gst::prelude::*;
use gstvmaftiny::align::pairing::Side::{Distorted, Reference};
use gstvmaftiny::report::EventKind;
use live::{assert_in_time, feed, live, start_of, status};
use pipeline::Heard;

/// Timing is what these tests are about: they do not run side by side.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn each_input_may_start_late() {
    let _alone = ALONE.lock();
    for late in [Reference, Distorted] {
        let (canary, start) = (Canary::start(), Instant::now());
        let mut bench = live("timeout=300000000");
        feed(&mut bench, 0..40, |side, n| side != late || n >= 20);
        let (heard, seen) = bench.finish();
        let stood_still = canary.stop().between(start, Instant::now());
        assert!(heard.errors.is_empty(), "{late:?}: {:?}", heard.errors);
        let expected = if late == Reference { 20 } else { 40 };
        assert_eq!(seen.len(), expected, "{late:?}");
        assert!(heard.scores().len() >= 18, "{late:?}: {:?}", heard.statuses());
        for kind in [EventKind::InputLost, EventKind::InputResumed] {
            let mut told: Vec<_> = heard.told(kind).iter().map(|e| e.input).collect();
            if stood_still > Duration::from_millis(100) {
                // then nobody fed the other one either
                told.retain(|input| *input == Some(late));
                told.dedup();
            }
            assert_eq!(told, [Some(late)], "{late:?}: {:?}", heard.events);
        }
    }
}

#[test]
fn a_stall_of_the_distorted_stream_does_not_delay_the_reference() {
    let _alone = ALONE.lock();
    let canary = Canary::start();
    let mut bench = live("timeout=300000000");
    feed(&mut bench, 0..75, |side, n| side == Reference || !(15..40).contains(&n));
    let start = start_of(&bench);
    let (heard, seen) = bench.finish();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!(seen.len(), 75);
    // a frame's deadline is its time and the frame of latency that the meta costs
    assert_in_time(start, &seen, &canary.stop(), Duration::from_nanos(2 * FRAME));
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
fn frames_that_come_late_are_paired_by_time_and_not_dropped() {
    let _alone = ALONE.lock();
    let mut bench = live("");
    feed(&mut bench, 0..10, |_, _| true);
    bench.pipeline.set_state(gst::State::Paused).expect("it pauses");
    bench.pipeline.set_state(gst::State::Playing).expect("it goes on");
    bench.idle(Duration::from_millis(600));
    for n in 10..20 {
        bench.pairs([n]);
        bench.idle(Duration::from_millis(20));
    }
    let (heard, seen) = bench.finish();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!((seen.len(), heard.scores().len()), (20, 20), "{:?}", heard.statuses());
    assert!(heard.frames.iter().all(|f| f.get::<f64>("adm2").is_ok_and(|a| a > 0.999)));
}

#[test]
fn the_end_waits_for_no_input_that_has_gone_silent() {
    let _alone = ALONE.lock();
    let mut bench = live("timeout=300000000");
    feed(&mut bench, 0..15, |_, _| true);
    feed(&mut bench, 15..30, |side, _| side == Reference);
    bench.end(Reference);
    let end = Instant::now();
    bench.listen("the end", |h| h.eos);
    let took = end.elapsed();
    let (heard, seen) = bench.stop();
    assert_eq!((seen.len(), heard.scores().len()), (30, 15), "{:?}", heard.statuses());
    assert_eq!(accounted(heard.verdict()), 30);
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn the_frame_of_latency_is_reported() {
    let _alone = ALONE.lock();
    let (fast, unknown) = (CAPS.replace("25/1", "50/1"), CAPS.replace("25/1", "0/1"));
    for (options, caps, expected) in [
        ("", CAPS, FRAME),
        ("", &fast, FRAME / 2),
        // 25 a second are assumed
        ("", &unknown, FRAME),
        ("latency=100000000", CAPS, FRAME + 100_000_000),
        ("add-meta=false", CAPS, 0),
    ] {
        let mut bench = Bench::with_caps(&format!("max-skip=1 {options}"), true, [caps, caps]);
        bench.play();
        feed(&mut bench, 0..5, |_, _| true);
        bench.listen("scores", |h| h.scores().len() >= 3);
        let mut query = gst::query::Latency::new();
        assert!(bench.element.static_pad("src").expect("there").query(&mut query));
        let (live, min, _) = query.result();
        assert!(live);
        assert_eq!(min.nseconds(), expected, "{options} {caps}");
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
fn latency_for_a_late_distorted_stream_brings_its_scores_to_the_buffers() {
    let _alone = ALONE.lock();
    const LATE: u64 = 5;
    // its delay and, for machines that have others to serve, a second
    let mut bench = live(&format!("offset={} latency=1200000000", LATE * FRAME));
    for n in 0..40 {
        let now = bench.pipeline.current_running_time().map_or(0, gst::ClockTime::nseconds);
        bench.idle(Duration::from_nanos((n * FRAME).saturating_sub(now)));
        bench.push(Reference, frame(n, n * FRAME));
        if n >= LATE {
            bench.push(Distorted, frame(n - LATE, n * FRAME));
        }
    }
    (40..40 + LATE).for_each(|n| bench.push(Distorted, frame(n - LATE, n * FRAME)));
    let (heard, seen) = bench.finish();
    assert_eq!((seen.len(), heard.scores().len()), (40, 40), "{:?}", heard.statuses());
    assert!(heard.frames.iter().all(|f| !f.has_field("late")), "{:?}", heard.frames);
    for (_, buffer) in &seen {
        let meta = gst::meta::CustomMeta::from_buffer(buffer, "VmafTinyMeta").expect("a meta");
        assert!(meta.structure().has_field("score"), "{:?}", meta.structure());
    }
}

#[test]
fn the_reference_s_last_frames_wait_for_their_partners_in_peace() {
    let _alone = ALONE.lock();
    const LATE: u64 = 50;
    let mut bench = live(&format!("timeout=10000000000 offset={}", LATE * FRAME));
    bench.push(Distorted, frame(0, LATE * FRAME));
    feed(&mut bench, 0..10, |side, _| side == Reference);
    bench.end(Reference);
    bench.idle(Duration::from_millis(300));
    let before = canary::own_time();
    bench.idle(Duration::from_millis(1000));
    let worked = canary::own_time() - before;
    (1..10).for_each(|n| bench.push(Distorted, frame(n, (LATE + n) * FRAME)));
    let (heard, _) = bench.finish();
    assert_eq!(heard.scores().len(), 10, "{:?}", heard.statuses());
    assert!(worked < Duration::from_millis(300), "{worked:?} of processor time");
}

#[test]
fn the_reference_s_last_frames_do_not_wait_for_ever() {
    let _alone = ALONE.lock();
    // neither for an input that is lost nor for frames that are
    for timeout in [500_000_000u64, 60_000_000_000] {
        let mut bench = live(&format!("timeout={timeout}"));
        feed(&mut bench, 0..10, |_, _| true);
        feed(&mut bench, 10..15, |side, _| side == Reference);
        bench.end(Reference);
        let end = Instant::now();
        bench.listen("the end", |h| h.eos);
        let took = end.elapsed();
        let (heard, _) = bench.stop();
        assert_eq!((heard.scores().len(), accounted(heard.verdict())), (10, 15), "{timeout}");
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}

#[test]
fn after_a_stall_the_offset_is_verified_again() {
    let _alone = ALONE.lock();
    let mut bench = live("timeout=300000000 align-mode=auto");
    feed(&mut bench, 0..120, |side, n| side == Reference || !(60..80).contains(&n));
    let (heard, _) = bench.finish();
    assert!(!heard.told(EventKind::InputResumed).is_empty(), "{:?}", heard.events);
    let statuses: Vec<_> = (0..120).map(|n| status(&heard, n)).collect();
    assert!(statuses[40..60].iter().all(|s| *s == Some("ok")), "{statuses:?}");
    assert_eq!(statuses[80], Some("low-confidence"), "{statuses:?}");
    assert!(statuses[105..].iter().all(|s| *s == Some("ok")), "{statuses:?}");
    assert!(heard.told(EventKind::OffsetChanged).is_empty(), "{:?}", heard.events);
}

#[test]
fn a_score_is_told_as_soon_as_the_next_frame_has_come() {
    let _alone = ALONE.lock();
    let mut bench = live("");
    let told = Arc::new(Mutex::new(HashMap::new()));
    let list = told.clone();
    let bus = bench.pipeline.bus().expect("a pipeline has a bus");
    bus.set_sync_handler(move |_, message| {
        if let Some(s) = message.structure().filter(|s| s.name() == "VMAF")
            && let Ok(time) = s.get::<u64>("timestamp")
        {
            list.lock().unwrap().insert(time, Instant::now());
        }
        gst::BusSyncReply::Pass
    });
    let mut came = Vec::new();
    for n in 0..40 {
        feed(&mut bench, n..n + 1, |_, _| true);
        came.push(Instant::now());
    }
    let (heard, _) = bench.finish();
    assert_eq!(heard.scores().len(), 40, "{:?}", heard.statuses());
    let told = told.lock().unwrap();
    let delay = |n: u64| told[&(n * FRAME)].saturating_duration_since(came[n as usize + 1]);
    let mut delays: Vec<Duration> = (5..39).map(delay).collect();
    delays.sort();
    // not with the frame after the next, 40 ms later
    assert!(delays[delays.len() / 2] < Duration::from_nanos(FRAME / 4), "{delays:?}");
}

#[test]
fn in_a_pause_no_time_goes_by_and_nothing_works() {
    let _alone = ALONE.lock();
    let mut bench = live("add-meta=false");
    feed(&mut bench, 0..10, |_, _| true);
    // waits for its partner
    bench.push(Reference, frame(10, 10 * FRAME));
    bench.idle(Duration::from_millis(50));
    bench.pipeline.set_state(gst::State::Paused).expect("it pauses");
    let before = canary::own_time();
    bench.idle(Duration::from_millis(3000));
    let worked = canary::own_time() - before;
    let lost = |h: &Heard| h.told(EventKind::InputLost).len();
    assert_eq!((lost(&bench.heard), bench.heard.frames.len()), (0, 9), "{:?}", bench.heard.events);
    assert!(worked < Duration::from_millis(500), "{worked:?} of processor time");
    bench.pipeline.set_state(gst::State::Playing).expect("it goes on");
    bench.push(Distorted, frame(10, 10 * FRAME));
    feed(&mut bench, 11..20, |_, _| true);
    let (heard, seen) = bench.finish();
    assert_eq!((seen.len(), heard.scores().len()), (20, 20), "{:?}", heard.statuses());
}

#[test]
fn of_a_silent_input_frame_after_frame_is_not_told() {
    let _alone = ALONE.lock();
    let (canary, start) = (Canary::start(), Instant::now());
    let mut bench = live("timeout=500000000");
    feed(&mut bench, 0..100, |side, n| side == Reference || !(15..65).contains(&n) && n != 80);
    let (heard, seen) = bench.finish();
    let stood_still = canary.stop().between(start, Instant::now());
    assert_eq!((seen.len(), heard.verdict().get::<u64>("missing")), (100, Ok(51)));
    let lost = heard.told(EventKind::InputLost);
    assert!(lost.iter().any(|e| e.input == Some(Distorted)), "{:?}", heard.events);
    let missing: Vec<u64> = (0..65).filter(|n| status(&heard, *n) == Some("missing")).collect();
    // half a second, and from then on none
    let most = 18 + stood_still.as_nanos() as u64 / FRAME;
    assert!(missing.len() >= 10 && missing.len() as u64 <= most, "{missing:?}");
    assert_eq!(missing, (15..15 + missing.len() as u64).collect::<Vec<_>>());
    // of an input that gives something, each is
    assert_eq!(status(&heard, 80), Some("missing"));
    assert!((65..100).all(|n| status(&heard, n).is_some()), "{:?}", heard.statuses());
}
