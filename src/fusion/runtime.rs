//! The inference backend behind `ort`: tract, built in, or a libonnxruntime.so of the user's.

use std::ffi::c_int;

use once_cell::sync::OnceCell;
use ort::environment::Environment;
use ort::session::{Session, builder::GraphOptimizationLevel};
use ort::sys::{OrtStatusPtr, OrtValue};
use ort::value::TensorRef;
#[cfg(feature = "onnxruntime")]
use ort::{
    memory::Allocator,
    session::{HasSelectedOutputs, OutputSelector, RunOptions},
    value::Tensor,
};

use super::{FusionError, contract};

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
        ort::set_api(tract_api());
        let environment = ort::init().build().map_err(|e| FusionError::Backend {
            model: "inference backend tract".into(),
            problem: e.to_string(),
        })?;
        Ok(Runtime { environment, backend: Backend::Tract })
    })
}

/// tract's function table, but for the question whether a value is a tensor.
///
/// ort asks for an output's type first and, told that it is a tensor, forgets to release the answer:
/// some 100 bytes lost with every frame. An answer of "no" takes its other branch, which releases it and
/// reads the same type from it. All values of tract's are tensors, so nothing else can ask.
fn tract_api() -> ort::sys::OrtApi {
    extern "system" fn is_tensor(_: *const OrtValue, _: *mut c_int) -> OrtStatusPtr {
        // askers start from "no"
        OrtStatusPtr::default()
    }
    ort::sys::OrtApi { IsTensor: is_tensor, ..ort_tract::api() }
}

/// Name of the backend in use.
pub fn backend() -> Result<Backend, FusionError> {
    runtime().map(|r| r.backend)
}

/// A model ready to compute, one frame at a time.
pub struct Network {
    session: Session,
    outputs: Vec<String>,
    // ONNX Runtime writes its outputs here; tract has none of it
    #[cfg(feature = "onnxruntime")]
    prepared: Option<RunOptions<HasSelectedOutputs>>,
}

impl Network {
    /// On one thread: a tiny network is done before a second one has woken up. `outputs` names what
    /// [`Self::infer`] gives.
    pub fn load(onnx: &[u8], outputs: Vec<String>, model: &str) -> Result<Self, FusionError> {
        let runtime = runtime()?;
        let load = || -> ort::Result<Self> {
            let level = match runtime.backend {
                Backend::Tract => GraphOptimizationLevel::Level3,
                // beyond its basic rewrites ONNX Runtime rounds activations, too, where weights are
                // int8: half a point off, and dependent on the batch
                #[cfg(feature = "onnxruntime")]
                Backend::OnnxRuntime => GraphOptimizationLevel::Level1,
            };
            let builder = Session::builder(&runtime.environment)?.with_optimization_level(level)?;
            #[cfg(feature = "onnxruntime")]
            let (builder, prepared) = match runtime.backend {
                Backend::OnnxRuntime => (builder.with_intra_threads(1)?, Some(prepare(&outputs)?)),
                Backend::Tract => (builder, None),
            };
            let mut builder = builder;
            Ok(Self {
                session: builder.commit_from_memory(onnx)?,
                outputs,
                #[cfg(feature = "onnxruntime")]
                prepared,
            })
        };
        load().map_err(|e| FusionError::Backend { model: model.into(), problem: e.to_string() })
    }

    /// The first output for one frame, and the second if there is one.
    pub fn infer(&mut self, features: &[f32]) -> Result<(f32, Option<f32>), String> {
        let Self { session, outputs, .. } = self;
        let tensor = TensorRef::from_array_view(([1, features.len()], features));
        let input = ort::inputs![contract::INPUT => tensor.map_err(|e| e.to_string())?];
        #[cfg(feature = "onnxruntime")]
        let given = match &self.prepared {
            Some(options) => session.run_with_options(input, options),
            None => session.run(input),
        };
        #[cfg(not(feature = "onnxruntime"))]
        let given = session.run(input);
        let given = given.map_err(|e| e.to_string())?;
        let mut values = [None; 2];
        for (value, name) in values.iter_mut().zip(outputs) {
            let output = given.get(&*name).ok_or_else(|| format!("no output '{name}'"))?;
            let (_, data) = output.try_extract_tensor::<f32>().map_err(|e| e.to_string())?;
            *value = Some(*data.first().ok_or_else(|| format!("output '{name}' is empty"))?);
        }
        let [first, second] = values;
        first.map(|first| (first, second)).ok_or_else(|| "no output was asked for".into())
    }
}

/// Room for the outputs of one frame. Besides saving work, it keeps ort from asking for their type,
/// see [`tract_api`].
#[cfg(feature = "onnxruntime")]
fn prepare(outputs: &[String]) -> ort::Result<RunOptions<HasSelectedOutputs>> {
    let mut selector = OutputSelector::no_default();
    for name in outputs {
        let room = Tensor::<f32>::new(&Allocator::default(), [1_usize])?;
        selector = selector.with(name).preallocate(name, room);
    }
    Ok(RunOptions::new()?.with_outputs(selector))
}
