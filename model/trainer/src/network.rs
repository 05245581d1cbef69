//! A multilayer perceptron, and Adam, who teaches it.

use ndarray::{Array1, Array2, Zip};
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
