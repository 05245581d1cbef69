//! What an ONNX file must look like before any backend sees it.
//!
//! Two reasons to look first. A model with other inputs would score nonsense in silence; and the
//! file may be hostile. So beside the contract itself, whatever could take unbounded time or
//! memory is refused here: only the operations of small dense networks, few nodes, small tensors
//! of rank two at most, nothing stored outside the file.

use prost::Message;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto,
    tensor_proto::{DataLocation, DataType},
    tensor_shape_proto::dimension::Value as Dim,
    type_proto::Value as Type,
};

use super::{FusionError, Sidecar};

/// Name of the input tensor.
pub const INPUT: &str = "features";
/// ONNX operator set of the family.
pub const OPSET: i64 = 17;

const MAX_NODES: usize = 64;
const MAX_DIMENSION: i64 = 512;
const MAX_RANK: usize = 2;
const MAX_TOTAL_ELEMENTS: usize = 1 << 19;

// Everything a dense network of this family has reason to use; all of them yield results no larger
// than the outer product of their operands.
const OPERATIONS: [&str; 32] = [
    "Abs",
    "Add",
    "Cast",
    "Clip",
    "Constant",
    "DequantizeLinear",
    "Div",
    "DynamicQuantizeLinear",
    "Elu",
    "Exp",
    "Flatten",
    "Gemm",
    "HardSigmoid",
    "Identity",
    "LeakyRelu",
    "MatMul",
    "MatMulInteger",
    "Max",
    "Min",
    "Mul",
    "Neg",
    "PRelu",
    "QuantizeLinear",
    "Relu",
    "Reshape",
    "Selu",
    "Sigmoid",
    "Softplus",
    "Squeeze",
    "Sub",
    "Sum",
    "Tanh",
];

/// Decodes and checks a model file; `model` names it in errors.
pub fn check(onnx: &[u8], sidecar: &Sidecar, model: &str) -> Result<ModelProto, FusionError> {
    let proto = ModelProto::decode(onnx).map_err(|e| {
        Broken::new("an ONNX file", format!("{} bytes that are not one ({e})", onnx.len()))
    });
    proto.and_then(|proto| check_proto(&proto, sidecar).map(|()| proto)).map_err(
        |Broken { expected, found }| FusionError::Contract { model: model.into(), expected, found },
    )
}

struct Broken {
    expected: String,
    found: String,
}

impl Broken {
    fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { expected: expected.into(), found: found.into() }
    }
}

fn ensure(holds: bool, expected: &str, found: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken::new(expected, found())) }
}

fn check_proto(proto: &ModelProto, sidecar: &Sidecar) -> Result<(), Broken> {
    let graph = proto
        .graph
        .as_ref()
        .ok_or_else(|| Broken::new("an ONNX file with a graph", "no graph in it"))?;
    let opset = proto.opset_import.iter().find(|o| o.domain.is_empty()).map(|o| o.version);
    ensure(opset == Some(OPSET), &format!("opset {OPSET}"), || match opset {
        Some(version) => format!("opset {version}"),
        None => "no opset of the standard domain".into(),
    })?;
    ensure(proto.functions.is_empty(), "standard operations only", || {
        format!("{} functions of the file's own", proto.functions.len())
    })?;
    check_size(graph)?;
    check_input(graph, sidecar)?;
    check_output(graph, &sidecar.output.name)?;
    if let Some(second) = &sidecar.second_output {
        check_output(graph, &second.name)?;
    }
    for node in &graph.node {
        check_node(node)?;
    }
    check_tensors(graph)
}

fn check_size(graph: &GraphProto) -> Result<(), Broken> {
    ensure(
        (1..=MAX_NODES).contains(&graph.node.len()),
        &format!("1 to {MAX_NODES} nodes"),
        || format!("{} nodes", graph.node.len()),
    )?;
    ensure(graph.sparse_initializer.is_empty(), "dense weights", || "sparse ones".into())
}

fn check_input(graph: &GraphProto, sidecar: &Sidecar) -> Result<(), Broken> {
    // older exporters list the weights among the inputs
    let inputs: Vec<_> = graph
        .input
        .iter()
        .filter(|i| !graph.initializer.iter().any(|weight| weight.name == i.name))
        .collect();
    let columns = sidecar.features.len();
    let expected = format!("one input '{INPUT}', float32 [N, {columns}]");
    let [input] = inputs[..] else {
        let names: Vec<_> = inputs.iter().map(|i| i.name.as_str()).collect();
        return Err(Broken::new(expected, format!("inputs {names:?}")));
    };
    let fits = input.name == INPUT
        && matches!(
            tensor_type(input),
            Some((DataType::Float, [Batch::Any, Batch::Exactly(n)])) if n == columns as i64
        );
    ensure(fits, &expected, || describe(input))
}

fn check_output(graph: &GraphProto, name: &str) -> Result<(), Broken> {
    let expected = format!("an output '{name}', float32 [N]");
    let Some(output) = graph.output.iter().find(|o| o.name == name) else {
        let names: Vec<_> = graph.output.iter().map(|o| o.name.as_str()).collect();
        return Err(Broken::new(expected, format!("outputs {names:?}")));
    };
    let dims = dimensions(output);
    let fits = element_type(output) == Some(DataType::Float)
        && matches!(dims.as_deref(), Some([Batch::Any]));
    ensure(fits, &expected, || describe(output))
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Batch {
    Any,
    Exactly(i64),
}

fn tensor_type(value: &ValueInfoProto) -> Option<(DataType, [Batch; 2])> {
    let dims: [Batch; 2] = dimensions(value)?.try_into().ok()?;
    Some((element_type(value)?, dims))
}

fn element_type(value: &ValueInfoProto) -> Option<DataType> {
    let Some(Type::TensorType(tensor)) = &value.r#type.as_ref()?.value else { return None };
    DataType::try_from(tensor.elem_type).ok()
}

fn dimensions(value: &ValueInfoProto) -> Option<Vec<Batch>> {
    let Some(Type::TensorType(tensor)) = &value.r#type.as_ref()?.value else { return None };
    let dims = tensor.shape.as_ref()?.dim.iter();
    Some(
        dims.map(|d| match d.value {
            Some(Dim::DimValue(n)) => Batch::Exactly(n),
            _ => Batch::Any,
        })
        .collect(),
    )
}

fn describe(value: &ValueInfoProto) -> String {
    let element = element_type(value).map_or("of unknown type".into(), |t| format!("{t:?}"));
    let dims = match dimensions(value) {
        None => "of unknown shape".to_owned(),
        Some(dims) => {
            let dims: Vec<_> = dims
                .iter()
                .map(|d| match d {
                    Batch::Any => "N".to_owned(),
                    Batch::Exactly(n) => n.to_string(),
                })
                .collect();
            format!("[{}]", dims.join(", "))
        }
    };
    format!("'{}', {element} {dims}", value.name)
}

fn check_node(node: &NodeProto) -> Result<(), Broken> {
    let standard = node.domain.is_empty() || node.domain == "ai.onnx";
    ensure(
        standard && OPERATIONS.contains(&node.op_type.as_str()),
        "dense-network operations",
        || {
            format!(
                "operation '{}{}{}'",
                node.domain,
                if standard { "" } else { "." },
                node.op_type
            )
        },
    )?;
    let nested = |a: &AttributeProto| {
        a.g.is_some()
            || !a.graphs.is_empty()
            || a.sparse_tensor.is_some()
            || !a.sparse_tensors.is_empty()
    };
    ensure(!node.attribute.iter().any(nested), "plain attributes", || {
        format!("a graph or sparse tensor inside '{}'", node.op_type)
    })
}

/// All weights, whether initialisers or inside `Constant` nodes.
fn tensors(graph: &GraphProto) -> impl Iterator<Item = &TensorProto> {
    let attributes = graph.node.iter().flat_map(|n| &n.attribute);
    let inner = attributes.flat_map(|a| a.t.iter().chain(&a.tensors));
    graph.initializer.iter().chain(inner)
}

fn check_tensors(graph: &GraphProto) -> Result<(), Broken> {
    let mut total = 0usize;
    for tensor in tensors(graph) {
        let inside = tensor.external_data.is_empty()
            && tensor.data_location.unwrap_or(0) == DataLocation::Default as i32;
        ensure(inside, "weights inside the file", || {
            format!("'{}' in an external file", tensor.name)
        })?;
        let small = tensor.dims.len() <= MAX_RANK
            && tensor.dims.iter().all(|d| (0..=MAX_DIMENSION).contains(d));
        ensure(small, &format!("weights of at most {MAX_DIMENSION}x{MAX_DIMENSION}"), || {
            format!("'{}' with dimensions {:?}", tensor.name, tensor.dims)
        })?;
        let elements: usize = tensor.dims.iter().map(|d| *d as usize).product();
        total += elements;
        check_data(tensor, elements)?;
    }
    ensure(total <= MAX_TOTAL_ELEMENTS, &format!("at most {MAX_TOTAL_ELEMENTS} weights"), || {
        format!("{total}")
    })?;
    check_reshapes(graph)
}

fn check_data(tensor: &TensorProto, elements: usize) -> Result<(), Broken> {
    let kind = DataType::try_from(tensor.data_type).ok();
    let (size, fields) = match kind {
        Some(DataType::Float) => (4, tensor.float_data.len()),
        Some(DataType::Double) => (8, tensor.double_data.len()),
        Some(DataType::Int64) => (8, tensor.int64_data.len()),
        Some(DataType::Int32) => (4, tensor.int32_data.len()),
        Some(DataType::Int8 | DataType::Uint8 | DataType::Bool) => (1, tensor.int32_data.len()),
        _ => {
            return Err(Broken::new(
                "weights of a float or integer type",
                format!("'{}' of type {}", tensor.name, tensor.data_type),
            ));
        }
    };
    let complete = match tensor.raw_data.len() {
        0 => fields == elements,
        raw => raw == elements * size && fields == 0,
    };
    ensure(complete, &format!("{elements} values in '{}'", tensor.name), || {
        format!("{fields} values and {} raw bytes", tensor.raw_data.len())
    })?;
    let finite = match kind {
        Some(DataType::Float) => {
            let raw = tensor.raw_data.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b));
            raw.chain(tensor.float_data.iter().copied()).all(f32::is_finite)
        }
        Some(DataType::Double) => {
            let raw = tensor.raw_data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b));
            raw.chain(tensor.double_data.iter().copied()).all(f64::is_finite)
        }
        _ => true,
    };
    ensure(finite, "finite weights", || format!("NaN or infinity in '{}'", tensor.name))
}

// A reshape to a higher rank would open the way to outer products without bound.
fn check_reshapes(graph: &GraphProto) -> Result<(), Broken> {
    for node in graph.node.iter().filter(|n| n.op_type == "Reshape") {
        let shape = node.input.get(1).and_then(|name| {
            let constant = graph.node.iter().find(|n| n.output.first() == Some(name));
            let inner = constant.and_then(|n| n.attribute.iter().find_map(|a| a.t.as_ref()));
            graph.initializer.iter().find(|t| &t.name == name).or(inner)
        });
        let rank = shape.map(|s| s.dims.iter().product::<i64>());
        ensure(rank.is_some_and(|r| r <= MAX_RANK as i64), "reshapes to rank 2 at most", || {
            match rank {
                Some(rank) => format!("a reshape to rank {rank}"),
                None => "a reshape to a computed shape".into(),
            }
        })?;
    }
    Ok(())
}
