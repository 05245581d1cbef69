//! `extract`: clips and an encoder matrix to Parquet.

use std::path::PathBuf;

use clap::Args;

use super::{Common, bar};
use crate::teacher::Teachers;
use crate::{Failure, corpus, extract, provenance};

/// Arguments of `extract`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// ffmpeg with libx264, libx265, libvpx and libsvtav1
    #[arg(long, env = "VMAFTINY_FFMPEG", default_value = "ffmpeg")]
    pub ffmpeg: PathBuf,
    /// Take only each so-manieth variant
    #[arg(long, default_value_t = 1)]
    pub every: usize,
    /// Directories of video files; generated sources are always included
    pub directories: Vec<PathBuf>,
}

/// Measures and writes the corpus.
///
/// # Errors
/// ffmpeg, a clip or a teacher fails, or the corpus cannot be written.
pub fn run(common: &Common, arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { ffmpeg, every, directories } = arguments;
    let teachers = Teachers::open(&common.teachers)?;
    let sources = extract::sources(directories)?;
    let rows = extract::extract(ffmpeg, &sources, *every, &teachers, &bar())?;
    let mut inputs: Vec<PathBuf> = Teachers::FILES.map(|f| common.teachers.join(f)).into();
    inputs.extend(sources.iter().filter_map(|s| s.file.clone()));
    let inputs: Vec<_> = inputs.iter().map(PathBuf::as_path).collect();
    let provenance = provenance::provenance(&inputs, &[&common.corpus])?;
    corpus::write(&common.corpus, &rows, &provenance.to_string())?;
    println!("{} frames of {} sources in {}", rows.len(), sources.len(), common.corpus.display());
    Ok(())
}
