use std::path::PathBuf;

use prost::Message;

use super::locate::{self, DIRECTORY_VARIABLE};
use super::runtime::{self, Backend, Network};
use super::without_clip::without_clip;
use super::{FusionError, QuantMode, Range, Sidecar, Transform, contract, probe, registry};

/// A loaded model, bound to the features that the extractors provide.
pub struct Fusion {
    network: Network,
    sidecar: Sidecar,
    info: ModelInfo,
    transform: Option<Transform>,
    // for each input column, its place in what the extractors provide
    columns: Vec<usize>,
    input: Vec<f32>,
}

/// What to load and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Score for viewing on a phone. The model must have a phone transform.
    pub phone: bool,
    /// Only load from this directory. `None`: from `VMAF_TINY_MODEL_DIR` if set, else anywhere.
    pub directory: Option<PathBuf>,
}

/// Identity of a loaded model, for messages and reports.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
    /// Registry id, or the file name without `.onnx`.
    pub id: String,
    /// File path, or `built-in` and the file name.
    pub origin: String,
    /// Hex digest of the ONNX file.
    pub sha256: String,
    /// How the weights are stored.
    pub quant_mode: QuantMode,
    /// Features it reads, in order.
    pub features: Vec<String>,
    /// Lowest and highest score.
    pub range: Range,
    /// `tract` or `onnxruntime`.
    pub backend: &'static str,
}

/// One frame's verdict.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Within the model's range (0 to 100 for VMAF).
    pub value: f64,
    /// Half of the 95 % confidence interval, if the model estimates it.
    pub half_width: Option<f64>,
    /// The features lie outside what the model's training covered.
    pub extrapolated: bool,
}

impl Fusion {
    /// Loads `model`, a registry id (with `:fp32` or `:int8` to override its quantisation) or the
    /// path of an ONNX file. `provides` names the features that [`Fusion::score`] will be given.
    ///
    /// # Errors
    /// The model is unknown, unreadable, altered, outside the allowed directory, breaks the
    /// contract, or reads a feature that is not provided.
    pub fn open(model: &str, provides: &[&str]) -> Result<Self, FusionError> {
        Self::open_with(model, provides, &Options::default())
    }

    /// [`Fusion::open`] with [`Options`].
    ///
    /// # Errors
    /// As [`Fusion::open`]; also if the model has no phone transform and one is asked for.
    pub fn open_with(
        model: &str,
        provides: &[&str],
        options: &Options,
    ) -> Result<Self, FusionError> {
        let from_environment = || std::env::var_os(DIRECTORY_VARIABLE).map(PathBuf::from);
        let directory = options.directory.clone().or_else(from_environment);
        let located = locate::locate(model, directory.as_deref())?;
        let proto = contract::check(&located.onnx, &located.sidecar, &located.origin)?;
        let columns = bind(&located.sidecar, provides, &located.id)?;

        let (transform, proto) = if options.phone {
            let phone = located.sidecar.phone_transform.clone();
            let phone = phone.ok_or_else(|| FusionError::NoPhone { model: located.id.clone() })?;
            (Some(phone), without_clip(proto, &located.sidecar.output.name))
        } else {
            (located.sidecar.transform.clone(), proto)
        };
        let backend = runtime::backend()?;
        if backend == Backend::Tract {
            probe::probe(&proto, columns.len()).map_err(|problem| FusionError::Backend {
                model: located.origin.clone(),
                problem,
            })?;
        }
        let second = located.sidecar.second_output.iter();
        let outputs = [&located.sidecar.output.name].into_iter().chain(second.map(|s| &s.name));
        let outputs = outputs.cloned().collect();
        let network = Network::load(&proto.encode_to_vec(), outputs, &located.origin)?;
        let info = ModelInfo {
            sha256: registry::sha256_hex(&located.onnx),
            id: located.id,
            origin: located.origin,
            quant_mode: located.quant_mode,
            features: located.sidecar.features.clone(),
            range: located.sidecar.output.range,
            backend: backend.name(),
        };
        let input = vec![0.0; columns.len()];
        Ok(Self { network, sidecar: located.sidecar, info, transform, columns, input })
    }

    /// What was loaded.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Scores one frame. `features` are in the order of `provides`, raw values.
    ///
    /// # Errors
    /// The backend fails, or the network gives no finite number.
    ///
    /// # Panics
    /// If `features` is shorter than the `provides` given when the model was opened.
    pub fn score(&mut self, features: &[f64]) -> Result<Score, FusionError> {
        for (slot, column) in self.input.iter_mut().zip(&self.columns) {
            *slot = features[*column] as f32;
        }
        let outputs = self.network.infer(&self.input);
        let (raw, half_width) = outputs
            .map_err(|problem| FusionError::Backend { model: self.info.id.clone(), problem })?;
        let broken = [Some(raw), half_width].into_iter().flatten().find(|v| !v.is_finite());
        if let Some(value) = broken {
            return Err(FusionError::NotFinite {
                model: self.info.id.clone(),
                value,
                features: self.input.clone(),
            });
        }
        let raw = f64::from(raw);
        let value = self.transform.as_ref().map_or(raw, |t| t.apply(raw));
        Ok(Score {
            value: value.clamp(self.info.range.low, self.info.range.high),
            half_width: half_width.map(|h| f64::from(h).max(0.0)),
            extrapolated: self.sidecar.extrapolates(&self.input),
        })
    }
}

fn bind(sidecar: &Sidecar, provides: &[&str], model: &str) -> Result<Vec<usize>, FusionError> {
    sidecar
        .features
        .iter()
        .map(|feature| {
            provides.iter().position(|p| p == feature).ok_or_else(|| FusionError::Feature {
                model: model.into(),
                feature: feature.clone(),
                available: provides.join(", "),
            })
        })
        .collect()
}
