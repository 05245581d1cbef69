use std::path::PathBuf;

/// Why a model cannot be loaded or a score cannot be computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FusionError {
    /// Neither a registry id nor a file.
    #[error("no model '{name}': it is not a file, and the known ids are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Ids of the registry, comma separated.
        known: String,
    },
    /// A model file or its sidecar cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is larger than any tiny model.
    #[error("{path} has {found} bytes; a tiny model has at most {limit}")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        found: u64,
        /// Largest accepted size in bytes.
        limit: u64,
    },
    /// `VMAF_TINY_MODEL_DIR` confines loading and the file is elsewhere.
    #[error("{path} is outside {directory}, to which VMAF_TINY_MODEL_DIR confines model loading")]
    Confined {
        /// The file, symbolic links followed.
        path: PathBuf,
        /// The only allowed directory.
        directory: PathBuf,
    },
    /// A JSON file is not what it should be.
    #[error("{what} is not valid: {source}")]
    Json {
        /// Which registry or sidecar.
        what: String,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// A registry or sidecar contradicts itself.
    #[error("{what}: {problem}")]
    Metadata {
        /// Which registry or sidecar.
        what: String,
        /// What is wrong.
        problem: String,
    },
    /// The file is not the one that the registry lists.
    #[error("{model}: sha256 is {found}, the registry says {expected}; the file was changed")]
    Digest {
        /// The model's id or file.
        model: String,
        /// Digest in the registry.
        expected: String,
        /// Digest of the file.
        found: String,
    },
    /// The ONNX file breaks the family's contract.
    #[error("{model} does not keep the model contract: expected {expected}, found {found}")]
    Contract {
        /// The model's id or file.
        model: String,
        /// What the contract says.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// The model reads a feature that nobody measures.
    #[error("{model} reads feature '{feature}', which is not measured here (there is {available})")]
    Feature {
        /// The model's id or file.
        model: String,
        /// The missing feature.
        feature: String,
        /// The features there are.
        available: String,
    },
    /// The model has no transform for the request.
    #[error("{model} has no phone transform, so phone-model cannot be used with it")]
    NoPhone {
        /// The model's id or file.
        model: String,
    },
    /// The inference backend cannot be started or refuses the model.
    #[error("{model}: {problem}")]
    Backend {
        /// The model's id or file, or the backend's library.
        model: String,
        /// What the backend said.
        problem: String,
    },
    /// The network's answer is not a number.
    #[error("{model} gave {value} for the features {features:?}")]
    NotFinite {
        /// The model's id or file.
        model: String,
        /// NaN or an infinity.
        value: f32,
        /// What it was asked, in the model's order.
        features: Vec<f32>,
    },
}
