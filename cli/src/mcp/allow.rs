use std::path::{Path, PathBuf};
use std::sync::Arc;

use gstvmaftiny::fusion::{DIRECTORY_VARIABLE, open_registry};

use crate::run::Job;

/// Directories whose files may be read, as `PATH` is written.
const VARIABLE: &str = "VMAF_MCP_ALLOW";

/// What a client may name.
#[derive(Clone)]
pub(super) struct Allowed {
    directories: Arc<[PathBuf]>,
}

impl Allowed {
    /// Directories that do not exist allow nothing.
    pub(super) fn from_environment() -> Self {
        let list = std::env::var_os(VARIABLE).unwrap_or_default();
        Self::new(std::env::split_paths(&list).filter(|p| !p.as_os_str().is_empty()))
    }

    fn new(directories: impl Iterator<Item = PathBuf>) -> Self {
        Self { directories: directories.filter_map(|d| d.canonicalize().ok()).collect() }
    }

    /// The job with the real paths of its files, all of them allowed.
    pub(super) fn job(&self, job: Job) -> Result<Job, String> {
        Ok(Job {
            reference: self.file(&job.reference)?,
            distorted: self.file(&job.distorted)?,
            model: self.model(&job.model)?,
            ..job
        })
    }

    /// A registry id as it is, a path as the real one.
    pub(super) fn model(&self, name: &str) -> Result<String, String> {
        let directory = std::env::var_os(DIRECTORY_VARIABLE).map(PathBuf::from);
        let registry = open_registry(directory.as_deref()).map_err(|e| e.to_string())?;
        let id = name.strip_suffix(":fp32").or(name.strip_suffix(":int8")).unwrap_or(name);
        let known = registry.is_some_and(|r| r.entry(id).is_some());
        // what is neither an id nor a path gets the loader's own explanation
        if known || !Path::new(name).exists() && Path::new(name).components().count() == 1 {
            return Ok(name.to_owned());
        }
        self.file(name)
    }

    /// The real path of a file; symbolic links are followed before it is judged.
    fn file(&self, name: &str) -> Result<String, String> {
        if name.contains("://") {
            return Err(format!("{name} is a URI; only files can be named here"));
        }
        // the same answer whether the file exists or not: nothing is said about other places
        let refused = || match self.directories.is_empty() {
            true => format!("{name} is refused: {VARIABLE} names no directory"),
            false => format!("{name} is not a file in the directories that {VARIABLE} names"),
        };
        let real = Path::new(name).canonicalize().map_err(|_| refused())?;
        if !self.directories.iter().any(|d| real.starts_with(d)) {
            return Err(refused());
        }
        real.into_os_string().into_string().map_err(|_| format!("{name} is not readable text"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_dots_lead_nowhere_else() {
        let inside = tempfile::tempdir().expect("a directory");
        let outside = tempfile::tempdir().expect("a directory");
        let good = inside.path().join("a.y4m");
        let bad = outside.path().join("b.y4m");
        std::fs::write(&good, "x").expect("writable");
        std::fs::write(&bad, "x").expect("writable");
        let link = inside.path().join("link.y4m");
        std::os::unix::fs::symlink(&bad, &link).expect("a link");
        let dots = inside.path().join("..").join(bad.strip_prefix("/tmp").unwrap_or(&bad));
        let uri = format!("file://{}", good.display());

        let allowed = Allowed::new([inside.path().to_path_buf()].into_iter());
        let name = |p: &Path| p.to_str().expect("text").to_owned();
        assert!(allowed.file(&name(&good)).is_ok());
        for refused in [name(&bad), name(&link), name(&dots), uri, "/etc/passwd".into()] {
            assert!(allowed.file(&refused).is_err(), "{refused}");
            assert!(refused.contains("://") || allowed.model(&refused).is_err(), "{refused}");
        }
        assert!(Allowed::new([].into_iter()).file(&name(&good)).is_err());
    }
}
