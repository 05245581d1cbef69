//! The inference backend behind `ort`: tract, built in, or a libonnxruntime.so of the user's.

use once_cell::sync::OnceCell;
use ort::environment::Environment;
use ort::session::{Session, builder::GraphOptimizationLevel};

use super::FusionError;

/// Names the ONNX Runtime library to use instead of tract; read once per process, and only by
/// builds with the feature `onnxruntime`.
pub const LIBRARY_VARIABLE: &str = "ORT_DYLIB_PATH";

/// Which library computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Tract,
    #[cfg(feature = "onnxruntime")]
    OnnxRuntime,
}

impl Backend {
    /// Name in messages and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tract => "tract",
            #[cfg(feature = "onnxruntime")]
            Self::OnnxRuntime => "onnxruntime",
        }
    }
}

struct Runtime {
    environment: Environment,
    backend: Backend,
}

// One backend per process: ort's function table is global.
static RUNTIME: OnceCell<Runtime> = OnceCell::new();

fn runtime() -> Result<&'static Runtime, FusionError> {
    RUNTIME.get_or_try_init(|| {
        #[cfg(feature = "onnxruntime")]
        if let Some(library) = std::env::var_os(LIBRARY_VARIABLE).filter(|l| !l.is_empty()) {
            let library = std::path::PathBuf::from(library);
            let failed = |problem: String| FusionError::Backend {
                model: format!("ONNX Runtime library {}", library.display()),
                problem,
            };
            let environment = ort::init_from(&library)
                .map_err(|e| failed(e.to_string()))?
                .with_telemetry(false)
                .build()
                .map_err(|e| failed(e.to_string()))?;
            return Ok(Runtime { environment, backend: Backend::OnnxRuntime });
        }
        ort::set_api(ort_tract::api());
        let environment = ort::init().build().map_err(|e| FusionError::Backend {
            model: "inference backend tract".into(),
            problem: e.to_string(),
        })?;
        Ok(Runtime { environment, backend: Backend::Tract })
    })
}

/// Name of the backend in use.
pub fn backend() -> Result<Backend, FusionError> {
    runtime().map(|r| r.backend)
}

/// A session on one thread: a tiny network is done before a second one has woken up.
pub fn session(onnx: &[u8], model: &str) -> Result<Session, FusionError> {
    let runtime = runtime()?;
    let build = || -> Result<Session, String> {
        let builder = Session::builder(&runtime.environment).map_err(|e| e.to_string())?;
        let builder = builder
            .with_optimization_level(GraphOptimizationLevel::Level3)
            .map_err(|e| e.to_string())?;
        #[cfg(feature = "onnxruntime")]
        let builder = match runtime.backend {
            Backend::OnnxRuntime => builder.with_intra_threads(1).map_err(|e| e.to_string())?,
            Backend::Tract => builder,
        };
        let mut builder = builder;
        builder.commit_from_memory(onnx).map_err(|e| e.to_string())
    };
    build().map_err(|problem| FusionError::Backend { model: model.into(), problem })
}
