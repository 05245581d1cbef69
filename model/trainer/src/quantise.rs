//! Weights in eight bits, one scale per output channel; everything else stays in float32.

use indicatif::ProgressBar;
use ndarray::{Array1, Array2, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::fit::{Examples, Loss, Schedule, fit};
use crate::network::{Layer, Network};
use crate::pool::Pool;
use crate::student::{Student, in_points};

/// An affine layer with rounded weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Codes {
    /// Inputs by outputs, -127..127.
    pub weights: Array2<i8>,
    /// What one step of a column's codes is worth.
    pub scales: Array1<f32>,
    /// One per output.
    pub bias: Array1<f32>,
}

impl Codes {
    /// Nearest codes of a layer.
    pub fn of(layer: &Layer) -> Self {
        let scales = layer.weights.map_axis(Axis(0), |column| {
            let largest = column.iter().fold(0.0f32, |m, w| m.max(w.abs()));
            if largest > 0.0 { largest / 127.0 } else { 1.0 }
        });
        let weights = (&layer.weights / &scales).mapv(|c| c.round() as i8);
        Self { weights, scales, bias: layer.bias.clone() }
    }

    /// The layer that the codes stand for.
    pub fn layer(&self) -> Layer {
        Layer { weights: self.weights.mapv(f32::from) * &self.scales, bias: self.bias.clone() }
    }
}

/// What rounding makes of a network.
pub fn rounded(network: &Network) -> Network {
    Network { layers: network.layers.iter().map(|l| Codes::of(l).layer()).collect() }
}

/// Teaches a student, from where it is, to live with rounded weights: gradients are taken at the
/// rounded network and moved straight through to the exact one. Returns the codes in points.
pub fn qat(student: &Student, pool: &Pool, steps: u32, seed: u64, bar: &ProgressBar) -> Vec<Codes> {
    let mut network = student.learning();
    let examples = Examples::new(pool, &student.standardisation());
    let schedule = Schedule { steps, batch: 1024, rate: 1e-3, b2: 0.995, cosine: true };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    fit(&mut network, &examples, &schedule, Loss::ClipAware, Some(rounded), &mut rng, bar);
    in_points(network).layers.iter().map(Codes::of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_within_half_a_step() {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let mut network = Network::random(&[6, 16, 1], &mut rng);
        network.layers[0].weights.column_mut(3).fill(0.0);
        for (exact, coarse) in network.layers.iter().zip(rounded(&network).layers) {
            let scales = Codes::of(exact).scales;
            for ((place, a), b) in exact.weights.indexed_iter().zip(&coarse.weights) {
                assert!((a - b).abs() <= 0.5001 * scales[place.1], "{place:?} {a} {b}");
            }
        }
        assert_eq!(rounded(&rounded(&network)), rounded(&network));
    }
}
