//! `vmaftiny-trainer`: from video to the models the plugin ships.

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use vmaftiny_trainer::corpus::Row;
use vmaftiny_trainer::evaluate::Metrics;
use vmaftiny_trainer::pool::Pool;
use vmaftiny_trainer::ship::{Budget, Description};
use vmaftiny_trainer::teacher::Teacher;
use vmaftiny_trainer::train::{Recipe, Student, train};
use vmaftiny_trainer::whiten::Whitening;
use vmaftiny_trainer::{Failure, Vector, corpus, extract, matrix, ship};

#[derive(Parser)]
#[command(version, about = "Teaches tiny networks the VMAF score and exports them to ONNX")]
struct Cli {
    /// libvmaf's model JSON to learn from
    #[arg(long, global = true, default_value = "../shared/teacher/vmaf_v0.6.1.json")]
    teacher: PathBuf,
    /// Features of video
    #[arg(long, global = true, default_value = "model/corpus/features.parquet")]
    corpus: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure clips and what encoders make of them
    Extract {
        /// ffmpeg with libx264, libx265, libvpx and libsvtav1
        #[arg(long, env = "VMAFTINY_FFMPEG")]
        ffmpeg: PathBuf,
        /// Directories of video files; generated sources are always included
        directories: Vec<PathBuf>,
    },
    /// Teach the models, pick the best seeds, export those
    Train {
        /// Where ONNX files, sidecars and the registry go
        #[arg(long, default_value = "model/tiny")]
        out: PathBuf,
        /// Ids to train; all if none is given
        ids: Vec<String>,
        /// Seeds tried for each model
        #[arg(long, default_value_t = 2)]
        seeds: u64,
        /// Vectors in the pool
        #[arg(long, default_value_t = 1_000_000)]
        pool: usize,
        /// Optimiser steps, in percent of the recipe's
        #[arg(long, default_value_t = 100)]
        steps: u32,
    },
    /// Compare shipped models with the teacher on sources they were not trained on
    Validate {
        /// Directory of the registry
        #[arg(long, default_value = "model/tiny")]
        models: PathBuf,
    },
}

struct Plan {
    id: &'static str,
    widths: &'static [usize],
    steps: u32,
    rate: f32,
    budget: Budget,
}

const PLANS: [Plan; 3] = [
    Plan {
        id: "vmaf_tiny_v2",
        widths: &[6, 16, 8, 1],
        steps: 100_000,
        rate: 4e-3,
        budget: Budget { rmse: 0.5, max: 4.0, plcc: 0.9997 },
    },
    Plan {
        id: "vmaf_tiny_v3",
        widths: &[6, 32, 16, 1],
        steps: 120_000,
        rate: 4e-3,
        budget: Budget { rmse: 0.25, max: 2.5, plcc: 0.9999 },
    },
    Plan {
        id: "vmaf_tiny_v4",
        widths: &[6, 64, 32, 16, 1],
        steps: 150_000,
        rate: 3e-3,
        budget: Budget { rmse: 0.2, max: 2.0, plcc: 0.9999 },
    },
];

fn main() {
    let cli = Cli::parse();
    if let Err(failure) = run(&cli) {
        eprintln!("vmaftiny-trainer: {failure}");
        std::process::exit(1);
    }
}

fn run(cli: &Cli) -> Result<(), Failure> {
    match &cli.command {
        Command::Extract { ffmpeg, directories } => measure(cli, ffmpeg, directories),
        Command::Train { out, ids, seeds, pool, steps } => {
            teach(cli, out, ids, *seeds, *pool, *steps)
        }
        Command::Validate { models } => validate(cli, models),
    }
}

fn measure(cli: &Cli, ffmpeg: &Path, directories: &[PathBuf]) -> Result<(), Failure> {
    let teacher = Teacher::open(&cli.teacher)?;
    let rows = extract::extract(ffmpeg, &extract::sources(directories)?, &teacher, &bar())?;
    if let Some(parent) = cli.corpus.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut provenance = ship::provenance(std::slice::from_ref(&cli.teacher))?;
    provenance["features"] = "gstvmaftiny::features".into();
    corpus::write(&cli.corpus, &rows, &provenance.to_string())?;
    println!("{} frames in {}", rows.len(), cli.corpus.display());
    Ok(())
}

fn teach(
    cli: &Cli,
    out: &Path,
    ids: &[String],
    seeds: u64,
    size: usize,
    percent: u32,
) -> Result<(), Failure> {
    let teacher = Teacher::open(&cli.teacher)?;
    let rows = corpus::read(&cli.corpus)?;
    let (held_out, known): (Vec<Row>, Vec<Row>) =
        rows.into_iter().partition(|r| matrix::is_held_out(&r.source));
    let real: Vec<Vector> = known.iter().map(|r| r.features).collect();
    if real.is_empty() || held_out.is_empty() {
        return Err(Failure::Corpus("it needs sources to learn from and sources held out".into()));
    }
    let whitening = Whitening::of(&real, 2e-3);
    let pool = Pool::sample(&real, size, &teacher, &mut ChaCha8Rng::seed_from_u64(1));
    let check = Pool::sample(&real, 100_000, &teacher, &mut ChaCha8Rng::seed_from_u64(2));
    let provenance = ship::provenance(&[cli.corpus.clone(), cli.teacher.clone()])?;
    for plan in PLANS.iter().filter(|p| ids.is_empty() || ids.iter().any(|i| i == p.id)) {
        let tried = (0..seeds).into_par_iter().map(|seed| {
            let recipe = Recipe {
                widths: plan.widths.into(),
                steps: (plan.steps * percent / 100).max(1),
                rate: plan.rate,
                seed,
            };
            let student = train(&pool, &whitening, &recipe, &bar());
            let error = against_pool(&student, &check).rmse;
            eprintln!("{} seed {seed}: RMSE {error:.4} on fresh vectors", plan.id);
            (error, student)
        });
        let tried: Vec<(f64, Student)> = tried.collect();
        let best = tried.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
        let Some((_, student)) = best else { continue };
        let metrics = against_rows(&student, &held_out);
        println!("{} {metrics:?}", plan.id);
        let description = Description {
            id: plan.id.into(),
            text: format!(
                "VMAF v0.6.1 from the canonical six features, {} parameters",
                student.network.parameters()
            ),
            teacher: "vmaf_v0.6.1".into(),
            phone: true,
            feature_range: range(&pool.features),
            budget: plan.budget,
        };
        std::fs::create_dir_all(out)?;
        ship::ship(out, &student, &description, &metrics, &provenance)?;
    }
    Ok(())
}

fn validate(cli: &Cli, models: &Path) -> Result<(), Failure> {
    let rows: Vec<Row> =
        corpus::read(&cli.corpus)?.into_iter().filter(|r| matrix::is_held_out(&r.source)).collect();
    let wanted: Vec<f64> = rows.iter().map(|r| r.score).collect();
    println!("| model | frames | PLCC | SROCC | RMSE | p99 | max |\n|---|---|---|---|---|---|---|");
    let mut failed = Vec::new();
    for plan in &PLANS {
        let path = models.join(format!("{}.onnx", plan.id)).to_string_lossy().into_owned();
        let fusion = gstvmaftiny::fusion::Fusion::open(&path, &gstvmaftiny::features::NAMES);
        let mut fusion = fusion.map_err(|e| Failure::Gate(e.to_string()))?;
        let scores = rows.iter().map(|r| fusion.score(&r.features).map(|s| s.value));
        let scores = scores.collect::<Result<Vec<f64>, _>>();
        let m = Metrics::of(&scores.map_err(|e| Failure::Gate(e.to_string()))?, &wanted);
        println!(
            "| {} | {} | {:.6} | {:.6} | {:.4} | {:.3} | {:.3} |",
            plan.id, m.frames, m.plcc, m.srocc, m.rmse, m.p99, m.max
        );
        if !plan.budget.admits(&m) {
            failed.push(format!("{} is beyond its budget {:?}", plan.id, plan.budget));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::Gate(failed.join("; "))) }
}

fn against_pool(student: &Student, pool: &Pool) -> Metrics {
    let wanted: Vec<f64> = pool.labels.iter().map(|l| l.clamp(0.0, 100.0)).collect();
    Metrics::of(&student.scores(&pool.features), &wanted)
}

fn against_rows(student: &Student, rows: &[Row]) -> Metrics {
    let features: Vec<Vector> = rows.iter().map(|r| r.features).collect();
    let wanted: Vec<f64> = rows.iter().map(|r| r.score).collect();
    Metrics::of(&student.scores(&features), &wanted)
}

/// Smallest and largest values.
fn range(features: &[Vector]) -> (Vector, Vector) {
    let fold = |pick: fn(f64, f64) -> f64| {
        let first = features[0];
        features.iter().fold(first, |a, f| std::array::from_fn(|i| pick(a[i], f[i])))
    };
    (fold(f64::min), fold(f64::max))
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{elapsed} {wide_bar} {pos}/{len} {eta}");
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
