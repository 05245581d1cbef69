//! What differs between the streams.

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
use gst_video::prelude::*;
use gstvmaftiny::align::pairing::Side::{Distorted, Reference};
use gstvmaftiny::report::EventKind;
use pipeline::{Heard, run};

/// Ten frames of the same picture on both sides, under these caps.
fn under(options: &str, caps: [&str; 2]) -> Heard {
    let mut bench = Bench::with_caps(options, false, caps);
    bench.play();
    bench.pairs(0..10);
    bench.finish().0
}

fn features(heard: &Heard, name: &str) -> Vec<f64> {
    heard.frames.iter().filter_map(|f| f.get(name).ok()).collect()
}

#[test]
fn sizes_are_scaled_refused_or_ignored_as_the_policy_says() {
    let feed = |policy: &str| {
        let small = CAPS.replace("width=64", "width=48").replace("height=48", "height=36");
        let options = format!("size-policy={policy}");
        let mut bench = Bench::with_caps(&options, false, [CAPS, &small]);
        bench.play();
        for n in 0..10 {
            bench.push(Reference, frame(n, n * FRAME));
            bench.push(Distorted, sized_frame(48, 36, n, n * FRAME));
        }
        bench.finish()
    };
    let (scaled, seen) = feed("scale");
    assert!(scaled.errors.is_empty(), "{:?}", scaled.errors);
    assert_eq!((scaled.scores().len(), seen.len()), (10, 10));
    assert!(scaled.frames.iter().all(|f| f.get("scaled") == Ok(true)));
    assert_eq!(scaled.told(EventKind::SizeMismatch).len(), 1);

    let (refused, _) = feed("error");
    assert_eq!(refused.errors.len(), 1);
    let text = &refused.errors[0];
    assert!(text.contains("64x48") && text.contains("48x36") && text.contains("videoscale"));

    let (ignored, seen) = feed("ignore");
    assert!(ignored.errors.is_empty(), "{:?}", ignored.errors);
    assert_eq!((ignored.scores().len(), seen.len()), (0, 10));
    assert_eq!(ignored.verdict().get::<u64>("unscorable"), Ok(10));
    assert_eq!(ignored.told(EventKind::SizeMismatch).len(), 1);
}

#[test]
fn scaling_back_up_costs_little_on_what_was_smooth() {
    let line = |filter: &str| {
        format!(
            "videotestsrc num-buffers=8 pattern=zone-plate kx2=10 ky2=10 kt=2 \
             ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! tee name=t \
             t. ! queue ! v.ref_sink \
             t. ! queue ! {filter} ! queue ! v.dist_sink \
             vmaftiny name=v tiny-model=MODEL align-mode=timestamps ! fakesink"
        )
    };
    let scaled = run(&line("videoscale method=catrom ! video/x-raw,width=240,height=180"));
    let adm2 = features(&scaled, "adm2");
    assert_eq!(adm2.len(), 8, "{:?}", scaled.errors);
    assert!(adm2.iter().all(|a| *a > 0.95), "{adm2:?}");
}

#[test]
fn colour_ranges_are_brought_together() {
    let feed = |options: &str, told: &str| {
        // of colour, where GStreamer takes a range without matrix for a mistake
        let caps = CAPS.replace("GRAY8", "I420");
        let [limited, full] = [2, 1].map(|range| format!("{caps},colorimetry={range}:{told}"));
        let mut bench = Bench::with_caps(options, false, [&limited, &full]);
        bench.play();
        for n in 0..8 {
            for side in [Reference, Distorted] {
                let grey = frame(n, n * FRAME);
                let mut samples = grey.map_readable().expect("memory").to_vec();
                for sample in &mut samples {
                    let level = f64::from(*sample) / 255.0;
                    let black_and_span =
                        if side == Reference { (16.0, 219.0) } else { (0.0, 255.0) };
                    *sample = (black_and_span.0 + level * black_and_span.1).round() as u8;
                }
                samples.resize(64 * 48 * 3 / 2, 128);
                let mut buffer = gst::Buffer::from_mut_slice(samples);
                buffer.get_mut().expect("new").set_pts(grey.pts());
                bench.push(side, buffer);
            }
        }
        bench.finish().0
    };
    // with everything told, and with nothing told but the range
    for told in ["3:5:1", "0:0:0"] {
        let converted = feed("", told);
        assert_eq!(converted.told(EventKind::RangeMismatch).len(), 1, "{:?}", converted.events);
        let adm2 = features(&converted, "adm2");
        assert!(adm2.len() == 8 && adm2.iter().all(|a| (a - 1.0).abs() < 0.01), "{adm2:?}");
    }

    let ignored = feed("range-policy=ignore", "3:5:1");
    assert_eq!(ignored.told(EventKind::RangeMismatch).len(), 1);
    let adm2 = features(&ignored, "adm2");
    assert!(adm2.len() == 8 && adm2.iter().all(|a| (a - 1.0).abs() > 0.05), "{adm2:?}");
}

#[test]
fn sdr_against_hdr_is_suspect_and_hdr_on_both_is_told() {
    let pq = format!("{CAPS},colorimetry=bt2100-pq").replace("GRAY8", "GRAY8");
    let hlg = format!("{CAPS},colorimetry=bt2100-hlg");
    for (reference, distorted) in [(CAPS, &pq[..]), (&hlg[..], CAPS), (&pq[..], &hlg[..])] {
        let heard = under("", [reference, distorted]);
        assert_eq!(heard.told(EventKind::ColorimetryMismatch).len(), 1, "{:?}", heard.events);
        assert!(heard.statuses().iter().all(|s| *s == "suspect"), "{:?}", heard.statuses());
        assert_eq!(heard.verdict().get::<u64>("frames"), Ok(0));
        assert_eq!(heard.verdict().get::<u64>("excluded"), Ok(10));
    }
    for hdr in [&pq, &hlg] {
        let heard = under("", [hdr, hdr]);
        assert_eq!(heard.told(EventKind::Hdr).len(), 1, "{hdr}");
        assert_eq!(heard.verdict().get::<u64>("frames"), Ok(10));
    }
}

#[test]
fn luma_of_another_matrix_is_suspect() {
    let hd = CAPS.replace("width=64,height=48", "width=64,height=600");
    let told = |caps: &str, colorimetry: &str| {
        format!("{},colorimetry={colorimetry}", caps.replace("GRAY8", "I420"))
    };
    let under = |caps: [&str; 2]| {
        let mut bench = Bench::with_caps("size-policy=scale", false, caps);
        bench.play();
        for n in 0..6 {
            for (side, caps) in [Reference, Distorted].into_iter().zip(caps) {
                let height = if caps.contains("height=600") { 600 } else { 48 };
                let grey = sized_frame(64, height, n, n * FRAME);
                let mut samples = grey.map_readable().expect("memory").to_vec();
                samples.resize(64 * height * 3 / 2, 128);
                let mut buffer = gst::Buffer::from_mut_slice(samples);
                buffer.get_mut().expect("new").set_pts(grey.pts());
                bench.push(side, buffer);
            }
        }
        bench.finish().0
    };
    let (sd_601, sd_709) = (told(CAPS, "bt601"), told(CAPS, "bt709"));
    let hd_709 = told(&hd, "bt709");
    let unsaid = CAPS.replace("GRAY8", "I420");
    let only_range = told(CAPS, "1:0:0:0");
    for caps in [[&sd_601, &sd_709], [&sd_709, &sd_601], [&hd_709, &told(&hd, "bt601")]] {
        let heard = under(caps.map(String::as_str));
        let [event] = heard.told(EventKind::ColorimetryMismatch)[..] else {
            panic!("{caps:?}: {:?}", heard.events)
        };
        let text = event.text.as_ref().expect("it says which");
        assert!(text.contains("BT.601") && text.contains("BT.709"), "{text}");
        assert_eq!(heard.statuses(), ["suspect"; 6], "{caps:?}");
    }
    for caps in [
        [&sd_709, &sd_709],
        // nobody has said so
        [&unsaid, &sd_709],
        [&sd_709, &unsaid],
        [&only_range, &sd_709],
        // what is taken for granted where nobody says anything depends on the size
        [&hd_709, &sd_601],
    ] {
        let heard = under(caps.map(String::as_str));
        assert!(heard.told(EventKind::ColorimetryMismatch).is_empty(), "{caps:?}");
        assert!(!heard.statuses().contains(&"suspect"), "{caps:?}: {:?}", heard.statuses());
    }
}

#[test]
fn interlaced_pictures_are_woven_and_told() {
    let tff = format!("{CAPS},interlace-mode=interleaved,field-order=top-field-first");
    let bff = format!("{CAPS},interlace-mode=interleaved,field-order=bottom-field-first");
    let heard = under("", [&tff, &tff]);
    assert_eq!(heard.told(EventKind::Interlaced).len(), 1);
    assert!(heard.frames.iter().all(|f| f.get("interlaced") == Ok(true)));
    assert_eq!(heard.verdict().get::<u64>("frames"), Ok(10));
    let heard = under("", [&tff, &bff]);
    let [event] = heard.told(EventKind::FieldOrderMismatch)[..] else { panic!("one event") };
    let text = event.text.as_ref().expect("which comes first");
    assert!(text.contains("reference's top field comes first, the distorted stream's bottom"));
    assert!(heard.statuses().iter().all(|s| *s == "suspect"));
}

#[test]
fn where_caps_do_not_tell_the_field_order_the_pictures_do() {
    let caps = format!("{CAPS},interlace-mode=interleaved");
    let mut bench = Bench::with_caps("", false, [&caps, &caps]);
    bench.play();
    for n in 0..10 {
        let mut top = frame(n, n * FRAME);
        top.make_mut().set_video_flags(gst_video::VideoBufferFlags::TFF);
        bench.push(Reference, top);
        bench.push(Distorted, frame(n, n * FRAME));
    }
    let (heard, _) = bench.finish();
    assert_eq!(heard.told(EventKind::FieldOrderMismatch).len(), 1, "{:?}", heard.events);
    assert!(heard.statuses().iter().all(|s| *s == "suspect"));
}

#[test]
fn of_mixed_streams_only_the_flagged_pictures_are_interlaced() {
    let mixed = format!("{CAPS},interlace-mode=mixed");
    let mut bench = Bench::with_caps("", false, [&mixed, &mixed]);
    bench.play();
    for n in 0..10 {
        for side in [Reference, Distorted] {
            let mut buffer = frame(n, n * FRAME);
            if n >= 5 {
                buffer.make_mut().set_video_flags(gst_video::VideoBufferFlags::INTERLACED);
            }
            bench.push(side, buffer);
        }
    }
    let (heard, _) = bench.finish();
    assert!(heard.frames[..5].iter().all(|f| !f.has_field("interlaced")));
    assert!(heard.frames[5..].iter().all(|f| f.get("interlaced") == Ok(true)));
    assert_eq!(heard.told(EventKind::Interlaced).len(), 1);
}

#[test]
fn single_fields_are_an_error() {
    let fields = CAPS.replace("video/x-raw,", "video/x-raw(format:Interlaced),")
        + ",interlace-mode=alternate";
    let mut bench = Bench::with_caps("", false, [&fields, CAPS]);
    bench.play();
    bench.pairs(0..3);
    let (heard, _) = bench.finish();
    assert!(heard.errors[0].contains("deinterlace"), "{:?}", heard.errors);
}

#[test]
fn frame_rates_that_differ_are_told_and_the_missing_half_is_not_missing() {
    let half = CAPS.replace("25/1", "25/2");
    let mut bench = Bench::with_caps("", false, [CAPS, &half]);
    bench.play();
    bench.frames(Reference, 0..40);
    bench.frames(Distorted, (0..40).step_by(2));
    let (heard, _) = bench.finish();
    assert_eq!(heard.told(EventKind::RateMismatch).len(), 1, "{:?}", heard.events);
    assert_eq!(heard.scores().len(), 20);
    let counter = |name: &str| heard.verdict().get::<u64>(name).expect("a counter");
    assert_eq!(counter("missing") + counter("no-pair") + counter("ended"), 20);
    assert!(counter("missing") <= 1, "{}", counter("missing"));
}

/// Frames at these rates a second, ten seconds long; the caps tell the rates if `told`.
fn at_rates(rates: [(u64, u64); 2], told: bool) -> Heard {
    let caps = rates.map(|(n, d)| {
        let rate = if told { format!("framerate={n}/{d}") } else { "framerate=0/1".into() };
        CAPS.replace("framerate=25/1", &rate)
    });
    let mut bench = Bench::with_caps("", false, [&caps[0], &caps[1]]);
    bench.play();
    for (side, (n, d)) in [Reference, Distorted].into_iter().zip(rates) {
        for i in 0..10 * n / d {
            let time = i * d * 1_000_000_000 / n;
            bench.push(side, frame(time / FRAME, time));
        }
    }
    bench.finish().0
}

#[test]
fn frames_of_other_rates_are_paired_with_the_nearest_and_that_is_told_once() {
    for (reference, distorted) in [
        ((25, 1), (50, 1)),
        ((30, 1), (60, 1)),
        ((24, 1), (25, 1)),
        ((25, 1), (24, 1)),
        ((50, 1), (60_000, 1001)),
    ] {
        for told in [true, false] {
            let heard = at_rates([reference, distorted], told);
            let rates = format!("{reference:?} {distorted:?} {told}");
            assert!(heard.errors.is_empty(), "{rates}: {:?}", heard.errors);
            let [event] = heard.told(EventKind::RateMismatch)[..] else {
                panic!("{rates}: {:?}", heard.events)
            };
            assert!(event.text.as_ref().is_some_and(|t| t.contains("judder")), "{event:?}");
            let (n, d) = distorted;
            let all: Vec<u64> = (0..10 * n / d).map(|i| i * d * 1_000_000_000 / n).collect();
            let mut paired = 0;
            for f in heard.frames.iter().filter(|f| f.has_field("score")) {
                let time = |name: &str| f.get::<u64>(name).expect("scored");
                let (own, partner) = (time("running-time"), time("dist-running-time"));
                let least = all.iter().map(|t| t.abs_diff(own)).min().expect("frames");
                // a frame that another one was nearer to is not there any more
                paired += u64::from(partner.abs_diff(own) == least);
            }
            let (n, d) = reference;
            assert!(paired * 100 >= 90 * 10 * n / d, "{rates}: {paired} with the nearest");
        }
    }
}

#[test]
fn streams_of_no_fixed_rate_are_paired_by_time() {
    let caps = CAPS.replace("25/1", "0/1");
    let mut bench = Bench::with_caps("", false, [&caps, &caps]);
    bench.play();
    // far slower than 25 a second, and never regular
    let time = |n: u64| n * 8 * FRAME + n * n % 5 * FRAME;
    for n in 0..60 {
        bench.push(Reference, frame(n, time(n)));
        if n % 10 != 7 {
            // a quarter of a frame late
            bench.push(Distorted, frame(n, time(n) + 2 * FRAME));
        }
    }
    let (heard, _) = bench.finish();
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    assert!(heard.told(EventKind::RateMismatch).is_empty(), "{:?}", heard.events);
    // six lost, and the first: till two have come, 25 a second are assumed
    assert_eq!(heard.scores().len(), 53, "{:?}", heard.statuses());
    assert_eq!(heard.verdict().get::<u64>("missing"), Ok(7));
    assert!(features(&heard, "adm2").iter().all(|a| *a > 0.999));
}

#[test]
fn a_crop_is_applied_to_the_scored_area() {
    let mut bench = Bench::new("", false);
    bench.play();
    for n in 0..6 {
        for side in [Reference, Distorted] {
            let mut buffer = frame(n, n * FRAME);
            gst_video::VideoCropMeta::add(buffer.get_mut().expect("new"), (4, 2, 48, 40));
            if side == Distorted {
                // what is outside must not matter
                let mut map = buffer.get_mut().expect("new").map_writable().expect("memory");
                map[..64].fill(255);
            }
            bench.push(side, buffer);
        }
    }
    let (heard, _) = bench.finish();
    let adm2 = features(&heard, "adm2");
    assert!(adm2.len() == 6 && adm2.iter().all(|a| (a - 1.0).abs() < 5e-5), "{adm2:?}");

    let mut bench = Bench::new("", false);
    bench.play();
    for n in 0..3 {
        for side in [Reference, Distorted] {
            let mut buffer = frame(n, n * FRAME);
            gst_video::VideoCropMeta::add(buffer.get_mut().expect("new"), (40, 0, 48, 48));
            bench.push(side, buffer);
        }
    }
    let (heard, seen) = bench.finish();
    assert_eq!((heard.scores().len(), seen.len()), (0, 3));
    assert!(heard.warnings[0].contains("crop"), "{:?}", heard.warnings);
}

#[test]
fn a_crop_that_changes_ends_the_stretch() {
    let mut bench = Bench::new("", false);
    bench.play();
    for n in 0..10 {
        for side in [Reference, Distorted] {
            let mut buffer = frame(n, n * FRAME);
            if n >= 5 {
                gst_video::VideoCropMeta::add(buffer.get_mut().expect("new"), (4, 2, 48, 40));
            }
            bench.push(side, buffer);
        }
    }
    let (heard, _) = bench.finish();
    let firsts: Vec<_> = heard.statuses().iter().map(|s| *s == "first").collect();
    assert_eq!(firsts, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(|n| n == 0 || n == 5));
    let motion = features(&heard, "motion2");
    // the picture moves steadily; only first frames have none
    for (n, motion) in motion.iter().enumerate() {
        assert_eq!(*motion == 0.0, n == 0 || n == 5, "{n}: {motion}");
    }
}

#[test]
fn padded_rows_and_planes_that_start_later_are_read_exactly() {
    for (format, bytes) in
        [(gst_video::VideoFormat::Gray8, 1), (gst_video::VideoFormat::Gray16Le, 2)]
    {
        let caps = CAPS.replace("GRAY8", format.to_str());
        let mut bench = Bench::with_caps("", false, [CAPS, &caps]);
        bench.play();
        let (start, stride) = (100 * bytes, 80 * bytes);
        for n in 0..6 {
            let plain = frame(n, n * FRAME);
            let samples = plain.map_readable().expect("memory");
            let mut padded = vec![0xa5u8; start + stride * 48];
            for (y, row) in samples.chunks(64).enumerate() {
                for (x, sample) in row.iter().enumerate() {
                    // the upper byte
                    padded[start + y * stride + bytes * x + bytes - 1] = *sample;
                    if bytes == 2 {
                        padded[start + y * stride + 2 * x] = 0;
                    }
                }
            }
            drop(samples);
            let mut buffer = gst::Buffer::from_mut_slice(padded);
            let b = buffer.get_mut().expect("new");
            b.set_pts(plain.pts());
            let (flags, strides) = (gst_video::VideoFrameFlags::empty(), [stride as i32]);
            gst_video::VideoMeta::add_full(b, flags, format, 64, 48, &[start], &strides)
                .expect("it fits");
            bench.push(Reference, plain);
            bench.push(Distorted, buffer);
        }
        // upstream need not copy such pictures
        let pad = bench.element.static_pad("dist_sink").expect("always there");
        bench.await_paired(4);
        let mut query = gst::query::Allocation::new(Some(&caps.parse().expect("caps")), false);
        assert!(pad.query(&mut query));
        assert!(query.find_allocation_meta::<gst_video::VideoMeta>().is_some());
        let (heard, _) = bench.finish();
        let adm2 = features(&heard, "adm2");
        assert!(adm2.len() == 6 && adm2.iter().all(|a| (a - 1.0).abs() < 5e-5), "{adm2:?}");
    }
}

#[test]
fn packed_formats_score_as_planar_ones() {
    let line = |format: &str| {
        format!(
            "videotestsrc num-buffers=4 pattern=ball \
             ! video/x-raw,format=Y42B,width=177,height=144,framerate=25/1 ! tee name=t \
             t. ! queue ! v.ref_sink \
             t. ! queue ! videoconvert dither=none ! video/x-raw,format={format} ! queue \
             ! v.dist_sink vmaftiny name=v tiny-model=MODEL align-mode=timestamps ! fakesink"
        )
    };
    for format in ["UYVY", "YUY2", "v210"] {
        let heard = run(&line(format));
        let adm2 = features(&heard, "adm2");
        assert_eq!(adm2.len(), 4, "{format}: {:?}", heard.errors);
        assert!(adm2.iter().all(|a| (a - 1.0).abs() < 5e-5), "{format}: {adm2:?}");
    }
}
