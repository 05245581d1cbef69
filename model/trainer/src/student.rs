//! A taught network: standardisation and layers, answering in points.

use std::path::Path;

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fit::{CENTRES, SCALE};
use crate::network::{Layer, Network};
use crate::whiten::Whitening;
use crate::{Failure, Vector};

/// A network over standardised features that answers in points.
#[derive(Clone, Debug, PartialEq)]
pub struct Student {
    /// Subtracted from raw features.
    pub mean: [f32; 6],
    /// What is left is divided by this.
    pub std: [f32; 6],
    /// From standardised features to score, and half-width if it has a second output.
    pub network: Network,
}

impl Student {
    /// Takes a network that learnt in the coordinates of `whitening`: rotation and scale of the
    /// labels move into the first and last layers.
    pub fn new(mut network: Network, whitening: &Whitening) -> Self {
        let rotation = whitening.rotation.mapv(|v| v as f32);
        let first = &mut network.layers[0];
        first.weights = rotation.dot(&first.weights);
        Self {
            mean: whitening.mean.map(|v| v as f32),
            std: whitening.std.map(|v| v as f32),
            network: in_points(network),
        }
    }

    /// The network as it learns, over standardised features.
    pub fn learning(&self) -> Network {
        let mut network = self.network.clone();
        if let Some(last) = network.layers.last_mut() {
            last.weights /= SCALE;
            last.bias.iter_mut().zip(CENTRES).for_each(|(b, centre)| *b = (*b - centre) / SCALE);
        }
        network
    }

    /// Standardisation without rotation.
    pub fn standardisation(&self) -> Whitening {
        Whitening {
            mean: self.mean.map(f64::from),
            std: self.std.map(f64::from),
            rotation: Array2::eye(6),
        }
    }

    /// Outputs for raw features: the score limited to 0..100, then the half-width if there is one.
    pub fn outputs(&self, features: &[Vector]) -> Array2<f64> {
        let x = Array2::from_shape_fn((features.len(), 6), |(row, i)| {
            (features[row][i] as f32 - self.mean[i]) / self.std[i]
        });
        let mut y = self.network.apply(x).mapv(f64::from);
        y.column_mut(0).mapv_inplace(|v| v.clamp(0.0, 100.0));
        if y.ncols() > 1 {
            y.column_mut(1).mapv_inplace(|v| v.max(0.0));
        }
        y
    }

    /// Scores of raw features, 0..100.
    pub fn scores(&self, features: &[Vector]) -> Vec<f64> {
        self.outputs(features).column(0).to_vec()
    }
}

/// A network whose outputs learnt in units of [`SCALE`], in points.
pub fn in_points(mut network: Network) -> Network {
    if let Some(last) = network.layers.last_mut() {
        last.weights *= SCALE;
        last.bias.iter_mut().zip(CENTRES).for_each(|(b, centre)| *b = *b * SCALE + centre);
    }
    network
}

/// A student between `train` and `export`.
#[derive(Serialize, Deserialize)]
pub struct Checkpoint {
    /// Id of the model.
    pub id: String,
    mean: [f32; 6],
    std: [f32; 6],
    layers: Vec<Stored>,
    /// What the training reported, run provenance included.
    pub report: Value,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    outputs: usize,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Checkpoint {
    /// Of a student.
    pub fn new(id: &str, student: &Student, report: Value) -> Self {
        let layers = student.network.layers.iter().map(|l| Stored {
            outputs: l.bias.len(),
            weights: l.weights.iter().copied().collect(),
            bias: l.bias.to_vec(),
        });
        let Student { mean, std, .. } = *student;
        Self { id: id.into(), mean, std, layers: layers.collect(), report }
    }

    /// The student.
    ///
    /// # Errors
    /// Sizes do not fit together.
    pub fn student(&self) -> Result<Student, Failure> {
        let layer = |l: &Stored| -> Result<Layer, Failure> {
            let shape = (l.weights.len() / l.outputs.max(1), l.outputs);
            let weights = Array2::from_shape_vec(shape, l.weights.clone());
            let weights = weights.map_err(|e| Failure::Model(format!("{}: {e}", self.id)))?;
            Ok(Layer { weights, bias: Array1::from(l.bias.clone()) })
        };
        let layers = self.layers.iter().map(layer).collect::<Result<_, _>>()?;
        Ok(Student { mean: self.mean, std: self.std, network: Network { layers } })
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// The file cannot be read or is none.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read(path).map_err(|e| Failure::file(path, e))?;
        serde_json::from_slice(&text)
            .map_err(|e| Failure::Model(format!("{}: {e}", path.display())))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn student() -> (Network, Whitening, Student) {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let network = Network::random(&[6, 8, 2], &mut rng);
        let features: Vec<Vector> = (0..50u64)
            .map(|i| std::array::from_fn(|j| ((i * 7919 + j as u64 * 104729) % 997) as f64 / 997.0))
            .collect();
        let whitening = Whitening::of(&features, 2e-3);
        let student = Student::new(network.clone(), &whitening);
        (network, whitening, student)
    }

    #[test]
    fn folding_changes_nothing_but_the_units() {
        let (network, whitening, student) = student();
        let f: Vector = [0.9, 0.4, 0.6, 0.7, 0.8, 0.3];
        let u = whitening.apply(&f).insert_axis(ndarray::Axis(0));
        let learnt = network.apply(u)[[0, 0]] * SCALE + CENTRES[0];
        let standardised = student.standardisation().apply(&f).insert_axis(ndarray::Axis(0));
        assert!((student.network.apply(standardised.clone())[[0, 0]] - learnt).abs() < 1e-3);
        let again = student.learning().apply(standardised)[[0, 0]] * SCALE + CENTRES[0];
        assert!((again - learnt).abs() < 1e-3);
    }

    #[test]
    fn a_checkpoint_keeps_every_bit() {
        let (_, _, student) = student();
        let text = serde_json::to_vec(&Checkpoint::new("x", &student, Value::Null)).unwrap();
        let read: Checkpoint = serde_json::from_slice(&text).unwrap();
        assert_eq!(read.student().unwrap(), student);
    }
}
