//! How a file came to be.

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::Failure;

/// [`of_run`] with the arguments this process was started with.
///
/// # Errors
/// An input cannot be read.
pub fn provenance(inputs: &[&Path], outputs: &[&Path]) -> Result<Value, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).map(|a| place(Path::new(&a))).collect();
    of_run(&arguments, inputs, outputs)
}

/// Entry point, arguments, inputs with digests, outputs, version. No time, no machine, no absolute
/// path: the same run gives the same bytes.
///
/// # Errors
/// An input cannot be read.
pub fn of_run(
    arguments: &[impl AsRef<str>],
    inputs: &[&Path],
    outputs: &[&Path],
) -> Result<Value, Failure> {
    let digest = |path: &&Path| -> Result<Value, Failure> {
        let bytes = std::fs::read(path).map_err(|e| Failure::file(path, e))?;
        Ok(json!({"file": place(path), "sha256": sha256(&bytes)}))
    };
    Ok(json!({
        "entry_point": env!("CARGO_PKG_NAME"),
        "tool_version": env!("CARGO_PKG_VERSION"),
        "arguments": arguments.iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
        "inputs": inputs.iter().map(digest).collect::<Result<Vec<_>, _>>()?,
        "outputs": outputs.iter().map(|p| place(p)).collect::<Vec<_>>(),
    }))
}

/// A path inside the working directory, or the file name of another.
fn place(path: &Path) -> String {
    let outside = path.is_absolute() || path.starts_with("..");
    let shown = path.file_name().filter(|_| outside).map_or(path, Path::new);
    shown.to_string_lossy().into_owned()
}

/// Lower-case hex digest.
pub fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// Writes indented JSON with a closing newline.
///
/// # Errors
/// The file cannot be written.
pub fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(|e| Failure::file(directory, e))?;
    }
    std::fs::write(path, text).map_err(|e| Failure::file(path, e))
}
