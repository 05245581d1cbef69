//! Live streams: the video is never late because of a stream that is.

#[path = "support/bench.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod bench;
#[path = "support/canary.rs"]
mod canary;
#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod mlp;
#[path = "support/pipeline.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod pipeline;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bench::{Bench, FRAME, accounted, frame};
use canary::{Canary, Stumbles};
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

/// When the pipeline's running time was 0.
fn start_of(bench: &Bench) -> Instant {
    let base = bench.pipeline.base_time().expect("playing");
    let clock = bench.pipeline.clock().expect("playing");
    Instant::now() - Duration::from_nanos((clock.time() - base).nseconds())
}

/// Every frame left the element at most `most` after its time, the machine's own stumbling apart;
/// some frames later where others have the processors.
fn assert_in_time(
    start: Instant,
    seen: &[(Instant, gst::Buffer)],
    stumbles: &Stumbles,
    most: Duration,
) {
    let most = if stumbles.busy > 0.3 { 6 * most } else { most };
    for (n, (at, buffer)) in seen.iter().enumerate() {
        let due = start + Duration::from_nanos(buffer.pts().expect("set").nseconds());
        let delay = at.saturating_duration_since(due);
        let excused = stumbles.between(due, *at);
        let busy = stumbles.busy;
        assert!(
            delay <= most + excused,
            "frame {n}: {delay:?} late, {excused:?} excused, {busy:.2} busy"
        );
    }
}

/// What became of a reference frame, if that was told.
fn status(heard: &Heard, number: u64) -> Option<&str> {
    let frame = heard.frames.iter().find(|f| f.get("frame-number") == Ok(number))?;
    frame.get("status").ok()
}

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
