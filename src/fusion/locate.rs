//! From a name to bytes: registry ids, paths, and the directory that may confine both.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::registry::{self, Entry, QuantMode, Registry};
use super::{FusionError, Sidecar};

/// Holds models; loading is confined to it when it is set.
pub const DIRECTORY_VARIABLE: &str = "VMAF_TINY_MODEL_DIR";

// Largest accepted file: the biggest model of the family has 14 kB.
const MAX_BYTES: u64 = 4 << 20;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/model/tiny");

/// A model's bytes and description, verified as far as a registry lists it.
pub struct Located {
    pub id: String,
    pub origin: String,
    pub onnx: Vec<u8>,
    pub sidecar: Sidecar,
    pub quant_mode: QuantMode,
}

/// `name`: a registry id, optionally with `:fp32` or `:int8`, or a path.
pub fn locate(name: &str, confined_to: Option<&Path>) -> Result<Located, FusionError> {
    let directory = confined_to.map(canonical).transpose()?;
    let store = Store { directory: directory.as_deref() };
    let registry = store.registry()?;

    let (id, variant) = split_variant(name);
    if let Some(entry) = registry.as_ref().and_then(|r| r.entry(id)) {
        return store.load_entry(entry, variant);
    }
    let path = directory.as_deref().map_or_else(|| PathBuf::from(name), |d| d.join(name));
    if path.is_file() || path.extension() == Some(OsStr::new("onnx")) {
        return load_path(&path, directory.as_deref());
    }
    Err(FusionError::Unknown {
        name: name.into(),
        known: registry.map(|r| r.ids()).unwrap_or_default(),
    })
}

/// The registry that ids are looked up in, for listings.
pub fn registry(confined_to: Option<&Path>) -> Result<Option<Registry>, FusionError> {
    let directory = confined_to.map(canonical).transpose()?;
    Store { directory: directory.as_deref() }.registry()
}

/// Where ids resolve: the confining directory, or what is built into the plugin.
struct Store<'a> {
    directory: Option<&'a Path>,
}

impl Store<'_> {
    fn read(&self, file: &str) -> Result<Vec<u8>, FusionError> {
        match self.directory {
            Some(directory) => {
                let path = confine(&directory.join(file), Some(directory))?;
                read_limited(&path)
            }
            None => EMBEDDED.get_file(file).map(|f| f.contents().to_vec()).ok_or_else(|| {
                FusionError::Read {
                    path: PathBuf::from(file),
                    source: std::io::ErrorKind::NotFound.into(),
                }
            }),
        }
    }

    fn registry(&self) -> Result<Option<Registry>, FusionError> {
        match self.read("registry.json") {
            Ok(json) => Registry::parse(&json, &self.origin("registry.json")).map(Some),
            Err(FusionError::Read { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    fn origin(&self, file: &str) -> String {
        match self.directory {
            Some(directory) => directory.join(file).display().to_string(),
            None => format!("built-in {file}"),
        }
    }

    fn load_entry(&self, entry: &Entry, variant: Variant) -> Result<Located, FusionError> {
        let quant_mode = match variant {
            Variant::Default => entry.quant_mode,
            Variant::Fp32 => QuantMode::Fp32,
            Variant::Int8 if entry.int8_onnx.is_none() => {
                return Err(FusionError::Metadata {
                    what: entry.id.clone(),
                    problem: "there is no int8 file for this model".into(),
                });
            }
            Variant::Int8 if entry.quant_mode == QuantMode::Fp32 => QuantMode::Int8WeightOnly,
            Variant::Int8 => entry.quant_mode,
        };
        let (file, digest) = match (quant_mode, &entry.int8_onnx, &entry.int8_sha256) {
            (QuantMode::Fp32, ..) => (&entry.onnx, &entry.sha256),
            (_, Some(file), Some(digest)) => (file, digest),
            _ => {
                return Err(FusionError::Metadata {
                    what: entry.id.clone(),
                    problem: "the int8 file has no digest in the registry".into(),
                });
            }
        };
        let onnx = self.read(file)?;
        registry::verify(&onnx, digest, &entry.id)?;
        let sidecar = Sidecar::parse(&self.read(&entry.sidecar)?, &self.origin(&entry.sidecar))?;
        Ok(Located { id: entry.id.clone(), origin: self.origin(file), onnx, sidecar, quant_mode })
    }
}

#[derive(Clone, Copy)]
enum Variant {
    Default,
    Fp32,
    Int8,
}

fn split_variant(name: &str) -> (&str, Variant) {
    if let Some(id) = name.strip_suffix(":fp32") {
        (id, Variant::Fp32)
    } else if let Some(id) = name.strip_suffix(":int8") {
        (id, Variant::Int8)
    } else {
        (name, Variant::Default)
    }
}

fn load_path(path: &Path, directory: Option<&Path>) -> Result<Located, FusionError> {
    let path = confine(path, directory)?;
    let onnx = read_limited(&path)?;
    let origin = path.display().to_string();
    let file_name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    if let Some(digest) = neighbour_registry(&path)?.as_ref().and_then(|r| r.digest_of(file_name)) {
        registry::verify(&onnx, digest, &origin)?;
    }
    let stem = file_name.strip_suffix(".onnx").unwrap_or(file_name);
    let (id, quant_mode) = match stem.strip_suffix(".int8") {
        Some(base) => (base, QuantMode::Int8WeightOnly),
        None => (stem, QuantMode::Fp32),
    };
    let sidecar = path.with_file_name(format!("{id}.json"));
    let sidecar = match sidecar.is_file() {
        true => {
            let sidecar = confine(&sidecar, directory)?;
            Sidecar::parse(&read_limited(&sidecar)?, &sidecar.display().to_string())?
        }
        false => Sidecar::family(),
    };
    Ok(Located { id: id.to_owned(), origin, onnx, sidecar, quant_mode })
}

fn neighbour_registry(model: &Path) -> Result<Option<Registry>, FusionError> {
    let path = model.with_file_name("registry.json");
    match path.is_file() {
        true => Registry::parse(&read_limited(&path)?, &path.display().to_string()).map(Some),
        false => Ok(None),
    }
}

fn canonical(path: &Path) -> Result<PathBuf, FusionError> {
    path.canonicalize().map_err(|source| FusionError::Read { path: path.into(), source })
}

/// The real path, refused when it leaves `directory`; symbolic links are followed first.
fn confine(path: &Path, directory: Option<&Path>) -> Result<PathBuf, FusionError> {
    let real = canonical(path)?;
    match directory {
        Some(directory) if !real.starts_with(directory) => {
            Err(FusionError::Confined { path: real, directory: directory.into() })
        }
        _ => Ok(real),
    }
}

fn read_limited(path: &Path) -> Result<Vec<u8>, FusionError> {
    let failed = |source| FusionError::Read { path: path.into(), source };
    let found = fs::metadata(path).map_err(failed)?.len();
    if found > MAX_BYTES {
        return Err(FusionError::TooLarge { path: path.into(), found, limit: MAX_BYTES });
    }
    fs::read(path).map_err(failed)
}
