//! The `vmaf` command: arguments in, files and one line out.

mod args;
mod options;
mod progress;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::report::Report;
use crate::{Error, run};
use args::{Args, Mode};

use options::Options;
use progress::Meter;

/// Runs the command with the process's arguments. 0: done; 1: the files have no report; 2: the
/// arguments are wrong.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match &args.mode {
        None => execute(&args),
        Some(mode) => describe(mode),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&mut std::io::stderr(), &format!("vmaf: {error}"));
            ExitCode::from(if matches!(error, Error::Options(_)) { 2 } else { 1 })
        }
    }
}

/// The command in words, for man and shells.
fn describe(mode: &Mode) -> Result<(), Error> {
    let mut command = Args::command();
    let mut out = std::io::stdout();
    match mode {
        Mode::Man => clap_mangen::Man::new(command)
            .render(&mut out)
            .map_err(|source| Error::Write { path: "-".into(), source }),
        Mode::Completions { shell } => {
            clap_complete::generate(*shell, &mut command, "vmaf", &mut out);
            Ok(())
        }
    }
}

fn execute(args: &Args) -> Result<(), Error> {
    let options = Options::new(args)?;
    let meter = Meter::new(options.quiet);
    let report = run::score(&options.job, &mut |progress| meter.show(progress));
    meter.clear();
    let report = report?;
    if let Some((path, format)) = &options.output {
        report.save(path, *format)?;
    }
    remark(&report);
    let to_stdout = options.output.as_ref().is_some_and(|(path, _)| path == Path::new("-"));
    let silent = to_stdout || (options.quiet && options.output.is_some());
    if report.prediction && !silent {
        let line = format!("{}: {:.6}", report.model.id, report.pooled.score);
        say(&mut std::io::stdout(), &line);
    }
    Ok(())
}

/// What a reader of the score should know.
fn remark(report: &Report) {
    let counts = &report.counts;
    let remarks = [
        (counts.ended, format!("reference frames come after the end of {}", report.distorted)),
        (counts.missing, format!("reference frames have no partner in {}", report.distorted)),
        (counts.surplus, format!("frames of {} belong to no reference frame", report.distorted)),
        (
            report.extrapolated() as u64,
            format!("frames are unlike anything that {} was trained on", report.model.id),
        ),
    ];
    for (count, what) in remarks.iter().filter(|(count, _)| *count > 0) {
        say(&mut std::io::stderr(), &format!("vmaf: {count} {what}"));
    }
}

// a reader that has gone away is no failure
fn say(stream: &mut dyn Write, line: &str) {
    let _ = writeln!(stream, "{line}");
}
