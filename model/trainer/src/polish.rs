//! Gauss-Newton with Levenberg's and Marquardt's damping: for few parameters, what Adam leaves.

use indicatif::ProgressBar;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::fit::{Examples, Loss, slope};
use crate::network::{Network, Pass};

const CHUNK: usize = 1000;
/// Chunks that one step looks at.
const CHUNKS: usize = 60;

/// Improves `network` by `steps` steps, each on fresh examples. A step that does not lower the
/// loss there is not taken.
pub fn polish(
    network: &mut Network,
    examples: &Examples,
    steps: u32,
    rng: &mut ChaCha8Rng,
    bar: &ProgressBar,
) {
    let mut damping = 1e-3;
    let mut work = Work::new(network);
    bar.set_length(steps.into());
    for _ in 0..steps {
        let chosen: Vec<usize> =
            (0..CHUNK * CHUNKS).map(|_| rng.random_range(0..examples.len())).collect();
        let before = work.equations(network, examples, &chosen);
        // few tries: examples change anyway
        for _ in 0..3 {
            let Some(step) = solve(&work.normal, &work.right, damping) else {
                damping *= 10.0;
                continue;
            };
            let mut moved = network.clone();
            moved.parameters_mut().zip(&step).for_each(|(p, d)| *p -= *d as f32);
            if work.loss(&moved, examples, &chosen) < before {
                *network = moved;
                damping = (damping / 4.0).max(1e-9);
                break;
            }
            damping *= 8.0;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
}

struct Work {
    pass: Pass,
    jacobian: Array2<f32>,
    normal: Array2<f32>,
    right: Array1<f32>,
}

impl Work {
    fn new(network: &Network) -> Self {
        let n = network.parameters();
        Self {
            pass: Pass::new(network, CHUNK),
            jacobian: Array2::zeros((CHUNK, n)),
            normal: Array2::zeros((n, n)),
            right: Array1::zeros(n),
        }
    }

    fn load(&mut self, examples: &Examples, chosen: &[usize]) {
        for (mut row, i) in self.pass.input().rows_mut().into_iter().zip(chosen) {
            row.iter_mut().zip(&examples.0[*i]).for_each(|(x, v)| *x = *v);
        }
    }

    /// Normal equations of the linearised problem; returns the loss.
    fn equations(&mut self, network: &Network, examples: &Examples, chosen: &[usize]) -> f64 {
        self.normal.fill(0.0);
        self.right.fill(0.0);
        let mut loss = 0.0;
        for chunk in chosen.chunks_exact(CHUNK) {
            self.load(examples, chunk);
            self.pass.jacobian(network, &mut self.jacobian);
            let mut errors = Array1::zeros(CHUNK);
            for (row, i) in chunk.iter().enumerate() {
                let label = examples.0[*i][6];
                let error = slope(Loss::ClipAware, self.pass.predictions()[[row, 0]], label, 0);
                loss += f64::from(error * error);
                errors[row] = error;
                if error == 0.0 {
                    self.jacobian.row_mut(row).fill(0.0);
                }
            }
            general_mat_mul(1.0, &self.jacobian.t(), &self.jacobian, 1.0, &mut self.normal);
            self.right += &self.jacobian.t().dot(&errors);
        }
        loss
    }

    fn loss(&mut self, network: &Network, examples: &Examples, chosen: &[usize]) -> f64 {
        let mut loss = 0.0;
        let mut inputs = Array2::zeros((CHUNK, 6));
        for chunk in chosen.chunks_exact(CHUNK) {
            for (mut row, i) in inputs.rows_mut().into_iter().zip(chunk) {
                row.iter_mut().zip(&examples.0[*i]).for_each(|(x, v)| *x = *v);
            }
            let predictions = network.apply(inputs.clone());
            for (row, i) in chunk.iter().enumerate() {
                let error = slope(Loss::ClipAware, predictions[[row, 0]], examples.0[*i][6], 0);
                loss += f64::from(error * error);
            }
        }
        loss
    }
}

/// Solves `(normal + damping · diagonal) x = right` by Cholesky's decomposition; nothing if the
/// matrix is not positive.
fn solve(normal: &Array2<f32>, right: &Array1<f32>, damping: f64) -> Option<Vec<f64>> {
    let n = right.len();
    let mut a = normal.mapv(f64::from);
    let mean = a.diag().sum() / n as f64;
    for i in 0..n {
        a[[i, i]] += damping * a[[i, i]] + 1e-9 * mean;
    }
    for j in 0..n {
        for i in j..n {
            let mut sum = a[[i, j]];
            for k in 0..j {
                sum -= a[[i, k]] * a[[j, k]];
            }
            if i == j {
                if sum <= 0.0 {
                    return None;
                }
                a[[j, j]] = sum.sqrt();
            } else {
                a[[i, j]] = sum / a[[j, j]];
            }
        }
    }
    let mut x: Vec<f64> = right.iter().map(|v| f64::from(*v)).collect();
    for i in 0..n {
        for k in 0..i {
            x[i] -= a[[i, k]] * x[k];
        }
        x[i] /= a[[i, i]];
    }
    for i in (0..n).rev() {
        for k in i + 1..n {
            x[i] -= a[[k, i]] * x[k];
        }
        x[i] /= a[[i, i]];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_known_system_is_solved() {
        let a = array![[4.0, 2.0, 0.6], [2.0, 5.0, 1.0], [0.6, 1.0, 3.0]];
        let x = solve(&a, &array![9.8, 15.0, 11.6], 0.0).unwrap();
        for (found, expected) in x.iter().zip([1.0, 2.0, 3.0]) {
            assert!((found - expected).abs() < 1e-6, "{x:?}");
        }
        assert!(solve(&array![[-1.0]], &array![1.0], 0.0).is_none());
    }
}
