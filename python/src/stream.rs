use gstvmaftiny::features::{Geometry, NAMES, Workers};
use gstvmaftiny::fusion::{Fusion, Options};
use gstvmaftiny::scoring::{self, Plane, Store, Verdict};
use pyo3::prelude::*;

use crate::error::{of_model, of_picture, of_scoring};
use crate::files::parse_profile;
use crate::plane::{Borrowed, Flat, depth};

/// Number, score, half-width, extrapolated, features.
type Row = (u64, f64, Option<f64>, bool, Vec<f64>);

/// A stream of picture pairs.
#[pyclass(module = "vmaftiny._native")]
pub struct Scorer {
    // the reference is needed again when the next frame's motion is measured, and by then the caller
    // may have written the next picture to the same array
    scorer: scoring::Scorer<Plane>,
    store: Store,
    next: u64,
    // the frame whose verdict is still to come
    waiting: Option<u64>,
}

#[pymethods]
impl Scorer {
    #[new]
    fn new(tiny_model: &str, threads: usize, phone_model: bool, profile: &str) -> PyResult<Self> {
        let options = Options { phone: phone_model, directory: None };
        let fusion = Fusion::open_with(tiny_model, &NAMES, &options).map_err(of_model)?;
        let workers = Workers::new(threads).map_err(of_picture)?;
        let scorer = scoring::Scorer::new(fusion, workers, parse_profile(profile)?);
        Ok(Self { scorer, store: Store::default(), next: 0, waiting: None })
    }

    /// Takes two planes of `shape` (height, width) and gives the row of the frame before.
    fn push(
        &mut self,
        py: Python<'_>,
        reference: (Flat<'_>, usize),
        distorted: (Flat<'_>, usize),
        shape: (usize, usize),
        bit_depth: u32,
    ) -> PyResult<Option<Row>> {
        let geometry = Geometry { width: shape.1, height: shape.0, depth: depth(bit_depth)? };
        let kept = Plane::copied(&reference.0.luma(reference.1, geometry)?, &self.store);
        let borrowed = Borrowed(distorted.0.luma(distorted.1, geometry)?);
        let verdict = py.detach(|| self.scorer.push(kept, Some(borrowed)));
        let row = self.row(verdict);
        self.waiting = Some(self.next);
        self.next += 1;
        row
    }

    /// The row of the last frame.
    fn flush(&mut self, py: Python<'_>) -> PyResult<Option<Row>> {
        let verdict = py.detach(|| self.scorer.flush());
        self.row(verdict)
    }

    #[getter]
    fn model(&self) -> (String, String, String, &'static str, f64, f64) {
        let info = self.scorer.fusion().info();
        let quantization = info.quant_mode.as_str();
        let (low, high) = (info.range.low, info.range.high);
        (info.id.clone(), info.origin.clone(), info.sha256.clone(), quantization, low, high)
    }
}

impl Scorer {
    fn row(&mut self, verdict: Option<Verdict>) -> PyResult<Option<Row>> {
        let Some((verdict, number)) = verdict.zip(self.waiting.take()) else { return Ok(None) };
        match verdict {
            Verdict::Watched => Ok(None),
            Verdict::Failed(error) => Err(of_scoring(error)),
            Verdict::Scored { measured, .. } => {
                let score = measured.score;
                let row =
                    (number, score.value, score.half_width, score.extrapolated, measured.values);
                Ok(Some(row))
            }
        }
    }
}
