//! What a student is asked to say.

use serde::{Deserialize, Serialize};

use crate::Vector;
use crate::teacher::{Labels, Teachers};

/// Half-widths beyond this, in points, only say "unknown".
const WIDEST: f64 = 25.0;

/// The score, or the score and a second output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Score of `vmaf_v0.6.1`.
    Vmaf,
    /// Score of `vmaf_4k_v0.6.1`.
    Vmaf4k,
    /// Mean score of `vmaf_b_v0.6.3` and half of its 95 % confidence interval.
    Confidence,
}

impl Target {
    /// File name of the teacher.
    pub fn teacher(self) -> &'static str {
        Teachers::FILES[self as usize]
    }

    /// How many outputs the network has.
    pub fn outputs(self) -> usize {
        if self == Self::Confidence { 2 } else { 1 }
    }

    /// What the teacher says of any vector: the score before it is limited, and the half-width.
    pub fn ask(self, teachers: &Teachers, features: &Vector) -> [f64; 2] {
        match self {
            Self::Vmaf => [teachers.vmaf.score(features), 0.0],
            Self::Vmaf4k => [teachers.vmaf_4k.score(features), 0.0],
            Self::Confidence => {
                let (score, half_width) = teachers.bootstrap.score(features);
                [score, half_width.min(WIDEST)]
            }
        }
    }

    /// What the corpus says: score in 0..100, and the half-width.
    pub fn of(self, labels: &Labels) -> [f64; 2] {
        match self {
            Self::Vmaf => [labels.vmaf, 0.0],
            Self::Vmaf4k => [labels.vmaf_4k, 0.0],
            Self::Confidence => [labels.bagging, labels.half_width.min(WIDEST)],
        }
    }
}
