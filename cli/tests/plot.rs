//! Pictures of finished runs.
#![cfg(feature = "plot")]

mod support;

use support::{Bench, CLIP, Clip};

const RUN: &str = "-r ref.y4m -d dist.y4m --tiny-model model.onnx";

fn finished() -> Bench {
    let bench = Bench::new();
    bench.y4m(Clip { frames: 12, ..CLIP });
    assert!(bench.vmaf(&format!("{RUN} --json -o report.json")).status.success());
    bench
}

fn drawn(bench: &Bench, name: &str) -> String {
    let output = bench.vmaf(&format!("report.json --plot {name}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty());
    String::from_utf8_lossy(&std::fs::read(bench.path(name)).expect("a picture")).into_owned()
}

#[test]
fn svg_shows_the_score_the_worst_frames_and_the_features() {
    let bench = finished();
    let svg = drawn(&bench, "out.svg");
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    let words =
        ["model: mean", "adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2"];
    for word in words {
        assert!(svg.contains(word), "{word}");
    }
    // a curve a metric, a mark for each of the five worst frames
    assert_eq!(svg.matches("<circle").count(), 5);
    let report = std::fs::read(bench.path("report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
    let frames = report["frames"].as_array().expect("frames");
    let score = |f: &&serde_json::Value| f["metrics"]["vmaf"].as_f64().expect("vmaf");
    let worst = frames.iter().min_by(|a, b| score(a).total_cmp(&score(b))).expect("frames");
    assert!(svg.contains(&format!("\n{}\n", worst["frameNum"])), "{}", worst["frameNum"]);
}

#[test]
fn html_is_a_page_with_the_same_picture() {
    let bench = finished();
    let (svg, html) = (drawn(&bench, "out.svg"), drawn(&bench, "out.html"));
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains(&svg));
    assert_eq!(html.matches("<tr><td>").count(), 5);
}

#[test]
fn png_has_ink_where_the_svg_has_it() {
    let bench = finished();
    drawn(&bench, "out.png");
    let file = std::fs::File::open(bench.path("out.png")).expect("a picture");
    let decoder = png::Decoder::new(std::io::BufReader::new(file));
    let mut reader = decoder.read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("pixels");
    assert_eq!((info.width, info.height), (1200, 900));
    let count = |colour: [u8; 3]| pixels.chunks(3).filter(|p| **p == colour).count();
    // frame, curve and letters; curves of features; marks
    assert!(count([0, 0, 0]) > 2000 && count([0, 0, 255]) > 500 && count([255, 0, 0]) > 100);
    let title = pixels.chunks(3 * 1200).take(30).flatten().filter(|v| **v < 128).count();
    assert!(title > 300, "the title is not written: {title}");
}

#[test]
fn a_run_can_be_drawn_at_once() {
    let bench = finished();
    let output = bench.vmaf(&format!("{RUN} --plot direct.svg"));
    assert!(output.status.success());
    let direct = std::fs::read_to_string(bench.path("direct.svg")).expect("a picture");
    assert_eq!(direct, drawn(&bench, "later.svg"));
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let bench = finished();
    bench.write("none.json", br#"{"frames": [{"frameNum": 0, "metrics": {}}]}"#);
    bench.write("some.json", b"{");
    let cases = [
        ("report.json --plot out.pdf", 1, ".png, .svg or .html"),
        ("none.json --plot out.svg", 1, "no frame has a metric 'vmaf'"),
        ("some.json --plot out.svg", 1, "some.json is not a report"),
        ("missing.json --plot out.svg", 1, "cannot open missing.json"),
        ("report.json", 2, "--plot"),
        ("report.json --plot out.svg -r ref.y4m", 2, "--reference"),
    ];
    for (line, code, word) in cases {
        let output = bench.vmaf(line);
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(code), "{line}: {said}");
        assert!(said.contains(word), "{line}: {said}");
        assert!(!bench.files().iter().any(|f| f.starts_with("out") || f.contains("part")));
    }
}
