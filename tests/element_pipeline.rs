//! Whole pipelines: every frame scored, in order, and the video left alone.

#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod mlp;
#[path = "support/pipeline.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod pipeline;

use std::sync::{Arc, Mutex};

use gst::prelude::*;
use gstvmaftiny::report::EventKind;
use pipeline::{Heard, parse, play, run};

const PAIR: &str = "videotestsrc num-buffers=12 pattern=ball \
    ! video/x-raw,format=FORMAT,width=WIDTH,height=HEIGHT,framerate=25/1 ! tee name=t \
    t. ! queue ! v.ref_sink t. ! queue ! DISTORT ! queue ! v.dist_sink \
    vmaftiny name=v tiny-model=MODEL align-mode=timestamps OPTIONS ! fakesink name=out sync=false";

fn pair(format: &str, width: u32, height: u32, distort: &str, options: &str) -> String {
    PAIR.replace("FORMAT", format)
        .replace("WIDTH", &width.to_string())
        .replace("HEIGHT", &height.to_string())
        .replace("DISTORT", distort)
        .replace("OPTIONS", options)
}

/// What arrives behind the element.
fn record(pipeline: &gst::Pipeline) -> Arc<Mutex<Vec<gst::Buffer>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = pipeline.by_name("out").expect("named in the launch line");
    let pad = sink.static_pad("sink").expect("a sink has one");
    let list = seen.clone();
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(buffer) = info.buffer() {
            list.lock().expect("no panic before").push(buffer.clone());
        }
        gst::PadProbeReturn::Ok
    });
    seen
}

/// A buffer's memory that is counted while it lives.
struct Counted {
    samples: Vec<u8>,
    _alive: Arc<()>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.samples
    }
}

#[test]
fn files_wait_where_they_come_from() {
    let pipeline = parse(&pair("GRAY8", 640, 360, "identity", ""));
    let element = pipeline.by_name("v").expect("named in the launch line");
    let pad = element.static_pad("dist_sink").expect("a pad");
    let alive = Arc::new(());
    let most = Arc::new(Mutex::new(0));
    let seen = most.clone();
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(gst::PadProbeData::Buffer(buffer)) = &mut info.data {
            let samples = buffer.map_readable().expect("readable").to_vec();
            let counted = gst::Memory::from_slice(Counted { samples, _alive: alive.clone() });
            let buffer = buffer.make_mut();
            buffer.remove_all_memory();
            buffer.append_memory(counted);
            let mut most = seen.lock().expect("no panic before");
            *most = (*most).max(Arc::strong_count(&alive) - 1);
        }
        gst::PadProbeReturn::Ok
    });
    let heard = play(&pipeline);
    assert_eq!(heard.scores().len(), 12, "{:?}", heard.errors);
    // one is measured, one is next, one is at the pad, and one has just come to it
    let most = *most.lock().expect("no panic before");
    assert!(most <= 4, "{most} distorted pictures were held");
}

#[test]
fn every_frame_is_scored_in_order_and_the_verdict_comes_last() {
    let heard = run(&pair("I420", 320, 240, "x264enc bitrate=60 ! avdec_h264", ""));
    assert!(heard.eos && heard.errors.is_empty(), "{:?}", heard.errors);
    let indices: Vec<i32> = heard.frames.iter().map(|f| f.get("index").expect("index")).collect();
    assert_eq!(indices, (0..12).collect::<Vec<_>>());
    let times: Vec<u64> =
        heard.frames.iter().map(|f| f.get("running-time").expect("running-time")).collect();
    assert_eq!(times, (0..12).map(|i| i * 40_000_000).collect::<Vec<u64>>());
    assert_eq!(heard.frames[0].get::<&str>("status"), Ok("first"));
    assert!(heard.frames[1..].iter().all(|f| f.get::<&str>("status") == Ok("ok")));

    let [pooled] = &heard.pooled[..] else { panic!("one pooled message") };
    let scores = heard.scores();
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    assert!((pooled.get::<f64>("score").expect("score") - mean).abs() < 1e-9);
    assert_eq!(pooled.get::<u64>("frames"), Ok(12));
}

#[test]
fn scores_are_the_model_applied_to_the_features() {
    let heard = run(&pair("I420", 320, 240, "x264enc bitrate=60 ! avdec_h264", ""));
    for frame in &heard.frames {
        let get = |name: &str| frame.get::<f64>(name).expect("a feature");
        let vif: f64 = (0..4).map(|s| get(&format!("vif-scale{s}"))).sum();
        let expected = (1.0 + 60.0 * get("adm2") + 5.0 * vif + 0.5 * get("motion2")).min(100.0);
        assert!((get("score") - expected).abs() < 1e-3, "{frame}");
    }
}

#[test]
fn the_fast_profile_samples_fine_detail_and_is_named() {
    let of = |profile: &str| {
        let options = format!("profile={profile}");
        run(&pair("I420", 640, 360, "x264enc bitrate=60 ! avdec_h264", &options))
    };
    let [exact, fast] = ["exact", "fast"].map(of);
    let values = |heard: &Heard, name: &str| -> Vec<f64> {
        heard.frames.iter().map(|f| f.get(name).expect("scored")).collect()
    };
    assert_eq!(exact.frames.len(), 12, "{:?}", exact.errors);
    assert_ne!(values(&exact, "vif-scale0"), values(&fast, "vif-scale0"));
    for feature in ["adm2", "vif-scale1", "vif-scale2", "vif-scale3", "motion2"] {
        assert_eq!(values(&exact, feature), values(&fast, feature), "{feature}");
    }
    for (heard, name) in [(&exact, "exact"), (&fast, "fast")] {
        assert!(heard.frames.iter().all(|f| f.get::<&str>("profile") == Ok(name)));
        assert_eq!(heard.verdict().get::<&str>("profile"), Ok(name));
    }
}

const FORMATS: [(&str, u32); 22] = [
    ("GRAY8", 8),
    ("I420", 8),
    ("YV12", 8),
    ("NV12", 8),
    ("NV21", 8),
    ("Y42B", 8),
    ("NV16", 8),
    ("Y444", 8),
    ("I420_10LE", 10),
    ("I422_10LE", 10),
    ("Y444_10LE", 10),
    ("I420_12LE", 12),
    ("I422_12LE", 12),
    ("Y444_12LE", 12),
    ("Y444_16LE", 16),
    ("GRAY16_LE", 16),
    ("P010_10LE", 10),
    ("P012_LE", 12),
    ("P016_LE", 16),
    ("UYVY", 8),
    ("YUY2", 8),
    ("v210", 10),
];

#[test]
fn every_format_passes_through_and_scores_identical_pictures_alike() {
    for (format, _) in FORMATS {
        let heard = run(&pair(format, 176, 144, "identity", ""));
        assert!(heard.errors.is_empty(), "{format}: {:?}", heard.errors);
        assert_eq!(heard.scores().len(), 12, "{format}");
        for frame in &heard.frames {
            let adm2: f64 = frame.get("adm2").expect("adm2");
            assert!((adm2 - 1.0).abs() < 5e-5, "{format}: {frame}");
        }
    }
}

#[test]
fn formats_and_depths_that_differ_are_brought_together() {
    // grey is full range to GStreamer, yet videoconvert copies luma as it is
    for (format, bits) in FORMATS.into_iter().filter(|(f, _)| !f.starts_with("GRAY")) {
        let convert = format!("videoconvert dither=none ! video/x-raw,format={format}");
        let heard = run(&pair("I420", 176, 144, &convert, ""));
        assert_eq!(heard.scores().len(), 12, "{format}: {:?}", heard.errors);
        // videoconvert repeats the upper bits below: 255 becomes 1023, a gain of 1023/1020
        let top = f64::from((1u32 << bits) - 1);
        let gain = match format {
            "v210" => 1.0,
            _ => top / f64::from(255 << (bits - 8)),
        };
        for frame in &heard.frames {
            let adm2: f64 = frame.get("adm2").expect("adm2");
            assert!((adm2 - gain).abs() < 1e-3, "{format}: {gain} {frame}");
        }
        let widened = heard.verdict().get::<&str>("widened").ok();
        assert_eq!(widened, (bits > 8).then_some("reference"), "{format}");
    }
}

#[test]
fn a_deeper_reference_is_as_good_as_a_deeper_distorted_stream() {
    let convert = "videoconvert dither=none ! video/x-raw,format=I420";
    for format in ["I420_10LE", "I422_12LE", "Y444_16LE"] {
        let heard = run(&pair(format, 176, 144, convert, ""));
        assert_eq!(heard.scores().len(), 12, "{format}: {:?}", heard.errors);
        for frame in &heard.frames {
            let adm2: f64 = frame.get("adm2").expect("adm2");
            assert!((adm2 - 1.0).abs() < 0.01, "{format}: {frame}");
        }
        assert_eq!(heard.verdict().get::<&str>("widened"), Ok("distorted"), "{format}");
    }
}

#[test]
fn odd_sizes_work() {
    for (width, height) in [(177, 145), (107, 61), (33, 33), (47, 35)] {
        let heard = run(&pair("I420", width, height, "identity", ""));
        assert_eq!(heard.scores().len(), 12, "{width}x{height}: {:?}", heard.errors);
    }
}

#[test]
fn pictures_too_small_pass_through_with_one_warning() {
    for size in [1, 8, 16, 32] {
        let pipeline = parse(&pair("GRAY8", size, size, "identity", ""));
        let seen = record(&pipeline);
        let heard = play(&pipeline);
        assert!(heard.eos && heard.errors.is_empty(), "{size}: {:?}", heard.errors);
        assert_eq!(seen.lock().expect("no panic before").len(), 12);
        assert_eq!(heard.scores().len(), 0);
        assert_eq!(heard.warnings.len(), 1, "{:?}", heard.warnings);
        assert!(heard.warnings[0].contains("33x33"), "{:?}", heard.warnings);
        assert_eq!(heard.told(EventKind::TooSmall).len(), 1, "{:?}", heard.events);
    }
}

#[test]
fn sizes_that_differ_are_an_error_that_says_so() {
    let scaled = "videoscale ! video/x-raw,width=160,height=120";
    let heard = run(&pair("I420", 320, 240, scaled, "size-policy=error"));
    assert_eq!(heard.errors.len(), 1);
    assert!(heard.errors[0].contains("320x240") && heard.errors[0].contains("160x120"));
}

#[test]
fn a_missing_model_is_an_error_before_any_frame() {
    for model in ["no_such_model", "/nonexistent/model.onnx"] {
        let line = pair("I420", 320, 240, "identity", "").replace("MODEL", model);
        let heard = run(&line);
        assert_eq!(heard.errors.len(), 1);
        assert!(heard.errors[0].contains(model), "{:?}", heard.errors);
        assert!(heard.frames.is_empty());
    }
}

#[test]
fn the_video_is_left_alone() {
    for (options, distort) in [("add-meta=false", "identity"), ("add-meta=true", "identity")] {
        let pipeline = parse(&pair("I420", 320, 240, distort, options));
        let sent = Arc::new(Mutex::new(Vec::new()));
        let v = pipeline.by_name("v").expect("named in the launch line");
        let list = sent.clone();
        let pad = v.static_pad("ref_sink").expect("always there");
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            list.lock().expect("no panic before").extend(info.buffer().cloned());
            gst::PadProbeReturn::Ok
        });
        let seen = record(&pipeline);
        play(&pipeline);
        let (sent, seen) = (sent.lock().expect("done"), seen.lock().expect("done"));
        assert_eq!(sent.len(), seen.len());
        for (before, after) in sent.iter().zip(seen.iter()) {
            assert_eq!((before.pts(), before.dts()), (after.pts(), after.dts()));
            assert_eq!((before.duration(), before.offset()), (after.duration(), after.offset()));
            assert_eq!(before.flags(), after.flags());
            // the same memory, not a copy of it
            let address = |b: &gst::Buffer| b.peek_memory(0).as_ptr();
            assert_eq!(address(before), address(after));
        }
    }
}

#[test]
fn metas_carry_the_message() {
    for output in ["reference", "distorted"] {
        let options = format!("output={output} ! queue ! identity");
        let pipeline = parse(&pair("I420", 320, 240, "x264enc bitrate=60 ! avdec_h264", &options));
        let seen = record(&pipeline);
        let heard = play(&pipeline);
        let seen = seen.lock().expect("done");
        assert_eq!((seen.len(), heard.frames.len()), (12, 12), "{:?}", heard.errors);
        for (buffer, message) in seen.iter().zip(&heard.frames) {
            let meta = gst::meta::CustomMeta::from_buffer(buffer, "VmafTinyMeta").expect("a meta");
            for field in ["score", "adm2", "motion2"] {
                let value = meta.structure().get::<f64>(field).expect(field);
                assert_eq!(value, message.get::<f64>(field).expect(field));
            }
            let running = message.get::<u64>("running-time").expect("running-time");
            assert_eq!(meta.structure().get::<u64>("running-time"), Ok(running));
        }
    }
}

#[test]
fn messages_obey_their_properties() {
    let quiet = run(&pair("I420", 320, 240, "identity", "frame-message=false"));
    assert_eq!((quiet.frames.len(), quiet.pooled.len()), (0, 1));

    let bare = run(&pair("I420", 320, 240, "identity", "add-features=false"));
    assert!(bare.frames.iter().all(|f| f.has_field("score") && !f.has_field("adm2")));

    let sparse = run(&pair("I420", 320, 240, "identity", "subsample=5"));
    let numbers: Vec<u64> =
        sparse.frames.iter().map(|f| f.get("frame-number").expect("number")).collect();
    assert_eq!(numbers, [0, 5, 10]);
    assert_eq!(sparse.pooled[0].get::<u64>("skipped"), Ok(9));

    for (method, field) in [("min", "min"), ("max", "max"), ("harmonic_mean", "harmonic-mean")] {
        let distort = "x264enc bitrate=60 ! avdec_h264";
        let heard = run(&pair("I420", 320, 240, distort, &format!("pool-method={method}")));
        let pooled = &heard.pooled[0];
        assert_eq!(pooled.get::<f64>("score"), pooled.get::<f64>(field));
    }
}

#[test]
fn motion_is_the_references_whatever_is_scored() {
    let all = run(&pair("I420", 320, 240, "identity", ""));
    let some = run(&pair("I420", 320, 240, "identity", "subsample=4"));
    let motion = |f: &gst::Structure| f.get::<f64>("motion2").expect("motion2");
    let expected: Vec<f64> = all.frames.iter().step_by(4).map(motion).collect();
    assert_eq!(some.frames.iter().map(motion).collect::<Vec<_>>(), expected);
    assert!(expected[1] > 0.0, "the ball moves");
}

#[test]
fn a_second_run_is_like_the_first() {
    let pipeline = parse(&pair("I420", 320, 240, "x264enc bitrate=60 ! avdec_h264", ""));
    let (first, second) = (play(&pipeline), play(&pipeline));
    assert_eq!(first.scores().len(), 12);
    assert_eq!(first.scores(), second.scores());
    assert_eq!(second.frames[0].get::<u64>("frame-number"), Ok(0));
}
