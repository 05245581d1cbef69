//! Short training runs on the committed corpus.

use std::path::{Path, PathBuf};

use vmaftiny_trainer::commands::train::{on_rows, teach};
use vmaftiny_trainer::corpus::{self, Row};
use vmaftiny_trainer::evaluate::Metrics;
use vmaftiny_trainer::family::plan;
use vmaftiny_trainer::matrix;
use vmaftiny_trainer::quantise::Codes;
use vmaftiny_trainer::recipe::{Effort, Lesson, Recipe};
use vmaftiny_trainer::student::Student;
use vmaftiny_trainer::teacher::Teachers;
use vmaftiny_trainer::{Failure, onnx};

/// Rows to learn from and rows of sources held out.
fn rows() -> (Vec<Row>, Vec<Row>) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    let mut known = corpus::read(&corpus.join("learn.parquet")).unwrap();
    known.retain(|r| !matrix::is_held_out(&r.source));
    let mut held_out = corpus::read(&corpus.join("test.parquet")).unwrap();
    held_out.retain(|r| matrix::is_held_out(&r.source));
    (known, held_out)
}

fn lesson() -> Option<Lesson> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/teacher");
    if !directory.is_dir() {
        eprintln!("skipped: no ../shared/teacher");
        return None;
    }
    Some(Lesson::prepare(Recipe::Distilled, &directory).unwrap())
}

fn short(lesson: &Lesson, id: &str, rows: &[Row], percent: u32) -> Student {
    let effort = Effort { seeds: 1, pool: 30_000, percent };
    teach(plan(id).unwrap(), lesson, rows, effort).0
}

#[test]
fn a_short_distilled_run_beats_a_tenth_of_the_published_recipe() {
    let Some(lesson) = lesson() else { return };
    let (known, held_out) = rows();
    let plan = plan("vmaf_tiny_v2").unwrap();
    let distilled = on_rows(plan, &short(&lesson, plan.id, &known, 6), &held_out);
    let effort = Effort { seeds: 1, pool: 1, percent: 10 };
    let published = teach(plan, &Lesson::Published, &known, effort).0;
    let published = on_rows(plan, &published, &held_out);
    println!("distilled {distilled:?}, published {published:?}");
    assert!(distilled.rmse < 1.0 && distilled.plcc > 0.999, "{distilled:?}");
    assert!(published.rmse > distilled.rmse, "{published:?} {distilled:?}");
}

#[test]
fn the_published_recipe_needs_no_teacher() {
    let (known, held_out) = rows();
    let plan = plan("vmaf_tiny_v2").unwrap();
    let effort = Effort { seeds: 1, pool: 1, percent: 40 };
    let student = teach(plan, &Lesson::Published, &known, effort).0;
    let metrics = on_rows(plan, &student, &held_out);
    assert!(metrics.rmse < 5.0 && metrics.plcc > 0.99, "{metrics:?}");
}

#[test]
fn a_seed_gives_the_same_bytes() {
    let Some(lesson) = lesson() else { return };
    let (known, _) = rows();
    let once = || onnx::export(&short(&lesson, "vmaf_tiny_v3", &known, 1), "model");
    assert_eq!(once(), once());
}

#[test]
fn a_file_reads_back_as_the_student_that_was_written() {
    let Some(lesson) = lesson() else { return };
    let (known, held_out) = rows();
    let directory = tempfile::tempdir().unwrap();
    let student = short(&lesson, "vmaf_tiny_confidence", &known, 1);
    let path = directory.path().join("model.onnx");
    std::fs::write(&path, onnx::export(&student, "model")).unwrap();
    assert_eq!(onnx::import(&path).unwrap(), student);

    // weights that are multiples of a code survive rounding
    let layers: Vec<Codes> = student.network.layers.iter().map(Codes::of).collect();
    std::fs::write(&path, onnx::export_codes(&student, &layers, "model")).unwrap();
    assert!(matches!(onnx::import(&path), Err(Failure::Model(_))), "an int8 file is no student");
    let features: Vec<_> = held_out.iter().map(|r| r.features).collect();
    assert!(student.scores(&features).iter().all(|s| (0.0..=100.0).contains(s)));
}

#[test]
fn without_a_teacher_the_reason_is_named() {
    let error = Teachers::open(&PathBuf::from("/nonexistent")).unwrap_err();
    let text = Failure::from(error).to_string();
    assert!(text.contains("vmaf_v0.6.1.json") && text.contains("--teachers"), "{text}");
}

#[test]
fn metrics_refuse_to_call_a_constant_good() {
    let m = Metrics::of(&[50.0; 4], &[10.0, 20.0, 30.0, 40.0]);
    assert!(m.plcc.is_nan() && m.rmse > 20.0);
}
