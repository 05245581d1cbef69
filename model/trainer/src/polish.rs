//! Gauss-Newton with Levenberg's and Marquardt's damping: for few parameters, what Adam leaves.

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::solvers::Solve;
use faer::{Accum, Col, Mat, MatRef, Par, Side};
use indicatif::ProgressBar;
use ndarray::{Array1, Array2, s};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::fit::{Examples, Loss, slope};
use crate::network::Network;
use crate::pass::{Pass, ROWS};

const CHUNK: usize = 4 * ROWS;
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
    // of the normal equations; the lower half of the matrix
    normal: Mat<f32>,
    right: Array1<f32>,
}

impl Work {
    fn new(network: &Network) -> Self {
        let n = network.parameters();
        Self {
            pass: Pass::new(network),
            jacobian: Array2::zeros((n, CHUNK)),
            normal: Mat::zeros(n, n),
            right: Array1::zeros(n),
        }
    }

    /// Normal equations of the linearised problem; returns the loss.
    fn equations(&mut self, network: &Network, examples: &Examples, chosen: &[usize]) -> f64 {
        self.normal.fill(0.0);
        self.right.fill(0.0);
        let mut loss = 0.0;
        for chunk in chosen.chunks_exact(CHUNK) {
            let mut errors = Array1::zeros(CHUNK);
            for (block, rows) in chunk.chunks_exact(ROWS).enumerate() {
                let first = block * ROWS;
                self.pass.load(rows.iter().map(|i| &examples.0[*i]));
                let mut part = self.jacobian.slice_mut(s![.., first..first + ROWS]);
                let predictions = self.pass.jacobian(network, part.view_mut());
                for (row, (i, prediction)) in rows.iter().zip(predictions).enumerate() {
                    let error = slope(Loss::ClipAware, prediction, examples.0[*i][6], 0);
                    loss += f64::from(error * error);
                    errors[first + row] = error;
                    if error == 0.0 {
                        part.column_mut(row).fill(0.0);
                    }
                }
            }
            self.right += &self.jacobian.dot(&errors);
            let slice = self.jacobian.as_slice().expect("the Jacobian is contiguous");
            let jacobian = MatRef::from_row_major_slice(slice, self.right.len(), CHUNK);
            triangular::matmul(
                &mut self.normal,
                BlockStructure::TriangularLower,
                Accum::Add,
                jacobian,
                BlockStructure::Rectangular,
                jacobian.transpose(),
                BlockStructure::Rectangular,
                1.0,
                Par::Seq,
            );
        }
        loss
    }

    fn loss(&mut self, network: &Network, examples: &Examples, chosen: &[usize]) -> f64 {
        let mut loss = 0.0;
        for rows in chosen.chunks_exact(ROWS) {
            self.pass.load(rows.iter().map(|i| &examples.0[*i]));
            for (i, p) in rows.iter().zip(self.pass.predict(network).row(0)) {
                let error = slope(Loss::ClipAware, *p, examples.0[*i][6], 0);
                loss += f64::from(error * error);
            }
        }
        loss
    }
}

/// Solves `(normal + damping · diagonal) x = right`; nothing if the matrix is not positive.
/// `normal`: the lower half.
fn solve(normal: &Mat<f32>, right: &Array1<f32>, damping: f64) -> Option<Vec<f64>> {
    let n = right.len();
    let mean = (0..n).map(|i| f64::from(normal[(i, i)])).sum::<f64>() / n as f64;
    let damped = Mat::from_fn(n, n, |i, j| match f64::from(normal[(i, j)]) {
        v if i == j => v + damping * v + 1e-9 * mean,
        v => v,
    });
    let right = Col::from_fn(n, |i| f64::from(right[i]));
    let solution = damped.llt(Side::Lower).ok()?.solve(&right);
    Some(solution.iter().copied().collect())
}

#[cfg(test)]
mod tests {
    use faer::mat;
    use ndarray::array;

    use super::*;

    #[test]
    fn a_known_system_is_solved() {
        // what is above the diagonal is not read
        let a = mat![[4.0, 9.0, 9.0], [2.0, 5.0, 9.0], [0.6, 1.0, 3.0]];
        let x = solve(&a, &array![9.8, 15.0, 11.6], 0.0).unwrap();
        for (found, expected) in x.iter().zip([1.0, 2.0, 3.0]) {
            assert!((found - expected).abs() < 1e-6, "{x:?}");
        }
        assert!(solve(&mat![[-1.0]], &array![1.0], 0.0).is_none());
    }
}
