//! Streams that start, end, lose frames and wait: every frame is accounted for, the video goes on.

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
use std::time::Duration;

use bench::{Bench, FRAME, accounted, files, frame};
use gst::prelude::*;
use gstvmaftiny::align::pairing::Side::{Distorted, Reference};
use gstvmaftiny::report::EventKind;

#[test]
fn a_lost_frame_is_missing_and_never_the_one_before() {
    let bench = files("");
    bench.frames(Reference, 0..20);
    bench.frames(Distorted, (0..20).filter(|n| *n != 7));
    let (heard, seen) = bench.finish();
    assert_eq!(heard.statuses()[7], "missing");
    assert!(!heard.frames[7].has_field("score"));
    assert_eq!(heard.scores().len(), 19);
    assert!(heard.frames.iter().all(|f| f.get::<f64>("adm2").is_ok_and(|a| a > 0.999)
        || f.get::<&str>("status") == Ok("missing")));
    assert_eq!((seen.len(), accounted(heard.verdict())), (20, 20));
}

#[test]
fn missing_frames_are_told_only_when_asked() {
    let bench = files("report-missing=false");
    bench.frames(Reference, 0..10);
    bench.frames(Distorted, (0..10).filter(|n| *n != 7));
    let (heard, _) = bench.finish();
    assert_eq!(heard.frames.len(), 9);
    assert_eq!(heard.verdict().get::<u64>("missing"), Ok(1));
}

#[test]
fn a_distorted_stream_that_ends_first_leaves_the_rest_unscored() {
    let mut bench = files("");
    bench.frames(Reference, 0..10);
    bench.frames(Distorted, 0..6);
    bench.end(Distorted);
    bench.listen("the end of an input", |h| !h.told(EventKind::InputEos).is_empty());
    bench.frames(Reference, 10..20);
    let (heard, seen) = bench.finish();
    assert_eq!(heard.told(EventKind::InputEos)[0].input, Some(Distorted));
    assert_eq!((heard.scores().len(), seen.len()), (6, 20));
    assert_eq!(heard.verdict().get::<u64>("ended"), Ok(14));
    assert_eq!(heard.verdict().get::<u64>("missing"), Ok(0));
}

#[test]
fn a_reference_that_ends_first_ends_the_stream() {
    let mut bench = files("");
    bench.frames(Reference, 0..6);
    bench.end(Reference);
    bench.frames(Distorted, 0..20);
    bench.listen("the end", |h| h.eos);
    let (heard, seen) = bench.stop();
    assert_eq!((heard.scores().len(), seen.len(), accounted(heard.verdict())), (6, 6, 6));
}

#[test]
fn the_distorted_stream_can_be_the_one_that_passes() {
    let bench = files("output=distorted");
    bench.frames(Reference, 0..12);
    bench.frames(Distorted, (0..12).filter(|n| *n != 3));
    let (heard, seen) = bench.finish();
    assert_eq!((heard.scores().len(), seen.len()), (11, 11));
    assert_eq!(accounted(heard.verdict()), 12);
}

#[test]
fn each_run_is_like_the_first() {
    let mut bench = Bench::new("", false);
    for _ in 0..20 {
        bench.play();
        bench.pairs(0..5);
        bench.end(Reference);
        bench.end(Distorted);
        bench.listen("the end", |h| h.eos);
        bench.pipeline.set_state(gst::State::Ready).expect("it stops");
        assert_eq!(bench.heard.scores().len(), 5);
        assert_eq!(bench.heard.frames[0].get::<u64>("frame-number"), Ok(0));
        bench.heard = Default::default();
    }
}

#[test]
fn properties_outlive_a_run() {
    let mut bench = Bench::new("subsample=2 min-confidence=0.3 report-missing=false", false);
    for _ in 0..2 {
        bench.play();
        bench.pairs(0..5);
        bench.end(Reference);
        bench.end(Distorted);
        bench.listen("the end", |h| h.eos);
        bench.pipeline.set_state(gst::State::Ready).expect("it stops");
        assert_eq!(bench.heard.frames.len(), 3);
        assert_eq!(bench.element.property::<f64>("min-confidence"), 0.3);
        bench.heard = Default::default();
    }
}

#[test]
fn what_is_fixed_while_it_runs_holds_from_the_next_run_on() {
    let mut bench = Bench::new("", false);
    for run in 0..2 {
        bench.play();
        bench.pairs(0..5);
        bench.await_paired(4);
        bench.element.set_property("add-meta", false);
        bench.element.set_property_from_str("output", "distorted");
        // one reference frame is lost
        bench.frames(Distorted, 5..10);
        bench.frames(Reference, 6..10);
        bench.end(Reference);
        bench.end(Distorted);
        bench.listen("the end", |h| h.eos);
        let has_meta =
            |b: &gst::Buffer| gst::meta::CustomMeta::from_buffer(b, "VmafTinyMeta").is_ok();
        let left = bench.taken();
        let expected = if run == 0 { (9, true) } else { (10, false) };
        assert_eq!((left.len(), left.iter().any(|(_, b)| has_meta(b))), expected, "{run}");
        assert!(run == 1 || left.iter().all(|(_, b)| has_meta(b)));
        bench.pipeline.set_state(gst::State::Ready).expect("it stops");
        assert_eq!(bench.heard.scores().len(), 9, "{:?}", bench.heard.statuses());
        bench.heard = Default::default();
    }
}

#[test]
fn whoever_wants_to_know_is_told_which_buffer_leaves() {
    let mut bench = Bench::new("emit-signals=true", false);
    let selected = Arc::new(Mutex::new(Vec::new()));
    let list = selected.clone();
    bench.element.connect("samples-selected", false, move |values| {
        let time: gst::ClockTime = values[2].get().expect("a time");
        list.lock().expect("no panic before").push(time.nseconds() / FRAME);
        None
    });
    bench.play();
    bench.pairs(0..10);
    bench.finish();
    assert_eq!(*selected.lock().expect("no panic before"), (0..10).collect::<Vec<_>>());
}

#[test]
fn a_gap_counts_as_missing() {
    for side in [Reference, Distorted] {
        // of data that is not meant to be there, and of data that was lost
        for flags in [gst::GapFlags::empty(), gst::GapFlags::DATA] {
            let bench = files("");
            let gaps = Arc::new(Mutex::new(Vec::new()));
            let list = gaps.clone();
            let pad = bench.element.static_pad("src").expect("always there");
            pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
                if let Some(gst::PadProbeData::Event(event)) = &info.data
                    && let gst::EventView::Gap(gap) = event.view()
                {
                    list.lock().expect("no panic before").push(gap.gap_flags());
                }
                gst::PadProbeReturn::Ok
            });
            for n in 0..10 {
                for s in [Reference, Distorted] {
                    if n == 4 && s == side {
                        let time = gst::ClockTime::from_nseconds(n * FRAME);
                        let gap = gst::event::Gap::builder(time)
                            .duration(gst::ClockTime::from_nseconds(FRAME))
                            .gap_flags(flags)
                            .build();
                        let source = bench.source(s).clone();
                        // in order with the buffers of the source's queue
                        assert!(source.send_event(gap));
                    } else {
                        bench.push(s, frame(n, n * FRAME));
                    }
                }
            }
            let (heard, seen) = bench.finish();
            assert!(heard.errors.is_empty(), "{side:?}: {:?}", heard.errors);
            assert_eq!(heard.scores().len(), 9, "{side:?}: {:?}", heard.statuses());
            let lost = |name: &str| heard.verdict().get::<u64>(name).expect("a counter");
            let expected = if side == Distorted { (1, 0) } else { (0, 1) };
            assert_eq!((lost("missing"), lost("surplus")), expected, "{side:?}");
            let passed = gaps.lock().expect("no panic before");
            let expected = if side == Distorted { vec![] } else { vec![flags] };
            assert_eq!(*passed, expected, "{side:?}");
            assert_eq!(seen.len(), 10 - passed.len());
        }
    }
}

#[test]
fn damaged_pictures_are_scored_and_marked() {
    for side in [Reference, Distorted] {
        let bench = files("");
        for n in 0..10 {
            for s in [Reference, Distorted] {
                let mut buffer = frame(n, n * FRAME);
                if s == side && n == 3 {
                    buffer.make_mut().set_flags(gst::BufferFlags::CORRUPTED);
                }
                bench.push(s, buffer);
            }
        }
        let (heard, seen) = bench.finish();
        for (n, f) in heard.frames.iter().enumerate() {
            assert_eq!(f.has_field("corrupted"), n == 3, "{side:?}: {f}");
            assert!(f.has_field("score"), "{side:?}: {f}");
        }
        assert_eq!(heard.frames[3].get("corrupted"), Ok(true));
        assert_eq!(heard.statuses()[3], "ok");
        // it counts: what is damaged is seen
        let counter = |name: &str| heard.verdict().get::<u64>(name).expect("a counter");
        assert_eq!((counter("frames"), counter("excluded")), (10, 0), "{side:?}");
        let meta = gst::meta::CustomMeta::from_buffer(&seen[3].1, "VmafTinyMeta");
        let meta = meta.expect("the frame carries its result");
        assert_eq!(meta.structure().get("corrupted"), Ok(true));
    }
}

#[test]
fn flags_are_understood() {
    let bench = files("");
    for n in 0..10 {
        bench.push(Reference, frame(n, n * FRAME));
        let mut buffer = frame(n, n * FRAME);
        let flag = match n {
            5 => gst::BufferFlags::DECODE_ONLY,
            7 => gst::BufferFlags::DISCONT,
            _ => gst::BufferFlags::empty(),
        };
        buffer.make_mut().set_flags(flag);
        bench.push(Distorted, buffer);
    }
    let (heard, _) = bench.finish();
    assert_eq!(heard.statuses()[5], "missing");
    assert_eq!(heard.scores().len(), 9);
}

#[test]
fn frames_without_timestamps_follow_each_other() {
    for side in [Reference, Distorted] {
        let bench = files("");
        for n in 0..10 {
            for s in [Reference, Distorted] {
                let mut buffer = frame(n, n * FRAME);
                if s == side && n > 0 {
                    buffer.make_mut().set_pts(gst::ClockTime::NONE);
                }
                bench.push(s, buffer);
            }
        }
        let (heard, seen) = bench.finish();
        assert_eq!((heard.scores().len(), seen.len()), (10, 10), "{side:?}");
        let [warning] = &heard.warnings[..] else { panic!("{side:?}: {:?}", heard.warnings) };
        assert!(warning.contains("no timestamps"), "{warning}");
    }
}

#[test]
fn an_input_that_gives_nothing_holds_the_other_back_and_costs_nothing() {
    for silent in [Reference, Distorted] {
        let mut bench = files("");
        bench.pairs(0..10);
        let (other, waiting) = match silent {
            Reference => (Distorted, "waiting-distorted"),
            Distorted => (Reference, "waiting-reference"),
        };
        bench.frames(other, 10..200);
        bench.idle(Duration::from_millis(300));
        let held: u64 = bench.stats().get(waiting).expect("a counter");
        let upstream = bench.source(other).current_level_buffers();
        assert!(held <= 4 && upstream >= 180, "{silent:?}: {held} held, {upstream} upstream");
        bench.frames(silent, 10..200);
        let (heard, seen) = bench.finish();
        assert_eq!((heard.scores().len(), seen.len()), (200, 200), "{silent:?}");
    }
}

#[test]
fn frames_that_wait_do_not_starve_the_pool_they_come_from() {
    const LATER: u64 = 3_000_000_000;
    // no picture matches within the window: frames three seconds apart wait for their time
    let mut bench = files("align-mode=auto max-offset=1000000000");
    let pool = gst::BufferPool::new();
    let mut config = pool.config();
    config.set_params(None, 64 * 48, 8, 8);
    pool.set_config(config).expect("an idle pool takes it");
    pool.set_active(true).expect("there is memory");
    let now = gst::BufferPoolAcquireParams::with_flags(gst::BufferPoolAcquireFlags::DONTWAIT);
    // the distorted frames are read as long as there are reference frames, too
    let mut references = 0;
    let mut another = |bench: &mut Bench| {
        bench.push(Reference, frame(references, references * FRAME / 8));
        references += 1;
        bench.idle(Duration::from_millis(20));
    };
    for n in 0..30 {
        another(&mut bench);
        let mut tries = 0;
        let mut buffer = loop {
            match pool.acquire_buffer(Some(&now)) {
                Ok(buffer) => break buffer,
                Err(_) => assert!(tries < 100, "none left for frame {n}"),
            }
            another(&mut bench);
            tries += 1;
        };
        let drawn = frame(n + 400, LATER + n * FRAME);
        let b = buffer.make_mut();
        b.copy_from_slice(0, &drawn.map_readable().expect("memory")).expect("it fits");
        b.set_pts(drawn.pts());
        bench.push(Distorted, buffer);
    }
    bench.drain();
    let waiting: u64 = bench.stats().get("waiting-distorted").expect("a counter");
    assert!(waiting >= 25, "{waiting} wait");
    bench.stop();
}

#[test]
fn an_output_that_is_flushing_holds_the_stream() {
    let mut bench = files("add-meta=false");
    bench.pairs(0..5);
    bench.await_paired(4);
    let out = bench.pipeline.by_name("out").expect("named in the launch line");
    let pad = out.static_pad("sink").expect("a sink has one");
    pad.set_active(false).expect("it has no thread");
    bench.pairs(5..100);
    bench.idle(Duration::from_millis(500));
    let left = bench.source(Reference).current_level_buffers();
    assert!(left >= 80, "{left} frames left of 95");
    let (heard, _) = bench.stop();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
}

#[test]
fn an_unlinked_output_does_not_stop_the_measurement() {
    let mut bench = Bench::new("add-meta=false", false);
    let out = bench.pipeline.by_name("out").expect("named in the launch line");
    bench.element.unlink(&out);
    bench.pipeline.remove(&out).expect("it was in there");
    out.set_state(gst::State::Null).expect("it stops");
    bench.play();
    let mut frames = 0..1000;
    while bench.heard.scores().len() < 10 {
        bench.trickle([frames.next().expect("scores come before")]);
    }
    let (heard, _) = bench.stop();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
}
