//! The compiled half of the Python package `vmaftiny`; its face is `vmaftiny/__init__.py`.

mod error;
mod files;
mod plane;
mod stream;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::error::{InputError, ModelError, OptionsError, VmafError};
    #[pymodule_export]
    use crate::files::{Report, score};
    #[pymodule_export]
    use crate::stream::Scorer;

    use super::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("DEFAULT_MODEL", gstvmaftiny::fusion::DEFAULT_MODEL)?;
        module.add("FEATURES", gstvmaftiny::features::NAMES)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
