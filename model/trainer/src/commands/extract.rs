//! `extract`: clips and an encoder matrix to Parquet, one file to learn from and one to test on.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Common, bar};
use crate::corpus::Row;
use crate::teacher::Teachers;
use crate::{Failure, corpus, extract, matrix, provenance};

/// Arguments of `extract`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// ffmpeg with libx264, libx265, libvpx and libsvtav1
    #[arg(long, env = "VMAFTINY_FFMPEG", default_value = "ffmpeg")]
    pub ffmpeg: PathBuf,
    /// Of the variants to learn from, take only each so-manieth
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
    let (held_out, known): (Vec<Row>, Vec<Row>) =
        rows.into_iter().partition(|r| matrix::is_held_out(&r.source));
    for (path, rows) in [(&*common.corpus, known), (&*common.held_out, held_out)] {
        let has = |name: &str| rows.iter().any(|r: &Row| r.source == name);
        let clips = sources.iter().filter(|s| has(&s.name)).filter_map(|s| s.file.clone());
        let inputs: Vec<PathBuf> =
            Teachers::FILES.map(|f| common.teachers.join(f)).into_iter().chain(clips).collect();
        let inputs: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
        let provenance = provenance::provenance(&inputs, &[path])?;
        corpus::write(path, &rows, &provenance.to_string())?;
        println!("{} frames in {}", rows.len(), path.display());
    }
    Ok(())
}
