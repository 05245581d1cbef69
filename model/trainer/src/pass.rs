//! Forward and back through a network, some rows at a time.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use ndarray::{Array2, ArrayViewMut2, Zip};

use crate::network::Network;

/// Rows treated together: their activations stay in the processor's second cache.
pub const ROWS: usize = 256;

/// What lies in memory between input and gradient. All rows' values of one neuron lie together.
pub struct Pass {
    // activations of every layer, the input first
    values: Vec<Array2<f32>>,
    slopes: Vec<Array2<f32>>,
    gradient: Network,
}

impl Pass {
    /// For networks of this one's shape.
    pub fn new(network: &Network) -> Self {
        let input = network.layers[0].weights.nrows();
        let widths = network.layers.iter().map(|l| l.bias.len());
        let array = |n| Array2::zeros((n, ROWS));
        Self {
            values: std::iter::once(input).chain(widths.clone()).map(array).collect(),
            slopes: widths.map(array).collect(),
            gradient: network.zeros_like(),
        }
    }

    /// Takes the first features of at most [`ROWS`] rows as input.
    pub fn load<'a, const N: usize>(&mut self, rows: impl Iterator<Item = &'a [f32; N]>) {
        let input = flat(&mut self.values[0]);
        for (row, features) in rows.enumerate() {
            let column = input[row..].iter_mut().step_by(ROWS);
            column.zip(features).for_each(|(x, f)| *x = *f);
        }
    }

    /// Runs the rows loaded through the network. Returns predictions, a row for each output.
    pub fn predict(&mut self, network: &Network) -> &Array2<f32> {
        let depth = network.layers.len();
        for (i, layer) in network.layers.iter().enumerate() {
            let (before, after) = self.values.split_at_mut(i + 1);
            let out = &mut after[0];
            out.rows_mut().into_iter().zip(&layer.bias).for_each(|(mut row, b)| row.fill(*b));
            add(view_mut(out), view(&layer.weights).transpose(), view(&before[i]));
            if i + 1 < depth {
                flat(out).iter_mut().for_each(|v| *v = v.max(0.0));
            }
        }
        &self.values[depth]
    }

    /// Predicts, and adds to the gradient what `slope(prediction, row, output)`, the derivative
    /// of one row's loss, says; 0 for rows that have not been loaded.
    pub fn learn(&mut self, network: &Network, slope: impl Fn(f32, usize, usize) -> f32) {
        let depth = network.layers.len();
        self.predict(network);
        let predictions = self.values[depth].rows().into_iter();
        for (output, (slopes, p)) in
            self.slopes[depth - 1].rows_mut().into_iter().zip(predictions).enumerate()
        {
            slopes
                .into_iter()
                .zip(p)
                .enumerate()
                .for_each(|(row, (s, p))| *s = slope(*p, row, output));
        }
        for i in (0..depth).rev() {
            let gradient = &mut self.gradient.layers[i];
            let slope = &self.slopes[i];
            add(view_mut(&mut gradient.weights), view(&self.values[i]), view(slope).transpose());
            gradient.bias.iter_mut().zip(slope.rows()).for_each(|(b, row)| *b += row.sum());
            self.back(network, i);
        }
    }

    /// The slopes of layer `i`'s input, if it is another layer.
    fn back(&mut self, network: &Network, i: usize) {
        let (below, above) = self.slopes.split_at_mut(i);
        let Some(below) = below.last_mut() else { return };
        below.fill(0.0);
        add(view_mut(below), view(&network.layers[i].weights), view(&above[0]));
        let active = flat(&mut self.values[i]);
        let passes = |(s, v): (&mut f32, &f32)| *s = if *v > 0.0 { *s } else { 0.0 };
        flat(below).iter_mut().zip(&*active).for_each(passes);
    }

    /// What [`Pass::learn`] has added since this was last asked.
    pub fn take_gradient(&mut self, mut use_it: impl FnMut(&Network)) {
        use_it(&self.gradient);
        self.gradient.parameters_mut().for_each(|g| *g = 0.0);
    }

    /// Derivatives of the first output by every parameter, a column for each row loaded;
    /// parameters in the order of [`Network::parameters_mut`]. Returns predictions of that output.
    pub fn jacobian(&mut self, network: &Network, mut out: ArrayViewMut2<f32>) -> Vec<f32> {
        let depth = network.layers.len();
        let predictions = self.predict(network).row(0).to_vec();
        self.slopes[depth - 1].fill(0.0);
        self.slopes[depth - 1].row_mut(0).fill(1.0);
        (1..depth).rev().for_each(|i| self.back(network, i));
        let mut places = out.rows_mut().into_iter();
        for (values, slopes) in self.values.iter().zip(&self.slopes) {
            for value in values.rows() {
                for (slope, place) in slopes.rows().into_iter().zip(&mut places) {
                    Zip::from(place).and(value).and(slope).for_each(|d, v, s| *d = v * s);
                }
            }
            slopes.rows().into_iter().zip(&mut places).for_each(|(s, mut place)| place.assign(&s));
        }
        predictions
    }
}

/// `to += a · b`
fn add(to: MatMut<f32>, a: MatRef<f32>, b: MatRef<f32>) {
    matmul(to, Accum::Add, a, b, 1.0, Par::Seq);
}

fn view(values: &Array2<f32>) -> MatRef<'_, f32> {
    let slice = values.as_slice().expect("weights and activations are contiguous");
    MatRef::from_row_major_slice(slice, values.nrows(), values.ncols())
}

fn view_mut(values: &mut Array2<f32>) -> MatMut<'_, f32> {
    let (rows, columns) = values.dim();
    MatMut::from_row_major_slice_mut(flat(values), rows, columns)
}

fn flat(values: &mut Array2<f32>) -> &mut [f32] {
    values.as_slice_mut().expect("weights and activations are contiguous")
}

#[cfg(test)]
mod tests {
    use ndarray::s;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;

    /// A network with two outputs, and fewer rows than fit.
    fn example() -> (Network, Vec<[f32; 6]>, Array2<f32>) {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let network = Network::random(&[6, 5, 4, 2], &mut rng);
        let rows: Vec<[f32; 6]> =
            (0..16).map(|_| std::array::from_fn(|_| StandardNormal.sample(&mut rng))).collect();
        let x = Array2::from(rows.clone());
        (network, rows, x)
    }

    /// Change of `of` per change of each of some weights.
    fn differences(
        network: &mut Network,
        of: impl Fn(&Network) -> f64,
    ) -> Vec<(usize, [usize; 2], f64)> {
        let mut found = Vec::new();
        for layer in 0..3 {
            for place in [[0, 0], [2, 1], [3, 0]] {
                let step = 1e-3f32;
                let mut at = |d: f32| {
                    network.layers[layer].weights[place] += d;
                    let l = of(network);
                    network.layers[layer].weights[place] -= d;
                    l
                };
                found.push((layer, place, (at(step) - at(-step)) / f64::from(2.0 * step)));
            }
        }
        found
    }

    fn assert_near(found: f32, expected: f64) {
        let error = (f64::from(found) - expected).abs();
        assert!(error < 0.02 * expected.abs().max(0.1), "{found} {expected}");
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let (mut network, rows, x) = example();
        let mut pass = Pass::new(&network);
        let mean = |p: f32, row: usize, output: usize| match row {
            0..16 => (p - output as f32) / 16.0,
            _ => 0.0,
        };
        for half in rows.chunks(9) {
            pass.load(half.iter());
            pass.learn(
                &network,
                |p, row, output| if row < half.len() { mean(p, row, output) } else { 0.0 },
            );
        }
        let mut gradient = network.zeros_like();
        pass.take_gradient(|g| gradient = g.clone());
        let loss = |n: &Network| -> f64 {
            let out = n.apply(x.clone());
            let half = |((_, o), p): ((usize, usize), &f32)| f64::from(p - o as f32).powi(2) / 2.0;
            out.indexed_iter().map(half).sum::<f64>() / 16.0
        };
        for (layer, place, expected) in differences(&mut network, loss) {
            assert_near(gradient.layers[layer].weights[place], expected);
        }
        pass.take_gradient(|g| assert!(g.layers[0].weights.iter().all(|w| *w == 0.0)));
    }

    #[test]
    fn the_jacobian_is_that_of_finite_differences() {
        let (mut network, rows, x) = example();
        let mut pass = Pass::new(&network);
        let mut jacobian = Array2::zeros((network.parameters(), 2 * ROWS));
        pass.load(rows.iter());
        let predictions = pass.jacobian(&network, jacobian.slice_mut(s![.., ROWS..]));
        assert!((predictions[7] - network.apply(x.clone())[[7, 0]]).abs() < 1e-5);
        let first = |layer: usize| -> usize {
            network.layers[..layer].iter().map(|l| l.weights.len() + l.bias.len()).sum()
        };
        let starts = [0, 1, 2].map(first);
        let outputs = [5, 4, 2];
        let output = |n: &Network| f64::from(n.apply(x.clone())[[7, 0]]);
        for (layer, [i, o], expected) in differences(&mut network, output) {
            assert_near(jacobian[[starts[layer] + i * outputs[layer] + o, ROWS + 7]], expected);
        }
    }
}
