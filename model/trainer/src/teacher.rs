//! The teacher: libvmaf's support vector regression, evaluated from its published JSON.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use crate::Vector;

/// Features in canonical order, as teachers name them.
const NAMES: [&str; 6] = ["adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2"];

/// Why a teacher cannot be used.
#[derive(Debug, Error)]
pub enum TeacherError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not JSON of the expected form.
    #[error("{path} is no libvmaf model: {reason}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

#[derive(Deserialize)]
struct File {
    model_dict: Dict,
}

#[derive(Deserialize)]
struct Dict {
    feature_names: Vec<String>,
    slopes: Vec<f64>,
    intercepts: Vec<f64>,
    model: String,
}

/// A support vector machine with Gaussian kernel over the canonical-6 features.
#[derive(Debug)]
pub struct Teacher {
    gamma: f64,
    rho: f64,
    // for each of the teacher's inputs: canonical feature, slope, intercept
    inputs: Vec<(usize, f64, f64)>,
    output: (f64, f64),
    vectors: Vec<(f64, Vec<f64>)>,
}

impl Teacher {
    /// Reads a model JSON as libvmaf ships them.
    ///
    /// # Errors
    /// The file cannot be read, or is not a model of the canonical-6 features.
    pub fn open(path: &Path) -> Result<Self, TeacherError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| TeacherError::Read { path: path.into(), source })?;
        Self::parse(&text).map_err(|reason| TeacherError::Form { path: path.into(), reason })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let File { model_dict: dict } = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let n = dict.feature_names.len();
        if dict.slopes.len() != n + 1 || dict.intercepts.len() != n + 1 {
            return Err(format!("{n} features need {} slopes and intercepts", n + 1));
        }
        let inputs = dict.feature_names.iter().enumerate().map(|(i, name)| {
            let place = NAMES.iter().position(|known| name.contains(&format!("_{known}_")));
            let place = place.ok_or_else(|| format!("unknown feature {name}"))?;
            Ok((place, dict.slopes[i + 1], dict.intercepts[i + 1]))
        });
        let inputs = inputs.collect::<Result<Vec<_>, String>>()?;
        let (head, body) = dict.model.split_once("SV\n").ok_or("no support vectors")?;
        let setting = |name: &str| -> Result<f64, String> {
            let line = head.lines().find_map(|l| l.strip_prefix(name));
            let value = line.and_then(|v| v.trim().parse().ok());
            value.ok_or_else(|| format!("no number for {name}"))
        };
        let vectors = body.lines().filter(|l| !l.trim().is_empty()).map(|l| support_vector(l, n));
        Ok(Self {
            gamma: setting("gamma ")?,
            rho: setting("rho ")?,
            inputs,
            output: (dict.slopes[0], dict.intercepts[0]),
            vectors: vectors.collect::<Result<_, String>>()?,
        })
    }

    /// Score of raw features in canonical order, before it is clipped to 0..100.
    pub fn score(&self, features: &Vector) -> f64 {
        let x: Vec<f64> = self.inputs.iter().map(|(f, slope, add)| slope * features[*f] + add).collect();
        let mut sum = -self.rho;
        for (coefficient, vector) in &self.vectors {
            let distance: f64 = x.iter().zip(vector).map(|(a, b)| (a - b) * (a - b)).sum();
            sum += coefficient * (-self.gamma * distance).exp();
        }
        (sum - self.output.1) / self.output.0
    }
}

/// A line `coefficient index:value …`; absent indices are 0.
fn support_vector(line: &str, n: usize) -> Result<(f64, Vec<f64>), String> {
    let broken = || format!("broken support vector: {line}");
    let mut fields = line.split_whitespace();
    let coefficient = fields.next().and_then(|c| c.parse().ok()).ok_or_else(broken)?;
    let mut vector = vec![0.0; n];
    for field in fields {
        let (index, value) = field.split_once(':').ok_or_else(broken)?;
        let index: usize = index.parse().map_err(|_| broken())?;
        let place = index.checked_sub(1).and_then(|i| vector.get_mut(i)).ok_or_else(broken)?;
        *place = value.parse().map_err(|_| broken())?;
    }
    Ok((coefficient, vector))
}
