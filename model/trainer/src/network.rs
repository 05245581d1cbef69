//! A multilayer perceptron and how it is taught.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, Axis, Zip, s};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// One affine layer: `y = x · weights + bias`.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Inputs by outputs.
    pub weights: Array2<f32>,
    /// One per output.
    pub bias: Array1<f32>,
}

/// Affine layers with ReLU between them.
#[derive(Clone, Debug)]
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

    /// Weights and biases together.
    pub fn parameters(&self) -> usize {
        self.layers.iter().map(|l| l.weights.len() + l.bias.len()).sum()
    }

    /// One output per row of `x`.
    pub fn apply(&self, x: &Array2<f32>) -> Array1<f32> {
        let mut value = x.clone();
        for (i, layer) in self.layers.iter().enumerate() {
            value = value.dot(&layer.weights) + &layer.bias;
            if i + 1 < self.layers.len() {
                value.mapv_inplace(|v| v.max(0.0));
            }
        }
        value.index_axis_move(Axis(1), 0)
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
        let mut gradient = network.clone();
        gradient.layers.iter_mut().for_each(|l| {
            l.weights.fill(0.0);
            l.bias.fill(0.0);
        });
        Self {
            values: std::iter::once(input).chain(widths.clone()).map(array).collect(),
            slopes: widths.map(array).collect(),
            gradient,
        }
    }

    /// Where the batch goes.
    pub fn input(&mut self) -> &mut Array2<f32> {
        &mut self.values[0]
    }

    /// Gradient of the mean of `slope(prediction, row)`'s antiderivative over the batch.
    pub fn gradient(
        &mut self,
        network: &Network,
        slope: impl Fn(f32, usize) -> f32,
    ) -> &Network {
        let depth = network.layers.len();
        for (i, layer) in network.layers.iter().enumerate() {
            let (before, after) = self.values.split_at_mut(i + 1);
            let out = &mut after[0];
            out.assign(&layer.bias.broadcast(out.raw_dim()).expect("widths match"));
            general_mat_mul(1.0, &before[i], &layer.weights, 1.0, out);
            if i + 1 < depth {
                out.mapv_inplace(|v| v.max(0.0));
            }
        }
        let rows = self.values[0].nrows();
        let predictions = self.values[depth].slice(s![.., 0]);
        for (row, (out, p)) in self.slopes[depth - 1].iter_mut().zip(predictions).enumerate() {
            *out = slope(*p, row) / rows as f32;
        }
        for i in (0..depth).rev() {
            let (below, above) = self.slopes.split_at_mut(i);
            let (slope, gradient) = (&above[0], &mut self.gradient.layers[i]);
            general_mat_mul(1.0, &self.values[i].t(), slope, 0.0, &mut gradient.weights);
            gradient.bias.assign(&slope.sum_axis(Axis(0)));
            if let Some(below) = below.last_mut() {
                general_mat_mul(1.0, slope, &network.layers[i].weights.t(), 0.0, below);
                Zip::from(below).and(&self.values[i]).for_each(|s, v| {
                    if *v <= 0.0 {
                        *s = 0.0;
                    }
                });
            }
        }
        &self.gradient
    }
}

/// Adam, with the second moment's memory as short as noisy batches need.
pub struct Adam {
    first: Network,
    second: Network,
    step: i32,
}

impl Adam {
    const B1: f32 = 0.9;
    const B2: f32 = 0.995;

    /// For networks of this one's shape.
    pub fn new(network: &Network) -> Self {
        let zero = Pass::new(network, 1).gradient;
        Self { first: zero.clone(), second: zero, step: 0 }
    }

    /// Moves the network against the gradient.
    pub fn step(&mut self, network: &mut Network, gradient: &Network, rate: f32) {
        self.step += 1;
        let (c1, c2) = (1.0 - Self::B1.powi(self.step), 1.0 - Self::B2.powi(self.step));
        let update = |p: &mut f32, g: &f32, m: &mut f32, v: &mut f32| {
            *m = Self::B1 * *m + (1.0 - Self::B1) * g;
            *v = Self::B2 * *v + (1.0 - Self::B2) * g * g;
            *p -= rate * (*m / c1) / ((*v / c2).sqrt() + 1e-8);
        };
        let moments = self.first.layers.iter_mut().zip(&mut self.second.layers);
        for ((layer, g), (m, v)) in network.layers.iter_mut().zip(&gradient.layers).zip(moments) {
            Zip::from(&mut layer.weights)
                .and(&g.weights)
                .and(&mut m.weights)
                .and(&mut v.weights)
                .for_each(update);
            Zip::from(&mut layer.bias).and(&g.bias).and(&mut m.bias).and(&mut v.bias).for_each(update);
        }
    }
}

/// Uniform row numbers.
pub fn draw(rng: &mut ChaCha8Rng, rows: usize) -> usize {
    rng.random_range(0..rows)
}
