//! The command as people use it: arguments, exit codes, what it says and what it leaves behind.

mod support;

use serde_json::Value;
use support::{Bench, CLIP, Clip, Side};

const RUN: &str = "-r ref.y4m -d dist.y4m --tiny-model model.onnx";

fn scores(report: &Value) -> Vec<f64> {
    let frames = report["frames"].as_array().expect("frames");
    frames.iter().map(|f| f["metrics"]["vmaf"].as_f64().expect("vmaf")).collect()
}

fn numbers(report: &Value) -> Vec<u64> {
    let frames = report["frames"].as_array().expect("frames");
    frames.iter().map(|f| f["frameNum"].as_u64().expect("frameNum")).collect()
}

#[test]
fn scores_are_the_model_applied_to_the_features() {
    let bench = Bench::new();
    bench.y4m(CLIP);
    let report = bench.report("-r ref.y4m -d dist.y4m");
    assert_eq!(numbers(&report), [0, 1, 2, 3]);
    for frame in report["frames"].as_array().expect("frames") {
        let get = |name: &str| frame["metrics"][name].as_f64().expect(name);
        let vif: f64 = (0..4).map(|s| get(&format!("integer_vif_scale{s}"))).sum();
        let expected =
            (1.0 + 60.0 * get("integer_adm2") + 5.0 * vif + 0.5 * get("integer_motion2"))
                .min(100.0);
        assert!((get("vmaf") - expected).abs() < 1e-3, "{frame}");
    }
    let scores = scores(&report);
    assert!(scores.iter().all(|s| *s < 99.0), "a blur must show: {scores:?}");
    let pooled = &report["pooled_metrics"]["vmaf"];
    let mean = scores.iter().sum::<f64>() / 4.0;
    assert!((pooled["mean"].as_f64().expect("mean") - mean).abs() < 2e-6);
    let lowest = scores.iter().copied().fold(f64::MAX, f64::min);
    assert_eq!(pooled["min"].as_f64(), Some(lowest));
    assert!(report["aggregate_metrics"].as_object().is_some_and(|m| m.is_empty()));
    assert_eq!(report["tiny_model"]["name"], "model");
    assert_eq!(report["tiny_model"]["sha256"].as_str().map(str::len), Some(64));
}

#[test]
fn raw_files_score_like_y4m() {
    let bench = Bench::new();
    for bits in [8, 10, 12, 16] {
        let clip = Clip { bits, width: 67, height: 49, ..CLIP };
        bench.y4m(clip);
        bench.write("ref.yuv", &clip.yuv(Side::Reference));
        bench.write("dist.yuv", &clip.yuv(Side::Distorted));
        let y4m = bench.report("--reference ref.y4m --distorted dist.y4m");
        let yuv = bench.report(&format!(
            "--reference ref.yuv --distorted dist.yuv --width 67 --height 49 \
             --pixel_format 420 --bitdepth {bits}"
        ));
        assert_eq!(scores(&y4m), scores(&yuv), "{bits} bits");
        assert_eq!(scores(&y4m).len(), 4);
    }
}

#[test]
fn all_formats_say_the_same() {
    let bench = Bench::new();
    bench.y4m(CLIP);
    for format in ["xml", "json", "csv", "sub"] {
        let output = bench.vmaf(&format!("{RUN} --{format} -o report.{format} -q"));
        assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    }
    let read = |name: &str| std::fs::read_to_string(bench.path(name)).expect("a report");
    let report: Value = serde_json::from_str(&read("report.json")).expect("JSON");
    let (xml, csv, sub) = (read("report.xml"), read("report.csv"), read("report.sub"));
    for (number, score) in scores(&report).iter().enumerate() {
        let score = format!("{score:.6}");
        let xml_line = xml.lines().find(|l| l.contains(&format!("frameNum=\"{number}\"")));
        assert!(xml_line.is_some_and(|l| l.contains(&format!("vmaf=\"{score}\""))), "{xml}");
        let csv_line = csv.lines().nth(number + 1).expect("a line a frame");
        assert!(csv_line.starts_with(&format!("{number},")), "{csv_line}");
        assert!(csv_line.ends_with(&format!(",{score},")), "{csv_line}");
        let sub_line = sub.lines().nth(number).expect("a line a frame");
        assert!(sub_line.starts_with(&format!("{{{number}}}{{{}}}", number + 1)), "{sub_line}");
        assert!(sub_line.ends_with(&format!("|vmaf: {score}|")), "{sub_line}");
    }
    assert!(xml.starts_with("<VMAF version=") && xml.contains("<metric name=\"vmaf\" min="));
    assert!(csv.starts_with("Frame,integer_adm2,integer_vif_scale0,"), "{csv}");
}

#[test]
fn the_default_report_is_xml_and_the_score_is_printed() {
    let bench = Bench::new();
    bench.y4m(CLIP);
    let output = bench.vmaf(&format!("{RUN} --output report"));
    let line = String::from_utf8(output.stdout).expect("text");
    assert!(line.starts_with("model: ") && line.lines().count() == 1, "{line}");
    assert!(output.stderr.is_empty(), "plain when piped");
    let report = std::fs::read_to_string(bench.path("report")).expect("a report");
    assert!(report.starts_with("<VMAF"));
}

#[test]
fn frames_are_left_out_as_asked() {
    let bench = Bench::new();
    bench.y4m(Clip { frames: 9, ..CLIP });
    let all = bench.report("-r ref.y4m -d dist.y4m");
    let some = bench.report("-r ref.y4m -d dist.y4m --subsample 3");
    assert_eq!(numbers(&some), [0, 3, 6]);
    assert_eq!(scores(&some), scores(&all).into_iter().step_by(3).collect::<Vec<_>>());

    let few = bench.report("-r ref.y4m -d dist.y4m --frame_cnt 2");
    assert_eq!(numbers(&few), [0, 1]);

    let later = bench.report("-r ref.y4m -d dist.y4m --frame_skip_ref 2 --frame_skip_dist 2");
    let vif =
        |report: &Value, n: usize| report["frames"][n]["metrics"]["integer_vif_scale0"].clone();
    assert_eq!(numbers(&later).len(), 7);
    assert_eq!(vif(&later, 0), vif(&all, 2));

    let shifted = bench.vmaf(&format!("{RUN} --frame_skip_ref 1 --json -o -"));
    let said = String::from_utf8(shifted.stderr).expect("text");
    assert!(said.contains("1 frames of dist.y4m belong to no reference frame"), "{said}");
}

#[test]
fn without_prediction_there_are_features_only() {
    let bench = Bench::new();
    bench.y4m(CLIP);
    let output = bench.vmaf(&format!("{RUN} -n --csv -o -"));
    let csv = String::from_utf8(output.stdout).expect("text");
    assert!(csv.contains("integer_motion2") && !csv.contains("vmaf"), "{csv}");
}

#[test]
fn sizes_that_differ_need_scaling() {
    let bench = Bench::new();
    bench.y4m(CLIP);
    for bits in [8, 10] {
        bench.write("dist.y4m", &Clip { width: 96, bits, ..CLIP }.y4m(Side::Distorted));
        let refusal = bench.refusal("");
        assert!(refusal.contains("64x48") && refusal.contains("96x48"), "{refusal}");
        let report = bench.report("-r ref.y4m -d dist.y4m --scale");
        assert_eq!(scores(&report).len(), 4);
    }
}

#[test]
fn scaling_keeps_what_is_there() {
    let bench = Bench::new();
    // a smooth picture survives being drawn at half size
    let smooth = |width: usize, height: usize| {
        let mut bytes = format!("YUV4MPEG2 W{width} H{height} F25:1 Cmono\n").into_bytes();
        bytes.extend_from_slice(b"FRAME\n");
        for y in 0..height {
            for x in 0..width {
                let (u, v) = ((x as f64 + 0.5) / width as f64, (y as f64 + 0.5) / height as f64);
                bytes.push((128.0 + 60.0 * (6.0 * u).sin() + 40.0 * (5.0 * v).cos()) as u8);
            }
        }
        bytes
    };
    bench.write("ref.y4m", &smooth(128, 96)).write("dist.y4m", &smooth(64, 48));
    let report = bench.report("-r ref.y4m -d dist.y4m --scale");
    let adm2 = report["frames"][0]["metrics"]["integer_adm2"].as_f64().expect("adm2");
    assert!(adm2 > 0.95, "{adm2}");
}

#[test]
fn the_distorted_luma_gets_the_references_range() {
    let bench = Bench::new();
    let frames = |range: &str, value: &dyn Fn(f64) -> f64| {
        let mut bytes = format!("YUV4MPEG2 W64 H48 F25:1 Cmono XCOLORRANGE={range}\n").into_bytes();
        for frame in 0..3 {
            bytes.extend_from_slice(b"FRAME\n");
            let full = (0..64 * 48).map(|i| f64::from((i * 7 + i / 64 * 13 + frame) % 256));
            bytes.extend(full.map(|v| value(v).round() as u8));
        }
        bytes
    };
    bench.write("ref.y4m", &frames("FULL", &|v| v));
    let limited = |v: f64| v / 255.0 * 219.0 + 16.0;
    let line = "-r ref.y4m -d dist.y4m";
    bench.write("dist.y4m", &frames("LIMITED", &limited));
    let converted = bench.report(line);
    bench.write("dist.y4m", &frames("FULL", &limited));
    let as_it_is = bench.report(line);
    assert_eq!(converted["alignment"]["range_converted"], 3);
    assert_eq!(as_it_is["alignment"]["range_converted"], 0);
    let adm2 = |report: &Value| {
        report["frames"][1]["metrics"]["integer_adm2"].as_f64().expect("a feature")
    };
    // but for rounding the picture is the reference; contrast lost counts against it
    assert!(adm2(&converted) > 0.99 && adm2(&as_it_is) < 0.9, "{converted} {as_it_is}");
}

#[test]
fn the_profile_is_chosen_and_reported() {
    let bench = Bench::new();
    let big = Clip { width: 96, height: 360, frames: 2, ..CLIP };
    bench.y4m(big);
    let vif = |report: &Value| report["frames"][0]["metrics"]["integer_vif_scale0"].clone();
    let exact = bench.report("-r ref.y4m -d dist.y4m");
    let fast = bench.report("-r ref.y4m -d dist.y4m --profile fast");
    assert_eq!(exact["tiny_model"]["profile"], "exact");
    assert_eq!(fast["tiny_model"]["profile"], "fast");
    assert_ne!(vif(&exact), vif(&fast));
    let xml = bench.vmaf("-r ref.y4m -d dist.y4m --tiny-model model.onnx --profile fast -o -");
    assert!(String::from_utf8_lossy(&xml.stdout).contains("profile=\"fast\""));
}

#[test]
fn an_error_names_the_file_and_what_is_wrong() {
    let bench = Bench::new();
    bench.y4m(CLIP);
    let whole = CLIP.y4m(Side::Distorted);
    let frame = b"FRAME\n".len() + 64 * 48 * 3 / 2;
    let cases: [(&str, &[u8], &str); 7] = [
        ("cut within a frame", &whole[..whole.len() - 100], "ends within frame 3"),
        ("cut in the luma", &whole[..whole.len() - frame / 2], "ends within frame 3"),
        ("cut in a mark", &whole[..whole.len() - frame + 3], "before frame 3"),
        ("empty", b"", "is empty"),
        ("no frames", b"YUV4MPEG2 W64 H48\n", "has no frames"),
        ("garbage", b"\x00\x01\x02garbage\n", "instead of YUV4MPEG2"),
        ("absurd size", b"YUV4MPEG2 W99999999 H99999999\nFRAME\n", "is not a picture size"),
    ];
    for (what, bytes, problem) in cases {
        bench.write("dist.y4m", bytes);
        let said = bench.refusal("-o report.xml");
        assert!(said.starts_with("vmaf: ") && said.contains(problem), "{what}: {said}");
        assert!(said.contains("dist.y4m") && said.lines().count() == 1, "{what}: {said}");
        assert!(!bench.files().iter().any(|f| f.contains("report") || f.contains("part")));
    }
    std::fs::remove_file(bench.path("dist.y4m")).expect("there");
    assert!(bench.refusal("").contains("cannot open dist.y4m: No such file"));

    bench.write("dist.mp4", b"not a film at all, but long enough to be looked at closely");
    let said = bench.refusal("-d dist.mp4").replace("dist.y4m", "");
    assert!(said.contains("--distorted"), "given twice: {said}");
    let output = bench.vmaf("-r ref.y4m -d dist.mp4 --tiny-model model.onnx");
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.contains("cannot decode dist.mp4"), "{said}");
}

#[test]
fn samples_beyond_the_depth_are_refused() {
    let bench = Bench::new();
    let clip = Clip { bits: 10, ..CLIP };
    bench.y4m(clip);
    let mut bytes = clip.y4m(Side::Distorted);
    let last = bytes.len() - 64 * 48; // within the last frame's luma: chroma is shorter
    bytes[last - 64 * 48 + 1] = 0xff;
    bench.write("dist.y4m", &bytes);
    let said = bench.refusal("");
    assert!(said.contains("frame 3") && said.contains("10 bits cannot hold"), "{said}");
}

#[test]
fn a_partial_raw_frame_is_reported() {
    let bench = Bench::new();
    let yuv = CLIP.yuv(Side::Reference);
    bench.write("ref.yuv", &yuv).write("dist.yuv", &yuv[..yuv.len() - 1]);
    let line = "-r ref.yuv -d dist.yuv -w 64 -h 48 -p 420 -b 8 --tiny-model model.onnx";
    let output = bench.vmaf(line);
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("dist.yuv ends within frame 3: 4607 of 4608 bytes are there"), "{said}");
}

#[test]
fn what_cannot_be_honoured_is_said() {
    let bench = Bench::new();
    bench.y4m(CLIP);
    for (flags, word) in [
        ("--model version=vmaf_v0.6.1", "--tiny-model"),
        ("--feature psnr", "psnr"),
        ("--feature adm=csf=1", "no options"),
        ("--gpumask 1", "GPU"),
        ("--cpumask 1", "VMAFTINY_CPU"),
        ("--tiny-threads 4", "one thread"),
        ("--tiny-device cuda", "cuda"),
        ("--width 64", "--bitdepth"),
        ("--subsample 0", "0"),
        ("--bitdepth 9 --width 64 --height 48 --pixel_format 420", "depth 9"),
        ("--align timestamps --frame_skip_ref 1", "by time"),
        ("--no-such-flag", "--no-such-flag"),
        ("--xml --json", "--json"),
    ] {
        let output = bench.vmaf(&format!("{RUN} {flags}"));
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{flags}: {said}");
        assert!(said.contains(word), "{flags}: {said}");
    }
    let kept = bench.vmaf(&format!("{RUN} --feature adm --feature vif --tiny-device cpu"));
    assert!(kept.status.success());
    let said = bench.refusal("--phone_model");
    assert!(said.contains("no phone transform"), "{said}");
}

#[test]
fn a_shorter_distorted_file_is_remarked_on() {
    let bench = Bench::new();
    bench.y4m(CLIP);
    bench.write("dist.y4m", &Clip { frames: 3, ..CLIP }.y4m(Side::Distorted));
    let output = bench.vmaf(RUN);
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.contains("1 reference frames come after the end of dist.y4m"), "{said}");
}

#[test]
fn reports_replace_files_whole_and_keep_out_of_devices() {
    let bench = Bench::new();
    bench.y4m(CLIP).write("report.json", b"old");
    assert!(bench.vmaf(&format!("{RUN} --json -o report.json")).status.success());
    let report = std::fs::read(bench.path("report.json")).expect("a report");
    assert!(serde_json::from_slice::<Value>(&report).is_ok());
    let output = bench.vmaf(&format!("{RUN} --json -o /dev/stdout -q"));
    assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok());
    let refused = bench.refusal("-o nowhere/report.xml");
    assert!(refused.contains("cannot write nowhere/report.xml"), "{refused}");
}

#[test]
fn man_page_and_completions_are_made_of_the_arguments() {
    let bench = Bench::new();
    let said = |line: &str| String::from_utf8(bench.vmaf(line).stdout).expect("text");
    let man = said("man");
    assert!(man.starts_with(".ie") || man.contains(".TH vmaf"), "{man}");
    assert!(man.contains("tiny\\-model"), "{man}");
    for shell in ["bash", "zsh", "fish"] {
        assert!(said(&format!("completions {shell}")).contains("frame_skip_ref"), "{shell}");
    }
}

#[test]
fn the_models_default_is_named_in_help() {
    let help = Bench::new().vmaf("--help");
    let help = String::from_utf8(help.stdout).expect("text");
    for word in ["--tiny-model", "vmaf_tiny_v2", "--frame_skip_dist"] {
        assert!(help.contains(word), "{help}");
    }
    let version = String::from_utf8(Bench::new().vmaf("-v").stdout).expect("text");
    assert_eq!(version.trim(), format!("vmaf {}", env!("CARGO_PKG_VERSION")));
}
