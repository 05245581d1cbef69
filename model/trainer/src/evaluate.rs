//! How far a student is from the teacher.

use serde::Serialize;

/// Agreement with the teacher's clipped score over a set of frames.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Metrics {
    /// Frames compared.
    pub frames: usize,
    /// Pearson's linear correlation.
    pub plcc: f64,
    /// Spearman's rank correlation.
    pub srocc: f64,
    /// Root of the mean squared error, points.
    pub rmse: f64,
    /// 99 % of absolute errors are below, points.
    pub p99: f64,
    /// Largest absolute error, points.
    pub max: f64,
}

impl Metrics {
    /// Of two lists of scores of the same frames.
    pub fn of(found: &[f64], wanted: &[f64]) -> Self {
        let n = found.len();
        let mut errors: Vec<f64> = found.iter().zip(wanted).map(|(a, b)| (a - b).abs()).collect();
        let rmse = (errors.iter().map(|e| e * e).sum::<f64>() / n as f64).sqrt();
        errors.sort_by(f64::total_cmp);
        let at = |share: f64| errors[((share * n as f64).ceil() as usize).clamp(1, n) - 1];
        Self {
            frames: n,
            plcc: correlation(found, wanted),
            srocc: correlation(&ranks(found), &ranks(wanted)),
            rmse,
            p99: at(0.99),
            max: at(1.0),
        }
    }
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        ab += (x - ma) * (y - mb);
        aa += (x - ma) * (x - ma);
        bb += (y - mb) * (y - mb);
    }
    ab / (aa * bb).sqrt()
}

/// Equal values share their mean rank.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for group in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let mean = first as f64 + (group.len() - 1) as f64 / 2.0;
        group.iter().for_each(|i| ranks[*i] = mean);
        first += group.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_of_a_known_list() {
        let m = Metrics::of(&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 4.0, 4.0]);
        assert!((m.rmse - 0.5).abs() < 1e-12 && m.max == 1.0);
        // 5.5 / sqrt(5 * 6.75)
        assert!((m.plcc - 0.946729).abs() < 1e-6);
        assert!((m.srocc - 0.948683).abs() < 1e-6);
    }
}
