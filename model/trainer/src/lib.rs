//! Teaches tiny networks the score of libvmaf's support vector machine, and exports them to ONNX.
//!
//! [`extract`] measures video, [`corpus`] keeps the features, [`teacher`] labels any feature
//! vector, [`pool`] draws vectors to learn from, [`train`] teaches a [`network`] in coordinates
//! found by [`whiten`], [`evaluate`] compares it with the teacher and [`ship`] writes the files
//! the plugin loads ([`onnx`], sidecar, registry).

pub mod corpus;
pub mod evaluate;
pub mod extract;
pub mod matrix;
pub mod network;
pub mod onnx;
pub mod pool;
pub mod ship;
pub mod teacher;
pub mod train;
pub mod whiten;

/// Features of one frame in canonical order: adm2, vif_scale0 to 3, motion2.
pub type Vector = [f64; 6];

/// Why a command of the trainer failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The teacher cannot be used.
    #[error(transparent)]
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
    /// The corpus is not what it should be.
    #[error("the corpus is not usable: {0}")]
    Corpus(String),
    /// ffmpeg is missing or failed.
    #[error("{0}")]
    Ffmpeg(String),
    /// A model is worse than it may be.
    #[error("{0}")]
    Gate(String),
}
