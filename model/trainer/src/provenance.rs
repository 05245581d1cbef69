//! How a file came to be.

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::Failure;

/// Entry point, arguments, inputs with digests, outputs, version. No time, no machine, no absolute
/// path: the same run gives the same bytes.
///
/// # Errors
/// An input cannot be read.
pub fn provenance(inputs: &[&Path], outputs: &[&Path]) -> Result<Value, Failure> {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let digest = |path: &&Path| -> Result<Value, Failure> {
        let bytes = std::fs::read(path).map_err(|e| Failure::file(path, e))?;
        Ok(json!({"file": name(path), "sha256": sha256(&bytes)}))
    };
    let arguments: Vec<String> = std::env::args().skip(1).map(without_machine).collect();
    Ok(json!({
        "entry_point": env!("CARGO_PKG_NAME"),
        "tool_version": env!("CARGO_PKG_VERSION"),
        "arguments": arguments,
        "inputs": inputs.iter().map(digest).collect::<Result<Vec<_>, _>>()?,
        "outputs": outputs.iter().map(|p| name(p)).collect::<Vec<_>>(),
    }))
}

/// An argument, or the file name of an absolute path.
fn without_machine(argument: String) -> String {
    let path = Path::new(&argument);
    match path.file_name() {
        Some(name) if path.is_absolute() => name.to_string_lossy().into_owned(),
        _ => argument,
    }
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
