//! Scores two video files: from names to a report.
//!
//! [`input`] reads frames, [`pairs`] says which belong together, [`run`] scores them with the
//! plugin's engine, [`report`] writes what came out. The `vmaf` command is a thin door
//! to [`run::score`].

pub mod error;
pub mod input;
pub mod pairs;
pub mod report;
pub mod run;
pub mod scale;

#[cfg(feature = "command")]
pub mod command;

pub use error::Error;
pub use run::{Job, score};
