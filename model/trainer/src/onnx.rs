//! The network as an ONNX file that keeps the family's contract.

use prost::Message;
use tract_onnx::pb::{
    GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
    TypeProto, ValueInfoProto, tensor_proto::DataType, tensor_shape_proto, type_proto,
};

use crate::train::Student;

/// Operator set of every shipped graph.
pub const OPSET: i64 = 17;

/// Bytes of the graph Sub, Div, Gemm, Relu, …, Gemm, Squeeze, Clip.
pub fn export(student: &Student, name: &str) -> Vec<u8> {
    let mut graph = GraphProto {
        name: name.into(),
        input: vec![value("features", &[None, Some(6)])],
        output: vec![value("vmaf", &[None])],
        ..Default::default()
    };
    let standardisation = [
        ("mean", "Sub", student.whitening.mean),
        ("std", "Div", student.whitening.std),
    ];
    let mut last = "features".to_string();
    for (constant, op, values) in standardisation {
        graph.initializer.push(floats(constant, &[6], values.iter().map(|v| *v as f32)));
        last = push(&mut graph, op, &[&last, constant], &format!("{constant}_applied"));
    }
    let layers = &student.network.layers;
    for (i, layer) in layers.iter().enumerate() {
        let (w, b) = (format!("weights_{i}"), format!("bias_{i}"));
        let shape = [layer.weights.nrows() as i64, layer.weights.ncols() as i64];
        graph.initializer.push(floats(&w, &shape, layer.weights.iter().copied()));
        graph.initializer.push(floats(&b, &shape[1..], layer.bias.iter().copied()));
        last = push(&mut graph, "Gemm", &[&last, &w, &b], &format!("layer_{i}"));
        if i + 1 < layers.len() {
            last = push(&mut graph, "Relu", &[&last], &format!("relu_{i}"));
        }
    }
    graph.initializer.push(TensorProto {
        name: "last_axis".into(),
        dims: vec![1],
        data_type: DataType::Int64 as i32,
        raw_data: (-1i64).to_le_bytes().to_vec().into(),
        ..Default::default()
    });
    last = push(&mut graph, "Squeeze", &[&last, "last_axis"], "raw");
    graph.initializer.push(floats("lowest", &[], [0.0]));
    graph.initializer.push(floats("highest", &[], [100.0]));
    push(&mut graph, "Clip", &[&last, "lowest", "highest"], "vmaf");
    let model = ModelProto {
        ir_version: 8,
        producer_name: "vmaftiny-trainer".into(),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        graph: Some(graph),
        ..Default::default()
    };
    model.encode_to_vec()
}

fn push(graph: &mut GraphProto, op: &str, inputs: &[&str], output: &str) -> String {
    graph.node.push(NodeProto {
        name: output.into(),
        op_type: op.into(),
        input: inputs.iter().map(|i| (*i).into()).collect(),
        output: vec![output.into()],
        ..Default::default()
    });
    output.into()
}

fn floats(name: &str, dims: &[i64], values: impl IntoIterator<Item = f32>) -> TensorProto {
    let raw: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: DataType::Float as i32,
        raw_data: raw.into(),
        ..Default::default()
    }
}

/// `None` is the batch dimension.
fn value(name: &str, dims: &[Option<i64>]) -> ValueInfoProto {
    use tensor_shape_proto::{Dimension, dimension::Value};
    let dim = |d: &Option<i64>| Dimension {
        value: Some(d.map_or_else(|| Value::DimParam("N".into()), Value::DimValue)),
        ..Default::default()
    };
    let tensor = type_proto::Tensor {
        elem_type: DataType::Float as i32,
        shape: Some(TensorShapeProto { dim: dims.iter().map(dim).collect() }),
    };
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(tensor)),
            ..Default::default()
        }),
        ..Default::default()
    }
}
