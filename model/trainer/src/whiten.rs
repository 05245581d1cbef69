//! Mean, spread and correlations of features; coordinates in which they are uncorrelated.

use faer::{Mat, Side};
use ndarray::{Array1, Array2};

use crate::Vector;

/// Standardisation baked into a model, and the rotation the first layer is taught in.
#[derive(Clone, Debug)]
pub struct Whitening {
    /// Means of the features.
    pub mean: Vector,
    /// Standard deviations of the features.
    pub std: Vector,
    /// Standardised features to uncorrelated ones: `u = z · rotation`.
    pub rotation: Array2<f64>,
}

impl Whitening {
    /// Of the given features. Directions with less than `floor` of a feature's variance are not
    /// stretched further.
    pub fn of(features: &[Vector], floor: f64) -> Self {
        let standard = Self::standard(features);
        let (n, Self { mean, std, .. }) = (features.len() as f64, &standard);
        let correlation = Array2::from_shape_fn((6, 6), |(i, j)| {
            let product = |f: &Vector| (f[i] - mean[i]) / std[i] * (f[j] - mean[j]) / std[j];
            features.iter().map(product).sum::<f64>() / n
        });
        let (values, vectors) = eigen(&correlation);
        let scale = values.mapv(|v| 1.0 / v.max(floor).sqrt());
        Self { rotation: vectors * &scale, ..standard }
    }

    /// Mean and spread only, no rotation.
    pub fn standard(features: &[Vector]) -> Self {
        let n = features.len() as f64;
        let mean: Vector = std::array::from_fn(|i| features.iter().map(|f| f[i]).sum::<f64>() / n);
        let std: Vector = std::array::from_fn(|i| {
            (features.iter().map(|f| (f[i] - mean[i]).powi(2)).sum::<f64>() / n).sqrt()
        });
        Self { mean, std, rotation: Array2::eye(6) }
    }

    /// Standardised features.
    pub fn standardise(&self, f: &Vector) -> Vector {
        std::array::from_fn(|i| (f[i] - self.mean[i]) / self.std[i])
    }

    /// Uncorrelated features.
    pub fn apply(&self, f: &Vector) -> Array1<f32> {
        let z = Array1::from(self.standardise(f).to_vec());
        z.dot(&self.rotation).mapv(|v| v as f32)
    }
}

/// Eigenvalues and, in columns, eigenvectors of a symmetric matrix.
fn eigen(matrix: &Array2<f64>) -> (Array1<f64>, Array2<f64>) {
    let n = matrix.nrows();
    let whole = Mat::from_fn(n, n, |i, j| matrix[[i, j]]);
    let found = whole.self_adjoint_eigen(Side::Lower).expect("correlations are finite");
    let values = found.S().column_vector().iter().copied().collect();
    (values, Array2::from_shape_fn((n, n), |(i, j)| found.U()[(i, j)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whitened_features_are_uncorrelated() {
        // two correlated pairs and two lone ones
        let features: Vec<Vector> = (0..4000)
            .map(|i| {
                let u = |k: u64| ((i as u64 * 2654435761 + k * 40503) % 10007) as f64 / 10007.0;
                [u(1), u(1) + 0.2 * u(2), u(3), u(3) - 0.4 * u(4), u(5), 10.0 * u(6)]
            })
            .collect();
        let whitening = Whitening::of(&features, 1e-9);
        let u: Vec<Array1<f32>> = features.iter().map(|f| whitening.apply(f)).collect();
        for i in 0..6 {
            for j in 0..6 {
                let mean = u.iter().map(|r| f64::from(r[i] * r[j])).sum::<f64>() / u.len() as f64;
                let expected = if i == j { 1.0 } else { 0.0 };
                assert!((mean - expected).abs() < 1e-3, "{i} {j} {mean}");
            }
        }
    }
}
