//! A multilayer perceptron, its gradient and Adam.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, Axis, Zip};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// One affine layer: `y = x · weights + bias`.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Inputs by outputs.
    pub weights: Array2<f32>,
    /// One per output.
    pub bias: Array1<f32>,
}

/// Affine layers with ReLU between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// First to last.
    pub layers: Vec<Layer>,
}

impl Network {
    /// Random weights for the given widths, inputs first.
    pub fn random(widths: &[usize], rng: &mut ChaCha8Rng) -> Self {
        let layers = widths.windows(2).map(|w| {
            let scale = (2.0 / w[0] as f32).sqrt();
            let mut normal = || -> f32 { StandardNormal.sample(rng) };
            let weights = Array2::from_shape_simple_fn((w[0], w[1]), || scale * normal());
            Layer { weights, bias: Array1::zeros(w[1]) }
        });
        Self { layers: layers.collect() }
    }

    /// The same shape with nothing in it.
    pub fn zeros_like(&self) -> Self {
        let layers = self.layers.iter().map(|l| Layer {
            weights: Array2::zeros(l.weights.raw_dim()),
            bias: Array1::zeros(l.bias.raw_dim()),
        });
        Self { layers: layers.collect() }
    }

    /// Weights and biases together.
    pub fn parameters(&self) -> usize {
        self.layers.iter().map(|l| l.weights.len() + l.bias.len()).sum()
    }

    /// Every weight and bias, layer by layer.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = &mut f32> {
        self.layers.iter_mut().flat_map(|l| l.weights.iter_mut().chain(l.bias.iter_mut()))
    }

    /// A row of outputs for each row of `x`.
    pub fn apply(&self, x: Array2<f32>) -> Array2<f32> {
        let mut value = x;
        for (i, layer) in self.layers.iter().enumerate() {
            value = value.dot(&layer.weights) + &layer.bias;
            if i + 1 < self.layers.len() {
                value.mapv_inplace(|v| v.max(0.0));
            }
        }
        value
    }
}

/// Buffers of one training run: nothing is allocated per step.
pub struct Pass {
    // activations of every layer, the input first
    values: Vec<Array2<f32>>,
    slopes: Vec<Array2<f32>>,
    gradient: Network,
}

impl Pass {
    /// For batches of `rows`.
    pub fn new(network: &Network, rows: usize) -> Self {
        let input = network.layers[0].weights.nrows();
        let widths = network.layers.iter().map(|l| l.bias.len());
        let array = |n| Array2::zeros((rows, n));
        Self {
            values: std::iter::once(input).chain(widths.clone()).map(array).collect(),
            slopes: widths.map(array).collect(),
            gradient: network.zeros_like(),
        }
    }

    /// Where the batch goes.
    pub fn input(&mut self) -> &mut Array2<f32> {
        &mut self.values[0]
    }

    /// Gradient of a loss over the batch, from `slope(prediction, row, output)`, the derivative
    /// of one row's loss.
    pub fn gradient(
        &mut self,
        network: &Network,
        slope: impl Fn(f32, usize, usize) -> f32,
    ) -> &Network {
        let depth = network.layers.len();
        for (i, layer) in network.layers.iter().enumerate() {
            let (before, after) = self.values.split_at_mut(i + 1);
            let out = &mut after[0];
            fill(out, &layer.bias);
            general_mat_mul(1.0, &before[i], &layer.weights, 1.0, out);
            if i + 1 < depth {
                out.mapv_inplace(|v| v.max(0.0));
            }
        }
        let rows = self.values[0].nrows() as f32;
        let predictions = self.values[depth].indexed_iter();
        for (out, ((row, output), p)) in self.slopes[depth - 1].iter_mut().zip(predictions) {
            *out = slope(*p, row, output) / rows;
        }
        for i in (0..depth).rev() {
            let (below, above) = self.slopes.split_at_mut(i);
            let (slope, gradient) = (&above[0], &mut self.gradient.layers[i]);
            general_mat_mul(1.0, &self.values[i].t(), slope, 0.0, &mut gradient.weights);
            gradient.bias.assign(&slope.sum_axis(Axis(0)));
            if let Some(below) = below.last_mut() {
                general_mat_mul(1.0, slope, &network.layers[i].weights.t(), 0.0, below);
                Zip::from(below)
                    .and(&self.values[i])
                    .for_each(|s, v| *s = if *v > 0.0 { *s } else { 0.0 });
            }
        }
        &self.gradient
    }

    /// Predictions of the last batch.
    pub fn predictions(&self) -> &Array2<f32> {
        &self.values[self.values.len() - 1]
    }

    /// Derivatives of the first output by every parameter, a row for each row of the batch;
    /// parameters in the order of [`Network::parameters_mut`].
    pub fn jacobian(&mut self, network: &Network, out: &mut Array2<f32>) {
        let rows = self.values[0].nrows() as f32;
        self.gradient(network, |_, _, output| if output == 0 { rows } else { 0.0 });
        let mut at = 0;
        for (values, slopes) in self.values.iter().zip(&self.slopes) {
            let (inputs, outputs) = (values.ncols(), slopes.ncols());
            for ((mut row, value), slope) in
                out.rows_mut().into_iter().zip(values.rows()).zip(slopes.rows())
            {
                let row = row.as_slice_mut().expect("row-major");
                for (i, v) in value.iter().enumerate() {
                    let place = &mut row[at + i * outputs..][..outputs];
                    place.iter_mut().zip(slope).for_each(|(d, s)| *d = v * s);
                }
                let place = &mut row[at + inputs * outputs..][..outputs];
                place.iter_mut().zip(slope).for_each(|(d, s)| *d = *s);
            }
            at += (inputs + 1) * outputs;
        }
    }
}

/// Every row becomes the bias.
fn fill(out: &mut Array2<f32>, bias: &Array1<f32>) {
    let out = out.as_slice_mut().expect("activations are row-major");
    let bias = bias.as_slice().expect("a bias is contiguous");
    out.chunks_exact_mut(bias.len()).for_each(|row| row.copy_from_slice(bias));
}

/// Adam.
pub struct Adam {
    first: Network,
    second: Network,
    b2: f32,
    step: i32,
}

impl Adam {
    const B1: f32 = 0.9;

    /// For networks of this one's shape; `b2` is the memory of the second moment.
    pub fn new(network: &Network, b2: f32) -> Self {
        Self { first: network.zeros_like(), second: network.zeros_like(), b2, step: 0 }
    }

    /// Moves the network against the gradient.
    pub fn step(&mut self, network: &mut Network, gradient: &Network, rate: f32) {
        self.step += 1;
        let b2 = self.b2;
        let (c1, c2) = (1.0 - Self::B1.powi(self.step), 1.0 - b2.powi(self.step));
        let update = |p: &mut f32, g: &f32, m: &mut f32, v: &mut f32| {
            *m = Self::B1 * *m + (1.0 - Self::B1) * g;
            *v = b2 * *v + (1.0 - b2) * g * g;
            *p -= rate * (*m / c1) / ((*v / c2).sqrt() + 1e-8);
        };
        let moments = self.first.layers.iter_mut().zip(&mut self.second.layers);
        for ((layer, g), (m, v)) in network.layers.iter_mut().zip(&gradient.layers).zip(moments) {
            Zip::from(&mut layer.weights)
                .and(&g.weights)
                .and(&mut m.weights)
                .and(&mut v.weights)
                .for_each(update);
            Zip::from(&mut layer.bias)
                .and(&g.bias)
                .and(&mut m.bias)
                .and(&mut v.bias)
                .for_each(update);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let mut network = Network::random(&[6, 5, 4, 2], &mut rng);
        let x = Array2::from_shape_simple_fn((16, 6), || StandardNormal.sample(&mut rng));
        let mut pass = Pass::new(&network, 16);
        pass.input().assign(&x);
        let gradient = pass.gradient(&network, |p, _, output| p - output as f32).clone();
        let loss = |n: &Network| -> f64 {
            let out = n.apply(x.clone());
            let half = |((_, o), p): ((usize, usize), &f32)| f64::from(p - o as f32).powi(2) / 2.0;
            out.indexed_iter().map(half).sum::<f64>() / 16.0
        };
        for layer in 0..3 {
            for place in [[0, 0], [2, 1], [3, 0]] {
                let step = 1e-3f32;
                let mut at = |d: f32| {
                    network.layers[layer].weights[place] += d;
                    let l = loss(&network);
                    network.layers[layer].weights[place] -= d;
                    l
                };
                let expected = (at(step) - at(-step)) / f64::from(2.0 * step);
                let found = f64::from(gradient.layers[layer].weights[place]);
                assert!(
                    (found - expected).abs() < 0.02 * expected.abs().max(0.1),
                    "{found} {expected}"
                );
            }
        }
    }
}
