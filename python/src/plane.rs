use gstvmaftiny::features::{Depth, FeatureError, Geometry, Luma, Samples};
use gstvmaftiny::scoring::Picture;
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

use crate::error::{InputError, of_picture};

/// Rows of an array as one flat stretch of memory, rows `stride` samples apart.
#[derive(FromPyObject)]
pub enum Flat<'py> {
    /// 8-bit samples.
    Bytes(PyReadonlyArray1<'py, u8>),
    /// 10- to 16-bit samples.
    Words(PyReadonlyArray1<'py, u16>),
}

impl Flat<'_> {
    /// The picture where it is; nothing is copied.
    pub fn luma(&self, stride: usize, geometry: Geometry) -> PyResult<Luma<'_>> {
        let samples = match self {
            Self::Bytes(a) => Samples::U8(a.as_slice()?),
            Self::Words(a) => Samples::U16(a.as_slice()?),
        };
        let luma = Luma::new(samples, stride, geometry).map_err(of_picture)?;
        check_range(&luma)?;
        Ok(luma)
    }
}

fn check_range(luma: &Luma) -> PyResult<()> {
    let bits = luma.geometry().depth.bits();
    let Samples::U16(samples) = luma.samples() else { return Ok(()) };
    // what lies between rows is not the picture's
    let rows = samples.chunks(luma.stride()).flat_map(|row| &row[..luma.geometry().width]);
    match rows.copied().max() {
        Some(sample) if u32::from(sample) >> bits != 0 => {
            Err(InputError::new_err(format!("a sample is {sample}, which {bits} bits cannot hold")))
        }
        _ => Ok(()),
    }
}

/// A picture that stays where the caller has it.
pub struct Borrowed<'a>(pub Luma<'a>);

impl Picture for Borrowed<'_> {
    fn luma(&self) -> Result<Luma<'_>, FeatureError> {
        Ok(self.0)
    }
}

/// Bits a sample, checked.
pub fn depth(bits: u32) -> PyResult<Depth> {
    Depth::try_from(bits).map_err(of_picture)
}
