//! Teaches tiny networks the score of libvmaf's support vector machines, and exports them to ONNX.
//!
//! [`extract`] measures the video that [`matrix`] lists, [`corpus`] keeps the features,
//! [`teacher`] labels any feature vector, [`pool`] draws vectors to learn from. A [`recipe`]
//! teaches a [`network`] by [`fit`] and [`polish`], in coordinates found by [`whiten`], and
//! makes a [`student`] of it; [`quantise`] rounds its weights. [`evaluate`] compares with the teacher, [`family`] says
//! how close a model must be, [`onnx`] and [`ship`] write the files the plugin loads.

use std::path::Path;

pub mod commands;
pub mod corpus;
pub mod evaluate;
pub mod extract;
pub mod family;
pub mod fit;
pub mod matrix;
pub mod network;
pub mod onnx;
pub mod pass;
pub mod polish;
pub mod pool;
pub mod provenance;
pub mod quantise;
pub mod recipe;
pub mod ship;
pub mod student;
pub mod target;
pub mod teacher;
pub mod whiten;

/// Features of one frame in canonical order: adm2, vif_scale0 to 3, motion2.
pub type Vector = [f64; 6];

/// Why a command of the trainer failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// A temporary file cannot be used.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The teacher cannot be used.
    #[error(
        "{0} (training asks the teachers about vectors that no video has shown; --teachers names \
         the directory of libvmaf's model files)"
    )]
    Teacher(#[from] teacher::TeacherError),
    /// Parquet refused.
    #[error(transparent)]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Arrow refused.
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
    /// JSON refused.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A picture cannot be measured.
    #[error(transparent)]
    Feature(#[from] gstvmaftiny::features::FeatureError),
    /// A shipped model cannot be loaded or run.
    #[error(transparent)]
    Fusion(#[from] gstvmaftiny::fusion::FusionError),
    /// The corpus is not what it should be.
    #[error("the corpus is not usable: {0}")]
    Corpus(String),
    /// A checkpoint or a model file is not what it should be.
    #[error("{0}")]
    Model(String),
    /// ffmpeg is missing or failed.
    #[error("{0}")]
    Ffmpeg(String),
    /// Models are worse than they may be.
    #[error("{0}")]
    Gate(String),
}

impl Failure {
    fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.into(), source }
    }
}
