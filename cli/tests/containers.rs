//! Files that GStreamer decodes: paired by time, and the same scores as the element's.

#[path = "../../tests/support/pipeline.rs"]
#[allow(dead_code, reason = "shared with the element's tests")]
mod pipeline;
mod support;

use std::ops::ControlFlow;

// what pipeline.rs needs of its neighbours
use support::mlp;
use support::{Bench, CLIP, Clip, Side, encode};
use vmaftiny_cli::pairs::By;
use vmaftiny_cli::report::Report;
use vmaftiny_cli::{Error, Job, score};

const FILM: Clip = Clip { width: 176, height: 144, frames: 12, ..CLIP };

fn scored(job: &Job) -> Result<Report, Error> {
    score(job, &mut |_| ControlFlow::Continue(()))
}

fn scores(report: &Report) -> Vec<f64> {
    report.frames.iter().map(|f| f.measured.score.value).collect()
}

/// What the element says of the two files.
fn by_element(reference: &str, distorted: &str) -> Vec<f64> {
    let line = format!(
        "uridecodebin uri=file://{reference} ! queue ! v.ref_sink \
         uridecodebin uri=file://{distorted} ! queue ! v.dist_sink \
         vmaftiny name=v tiny-model=MODEL ! fakesink sync=false"
    );
    let heard = pipeline::run(&line);
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    heard.scores()
}

#[test]
fn containers_score_as_the_element_does() {
    let bench = Bench::new();
    bench.y4m(FILM);
    encode(&bench.path("ref.y4m"), &bench.path("ref.mkv"), "matroskamux", 2000);
    encode(&bench.path("ref.y4m"), &bench.path("dist.mp4"), "mp4mux", 60);
    let report = scored(&bench.job("ref.mkv", "dist.mp4")).expect("a report");
    assert_eq!(report.by, By::Time);
    assert_eq!(report.frames.len(), 12);
    assert_eq!((report.counts.missing, report.counts.surplus), (0, 0));
    assert_eq!(scores(&report), by_element(&bench.name("ref.mkv"), &bench.name("dist.mp4")));

    // a raw reference against a decoded file
    let mixed = scored(&bench.job("ref.y4m", "dist.mp4")).expect("a report");
    assert_eq!(mixed.by, By::Number);
    assert_eq!(mixed.frames.len(), 12);
    let timed = Job { by: Some(By::Time), ..bench.job("ref.y4m", "dist.mp4") };
    assert_eq!(scores(&scored(&timed).expect("a report")), scores(&mixed));
}

#[test]
fn raw_files_score_as_the_element_does() {
    let bench = Bench::new();
    bench.y4m(FILM);
    let report = scored(&bench.job("ref.y4m", "dist.y4m")).expect("a report");
    assert_eq!(scores(&report), by_element(&bench.name("ref.y4m"), &bench.name("dist.y4m")));
}

#[test]
fn lost_frames_are_found_by_time_and_not_by_number() {
    let bench = Bench::new();
    // the distorted film has half of the frames, each shown twice as long
    let mut half = b"YUV4MPEG2 W176 H144 F25:2 C420jpeg\n".to_vec();
    for n in (0..12).step_by(2) {
        half.extend_from_slice(b"FRAME\n");
        half.extend(FILM.frame(Side::Reference, n));
    }
    bench.y4m(FILM).write("dist.y4m", &half);
    let timed = Job { by: Some(By::Time), ..bench.job("ref.y4m", "dist.y4m") };
    let report = scored(&timed).expect("a report");
    assert_eq!(report.frames.iter().map(|f| f.number).collect::<Vec<_>>(), [0, 2, 4, 6, 8, 10]);
    assert!(report.frames.iter().all(|f| (f.measured.values[0] - 1.0).abs() < 1e-4));
    assert_eq!((report.counts.paired, report.counts.missing + report.counts.ended), (6, 6));
    let numbered = scored(&bench.job("ref.y4m", "dist.y4m")).expect("a report");
    assert!(numbered.frames.iter().skip(1).any(|f| f.measured.values[0] < 0.99));
}

#[test]
fn what_cannot_be_decoded_is_said() {
    let bench = Bench::new();
    bench.y4m(FILM).write("garbage.mkv", &[0x5a; 5000]).write("empty.mp4", b"");
    for name in ["garbage.mkv", "empty.mp4"] {
        let error = scored(&bench.job("ref.y4m", name)).expect_err(name).to_string();
        assert!(error.contains("cannot decode") && error.contains(name), "{error}");
    }
    let missing = Job { distorted: "file:///nowhere/x.mkv".into(), ..bench.job("ref.y4m", "") };
    let error = scored(&missing).expect_err("nothing there").to_string();
    assert!(error.contains("file:///nowhere/x.mkv"), "{error}");
    let sound = bench.path("sound.ogg");
    let line = format!(
        "audiotestsrc num-buffers=20 ! vorbisenc ! oggmux ! filesink location={}",
        sound.display()
    );
    let made = pipeline::run(&line);
    assert!(made.eos, "{:?}", made.errors);
    let error = scored(&bench.job("ref.y4m", "sound.ogg")).expect_err("no video").to_string();
    assert!(error.contains("sound.ogg"), "{error}");
}
