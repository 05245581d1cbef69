//! The teachers: libvmaf's support vector regressions, evaluated from their published JSON.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::Vector;

/// Features in canonical order, as teachers name them.
const NAMES: [&str; 6] =
    ["adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2"];

/// Why a teacher cannot be used.
#[derive(Debug, Error)]
pub enum TeacherError {
    /// The file cannot be read.
    #[error("cannot read the teacher {path}: {source}")]
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

/// What the teachers say of one feature vector.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Labels {
    /// Score of `vmaf_v0.6.1`.
    pub vmaf: f64,
    /// Score of `vmaf_4k_v0.6.1`.
    pub vmaf_4k: f64,
    /// Mean score of the bootstrap models.
    pub bagging: f64,
    /// Half of the bootstrap's 95 % confidence interval.
    pub half_width: f64,
}

/// The three teachers of the family.
#[derive(Debug)]
pub struct Teachers {
    /// `vmaf_v0.6.1`.
    pub vmaf: Svr,
    /// `vmaf_4k_v0.6.1`.
    pub vmaf_4k: Svr,
    /// `vmaf_b_v0.6.3`.
    pub bootstrap: Bootstrap,
}

impl Teachers {
    /// Files of a directory of teachers, in the order of the fields.
    pub const FILES: [&str; 3] = ["vmaf_v0.6.1.json", "vmaf_4k_v0.6.1.json", "vmaf_b_v0.6.3.json"];

    /// Reads the three files.
    ///
    /// # Errors
    /// A file cannot be read, or is not a model of the canonical-6 features.
    pub fn open(directory: &Path) -> Result<Self, TeacherError> {
        let [vmaf, vmaf_4k, bootstrap] = Self::FILES.map(|name| directory.join(name));
        Ok(Self {
            vmaf: Svr::open(&vmaf)?,
            vmaf_4k: Svr::open(&vmaf_4k)?,
            bootstrap: Bootstrap::open(&bootstrap)?,
        })
    }

    /// Scores limited to 0..100, as libvmaf reports them.
    pub fn labels(&self, features: &Vector) -> Labels {
        let (bagging, half_width) = self.bootstrap.score(features);
        Labels {
            vmaf: self.vmaf.score(features).clamp(0.0, 100.0),
            vmaf_4k: self.vmaf_4k.score(features).clamp(0.0, 100.0),
            bagging: bagging.clamp(0.0, 100.0),
            half_width,
        }
    }
}

/// A support vector regression with Gaussian kernel over the canonical-6 features.
#[derive(Clone, Debug)]
pub struct Svr {
    gamma: f64,
    rho: f64,
    // for each of the teacher's inputs: canonical feature, slope, intercept
    inputs: [(usize, f64, f64); 6],
    output: (f64, f64),
    vectors: Vec<(f64, Vector)>,
}

impl Svr {
    /// Reads a model JSON as libvmaf ships them.
    ///
    /// # Errors
    /// The file cannot be read, or is not a model of the canonical-6 features.
    pub fn open(path: &Path) -> Result<Self, TeacherError> {
        Self::from_json(&read(path)?).map_err(|reason| form(path, reason))
    }

    fn from_json(json: &Value) -> Result<Self, String> {
        let File { model_dict: dict } = File::deserialize(json).map_err(|e| e.to_string())?;
        let n = dict.feature_names.len();
        if n != 6 || dict.slopes.len() != n + 1 || dict.intercepts.len() != n + 1 {
            return Err(format!("{n} features, {} slopes: not 6 and 7", dict.slopes.len()));
        }
        let mut inputs = [(0, 0.0, 0.0); 6];
        for (i, (input, name)) in inputs.iter_mut().zip(&dict.feature_names).enumerate() {
            let place = NAMES.iter().position(|known| name.contains(&format!("_{known}_")));
            let place = place.ok_or_else(|| format!("unknown feature {name}"))?;
            *input = (place, dict.slopes[i + 1], dict.intercepts[i + 1]);
        }
        let (head, body) = dict.model.split_once("SV\n").ok_or("no support vectors")?;
        let setting = |name: &str| -> Result<f64, String> {
            let line = head.lines().find_map(|l| l.strip_prefix(name));
            let value = line.and_then(|v| v.trim().parse().ok());
            value.ok_or_else(|| format!("no number for {name}"))
        };
        let vectors = body.lines().filter(|l| !l.trim().is_empty()).map(support_vector);
        Ok(Self {
            gamma: setting("gamma ")?,
            rho: setting("rho ")?,
            inputs,
            output: (dict.slopes[0], dict.intercepts[0]),
            vectors: vectors.collect::<Result<_, String>>()?,
        })
    }

    /// Score of raw features in canonical order, before it is limited to 0..100.
    pub fn score(&self, features: &Vector) -> f64 {
        let x = self.inputs.map(|(place, slope, add)| slope * features[place] + add);
        let mut sum = -self.rho;
        for (coefficient, vector) in &self.vectors {
            let mut distance = 0.0;
            for i in 0..6 {
                distance += (x[i] - vector[i]) * (x[i] - vector[i]);
            }
            sum += coefficient * (-self.gamma * distance).exp();
        }
        (sum - self.output.1) / self.output.0
    }
}

/// A collection of regressions on resampled data; their spread is a confidence interval.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    models: Vec<Svr>,
}

impl Bootstrap {
    /// Reads a collection as libvmaf ships them. Its model 0 learnt from all data and takes no
    /// part, as in libvmaf.
    ///
    /// # Errors
    /// The file cannot be read, or has a member that is not a model of the canonical-6 features.
    pub fn open(path: &Path) -> Result<Self, TeacherError> {
        let json = read(path)?;
        let member = |i: usize| json.get(i.to_string());
        let models = (1..).map_while(member).map(Svr::from_json).collect::<Result<Vec<_>, _>>();
        let models = models.map_err(|reason| form(path, reason))?;
        if models.len() < 2 {
            return Err(form(path, "it is not a collection of models".into()));
        }
        Ok(Self { models })
    }

    /// Mean score and half of the 95 % confidence interval, neither limited.
    pub fn score(&self, features: &Vector) -> (f64, f64) {
        let mut scores: Vec<f64> = self.models.iter().map(|m| m.score(features)).collect();
        scores.sort_by(f64::total_cmp);
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        (mean, (percentile(&scores, 0.975) - percentile(&scores, 0.025)) / 2.0)
    }
}

/// Linear between neighbours, as libvmaf computes it.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (left, part) = (place.floor() as usize, place.fract());
    let right = (left + 1).min(sorted.len() - 1);
    sorted[left] + part * (sorted[right] - sorted[left])
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

fn read(path: &Path) -> Result<Value, TeacherError> {
    let text =
        std::fs::read(path).map_err(|source| TeacherError::Read { path: path.into(), source })?;
    serde_json::from_slice(&text).map_err(|e| form(path, e.to_string()))
}

fn form(path: &Path, reason: String) -> TeacherError {
    TeacherError::Form { path: path.into(), reason }
}

/// A line `coefficient index:value …`; absent indices are 0.
fn support_vector(line: &str) -> Result<(f64, Vector), String> {
    let broken = || format!("broken support vector: {line}");
    let mut fields = line.split_whitespace();
    let coefficient = fields.next().and_then(|c| c.parse().ok()).ok_or_else(broken)?;
    let mut vector = [0.0; 6];
    for field in fields {
        let (index, value) = field.split_once(':').ok_or_else(broken)?;
        let index: usize = index.parse().map_err(|_| broken())?;
        let place = index.checked_sub(1).and_then(|i| vector.get_mut(i)).ok_or_else(broken)?;
        *place = value.parse().map_err(|_| broken())?;
    }
    Ok((coefficient, vector))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_neighbours() {
        assert_eq!(percentile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!(percentile(&[1.0, 2.0, 4.0], 1.0), 4.0);
    }

    #[test]
    fn damaged_support_vectors_are_refused() {
        assert_eq!(
            support_vector("-4 1:0.5 6:2 ").unwrap(),
            (-4.0, [0.5, 0.0, 0.0, 0.0, 0.0, 2.0])
        );
        for line in ["", "x 1:2", "4 7:1", "4 0:1", "4 1:", "4 1"] {
            assert!(support_vector(line).is_err(), "{line}");
        }
    }
}
