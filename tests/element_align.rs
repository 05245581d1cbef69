//! Streams whose timestamps do not tell which frames belong together.

#[path = "support/bench.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod bench;
#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod mlp;
#[path = "support/pipeline.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod pipeline;

use bench::{Bench, CAPS, FRAME, frame};
use gst_video::{ValidVideoTimeCode, VideoTimeCodeFlags, VideoTimeCodeMeta};
use gstvmaftiny::align::pairing::Side::{self, Distorted, Reference};
use gstvmaftiny::report::EventKind;
use pipeline::Heard;

const START: i64 = 10_000_000_000;

/// Distorted frames are shown this many frames after the reference's.
fn shifted(options: &str, frames: i64, length: u64) -> Heard {
    let mut bench = Bench::new(&format!("align-mode=auto {options}"), false);
    bench.play();
    for n in 0..length {
        let time = START as u64 + n * FRAME;
        bench.push(Reference, frame(n, time));
        bench.push(Distorted, frame(n, (time as i64 + frames * FRAME as i64) as u64));
    }
    bench.finish().0
}

#[test]
fn a_constant_offset_is_found_reported_and_used() {
    for frames in [-125, -25, -1, 0, 1, 17, 125] {
        let heard = shifted("", frames, 200);
        assert!(heard.errors.is_empty(), "{:?}", heard.errors);
        let [aligned] = heard.told(EventKind::Aligned)[..] else {
            panic!("{frames}: {:?}", heard.events)
        };
        let offset = frames * FRAME as i64;
        assert!(
            aligned.offset.is_some_and(|o| (o - offset).abs() < FRAME as i64 / 4),
            "{aligned:?}"
        );
        assert!(heard.told(EventKind::OffsetChanged).is_empty(), "{frames}: {:?}", heard.events);
        let ok: Vec<_> =
            heard.frames.iter().filter(|f| f.get::<&str>("status") == Ok("ok")).collect();
        // no more than the window is lost before the offset is known
        assert!(ok.len() as i64 >= 190 - frames.abs(), "{frames}: {} ok", ok.len());
        for f in ok {
            let adm2: f64 = f.get("adm2").expect("scored");
            assert!(adm2 > 0.999, "{frames}: {f}");
            assert!(f.get::<f64>("confidence").expect("measured") >= 0.6);
        }
        let score: f64 = heard.verdict().get("score").expect("pooled");
        // identical pictures: what is pooled is 81 and the motion's share
        assert!(score > 81.0, "{frames}: {score}");
        assert_eq!(heard.verdict().get("aligned"), Ok(true));
    }
}

#[test]
fn a_wrong_hypothesis_costs_nothing_but_the_time_to_the_lock() {
    let heard = shifted("offset=200000000", 0, 100);
    assert_eq!(heard.told(EventKind::Aligned).len(), 1);
    let score: f64 = heard.verdict().get("score").expect("pooled");
    assert!(score > 81.0, "{score}");
    assert!(heard.verdict().get::<u64>("excluded").expect("a counter") > 0);
}

#[test]
fn early_frames_count_when_the_hypothesis_was_right() {
    let heard = shifted("", 0, 60);
    // and so do those that the first moments of the lock were not sure of
    assert!(heard.statuses().contains(&"unaligned"), "{:?}", heard.statuses());
    let counter = |name: &str| heard.verdict().get::<u64>(name).expect("a counter");
    assert_eq!((counter("frames"), counter("excluded")), (60, 0), "{:?}", heard.statuses());
}

#[test]
fn what_never_moves_is_scored_with_a_warning_word() {
    let mut bench = Bench::new("align-mode=auto", false);
    bench.play();
    for n in 0..40 {
        bench.push(Reference, frame(7, n * FRAME));
        bench.push(Distorted, frame(7, n * FRAME));
    }
    let (heard, _) = bench.finish();
    assert!(heard.statuses().iter().all(|s| *s == "unaligned"));
    assert_eq!(heard.verdict().get::<u64>("frames"), Ok(40));
    assert_eq!(heard.verdict().get("aligned"), Ok(false));
}

#[test]
fn a_pause_of_the_distorted_stream_is_a_new_offset() {
    let mut bench = Bench::new("align-mode=auto", false);
    bench.play();
    for n in 0..300u64 {
        bench.push(Reference, frame(n, n * FRAME));
        // ten frames of standstill, and ten frames later from then on
        let shown = if n < 100 { n } else { n.max(110) - 10 };
        bench.push(Distorted, frame(shown, n * FRAME));
    }
    let (heard, _) = bench.finish();
    let changed = heard.told(EventKind::OffsetChanged);
    let last = changed.last().expect("a change");
    assert!(last.offset.is_some_and(|o| (o - 10 * FRAME as i64).abs() < FRAME as i64 / 4));
    assert_eq!(heard.told(EventKind::FreezeStart).len(), 1, "{:?}", heard.events);
    let [end] = heard.told(EventKind::FreezeEnd)[..] else { panic!("{:?}", heard.events) };
    assert!(end.length.is_some_and(|l| (9 * FRAME..=11 * FRAME).contains(&l)), "{end:?}");
    assert!(heard.frames.iter().any(|f| f.get("frozen") == Ok(true)));
    let wrong = heard.frames[150..].iter().filter(|f| {
        f.get::<&str>("status") == Ok("ok") && f.get::<f64>("adm2").is_ok_and(|a| a < 0.999)
    });
    assert_eq!(wrong.count(), 0);
}

#[test]
fn a_discontinuity_makes_the_offset_a_hypothesis_till_the_pictures_confirm_it() {
    for flag in [gst::BufferFlags::DISCONT, gst::BufferFlags::RESYNC] {
        for side in [Reference, Distorted] {
            let mut bench = Bench::new("align-mode=auto", false);
            bench.play();
            for n in 0..140u64 {
                for s in [Reference, Distorted] {
                    let mut buffer = frame(n, n * FRAME);
                    if s == side && n == 80 {
                        buffer.make_mut().set_flags(flag);
                    }
                    bench.push(s, buffer);
                }
            }
            let (heard, _) = bench.finish();
            let statuses = heard.statuses();
            let ok = |range: std::ops::Range<usize>| statuses[range].iter().all(|s| *s == "ok");
            assert!(ok(50..75) && ok(110..140), "{side:?} {flag:?}: {statuses:?}");
            assert!(
                statuses[79..100].contains(&"low-confidence"),
                "{side:?} {flag:?}: {statuses:?}"
            );
            let offset = |f: &gst::Structure| f.get::<i64>("offset").expect("always there");
            assert!(heard.frames.iter().all(|f| offset(f) == 0), "{side:?} {flag:?}");
            assert_eq!(heard.told(EventKind::Aligned).len(), 1, "{:?}", heard.events);
        }
    }
}

#[test]
fn new_caps_of_one_input_keep_the_offset() {
    const LATE: u64 = 5;
    for side in [Reference, Distorted] {
        let mut bench = Bench::new("align-mode=auto", false);
        bench.play();
        let caps = format!("{CAPS},pixel-aspect-ratio=4/3").parse::<gst::Caps>().expect("caps");
        for n in 0..140u64 {
            if n == 100 {
                bench.source(side).set_caps(Some(&caps));
            }
            bench.push(Reference, frame(n, n * FRAME));
            bench.push(Distorted, frame(n, (n + LATE) * FRAME));
        }
        let (heard, _) = bench.finish();
        assert_eq!(heard.told(EventKind::CapsChanged).len(), 1, "{:?}", heard.events);
        assert_eq!(heard.told(EventKind::Aligned).len(), 1, "{side:?}: {:?}", heard.events);
        for f in &heard.frames[80..135] {
            let offset: i64 = f.get("offset").expect("always there");
            assert!((offset - (LATE * FRAME) as i64).abs() < FRAME as i64 / 4, "{side:?}: {f}");
            assert_ne!(f.get("status"), Ok("unaligned"), "{side:?}: {f}");
        }
    }
}

#[test]
fn a_flush_of_one_branch_keeps_the_offset_as_a_hypothesis() {
    const LATE: u64 = 5;
    for side in [Reference, Distorted] {
        let mut bench = Bench::new("align-mode=auto", false);
        bench.play();
        let late = |n: u64| frame(n, (n + LATE) * FRAME);
        for n in 0..100u64 {
            bench.push(Reference, frame(n, n * FRAME));
            bench.push(Distorted, late(n));
        }
        bench.drain();
        bench.flush(&[side], false);
        for n in 100..180u64 {
            bench.push(Reference, frame(n, n * FRAME));
            bench.push(Distorted, late(n));
        }
        let (heard, _) = bench.finish();
        let statuses = heard.statuses();
        let last = statuses.len() - 80;
        assert!(statuses[last..last + 20].contains(&"low-confidence"), "{side:?}: {statuses:?}");
        assert!(statuses[last + 40..].iter().all(|s| *s == "ok"), "{side:?}: {statuses:?}");
        assert_eq!(heard.told(EventKind::Aligned).len(), 1, "{side:?}: {:?}", heard.events);
        assert!(heard.told(EventKind::OffsetChanged).is_empty(), "{side:?}: {:?}", heard.events);
    }
}

#[test]
fn black_is_told_per_input() {
    one_shade_is_told_per_input(16);
}

#[test]
fn one_flat_grey_is_told_like_black() {
    one_shade_is_told_per_input(120);
}

fn one_shade_is_told_per_input(grey: u8) {
    let black = |n: u64| {
        let mut buffer = gst::Buffer::from_mut_slice(vec![grey; 64 * 48]);
        let b = buffer.get_mut().expect("new");
        b.set_pts(gst::ClockTime::from_nseconds(n * FRAME));
        buffer
    };
    let mut bench = Bench::new("align-mode=auto", false);
    bench.play();
    for n in 0..60u64 {
        bench.push(Reference, frame(n, n * FRAME));
        let is_black = (20..40).contains(&n);
        bench.push(Distorted, if is_black { black(n) } else { frame(n, n * FRAME) });
    }
    let (heard, _) = bench.finish();
    assert_eq!(heard.told(EventKind::BlackStart).len(), 1, "{:?} {:?}", heard.events, heard.frames);
    assert_eq!(heard.told(EventKind::BlackStart)[0].input, Some(Distorted));
    assert_eq!(heard.told(EventKind::BlackEnd).len(), 1, "{:?}", heard.events);
    assert_eq!(heard.told(EventKind::BlackEnd)[0].input, Some(Distorted));
    let length = heard.told(EventKind::BlackEnd)[0].length;
    assert!(length.is_some_and(|l| (19 * FRAME..=21 * FRAME).contains(&l)), "{length:?}");
    let marked = heard.frames.iter().filter(|f| f.get("black") == Ok(true)).count();
    assert_eq!(
        marked,
        20,
        "{:?} {:?}",
        heard.events,
        heard
            .frames
            .iter()
            .map(|f| (f.get::<i64>("offset"), f.get::<bool>("black"), f.get::<&str>("status")))
            .collect::<Vec<_>>()
    );
}

#[test]
fn pictures_that_never_match_are_told() {
    let mut bench = Bench::new("align-mode=auto", false);
    bench.play();
    for n in 0..400u64 {
        bench.push(Reference, frame(n, n * FRAME));
        bench.push(Distorted, frame(100_000 - 7 * n, n * FRAME));
    }
    let (heard, _) = bench.finish();
    assert!(!heard.told(EventKind::AlignmentLost).is_empty(), "{:?}", heard.events);
    assert_eq!(heard.verdict().get("aligned"), Ok(false));
}

#[test]
fn reference_timestamps_align_at_once() {
    let caps = gst::Caps::new_empty_simple("timestamp/x-unix");
    for mode in ["auto", "metadata"] {
        let mut bench = Bench::new(&format!("align-mode={mode}"), false);
        bench.play();
        for n in 0..40u64 {
            for (side, late) in [(Reference, 0), (Distorted, 9 * FRAME)] {
                let mut buffer = frame(n, n * FRAME + late);
                gst::ReferenceTimestampMeta::add(
                    buffer.get_mut().expect("new"),
                    &caps,
                    gst::ClockTime::from_nseconds(1_000_000_000_000 + n * FRAME),
                    gst::ClockTime::NONE,
                );
                bench.push(side, buffer);
            }
        }
        let (heard, _) = bench.finish();
        let aligned = heard.told(EventKind::Aligned);
        assert_eq!(aligned[0].offset, Some(9 * FRAME as i64), "{mode}: {:?}", heard.events);
        let ok = heard.statuses().iter().filter(|s| **s == "ok").count();
        assert!(ok >= 25, "{mode}: {:?}", heard.statuses());
    }
}

/// A frame whose time code says that it is the nth, and a clock that the other side does not know.
fn coded(side: Side, number: u64, code: u64, pts: u64) -> gst::Buffer {
    let mut buffer = frame(number, pts);
    let b = buffer.get_mut().expect("new");
    let clock = gst::Caps::new_empty_simple(format!("timestamp/x-{side:?}"));
    let own = gst::ClockTime::from_nseconds(pts + 1);
    gst::ReferenceTimestampMeta::add(b, &clock, own, gst::ClockTime::NONE);
    let (rate, flags) = (gst::Fraction::new(25, 1), VideoTimeCodeFlags::empty());
    let (seconds, frames) = (code / 25 % 60, code % 25);
    let code = ValidVideoTimeCode::new(rate, None, flags, 10, 0, seconds as u32, frames as u32, 0);
    VideoTimeCodeMeta::add(b, &code.expect("a valid time code"));
    buffer
}

#[test]
fn time_codes_align_at_once_though_clocks_differ() {
    for mode in ["auto", "metadata"] {
        let mut bench = Bench::new(&format!("align-mode={mode}"), false);
        bench.play();
        for n in 0..40u64 {
            bench.push(Reference, coded(Reference, n, n, n * FRAME));
            bench.push(Distorted, coded(Distorted, n, n, (n + 9) * FRAME));
        }
        let (heard, _) = bench.finish();
        let aligned = heard.told(EventKind::Aligned);
        assert_eq!(aligned.len(), 1, "{mode}: {:?}", heard.events);
        assert_eq!(aligned[0].offset, Some(9 * FRAME as i64), "{mode}: {:?}", heard.events);
        let ok = heard.statuses().iter().filter(|s| **s == "ok").count();
        assert!(ok >= 25, "{mode}: {:?}", heard.statuses());
    }
}

#[test]
fn stamps_that_lie_are_believed_only_where_pictures_do_not_matter() {
    for (mode, believed) in [("auto", false), ("content", false), ("metadata", true)] {
        let mut bench = Bench::new(&format!("align-mode={mode}"), false);
        bench.play();
        for n in 0..150u64 {
            bench.push(Reference, coded(Reference, n, n, n * FRAME));
            // the codes say nine frames late, the pictures are not
            bench.push(Distorted, coded(Distorted, n, n + 1500 - 9, n * FRAME));
        }
        let (heard, _) = bench.finish();
        let last: i64 = heard.frames[120].get("offset").expect("always there");
        let expected = if believed { 9 * FRAME as i64 } else { 0 };
        assert!((last - expected).abs() < FRAME as i64 / 4, "{mode}: {last} {:?}", heard.events);
    }
}
