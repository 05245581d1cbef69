//! Models that keep the contract score; models that break it are refused by name.

#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod mlp;

use std::path::{Path, PathBuf};

use gstvmaftiny::fusion::{Fusion, FusionError, Options};
use tract_onnx::pb::{ModelProto, StringStringEntryProto, tensor_proto::DataType};

const SIX: [&str; 6] = ["adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2"];
const WEIGHTS: [f32; 6] = [40.0, 10.0, 8.0, 6.0, 4.0, 1.0];

/// A directory of its own for each test, gone afterwards.
struct Models(tempfile::TempDir);

impl Models {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).expect("a writable temporary directory");
        path
    }

    fn model(&self, model: &ModelProto) -> PathBuf {
        self.write("model.onnx", mlp::bytes(model))
    }
}

fn open(path: &Path) -> Result<Fusion, FusionError> {
    Fusion::open(path.to_str().expect("a UTF-8 path"), &SIX)
}

#[track_caller]
fn refused(model: &ModelProto, expected: &str, found: &str) {
    let models = Models::new();
    let error = open(&models.model(model)).map(|_| ()).expect_err("a model to refuse");
    let text = error.to_string();
    assert!(text.contains(expected), "no '{expected}' in: {text}");
    assert!(text.contains(found), "no '{found}' in: {text}");
}

#[test]
fn a_model_that_keeps_the_contract_scores() {
    let models = Models::new();
    let mut fusion = open(&models.model(&mlp::linear(&WEIGHTS, 3.0))).unwrap();
    let score = fusion.score(&[1.0, 0.5, 0.6, 0.7, 0.8, 2.0]).unwrap();
    let by_hand = 40.0 + 5.0 + 4.8 + 4.2 + 3.2 + 2.0 + 3.0;
    assert!((score.value - by_hand).abs() < 1e-4, "{score:?}");
    assert_eq!(score.half_width, None);
    assert!(!score.extrapolated);
    assert_eq!(fusion.score(&[9.0; 6]).unwrap().value, 100.0);
    assert_eq!(fusion.score(&[-9.0; 6]).unwrap().value, 0.0);
}

#[test]
fn the_sidecar_orders_and_selects_the_features() {
    let models = Models::new();
    let path = models.model(&mlp::linear(&[2.0, 30.0], 0.0));
    models.write(
        "model.json",
        r#"{"features": ["motion2", "adm2"], "output": {"name": "vmaf", "range": [0, 50]},
            "feature_range": {"min": [0, 0.2], "max": [60, 1.2]}}"#,
    );
    let mut fusion = open(&path).unwrap();
    let score = fusion.score(&[0.5, 0.0, 0.0, 0.0, 0.0, 3.0]).unwrap();
    assert!((score.value - 21.0).abs() < 1e-4, "{score:?}");
    assert!(!score.extrapolated);
    let outside = fusion.score(&[1.5, 0.0, 0.0, 0.0, 0.0, 30.0]).unwrap();
    assert_eq!(outside.value, 50.0);
    assert!(outside.extrapolated);
}

#[test]
fn a_feature_that_nobody_measures_is_named() {
    let models = Models::new();
    let path = models.model(&mlp::linear(&[2.0, 30.0], 0.0));
    models.write(
        "model.json",
        r#"{"features": ["adm3", "motion2"], "output": {"name": "vmaf", "range": [0, 100]}}"#,
    );
    let text = open(&path).map(|_| ()).unwrap_err().to_string();
    assert!(text.contains("adm3") && text.contains("vif_scale0"), "{text}");
}

#[test]
fn the_closing_transform_and_the_phone_transform_apply() {
    let models = Models::new();
    let path = models.model(&mlp::linear(&WEIGHTS, -60.0));
    models.write(
        "model.json",
        r#"{"features": ["adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2"],
            "output": {"name": "vmaf", "range": [0, 100]},
            "phone_transform": {"coefficients": [1.7, 1.7, -0.007], "out_gte_in": true}}"#,
    );
    let phone = Options { phone: true, directory: None };
    let mut fusion = Fusion::open_with(path.to_str().unwrap(), &SIX, &phone).unwrap();
    // raw score -20, which the clip at the end of the graph would have turned into 0, giving 1.7
    assert_eq!(fusion.score(&[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]).unwrap().value, 0.0);
    let raw = 40.0 + 10.0 + 8.0 + 6.0 + 4.0 + 10.0 - 60.0;
    let expected = 1.7 + 1.7 * raw - 0.007 * raw * raw;
    let score = fusion.score(&[1.0, 1.0, 1.0, 1.0, 1.0, 10.0]).unwrap().value;
    assert!((score - expected).abs() < 1e-3, "{score} against {expected}");
}

#[test]
fn phone_without_a_transform_is_an_error() {
    let models = Models::new();
    let path = models.model(&mlp::linear(&WEIGHTS, 0.0));
    let phone = Options { phone: true, directory: None };
    let error = Fusion::open_with(path.to_str().unwrap(), &SIX, &phone).map(|_| ()).unwrap_err();
    assert!(matches!(error, FusionError::NoPhone { .. }), "{error}");
}

#[test]
fn broken_contracts_are_refused() {
    let good = || mlp::linear(&WEIGHTS, 0.0);

    let mut model = good();
    mlp::graph(&mut model).input[0] = mlp::tensor("input", &[None, Some(6)]);
    refused(&model, "one input 'features', float32 [N, 6]", "'input'");

    refused(&mlp::linear(&WEIGHTS[..5], 0.0), "float32 [N, 6]", "[N, 5]");

    let mut model = good();
    mlp::graph(&mut model).input[0] =
        mlp::typed_tensor("features", &[None, Some(6)], DataType::Double);
    refused(&model, "float32", "Double");

    let mut model = good();
    mlp::graph(&mut model).input[0] = mlp::tensor("features", &[Some(4), Some(6)]);
    refused(&model, "[N, 6]", "[4, 6]");

    let mut model = good();
    mlp::graph(&mut model).output[0] = mlp::tensor("score", &[None]);
    refused(&model, "output 'vmaf'", "score");

    let mut model = good();
    mlp::graph(&mut model).output[0] = mlp::tensor("vmaf", &[None, Some(1)]);
    refused(&model, "[N]", "[N, 1]");

    let mut model = good();
    model.opset_import[0].version = 11;
    refused(&model, "opset 17", "opset 11");

    let mut model = good();
    model.graph = None;
    refused(&model, "graph", "no graph");

    // declared [N], computed [N, 1]: only running it can tell
    let mut model = good();
    let graph = mlp::graph(&mut model);
    graph.node.remove(1);
    graph.node[1].input[0] = "wide".into();
    assert!(open(&Models::new().model(&model)).is_err());
}

#[test]
fn hostile_files_are_refused() {
    let good = || mlp::linear(&WEIGHTS, 0.0);

    let mut model = good();
    mlp::graph(&mut model).initializer[0].external_data =
        vec![StringStringEntryProto { key: "location".into(), value: "/etc/passwd".into() }];
    refused(&model, "weights inside the file", "external");

    let mut model = good();
    mlp::graph(&mut model).initializer[0].data_location = Some(1);
    refused(&model, "weights inside the file", "external");

    let mut model = good();
    mlp::graph(&mut model).initializer[0].dims = vec![i64::MAX, i64::MAX];
    refused(&model, "512x512", "9223372036854775807");

    let mut model = good();
    mlp::graph(&mut model).initializer[0].dims = vec![-6, 1];
    refused(&model, "512x512", "-6");

    let mut model = good();
    mlp::graph(&mut model).initializer[0].raw_data.truncate(8);
    refused(&model, "6 values in 'weights'", "8 raw bytes");

    for hostile in [f32::NAN, f32::INFINITY] {
        let mut weights = WEIGHTS;
        weights[3] = hostile;
        refused(&mlp::linear(&weights, 0.0), "finite weights", "'weights'");
    }

    for op in ["Loop", "If", "ConstantOfShape", "Expand", "NoSuchOperation"] {
        let mut model = good();
        mlp::graph(&mut model).node[0].op_type = op.into();
        refused(&model, "dense-network operations", op);
    }

    let mut model = good();
    mlp::graph(&mut model).node[0].domain = "com.example".into();
    refused(&model, "dense-network operations", "com.example.Gemm");

    let mut model = good();
    mlp::graph(&mut model).node[0].attribute.push(mlp::subgraph_attribute());
    refused(&model, "plain attributes", "Gemm");

    let mut model = good();
    let endless = mlp::node("Identity", &["vmaf"], "again");
    mlp::graph(&mut model).node.extend(std::iter::repeat_n(endless, 100));
    refused(&model, "64 nodes", "103 nodes");

    let mut model = good();
    let graph = mlp::graph(&mut model);
    graph.initializer.push(mlp::axis("shape", 6));
    graph.initializer.last_mut().unwrap().dims = vec![3];
    graph.initializer.last_mut().unwrap().raw_data = [1i64, -1, 1].map(i64::to_le_bytes).concat();
    graph.node.push(mlp::node("Reshape", &["vmaf", "shape"], "cube"));
    refused(&model, "rank 2", "rank 3");
}

#[test]
fn files_that_are_not_models_are_refused() {
    let models = Models::new();
    for (name, content) in [
        ("text.onnx", b"this is not an ONNX file".to_vec()),
        ("empty.onnx", Vec::new()),
        ("cut.onnx", mlp::bytes(&mlp::linear(&WEIGHTS, 0.0))[..90].to_vec()),
    ] {
        let text = open(&models.write(name, content)).map(|_| ()).unwrap_err().to_string();
        assert!(text.contains("expected") && text.contains(name), "{text}");
    }
    let huge = models.write("huge.onnx", vec![0; (4 << 20) + 1]);
    assert!(matches!(open(&huge), Err(FusionError::TooLarge { .. })));
    let missing = models.0.path().join("missing.onnx");
    assert!(matches!(open(&missing), Err(FusionError::Read { .. })));
    assert!(matches!(Fusion::open("no_such_id", &SIX), Err(FusionError::Unknown { .. })));
}

#[test]
fn a_cycle_is_an_error_and_not_a_panic() {
    let mut model = mlp::linear(&WEIGHTS, 0.0);
    mlp::graph(&mut model).node[0].input[0] = "vmaf".into();
    assert!(open(&Models::new().model(&model)).is_err());
}

#[test]
fn a_registry_beside_the_file_pins_its_digest() {
    let models = Models::new();
    let path = models.model(&mlp::linear(&WEIGHTS, 0.0));
    models.write(
        "registry.json",
        r#"{"version": 1, "models": [{"id": "mine", "kind": "fr", "onnx": "model.onnx",
            "sidecar": "model.json", "opset": 17, "sha256": "00", "quant_mode": "fp32",
            "license": "MIT", "description": "test"}]}"#,
    );
    let text = open(&path).map(|_| ()).unwrap_err().to_string();
    assert!(text.contains("sha256") && text.contains("changed"), "{text}");
}

#[test]
fn loading_is_confined_to_the_directory() {
    let inside = Models::new();
    let outside = Models::new();
    let secret = outside.model(&mlp::linear(&WEIGHTS, 0.0));
    inside.model(&mlp::linear(&WEIGHTS, 0.0));
    std::os::unix::fs::symlink(&secret, inside.0.path().join("link.onnx")).unwrap();
    let options = Options { phone: false, directory: Some(inside.0.path().to_owned()) };
    let open = |name: &str| Fusion::open_with(name, &SIX, &options).map(|_| ());

    open("model.onnx").unwrap();
    let climbing = format!("../{}/model.onnx", outside.0.path().file_name().unwrap().display());
    for escape in ["link.onnx", secret.to_str().unwrap(), &climbing] {
        let error = open(escape).unwrap_err();
        assert!(matches!(error, FusionError::Confined { .. }), "{escape}: {error}");
    }
    // built-in models are not in that directory either
    assert!(matches!(open("vmaf_tiny_v2"), Err(FusionError::Unknown { .. })));
}
