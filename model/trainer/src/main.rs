//! `vmaftiny-trainer`: from video to the models the plugin ships.

use clap::{Parser, Subcommand};
use vmaftiny_trainer::Failure;
use vmaftiny_trainer::commands::{
    Common, export, extract, loso, measure_quant_drop, ptq_dynamic, qat, reproduce, train, validate,
};

#[derive(Parser)]
#[command(version, about = "Teaches tiny networks the VMAF score and exports them to ONNX")]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure clips and what encoders make of them
    Extract(extract::Arguments),
    /// Teach models and keep the best seeds as checkpoints
    Train(train::Arguments),
    /// Turn checkpoints into ONNX files with sidecars and registry entries
    Export(export::Arguments),
    /// Compare shipped models with the teacher on sources they were not trained on
    Validate(validate::Arguments),
    /// Train again and again with one source left out, and test on that one
    Loso(loso::Arguments),
    /// Write an int8 file whose activations are quantised at run time, for comparison
    PtqDynamic(ptq_dynamic::Arguments),
    /// Teach a shipped model to live with int8 weights and ship that beside it
    Qat(qat::Arguments),
    /// Compare a model's int8 file with its float32 file
    MeasureQuantDrop(measure_quant_drop::Arguments),
    /// Train, quantise and validate the whole family, and compare digests with the registry
    Reproduce(reproduce::Arguments),
}

fn main() {
    let cli = Cli::parse();
    if let Err(failure) = run(&cli) {
        eprintln!("Error: {failure}");
        std::process::exit(1);
    }
}

fn run(cli: &Cli) -> Result<(), Failure> {
    match &cli.command {
        Command::Extract(a) => extract::run(&cli.common, a),
        Command::Train(a) => train::run(&cli.common, a),
        Command::Export(a) => export::run(a),
        Command::Validate(a) => validate::run(&cli.common, a),
        Command::Loso(a) => loso::run(&cli.common, a),
        Command::PtqDynamic(a) => ptq_dynamic::run(a),
        Command::Qat(a) => qat::run(&cli.common, a),
        Command::MeasureQuantDrop(a) => measure_quant_drop::run(&cli.common, a),
        Command::Reproduce(a) => reproduce::run(&cli.common, a),
    }
}
