use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use gstvmaftiny::features::{Geometry, Profile};
use gstvmaftiny::fusion::Options;
use numpy::{PyArray1, PyArray2, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use vmaftiny_cli::input::{Chroma, Layout};
use vmaftiny_cli::pairs::By;
use vmaftiny_cli::report::{self, Format, Statistics};
use vmaftiny_cli::run::{self, Job, Progress};

use crate::error::{OptionsError, of_run};
use crate::plane::depth;

/// A finished run over two files.
#[pyclass(module = "vmaftiny._native", frozen)]
pub struct Report(report::Report);

#[pymethods]
impl Report {
    /// Names of the columns of `values`.
    #[getter]
    fn metrics(&self) -> Vec<String> {
        self.0.metrics()
    }

    /// Reference frame numbers.
    #[getter]
    fn frames<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u64>> {
        self.0.frames.iter().map(|f| f.number).collect::<Vec<_>>().to_pyarray(py)
    }

    /// A row a frame, a column a metric.
    #[getter]
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let rows: Vec<Vec<f64>> =
            self.0.frames.iter().map(|f| self.0.values(f).collect()).collect();
        Ok(PyArray2::from_vec2(py, &rows)?)
    }

    #[getter]
    fn score(&self) -> f64 {
        self.0.pooled.score
    }

    /// min, max, mean and harmonic mean of each metric.
    #[getter]
    fn pooled_metrics(&self) -> BTreeMap<String, BTreeMap<&'static str, f64>> {
        let named = |(name, s): (String, Statistics)| {
            let Statistics { min, max, mean, harmonic_mean } = s;
            let values =
                [("min", min), ("max", max), ("mean", mean), ("harmonic_mean", harmonic_mean)];
            (name, values.into())
        };
        self.0.pooled_metrics().into_iter().map(named).collect()
    }

    /// Frames by what became of them.
    #[getter]
    fn counts(&self) -> BTreeMap<&'static str, u64> {
        let counts = self.0.counts;
        [
            ("paired", counts.paired),
            ("missing", counts.missing),
            ("ended", counts.ended),
            ("surplus", counts.surplus),
            ("scaled", counts.scaled),
            ("range_converted", counts.range_converted),
        ]
        .into()
    }

    #[getter]
    fn model(&self) -> BTreeMap<&'static str, &str> {
        let model = &self.0.model;
        [
            ("name", model.id.as_str()),
            ("file", &model.origin),
            ("sha256", &model.sha256),
            ("quantization", model.quant_mode.as_str()),
        ]
        .into()
    }

    #[getter]
    fn fps(&self) -> f64 {
        self.0.fps
    }

    fn save(&self, path: PathBuf, format: &str) -> PyResult<()> {
        self.0.save(&path, parse_format(format)?).map_err(of_run)
    }

    fn to_bytes<'py>(&self, py: Python<'py>, format: &str) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.0.to_bytes(parse_format(format)?)?))
    }
}

fn parse_format(name: &str) -> PyResult<Format> {
    match name {
        "xml" => Ok(Format::Xml),
        "json" => Ok(Format::Json),
        "csv" => Ok(Format::Csv),
        "sub" => Ok(Format::Sub),
        _ => Err(OptionsError::new_err(format!("format '{name}' is not xml, json, csv or sub"))),
    }
}

fn parse_layout(raw: Option<(usize, usize, String, u32)>) -> PyResult<Option<Layout>> {
    let Some((width, height, pixel_format, bits)) = raw else { return Ok(None) };
    let chroma = Chroma::named(&pixel_format).ok_or_else(|| {
        OptionsError::new_err(format!("pixel_format '{pixel_format}' is not 420, 422, 444 or 400"))
    })?;
    Ok(Some(Layout { geometry: Geometry { width, height, depth: depth(bits)? }, chroma }))
}

pub fn parse_profile(name: &str) -> PyResult<Profile> {
    Profile::named(name)
        .ok_or_else(|| OptionsError::new_err(format!("profile '{name}' is not exact or fast")))
}

fn parse_align(align: &str) -> PyResult<Option<By>> {
    match align {
        "auto" => Ok(None),
        "frames" => Ok(Some(By::Number)),
        "timestamps" => Ok(Some(By::Time)),
        _ => {
            Err(OptionsError::new_err(format!("align '{align}' is not auto, timestamps or frames")))
        }
    }
}

/// Scores two files. `raw`: width, height, pixel format and bit depth of `.yuv` files.
#[pyfunction]
#[pyo3(signature = (reference, distorted, *, tiny_model, raw, align, scale, profile, threads, frame_count,
    skip_reference, skip_distorted, subsample, phone_model, progress))]
#[allow(clippy::too_many_arguments, reason = "keywords, which the Python layer spells out again")]
pub fn score(
    py: Python<'_>,
    reference: String,
    distorted: String,
    tiny_model: String,
    raw: Option<(usize, usize, String, u32)>,
    align: &str,
    scale: bool,
    profile: &str,
    threads: usize,
    frame_count: u64,
    skip_reference: u64,
    skip_distorted: u64,
    subsample: u64,
    phone_model: bool,
    progress: Option<Py<PyAny>>,
) -> PyResult<Report> {
    let job = Job {
        layout: parse_layout(raw)?,
        model: tiny_model,
        model_options: Options { phone: phone_model, directory: None },
        by: parse_align(align)?,
        scale,
        profile: parse_profile(profile)?,
        threads,
        frame_count,
        skip_reference,
        skip_distorted,
        subsample,
        ..Job::new(reference, distorted)
    };
    let mut raised = None;
    let mut observe = |now: &Progress| {
        let told = Python::attach(|py| {
            py.check_signals()?;
            let Some(progress) = &progress else { return Ok(()) };
            progress
                .call1(py, (now.frames, now.total, now.latest.measured.score.value, now.mean))?;
            Ok(())
        });
        match told {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                raised = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    let outcome = py.detach(|| run::score(&job, &mut observe));
    match raised {
        Some(error) => Err(error),
        None => outcome.map(Report).map_err(of_run),
    }
}
