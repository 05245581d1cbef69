//! Scores two video files: from names to a report.
//!
//! [`input`] reads frames, [`pairs`] says which belong together, [`run`] scores them with the
//! plugin's engine, [`report`] writes what came out. The `vmaf` command, its MCP server and the
//! Python package are thin doors to [`run::score`].

#[cfg(any(feature = "command", feature = "mcp"))]
mod choice;
pub mod error;
pub mod input;
mod offset;
pub mod pairs;
pub mod report;
pub mod run;

#[cfg(feature = "command")]
pub mod command;
#[cfg(feature = "mcp")]
pub mod mcp;
#[cfg(feature = "plot")]
pub mod plot;

pub use error::Error;
pub use run::{Job, score};
