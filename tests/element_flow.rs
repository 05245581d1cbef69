//! Streams that start, stop, jump and change: every frame is accounted for, the video goes on.

#[path = "support/bench.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod bench;
#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod mlp;
#[path = "support/pipeline.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod pipeline;

use bench::{Bench, CAPS, FRAME, frame, sized_frame};
use gst::prelude::*;
use gstvmaftiny::align::pairing::Side::{Distorted, Reference};
use gstvmaftiny::report::EventKind;

fn files(options: &str) -> Bench {
    let mut bench = Bench::new(options, false);
    bench.play();
    bench
}

/// All reference frames, by what became of them.
fn accounted(s: &gst::StructureRef) -> u64 {
    ["frames", "excluded", "missing", "no-pair", "ended", "skipped", "unscorable"]
        .iter()
        .map(|name| s.get::<u64>(*name).expect("a counter"))
        .sum()
}

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

#[test]
fn a_flush_of_one_branch_is_a_gap() {
    for side in [Reference, Distorted] {
        let mut bench = files("");
        bench.pairs(0..10);
        bench.await_paired(10);
        let pad = bench.source(side).static_pad("src").expect("a source has one");
        let sequence = gst::Seqnum::next();
        assert!(pad.push_event(gst::event::FlushStart::builder().seqnum(sequence).build()));
        assert!(pad.push_event(gst::event::FlushStop::builder(false).seqnum(sequence).build()));
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        assert!(pad.push_event(gst::event::Segment::builder(&segment).seqnum(sequence).build()));
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
fn caps_that_change_begin_a_new_epoch() {
    let bench = files("");
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
    assert_eq!(heard.told(EventKind::CapsChanged).len(), 2);
    assert!(heard.told(EventKind::SizeMismatch).is_empty());
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
fn a_gap_counts_as_missing() {
    for side in [Reference, Distorted] {
        let bench = files("");
        for n in 0..10 {
            for s in [Reference, Distorted] {
                if n == 4 && s == side {
                    let gap = gst::event::Gap::builder(gst::ClockTime::from_nseconds(n * FRAME))
                        .duration(gst::ClockTime::from_nseconds(FRAME))
                        .build();
                    let source = bench.source(s).clone();
                    // in order with the buffers of the source's queue
                    assert!(source.send_event(gap));
                } else {
                    bench.push(s, frame(n, n * FRAME));
                }
            }
        }
        let (heard, _) = bench.finish();
        assert!(heard.errors.is_empty(), "{side:?}: {:?}", heard.errors);
        assert_eq!(heard.scores().len(), 9, "{side:?}: {:?}", heard.statuses());
        let missing = if side == Distorted { 1 } else { 0 };
        assert_eq!(heard.verdict().get::<u64>("missing"), Ok(missing));
    }
}

#[test]
fn flags_are_understood() {
    let bench = files("");
    for n in 0..10 {
        bench.push(Reference, frame(n, n * FRAME));
        let mut buffer = frame(n, n * FRAME);
        let flag = match n {
            3 => gst::BufferFlags::CORRUPTED,
            5 => gst::BufferFlags::DECODE_ONLY,
            7 => gst::BufferFlags::DISCONT,
            _ => gst::BufferFlags::empty(),
        };
        buffer.make_mut().set_flags(flag);
        bench.push(Distorted, buffer);
    }
    let (heard, _) = bench.finish();
    assert_eq!(heard.frames[3].get("corrupted"), Ok(true));
    assert_eq!(heard.frames.iter().filter(|f| f.has_field("corrupted")).count(), 1);
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
        assert_eq!(heard.warnings.len(), 1, "{side:?}: {:?}", heard.warnings);
    }
}

#[test]
fn backward_playback_passes_unscored_and_is_told_once() {
    let bench = files("");
    let mut segment = gst::FormattedSegment::<gst::ClockTime>::new();
    segment.set_rate(-1.0);
    segment.set_stop(gst::ClockTime::SECOND);
    segment.set_position(gst::ClockTime::SECOND);
    for side in [Reference, Distorted] {
        let pad = bench.source(side).static_pad("src").expect("a source has one");
        let segment = segment.clone();
        pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
            if let Some(gst::PadProbeData::Event(event)) = &mut info.data
                && event.type_() == gst::EventType::Segment
            {
                *event = gst::event::Segment::new(&segment);
            }
            gst::PadProbeReturn::Ok
        });
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
    let pad = bench.source(Distorted).static_pad("src").expect("a source has one");
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(gst::PadProbeData::Event(event)) = &mut info.data
            && event.type_() == gst::EventType::Segment
        {
            *event = gst::event::Segment::new(&segment);
        }
        gst::PadProbeReturn::Ok
    });
    (0..10).for_each(|n| bench.push(Distorted, frame(n, 100_000_000_000 + n * FRAME)));
    let (heard, _) = bench.finish();
    assert_eq!(heard.scores().len(), 10);
    assert!(heard.frames.iter().all(|f| f.get::<f64>("adm2").is_ok_and(|a| a > 0.999)));
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
