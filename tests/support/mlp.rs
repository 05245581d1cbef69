//! Small ONNX networks written by hand, so that tests know every weight.

use prost::Message;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, attribute_proto::AttributeType, tensor_proto,
    tensor_shape_proto, type_proto,
};

/// `vmaf = clip(weights · features + bias, 0, 100)`, with the family's names and shapes.
pub fn linear(weights: &[f32], bias: f32) -> ModelProto {
    let n = weights.len() as i64;
    ModelProto {
        ir_version: 8,
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 17 }],
        graph: Some(GraphProto {
            name: "linear".into(),
            input: vec![tensor("features", &[None, Some(n)])],
            output: vec![tensor("vmaf", &[None])],
            initializer: vec![
                weight("weights", &[n, 1], weights),
                weight("bias", &[1], &[bias]),
                weight("low", &[], &[0.0]),
                weight("high", &[], &[100.0]),
                axis("axis", -1),
            ],
            node: vec![
                node("Gemm", &["features", "weights", "bias"], "wide"),
                node("Squeeze", &["wide", "axis"], "raw"),
                node("Clip", &["raw", "low", "high"], "vmaf"),
            ],
            ..Default::default()
        }),
        ..Default::default()
    }
}

pub fn bytes(model: &ModelProto) -> Vec<u8> {
    model.encode_to_vec()
}

pub fn graph(model: &mut ModelProto) -> &mut GraphProto {
    model.graph.as_mut().expect("built with a graph")
}

/// A float32 value; `None` is the batch dimension.
pub fn tensor(name: &str, dims: &[Option<i64>]) -> ValueInfoProto {
    typed_tensor(name, dims, tensor_proto::DataType::Float)
}

pub fn typed_tensor(
    name: &str,
    dims: &[Option<i64>],
    kind: tensor_proto::DataType,
) -> ValueInfoProto {
    use tensor_shape_proto::{Dimension, dimension::Value};
    let dim = dims
        .iter()
        .map(|d| Dimension {
            value: Some(d.map_or(Value::DimParam("N".into()), Value::DimValue)),
            ..Default::default()
        })
        .collect();
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(type_proto::Tensor {
                elem_type: kind as i32,
                shape: Some(TensorShapeProto { dim }),
            })),
            ..Default::default()
        }),
        ..Default::default()
    }
}

pub fn weight(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: tensor_proto::DataType::Float as i32,
        raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ..Default::default()
    }
}

pub fn axis(name: &str, value: i64) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: vec![1],
        data_type: tensor_proto::DataType::Int64 as i32,
        raw_data: value.to_le_bytes().to_vec(),
        ..Default::default()
    }
}

pub fn node(op: &str, input: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: op.into(),
        input: input.iter().map(|s| (*s).to_owned()).collect(),
        output: vec![output.to_owned()],
        ..Default::default()
    }
}

pub fn subgraph_attribute() -> AttributeProto {
    AttributeProto {
        name: "body".into(),
        r#type: AttributeType::Graph as i32,
        g: Some(GraphProto::default()),
        ..Default::default()
    }
}
