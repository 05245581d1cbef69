//! Flushes, segments, caps and other events: what they do to the measurement, and where they go.

#[path = "support/bench.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod bench;
#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod mlp;
#[path = "support/pipeline.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod pipeline;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bench::{Bench, CAPS, FRAME, accounted, files, frame, sized_frame};
use gst::prelude::*;
use gstvmaftiny::align::pairing::Side::{self, Distorted, Reference};
use gstvmaftiny::report::EventKind;
use pipeline::Heard;

/// A side's frames come under this segment.
fn under_segment(bench: &Bench, side: Side, segment: gst::FormattedSegment<gst::ClockTime>) {
    let pad = bench.source(side).static_pad("src").expect("a source has one");
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(gst::PadProbeData::Event(event)) = &mut info.data
            && event.type_() == gst::EventType::Segment
        {
            *event = gst::event::Segment::new(&segment);
        }
        gst::PadProbeReturn::Ok
    });
}

#[test]
fn a_flushing_seek_ends_a_stretch_and_begins_another() {
    for reset in [true, false] {
        let mut bench = files(&format!("reset-on-flush={reset}"));
        bench.pairs(0..10);
        bench.await_paired(10);
        let sequence = gst::Seqnum::next();
        let both = [Reference, Distorted].map(|side| bench.source(side).static_pad("src"));
        let pads = both.map(|pad| pad.expect("a source has one"));
        let send = |event: gst::Event| {
            pads.iter().for_each(|pad| assert!(pad.push_event(event.clone())));
        };
        send(gst::event::FlushStart::builder().seqnum(sequence).build());
        send(gst::event::FlushStop::builder(true).seqnum(sequence).build());
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        send(gst::event::Segment::builder(&segment).seqnum(sequence).build());
        bench.pairs(0..10);
        let (heard, _) = bench.finish();
        assert!(heard.errors.is_empty(), "{:?}", heard.errors);
        assert_eq!(heard.pooled.len(), 2);
        let counts = |s: &gst::StructureRef| s.get::<u64>("frames").expect("a counter");
        let [first, second] = [0, 1].map(|i| counts(&heard.pooled[i]));
        assert!((8..=10).contains(&first), "{first}");
        let carried = if reset { 0 } else { first };
        assert!((8..=10).contains(&(second - carried)), "{second} after {first}");
        let last = heard.frames.last().expect("frames");
        let number: u64 = last.get("frame-number").expect("always there");
        assert_eq!(number + 1, accounted(&heard.pooled[1]));
    }
}

/// One reference frame that waits for its partner in the element.
fn one_frame_waits(bench: &mut Bench) {
    bench.pairs(0..10);
    bench.frames(Reference, [10]);
    bench.frames(Distorted, [12]);
    bench.drain();
    assert_eq!(bench.stats().get("waiting-reference"), Ok(1u64), "{:?}", bench.stats());
}

#[test]
fn a_flushing_seek_forgets_what_has_not_left() {
    let mut bench = files("");
    one_frame_waits(&mut bench);
    bench.flush(&[Reference, Distorted], true);
    bench.forget_output();
    bench.pairs(0..10);
    let (heard, seen) = bench.finish();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    let left: Vec<_> = seen.iter().map(|(_, b)| b.pts().expect("set").nseconds() / FRAME).collect();
    assert_eq!(left, (0..10).collect::<Vec<_>>());
    let [_, second] = &heard.pooled[..] else { panic!("{:?}", heard.pooled) };
    assert_eq!((second.get("frames"), second.get("reference-frames")), (Ok(10u64), Ok(10u64)));
    let first = &heard.frames[heard.frames.len() - 10];
    assert_eq!(first.get::<&str>("status"), Ok("first"), "{first}");
    assert_eq!(first.get::<u32>("epoch"), Ok(1));
}

#[test]
fn a_flush_of_one_branch_forgets_what_waited_there() {
    let mut bench = files("");
    one_frame_waits(&mut bench);
    bench.flush(&[Reference], true);
    bench.frames(Reference, 12..20);
    bench.frames(Distorted, 13..20);
    let (heard, seen) = bench.finish();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!((heard.scores().len(), seen.len()), (18, 19), "{:?}", heard.statuses());
    assert_eq!(heard.verdict().get::<u64>("missing"), Ok(0));
}

#[test]
fn a_flush_of_one_branch_is_a_gap() {
    for side in [Reference, Distorted] {
        let mut bench = files("");
        bench.pairs(0..10);
        bench.await_paired(10);
        bench.flush(&[side], false);
        bench.pairs(10..20);
        let (heard, _) = bench.finish();
        assert!(heard.errors.is_empty(), "{side:?}: {:?}", heard.errors);
        assert!(heard.scores().len() >= 17, "{side:?}: {:?}", heard.statuses());
        assert!(
            heard
                .frames
                .iter()
                .all(|f| f.get::<f64>("adm2").is_ok_and(|a| a > 0.999) || !f.has_field("score"))
        );
    }
}

#[test]
fn frames_of_the_old_segment_leave_under_it() {
    let mut bench = files("");
    let left = Arc::new(Mutex::new(Vec::new()));
    let list = left.clone();
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
    bench.element.static_pad("src").expect("always there").add_probe(kinds, move |_, info| {
        let what = match &info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => {
                Some(buffer.pts().expect("set").nseconds() / FRAME)
            }
            Some(gst::PadProbeData::Event(event)) if event.type_() == gst::EventType::Segment => {
                Some(u64::MAX)
            }
            _ => None,
        };
        list.lock().expect("no panic before").extend(what);
        gst::PadProbeReturn::Ok
    });
    bench.pairs(0..5);
    bench.drain();
    let mut segment = gst::FormattedSegment::<gst::ClockTime>::new();
    segment.set_stop(gst::ClockTime::from_seconds(100));
    let pad = bench.source(Reference).static_pad("src").expect("a source has one");
    assert!(pad.push_event(gst::event::Segment::new(&segment)));
    bench.pairs(5..10);
    let (heard, _) = bench.finish();
    assert_eq!(heard.scores().len(), 10, "{:?}", heard.statuses());
    let mut expected: Vec<_> = (0..10).collect();
    expected.insert(5, u64::MAX);
    expected.insert(0, u64::MAX);
    assert_eq!(*left.lock().expect("no panic before"), expected);
}

#[test]
fn backward_playback_passes_unscored_and_is_told_once() {
    let bench = files("");
    let mut segment = gst::FormattedSegment::<gst::ClockTime>::new();
    segment.set_rate(-1.0);
    segment.set_stop(gst::ClockTime::SECOND);
    segment.set_position(gst::ClockTime::SECOND);
    for side in [Reference, Distorted] {
        under_segment(&bench, side, segment.clone());
        (0..10).rev().for_each(|n| bench.push(side, frame(n, n * FRAME)));
    }
    let (heard, seen) = bench.finish();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!((heard.scores().len(), seen.len()), (0, 10));
    assert_eq!(heard.told(EventKind::Reverse).len(), 1);
}

#[test]
fn a_late_segment_start_is_not_an_offset() {
    let bench = files("");
    bench.frames(Reference, 0..10);
    let mut segment = gst::FormattedSegment::<gst::ClockTime>::new();
    segment.set_start(gst::ClockTime::from_seconds(100));
    under_segment(&bench, Distorted, segment);
    (0..10).for_each(|n| bench.push(Distorted, frame(n, 100_000_000_000 + n * FRAME)));
    let (heard, _) = bench.finish();
    assert_eq!(heard.scores().len(), 10);
    assert!(heard.frames.iter().all(|f| f.get::<f64>("adm2").is_ok_and(|a| a > 0.999)));
}

#[test]
fn frames_are_paired_by_running_time_whatever_the_rate_of_a_segment() {
    for side in [Reference, Distorted] {
        let mut bench = files("");
        // twice as fast, from a minute on
        let mut segment = gst::FormattedSegment::<gst::ClockTime>::new();
        segment.set_rate(2.0);
        segment.set_start(gst::ClockTime::from_seconds(60));
        under_segment(&bench, side, segment.clone());
        for n in 0..10 {
            for s in [Reference, Distorted] {
                let time = if s == side { 60_000_000_000 + 2 * n * FRAME } else { n * FRAME };
                bench.push(s, frame(n, time));
            }
        }
        bench.end(Reference);
        bench.end(Distorted);
        bench.listen("the end", |h| h.eos);
        let pad = bench.element.static_pad("src").expect("always there");
        let passed = pad.sticky_event::<gst::event::Segment>(0).expect("frames have left");
        let (heard, seen) = bench.stop();
        let expected = if side == Reference { segment } else { gst::FormattedSegment::new() };
        assert_eq!(passed.segment(), expected.upcast_ref(), "{side:?}");
        assert_eq!((heard.scores().len(), seen.len()), (10, 10), "{:?}", heard.statuses());
        assert!(heard.frames.iter().all(|f| f.get::<f64>("adm2").is_ok_and(|a| a > 0.999)));
    }
}

#[test]
fn caps_that_change_begin_a_new_epoch() {
    let bench = files("");
    // frames leave under the caps that they came with
    let pad = bench.element.static_pad("src").expect("always there");
    let misfits = Arc::new(AtomicU64::default());
    let count = misfits.clone();
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let caps = pad.current_caps().expect("sent before");
        let width: i32 = caps.structure(0).expect("fixed").get("width").expect("video");
        let fits = info.buffer().is_some_and(|b| b.size() == 48 * width as usize);
        count.fetch_add(u64::from(!fits), Ordering::Relaxed);
        gst::PadProbeReturn::Ok
    });
    bench.pairs(0..6);
    let caps = CAPS.replace("width=64", "width=80").parse::<gst::Caps>().expect("caps");
    for side in [Reference, Distorted] {
        bench.source(side).set_caps(Some(&caps));
        (6..12).for_each(|n| bench.push(side, sized_frame(80, 48, n, n * FRAME)));
    }
    let (heard, seen) = bench.finish();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!((heard.scores().len(), seen.len()), (12, 12));
    let epochs: Vec<u32> = heard.frames.iter().map(|f| f.get("epoch").expect("there")).collect();
    assert_eq!(epochs, [[0; 6], [1; 6]].concat());
    assert_eq!(heard.statuses()[6], "first");
    let [event] = heard.told(EventKind::CapsChanged)[..] else { panic!("{:?}", heard.events) };
    assert_eq!((event.input, event.running_time), (None, Some(6 * FRAME)));
    let text = event.text.as_ref().expect("what they are now");
    for side in ["reference: ", "distorted: "] {
        let caps = text.split(side).nth(1).unwrap_or_else(|| panic!("no {side}in {text}"));
        assert!(caps.starts_with("video/x-raw") && caps.contains("width=(int)80"), "{text}");
    }
    assert_eq!(misfits.load(Ordering::Relaxed), 0);
    assert!(heard.told(EventKind::SizeMismatch).is_empty());
}

/// Frames of these numbers and widths; the distorted ones come a little later, so that the element
/// hears of the reference's new caps before the frame before has found its partner.
fn stretch(bench: &Bench, numbers: std::ops::Range<u64>, widths: [usize; 2]) {
    for (side, width) in [Reference, Distorted].into_iter().zip(widths) {
        let caps = CAPS.replace("width=64", &format!("width={width}"));
        bench.source(side).set_caps(Some(&caps.parse().expect("caps")));
        for n in numbers.clone() {
            let late = if side == Distorted { 1_000_000 } else { 0 };
            bench.push(side, sized_frame(width, 48, n, n * FRAME + late));
        }
    }
}

/// What was told of formats, in order, as (what, which input, a number in it, when).
fn about_formats(heard: &Heard, number: &str) -> Vec<(EventKind, Option<Side>, bool, u64)> {
    let kinds = [EventKind::CapsChanged, EventKind::SizeMismatch];
    let about = heard.events.iter().filter(|e| kinds.contains(&e.kind));
    let says = |text: &Option<String>| text.as_ref().is_some_and(|t| t.contains(number));
    let frame = |time: Option<u64>| time.map_or(u64::MAX, |t| t / FRAME);
    about.map(|e| (e.kind, e.input, says(&e.text), frame(e.running_time))).collect()
}

#[test]
fn what_differs_is_told_of_the_caps_that_the_frames_have() {
    for (side, changed) in [(Reference, [96, 80]), (Distorted, [64, 96])] {
        let bench = files("");
        stretch(&bench, 0..6, [64, 80]);
        stretch(&bench, 6..12, changed);
        let (heard, _) = bench.finish();
        assert_eq!(heard.scores().len(), 12, "{:?}", heard.statuses());
        // between them nothing of the old caps, and after it what comes of the new ones
        let told: Vec<_> = about_formats(&heard, "96")
            .into_iter()
            .map(|(kind, on, new, _)| (kind, on, new))
            .collect();
        let expected = [
            (EventKind::SizeMismatch, None, false),
            (EventKind::CapsChanged, Some(side), true),
            (EventKind::SizeMismatch, None, true),
        ];
        assert_eq!(told, expected, "{:?}", heard.events);
        // motion begins anew with the reference's own caps, not a frame before
        let firsts = heard.statuses().iter().map(|s| *s == "first").collect::<Vec<_>>();
        let expected = (0..12).map(|n| n == 0 || side == Reference && n == 6).collect::<Vec<_>>();
        assert_eq!(firsts, expected, "{side:?}");
        let epochs: Vec<u32> =
            heard.frames.iter().map(|f| f.get("epoch").expect("there")).collect();
        let second = u32::from(side == Reference);
        assert_eq!(epochs, [[0; 6], [second; 6]].concat(), "{side:?}");
    }
}

#[test]
fn both_inputs_change_together_though_frames_are_lost_there() {
    // the distorted stream's first frames after the change, or the reference's
    for (lost, together) in [(Distorted, 6..10), (Reference, 6..10), (Distorted, 6..40)]
        .into_iter()
        .map(|(side, lost)| ((side, lost.clone()), lost.end < 30))
    {
        let bench = files("");
        bench.pairs(0..6);
        let caps = CAPS.replace("width=64", "width=80").parse::<gst::Caps>().expect("caps");
        for side in [Reference, Distorted] {
            bench.source(side).set_caps(Some(&caps));
            for n in (6..50).filter(|n| side != lost.0 || !lost.1.contains(n)) {
                bench.push(side, sized_frame(80, 48, n, n * FRAME));
            }
        }
        let (heard, _) = bench.finish();
        let told: Vec<_> = heard.told(EventKind::CapsChanged).iter().map(|e| e.input).collect();
        let expected: &[_] = if together { &[None] } else { &[Some(Reference), Some(Distorted)] };
        assert_eq!(told, expected, "{lost:?}: {:?}", heard.events);
    }
}

#[test]
fn new_caps_are_told_though_no_partner_comes() {
    let caps = CAPS.replace("width=64", "width=80").parse::<gst::Caps>().expect("caps");
    let other = |side| if side == Reference { Distorted } else { Reference };
    for side in [Reference, Distorted] {
        // after the other's end, at the end
        let mut bench = files("");
        bench.pairs(0..6);
        bench.source(side).set_caps(Some(&caps));
        if side == Reference {
            bench.end(other(side));
        }
        bench.push(side, sized_frame(80, 48, 6, 6 * FRAME));
        if side == Reference {
            bench.listen("new caps", |h| !h.told(EventKind::CapsChanged).is_empty());
        }
        let (heard, _) = bench.finish();
        let told: Vec<_> = heard.told(EventKind::CapsChanged).iter().map(|e| e.input).collect();
        assert_eq!(told, [Some(side)], "{:?}", heard.events);
    }
}

#[test]
fn caps_that_wait_behind_a_frame_outlive_a_flush() {
    let mut bench = files("");
    one_frame_waits(&mut bench);
    let caps = CAPS.replace("width=64", "width=80").parse::<gst::Caps>().expect("caps");
    for side in [Reference, Distorted] {
        let pad = bench.source(side).static_pad("src").expect("a source has one");
        assert!(pad.push_event(gst::event::Caps::new(&caps)));
    }
    bench.idle(std::time::Duration::from_millis(200));
    bench.flush(&[Reference, Distorted], true);
    bench.forget_output();
    for side in [Reference, Distorted] {
        (0..6).for_each(|n| bench.push(side, sized_frame(80, 48, n, n * FRAME)));
    }
    bench.end(Reference);
    bench.end(Distorted);
    bench.listen("the end", |h| h.eos);
    let left = bench.element.static_pad("src").and_then(|pad| pad.current_caps());
    assert_eq!(left, Some(caps));
    let (heard, seen) = bench.stop();
    assert_eq!(seen.len(), 6, "{:?}", heard.errors);
}

#[test]
fn an_end_is_told_once_though_caps_change_after_it() {
    let bench = files("");
    bench.pairs(0..6);
    bench.end(Distorted);
    bench.frames(Reference, 6..9);
    let caps = CAPS.replace("width=64", "width=80").parse::<gst::Caps>().expect("caps");
    bench.source(Reference).set_caps(Some(&caps));
    (9..12).for_each(|n| bench.push(Reference, sized_frame(80, 48, n, n * FRAME)));
    let (heard, _) = bench.finish();
    assert_eq!(heard.told(EventKind::CapsChanged).len(), 1, "{:?}", heard.events);
    let ends = heard.told(EventKind::InputEos);
    assert_eq!(ends.iter().filter(|e| e.input == Some(Distorted)).count(), 1, "{:?}", heard.events);
}

#[test]
fn caps_of_one_input_that_change_are_a_mismatch_not_an_end() {
    for side in [Reference, Distorted] {
        let bench = files("");
        bench.pairs(0..6);
        let caps = CAPS.replace("width=64", "width=80").parse::<gst::Caps>().expect("caps");
        bench.source(side).set_caps(Some(&caps));
        for (s, width) in [(Reference, 64), (Distorted, 64)] {
            let width = if s == side { 80 } else { width };
            (6..12).for_each(|n| bench.push(s, sized_frame(width, 48, n, n * FRAME)));
        }
        let (heard, seen) = bench.finish();
        assert!(heard.errors.is_empty(), "{:?}", heard.errors);
        assert_eq!((heard.scores().len(), seen.len()), (12, 12));
        assert_eq!(heard.told(EventKind::CapsChanged)[0].input, Some(side));
        assert_eq!(heard.told(EventKind::SizeMismatch).len(), 1);
        assert!(heard.frames[6..].iter().all(|f| f.get("scaled") == Ok(true)));
        assert!(heard.frames[..6].iter().all(|f| !f.has_field("scaled")));
    }
}

#[test]
fn each_change_of_caps_is_told_and_what_differs_is_told_again() {
    let bench = files("");
    bench.frames(Reference, 0..18);
    bench.frames(Distorted, 0..6);
    for (width, numbers) in [(80, 6..12), (96, 12..18)] {
        let caps = CAPS.replace("width=64", &format!("width={width}"));
        bench.source(Distorted).set_caps(Some(&caps.parse::<gst::Caps>().expect("caps")));
        numbers.for_each(|n| bench.push(Distorted, sized_frame(width, 48, n, n * FRAME)));
    }
    let (heard, _) = bench.finish();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert_eq!(heard.scores().len(), 18, "{:?}", heard.statuses());
    for kind in [EventKind::CapsChanged, EventKind::SizeMismatch] {
        let told = heard.told(kind);
        assert_eq!(told.len(), 2, "{told:?}");
        for (event, width) in told.into_iter().zip(["80", "96"]) {
            assert!(event.text.as_ref().is_some_and(|t| t.contains(width)), "{event:?}");
        }
    }
}

#[test]
fn caps_that_are_said_again_change_nothing() {
    let mut bench = files("");
    bench.pairs(0..5);
    bench.drain();
    let caps = CAPS.parse::<gst::Caps>().expect("caps");
    for side in [Reference, Distorted] {
        let pad = bench.source(side).static_pad("src").expect("a source has one");
        assert!(pad.push_event(gst::event::Caps::new(&caps)));
    }
    bench.pairs(5..10);
    let (heard, _) = bench.finish();
    assert!(heard.told(EventKind::CapsChanged).is_empty(), "{:?}", heard.events);
    assert!(heard.frames.iter().all(|f| f.get::<u32>("epoch") == Ok(0)));
    assert_eq!(heard.statuses().iter().filter(|s| **s == "first").count(), 1);
}

#[test]
fn an_event_waits_for_no_buffer_after_it() {
    let mut bench = files("add-meta=false");
    let came = Arc::new(AtomicU64::default());
    let count = came.clone();
    let pad = bench.element.static_pad("src").expect("always there");
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(gst::PadProbeData::Event(event)) = &info.data
            && event.type_() == gst::EventType::CustomDownstream
        {
            count.fetch_add(1, Ordering::Relaxed);
        }
        gst::PadProbeReturn::Ok
    });
    bench.pairs(0..5);
    bench.drain();
    let event = gst::event::CustomDownstream::new(gst::Structure::new_empty("anything"));
    assert!(bench.source(Reference).clone().send_event(event));
    bench.listen("the event", |_| came.load(Ordering::Relaxed) == 1);
    bench.stop();
}

#[test]
fn events_of_the_passing_stream_leave_in_order_with_its_buffers_and_the_others_end_here() {
    for (options, passing) in [
        ("", Reference),
        ("add-meta=false", Reference),
        ("output=distorted", Distorted),
        ("output=distorted add-meta=false", Distorted),
    ] {
        let bench = files(options);
        let left = Arc::new(Mutex::new(Vec::new()));
        let list = left.clone();
        let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
        bench.element.static_pad("src").expect("always there").add_probe(kinds, move |_, info| {
            let what = match &info.data {
                Some(gst::PadProbeData::Buffer(buffer)) => {
                    Some((buffer.pts().expect("set").nseconds() / FRAME).to_string())
                }
                Some(gst::PadProbeData::Event(event)) => match event.view() {
                    gst::EventView::Tag(e) => {
                        e.tag().get::<gst::tags::Title>().map(|title| title.get().to_string())
                    }
                    gst::EventView::CustomDownstream(e) => {
                        e.structure().map(|s| s.name().to_string())
                    }
                    _ => None,
                },
                _ => None,
            };
            list.lock().expect("no panic before").extend(what);
            gst::PadProbeReturn::Ok
        });
        for n in 0..10 {
            for side in [Reference, Distorted] {
                if n == 0 || n == 4 {
                    let mut tags = gst::TagList::new();
                    let title = format!("tag-{side:?}-{n}");
                    tags.make_mut().add::<gst::tags::Title>(&&title[..], gst::TagMergeMode::Append);
                    // in order with the buffers of the source's queue
                    assert!(bench.source(side).clone().send_event(gst::event::Tag::new(tags)));
                }
                if n == 7 {
                    let structure = gst::Structure::new_empty(format!("custom-{side:?}-{n}"));
                    let event = gst::event::CustomDownstream::new(structure);
                    assert!(bench.source(side).clone().send_event(event));
                }
                bench.push(side, frame(n, n * FRAME));
            }
        }
        let (heard, _) = bench.finish();
        assert!(heard.errors.is_empty(), "{options}: {:?}", heard.errors);
        let mut expected: Vec<_> = (0..10).map(|n| n.to_string()).collect();
        expected.insert(7, format!("custom-{passing:?}-7"));
        expected.insert(4, format!("tag-{passing:?}-4"));
        // a stream begins with its caps and segment, which leave with the first buffer
        expected.insert(1, format!("tag-{passing:?}-0"));
        assert_eq!(*left.lock().expect("no panic before"), expected, "{options}");
    }
}

#[test]
fn requests_go_to_the_passing_stream_seeks_to_both_and_complaints_about_quality_to_none() {
    for (output, passing) in [("reference", Reference), ("distorted", Distorted)] {
        let mut bench = files(&format!("output={output}"));
        let asked = [Reference, Distorted].map(|side| {
            let asked = Arc::new(Mutex::new(Vec::new()));
            let list = asked.clone();
            let pad = bench.source(side).static_pad("src").expect("a source has one");
            pad.add_probe(gst::PadProbeType::EVENT_UPSTREAM, move |_, info| {
                let Some(gst::PadProbeData::Event(event)) = &info.data else {
                    return gst::PadProbeReturn::Ok;
                };
                list.lock().expect("no panic before").push(event.type_());
                gst::PadProbeReturn::Ok
            });
            asked
        });
        bench.pairs(0..10);
        bench.await_paired(9);
        let out = bench.pipeline.by_name("out").expect("named in the launch line");
        let pad = out.static_pad("sink").expect("a sink has one");
        let key_unit = gst::Structure::builder("GstForceKeyUnit").field("count", 1u32).build();
        let key_press = gst::Structure::builder("application/x-gst-navigation")
            .field("event", "key-press")
            .field("key", "k")
            .build();
        let (set, time) = (gst::SeekType::Set, gst::ClockTime::from_seconds(1));
        let flags = gst::SeekFlags::empty();
        let late = gst::event::Qos::new(gst::QOSType::Underflow, 2.0, 1_000_000, time);
        pad.push_event(late);
        pad.push_event(gst::event::CustomUpstream::new(key_unit));
        pad.push_event(gst::event::Navigation::new(key_press));
        pad.push_event(gst::event::Seek::new(1.0, flags, set, time, set, gst::ClockTime::NONE));
        bench.stop();
        for (side, asked) in [Reference, Distorted].into_iter().zip(asked) {
            use gst::EventType::{CustomUpstream, Navigation, Qos, Seek};
            let mut asked = std::mem::take(&mut *asked.lock().expect("no panic before"));
            asked.retain(|kind| [CustomUpstream, Navigation, Qos, Seek].contains(kind));
            let expected: &[_] =
                if side == passing { &[CustomUpstream, Navigation, Seek] } else { &[Seek] };
            assert_eq!(asked, expected, "{output}: {side:?}");
        }
    }
}
