//! What operators are told: statistics, warnings, alarms, the log, instruments.

#[path = "support/bench.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod bench;
#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod mlp;
#[path = "support/pipeline.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod pipeline;

use std::sync::{Arc, Mutex};

use bench::{Bench, CAPS, FRAME, frame, sized_frame};
use gst::prelude::*;
use gstvmaftiny::align::pairing::Side::{Distorted, Reference};
use gstvmaftiny::report::EventKind;

#[test]
fn statistics_come_every_interval_and_add_up() {
    let mut bench = Bench::new("interval=400000000", false);
    bench.play();
    bench.frames(Reference, 0..50);
    bench.frames(Distorted, (0..50).filter(|n| n % 10 != 3));
    let (heard, _) = bench.finish();
    // each 400 ms of 40 ms frames; the last one is not over
    assert_eq!(heard.intervals.len(), 4);
    let counts = |name: &str| -> Vec<u64> {
        heard.intervals.iter().map(|s| s.get(name).expect("a counter")).collect()
    };
    assert_eq!(counts("reference-frames"), [11, 10, 10, 10]);
    assert_eq!(counts("missing"), [1, 1, 1, 1]);
    let starts: Vec<u64> = counts("start-running-time");
    assert_eq!(starts, [0, 11, 21, 31].map(|n| n * FRAME));
    let interval = &heard.intervals[1];
    let numbers: Vec<f64> =
        heard.frames[11..21].iter().filter_map(|f| f.get("score").ok()).collect();
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    assert!((interval.get::<f64>("mean").expect("scored") - mean).abs() < 1e-9);
}

#[test]
fn instruments_are_notified_with_the_statistics() {
    let mut bench = Bench::new("interval=400000000", false);
    let notified = Arc::new(Mutex::new(Vec::new()));
    let list = notified.clone();
    bench.element.connect_notify(None, move |_, property| {
        list.lock().expect("no panic before").push(property.name().to_string());
    });
    bench.play();
    bench.pairs(0..50);
    let (heard, _) = bench.finish();
    let notified = notified.lock().expect("no panic before");
    assert_eq!(heard.intervals.len(), 4);
    for name in ["stats", "current-offset", "current-confidence", "locked", "last-score"] {
        assert_eq!(notified.iter().filter(|n| *n == name).count(), 4, "{name}");
    }
}

#[test]
fn numbers_have_their_limits() {
    pipeline::init();
    let element = gst::ElementFactory::make("vmaftiny").build().expect("registered");
    for name in ["min-confidence", "current-confidence"] {
        let property = element.find_property(name).expect("installed");
        let property = property.downcast_ref::<gst::glib::ParamSpecDouble>().expect("a double");
        assert_eq!((property.minimum(), property.maximum()), (0.0, 1.0), "{name}");
    }
}

#[test]
fn each_problem_is_told_once_and_not_without_end() {
    let mut bench = Bench::new("", false);
    bench.play();
    for n in 0..40u64 {
        bench.push(Reference, frame(n, n * FRAME));
        // of two lengths in turn, then of any
        let length = if n < 20 { 7 + n % 2 } else { n };
        let mut buffer = gst::Buffer::from_mut_slice(vec![0u8; length as usize]);
        buffer.make_mut().set_pts(gst::ClockTime::from_nseconds(n * FRAME));
        bench.push(Distorted, buffer);
    }
    let (heard, seen) = bench.finish();
    assert_eq!((heard.scores().len(), seen.len()), (0, 40), "{:?}", heard.errors);
    let mut warnings = heard.warnings.clone();
    warnings.dedup();
    assert_eq!((warnings.len(), heard.warnings.len()), (4, 4), "{:?}", heard.warnings);
}

#[test]
fn a_problem_that_new_caps_end_is_told_again_when_it_comes_back() {
    let mut bench = Bench::new("", false);
    bench.play();
    for (width, numbers) in [(16, 0..5), (64, 5..10), (16, 10..15)] {
        let caps = CAPS.replace("width=64", &format!("width={width}"));
        for side in [Reference, Distorted] {
            bench.source(side).set_caps(Some(&caps.parse().expect("caps")));
            let frames = numbers.clone().map(|n| sized_frame(width, 48, n, n * FRAME));
            frames.for_each(|f| bench.push(side, f));
        }
    }
    let (heard, _) = bench.finish();
    assert_eq!((heard.scores().len(), heard.warnings.len()), (5, 2), "{:?}", heard.warnings);
    assert_eq!(heard.told(EventKind::TooSmall).len(), 2, "{:?}", heard.events);
}

#[test]
fn upstream_is_asked_for_what_downstream_can_read() {
    for (output, passing) in [("reference", Reference), ("distorted", Distorted)] {
        for reads_meta in [false, true] {
            let mut bench = Bench::new(&format!("output={output}"), false);
            let pad = bench.element.static_pad("src").expect("always there");
            pad.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, move |_, info| {
                let Some(query) = info.query_mut() else { return gst::PadProbeReturn::Ok };
                let gst::QueryViewMut::Allocation(query) = query.view_mut() else {
                    return gst::PadProbeReturn::Ok;
                };
                if reads_meta {
                    query.add_allocation_meta::<gst_video::VideoMeta>(None);
                }
                gst::PadProbeReturn::Handled
            });
            bench.play();
            bench.pairs(0..5);
            bench.await_paired(4);
            for (side, name) in [(Reference, "ref_sink"), (Distorted, "dist_sink")] {
                let pad = bench.element.static_pad(name).expect("always there");
                let mut query =
                    gst::query::Allocation::new(Some(&CAPS.parse().expect("caps")), false);
                assert!(pad.query(&mut query), "{output}: {name}");
                let padded = query.find_allocation_meta::<gst_video::VideoMeta>().is_some();
                let cropped = query.find_allocation_meta::<gst_video::VideoCropMeta>().is_some();
                let expected = if side == passing { (reads_meta, false) } else { (true, true) };
                assert_eq!((padded, cropped), expected, "{output}: {name}");
            }
            bench.stop();
        }
    }
}

#[test]
fn alarms_have_a_start_and_an_end() {
    let mut bench = Bench::new("alarm-below=70 alarm-window=400000000", false);
    bench.play();
    for n in 0..100u64 {
        bench.push(Reference, frame(n, n * FRAME));
        let shown = if (30..60).contains(&n) { n + 400 } else { n };
        bench.push(Distorted, frame(shown, n * FRAME));
    }
    let (heard, _) = bench.finish();
    let [start] = heard.told(EventKind::AlarmStart)[..] else { panic!("{:?}", heard.events) };
    let [end] = heard.told(EventKind::AlarmEnd)[..] else { panic!("{:?}", heard.events) };
    assert!((30 * FRAME..45 * FRAME).contains(&start.running_time.expect("set")));
    assert!((60 * FRAME..75 * FRAME).contains(&end.running_time.expect("set")));
    let (start, end) = (start.score.expect("set"), end.score.expect("set"));
    assert!(end <= start && start < 70.0, "{start} {end}");
    assert!(heard.errors.is_empty());
}

#[test]
fn everything_that_is_said_is_logged() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("log.jsonl");
    let options = format!("interval=400000000 log-location={}", path.display());
    let mut bench = Bench::new(&options, false);
    bench.play();
    bench.pairs(0..30);
    let (heard, _) = bench.finish();
    let text = std::fs::read_to_string(&path).expect("there");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let named = |name: &str| lines.iter().filter(|l| l["message"] == name).count();
    assert_eq!(named("VMAF"), heard.frames.len() + heard.pooled.len());
    assert_eq!(named("VMAFInterval"), heard.intervals.len());
    assert_eq!(named("VMAFEvent"), heard.events.len());
    let score: f64 = heard.frames[5].get("score").expect("scored");
    let frame = lines.iter().find(|l| l["frame-number"] == 5).expect("logged");
    assert_eq!(frame["score"].as_f64(), Some(score));
}

#[test]
fn a_log_is_begun_anew_when_its_place_is_set_again() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let mut bench = Bench::new(&format!("log-location={}", path("log")), false);
    bench.play();
    let mut pushed = 0;
    let mut five_more = |bench: &mut Bench| {
        bench.trickle(pushed..pushed + 5);
        pushed += 5;
        bench.listen("scores", |h| h.scores().len() as u64 >= pushed - 1);
    };
    five_more(&mut bench);
    // as those do who keep the logs of days
    std::fs::rename(path("log"), path("old")).expect("it is there");
    bench.element.set_property("log-location", path("log"));
    five_more(&mut bench);
    // not to be written: told once, and nothing else suffers
    bench.element.set_property("log-location", "/nonexistent/directory/log");
    five_more(&mut bench);
    bench.element.set_property("log-location", path("other"));
    five_more(&mut bench);
    bench.element.set_property("log-location", None::<String>);
    let (heard, _) = bench.finish();
    assert_eq!((heard.scores().len(), heard.errors.len()), (20, 0), "{:?}", heard.errors);
    let [warning] = &heard.warnings[..] else { panic!("{:?}", heard.warnings) };
    assert!(warning.contains("/nonexistent/directory/log"), "{warning}");
    let logged = ["old", "log", "other"].map(|name| {
        let text = std::fs::read_to_string(path(name)).expect("there");
        let lines = text.lines().map(|l| l.parse::<serde_json::Value>().expect("JSON"));
        lines.filter_map(|l| l["frame-number"].as_u64()).collect::<Vec<_>>()
    });
    // the last frame is told when its successor has come
    let expected = [0..4, 4..9, 14..19].map(Iterator::collect::<Vec<_>>);
    assert_eq!(logged, expected);
}

#[test]
fn a_log_that_cannot_be_written_is_an_error_before_any_frame() {
    let mut bench = Bench::new("log-location=/nonexistent/directory/log", false);
    assert!(bench.pipeline.set_state(gst::State::Playing).is_err());
    bench.listen("the error", |h| !h.errors.is_empty());
    assert!(bench.heard.errors[0].contains("/nonexistent/directory/log"));
    bench.stop();
}

#[test]
fn instruments_can_be_read_at_any_time() {
    let mut bench = Bench::new("align-mode=auto", false);
    assert!(bench.element.property::<f64>("last-score") < 0.0);
    assert!(!bench.element.property::<bool>("locked"));
    bench.play();
    let mut frames = 0..10_000;
    while bench.stats().get::<u64>("scored").is_ok_and(|n| n < 40) {
        bench.trickle([frames.next().expect("scores come before")]);
    }
    assert!(bench.element.property::<bool>("locked"));
    assert!(bench.element.property::<f64>("current-confidence") > 0.6);
    assert!(bench.element.property::<i64>("current-offset").abs() < 1_000_000);
    assert!(bench.element.property::<f64>("last-score") > 80.0);
    let stats = bench.stats();
    assert!(stats.get::<u64>("scored").is_ok_and(|n| n >= 40), "{stats:?}");
    bench.stop();
}

#[test]
fn histories_stay_within_their_memory() {
    // room for ten pictures
    let mut bench = Bench::new(&format!("max-memory={}", 64 * 48 * 10), true);
    bench.play();
    bench.frames(Reference, 0..60);
    bench.idle(std::time::Duration::from_millis(500));
    let waiting: u64 = bench.stats().get("waiting-reference").expect("a counter");
    assert!(waiting <= 10, "{waiting}");
    let (heard, _) = bench.finish();
    assert_eq!(heard.told(EventKind::MemoryLimit).len(), 1);
    assert_eq!(heard.frames.len(), 60);
}
