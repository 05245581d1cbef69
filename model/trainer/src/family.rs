//! The models there are: sizes, teachers, how long they learn, how good they must be.

use gstvmaftiny::fusion::AccuracyBudget as Gate;

use crate::evaluate::Metrics;
use crate::target::Target;

/// One model.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Registry id.
    pub id: &'static str,
    /// Neurons of the hidden layers.
    pub hidden: &'static [usize],
    /// What it says.
    pub target: Target,
    /// Seeds tried: the fewer the parameters, the more they matter.
    pub seeds: u64,
    /// Optimiser steps.
    pub steps: u32,
    /// Highest learning rate.
    pub rate: f32,
    /// Gauss-Newton steps after that: cheap for few parameters only.
    pub polish: u32,
    /// Smallest eigenvalue that whitening stretches.
    pub floor: f64,
    /// How far vectors that are not real stray from how features of video go together, 0..1. The
    /// smallest network pays for what no video shows with errors on video.
    pub odd: f64,
    /// How good it must be.
    pub gate: Gate,
    /// RMSE and largest error on generated sources held out, points.
    pub generated: [f64; 2],
    /// How good its int8 file must be, if it has one.
    pub int8: Option<Int8>,
}

/// How good an int8 file must be.
#[derive(Clone, Copy, Debug)]
pub struct Int8 {
    /// Against the teacher.
    pub gate: Gate,
    /// Correlation that may be lost against the float32 file.
    pub drop: f64,
    /// Optimiser steps: the fewer the parameters, the more each one has to make good.
    pub steps: u32,
}

impl Plan {
    /// Widths of all layers, inputs first.
    pub fn widths(&self) -> Vec<usize> {
        let inner = self.hidden.iter().copied();
        std::iter::once(6).chain(inner).chain([self.target.outputs()]).collect()
    }
}

/// What metrics miss, in words; nothing if they pass. Numbers that are not finite miss.
pub fn misses(gate: &Gate, m: &Metrics) -> Vec<String> {
    let most = [("RMSE", m.rmse, gate.rmse), ("p99", m.p99, gate.p99), ("max", m.max, gate.max)];
    let least = [("PLCC", m.plcc, gate.plcc), ("SROCC", m.srocc, gate.srocc)];
    let above = most.iter().filter(|(_, found, limit)| found.is_nan() || found > limit);
    let above = above.map(|(name, found, limit)| format!("{name} {found:.4} > {limit}"));
    let below = least.iter().filter(|(_, found, limit)| found.is_nan() || found < limit);
    let below = below.map(|(name, found, limit)| format!("{name} {found:.7} < {limit}"));
    above.chain(below).collect()
}

/// Every model, smallest first.
pub const FAMILY: [Plan; 5] = [
    Plan {
        id: "vmaf_tiny_v2",
        hidden: &[16, 8],
        target: Target::Vmaf,
        seeds: 6,
        steps: 100_000,
        rate: 4e-3,
        polish: 300,
        floor: 2e-3,
        odd: 0.5,
        gate: Gate { rmse: 0.15, p99: 0.60, max: 1.5, plcc: 0.99998, srocc: 0.9999 },
        generated: [0.40, 4.0],
        int8: None,
    },
    Plan {
        id: "vmaf_tiny_v3",
        hidden: &[32, 16],
        target: Target::Vmaf,
        seeds: 4,
        steps: 120_000,
        rate: 4e-3,
        polish: 120,
        floor: 2e-3,
        odd: 1.0,
        gate: Gate { rmse: 0.07, p99: 0.30, max: 0.8, plcc: 0.999995, srocc: 0.9999 },
        generated: [0.15, 2.0],
        int8: Some(Int8 {
            gate: Gate { rmse: 0.11, p99: 0.45, max: 0.9, plcc: 0.99999, srocc: 0.9999 },
            drop: 5e-6,
            steps: 240_000,
        }),
    },
    Plan {
        id: "vmaf_tiny_v4",
        hidden: &[64, 32, 16],
        target: Target::Vmaf,
        seeds: 1,
        steps: 150_000,
        rate: 3e-3,
        polish: 0,
        floor: 0.1,
        odd: 1.0,
        gate: Gate { rmse: 0.05, p99: 0.20, max: 0.6, plcc: 0.999998, srocc: 0.9999 },
        generated: [0.13, 1.6],
        int8: Some(Int8 {
            gate: Gate { rmse: 0.08, p99: 0.35, max: 0.7, plcc: 0.999995, srocc: 0.9999 },
            drop: 3e-6,
            steps: 20_000,
        }),
    },
    Plan {
        id: "vmaf_tiny_4k",
        hidden: &[32, 16],
        target: Target::Vmaf4k,
        seeds: 1,
        steps: 120_000,
        rate: 4e-3,
        polish: 120,
        floor: 2e-3,
        odd: 1.0,
        gate: Gate { rmse: 0.07, p99: 0.30, max: 0.8, plcc: 0.999995, srocc: 0.9999 },
        generated: [0.15, 2.0],
        int8: None,
    },
    Plan {
        id: "vmaf_tiny_confidence",
        hidden: &[64, 32, 16],
        target: Target::Confidence,
        seeds: 1,
        steps: 120_000,
        rate: 3e-3,
        polish: 0,
        floor: 2e-3,
        odd: 1.0,
        gate: Gate { rmse: 0.12, p99: 0.5, max: 1.5, plcc: 0.99999, srocc: 0.9999 },
        generated: [0.4, 4.0],
        int8: None,
    },
];

/// The plan of an id.
pub fn plan(id: &str) -> Option<&'static Plan> {
    FAMILY.iter().find(|p| p.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_those_of_the_family() {
        let parameters = |id: &str| {
            let widths = plan(id).unwrap().widths();
            widths.windows(2).map(|w| (w[0] + 1) * w[1]).sum::<usize>()
        };
        assert_eq!(parameters("vmaf_tiny_v2"), 257);
        assert_eq!(parameters("vmaf_tiny_v3"), 769);
        assert_eq!(parameters("vmaf_tiny_v4"), 3073);
    }

    #[test]
    fn a_gate_names_what_it_refuses() {
        let gate = FAMILY[0].gate;
        let good = Metrics { frames: 9, plcc: 1.0, srocc: 1.0, rmse: 0.1, p99: 0.2, max: 0.3 };
        assert!(misses(&gate, &good).is_empty());
        let bad = Metrics { rmse: f64::NAN, max: 2.0, plcc: 0.97, ..good };
        assert_eq!(misses(&gate, &bad).len(), 3);
    }
}
