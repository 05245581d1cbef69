#![allow(missing_docs, reason = "the macro's types document themselves in Python")]

use gstvmaftiny::features::FeatureError;
use gstvmaftiny::fusion::FusionError;
use gstvmaftiny::scoring::ScoringError;
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyKeyboardInterrupt};
use pyo3::prelude::*;
use vmaftiny_cli::Error;

create_exception!(vmaftiny, VmafError, PyException, "Why there is no score.");
create_exception!(vmaftiny, ModelError, VmafError, "The model cannot be used.");
create_exception!(vmaftiny, InputError, VmafError, "The pictures cannot be scored.");
create_exception!(vmaftiny, OptionsError, VmafError, "The options make no sense.");

/// The exception for an error of the command, with the same text.
pub fn of_run(error: Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::Model(_) => ModelError::new_err(text),
        Error::Options(_) => OptionsError::new_err(text),
        Error::Stopped => PyKeyboardInterrupt::new_err(text),
        _ => InputError::new_err(text),
    }
}

/// The exception for pictures that cannot be measured.
pub fn of_picture(error: FeatureError) -> PyErr {
    InputError::new_err(error.to_string())
}

/// The exception for a model that cannot be loaded.
pub fn of_model(error: FusionError) -> PyErr {
    ModelError::new_err(error.to_string())
}

/// The exception for a pair without a score.
pub fn of_scoring(error: ScoringError) -> PyErr {
    match error {
        ScoringError::Fusion(e) => of_model(e),
        other => InputError::new_err(other.to_string()),
    }
}
