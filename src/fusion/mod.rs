//! From measurements to a score: a tiny network in an ONNX file.
//!
//! A model says what it reads. Its sidecar (a JSON file beside the ONNX file) names the features
//! in order, the output's range and the closing transform; [`Fusion`] gathers those features from
//! whatever the extractors provide. Nothing here knows pixels, time or GStreamer.
//!
//! The ONNX contract of the family: input `features`, float32 `[N, features]`, raw values; output
//! `vmaf`, float32 `[N]`; opset 17; scaling baked in. [`contract`] refuses files that break it and
//! says what was expected and what was found.

pub mod contract;
mod engine;
mod error;
mod locate;
mod probe;
pub mod registry;
mod runtime;
mod sidecar;
mod without_clip;

pub use engine::{Fusion, ModelInfo, Options, Score};
pub use error::FusionError;
pub use locate::{DIRECTORY_VARIABLE, registry as open_registry};
pub use registry::{AccuracyBudget, Entry, QuantMode, Registry};
pub use runtime::LIBRARY_VARIABLE;
pub use sidecar::{Range, Sidecar, Transform};

/// The model used when none is named.
pub const DEFAULT_MODEL: &str = "vmaf_tiny_v2";
