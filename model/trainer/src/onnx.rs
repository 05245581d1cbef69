//! Students as ONNX files that keep the family's contract, and back.

use std::path::Path;

use ndarray::{Array1, Array2, Axis, concatenate};
use prost::Message;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, attribute_proto::AttributeType,
    tensor_proto::DataType, tensor_shape_proto, type_proto,
};

use crate::Failure;
use crate::network::{Layer, Network};
use crate::quantise::Codes;
use crate::student::Student;

/// Operator set of every shipped graph.
pub const OPSET: i64 = 17;
/// Names of the outputs, score first.
pub const OUTPUTS: [&str; 2] = ["vmaf", "half_width"];

/// Sub, Div, Gemm, Relu, …, Gemm, Squeeze, Clip in float32.
pub fn export(student: &Student, name: &str) -> Vec<u8> {
    let mut graph = Graph::new(student, name);
    for (i, layer) in student.network.layers.iter().enumerate() {
        graph.layer(i, layer.bias.len(), |graph, suffix, column, input| {
            let layer = column.map_or_else(|| layer.clone(), |c| column_of(layer, c));
            let weights = graph.floats(&format!("weights{suffix}"), &layer.weights);
            let bias = graph.vector(&format!("bias{suffix}"), &layer.bias);
            graph.node("Gemm", &[input, &weights, &bias], &format!("layer{suffix}"))
        });
    }
    graph.finish()
}

/// As [`export`], the weights as eight-bit codes that `DequantizeLinear` turns back: the
/// arithmetic is that of float32, so a frame's score does not depend on its batch.
pub fn export_codes(student: &Student, layers: &[Codes], name: &str) -> Vec<u8> {
    let mut graph = Graph::new(student, name);
    for (i, codes) in layers.iter().enumerate() {
        graph.layer(i, codes.bias.len(), |graph, suffix, _, input| {
            let weights = graph.codes(&format!("codes{suffix}"), &codes.weights);
            let scales = graph.vector(&format!("scales{suffix}"), &codes.scales);
            let zeros = Array1::zeros(codes.scales.len());
            let zeros = graph.code_vector(&format!("zeros{suffix}"), &zeros);
            let name = format!("weights{suffix}");
            let weights = graph.node("DequantizeLinear", &[&weights, &scales, &zeros], &name);
            graph.last_attribute("axis", 1);
            let bias = graph.vector(&format!("bias{suffix}"), &codes.bias);
            graph.node("Gemm", &[input, &weights, &bias], &format!("layer{suffix}"))
        });
    }
    graph.finish()
}

/// As [`export`], weights and activations in eight bits: what ONNX Runtime's dynamic
/// quantisation makes of a graph. One range holds for all frames of a batch.
pub fn export_dynamic(student: &Student, name: &str) -> Vec<u8> {
    let mut graph = Graph::new(student, name);
    for (i, layer) in student.network.layers.iter().enumerate() {
        let codes = Codes::of(layer);
        graph.layer(i, codes.bias.len(), |graph, suffix, _, input| {
            let part = |part: &str| format!("{part}{suffix}");
            let weights = graph.codes(&part("codes"), &codes.weights);
            let scales = graph.vector(&part("scales"), &codes.scales);
            let bias = graph.vector(&part("bias"), &codes.bias);
            let [quantised, scale, zero] = [part("quantised"), part("range"), part("zero")];
            graph.node("DynamicQuantizeLinear", &[input], &quantised);
            graph.more_outputs([&scale, &zero]);
            let sum = graph.node("MatMulInteger", &[&quantised, &weights, &zero], &part("sum"));
            let sum = graph.node("Cast", &[&sum], &part("sum_float"));
            graph.last_attribute("to", DataType::Float as i64);
            let scale = graph.node("Mul", &[&scale, &scales], &part("scale"));
            let product = graph.node("Mul", &[&sum, &scale], &part("product"));
            graph.node("Add", &[&product, &bias], &part("layer"))
        });
    }
    graph.finish()
}

fn column_of(layer: &Layer, column: usize) -> Layer {
    Layer {
        weights: layer.weights.column(column).to_owned().insert_axis(Axis(1)),
        bias: Array1::from_elem(1, layer.bias[column]),
    }
}

/// Reads a student back from a float32 file that [`export`] wrote.
///
/// # Errors
/// The file cannot be read, or is not of that form.
pub fn import(path: &Path) -> Result<Student, Failure> {
    let bytes = std::fs::read(path).map_err(|e| Failure::file(path, e))?;
    let wrong = |what: String| Failure::Model(format!("{}: {what}", path.display()));
    let proto = ModelProto::decode(bytes.as_slice()).map_err(|e| wrong(e.to_string()))?;
    let graph = proto.graph.ok_or_else(|| wrong("no graph".into()))?;
    let tensor = |name: &str| -> Option<Array2<f32>> {
        let tensor = graph.initializer.iter().find(|t| t.name == name)?;
        let values = tensor.raw_data.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        let dims: Vec<usize> = tensor.dims.iter().map(|d| *d as usize).collect();
        let shape = match dims[..] {
            [n] => (1, n),
            [rows, columns] => (rows, columns),
            _ => return None,
        };
        Array2::from_shape_vec(shape, values).ok()
    };
    let layer = |suffix: &str| -> Option<Layer> {
        let weights = tensor(&format!("weights{suffix}"))?;
        let bias = tensor(&format!("bias{suffix}"))?.row(0).to_owned();
        Some(Layer { weights, bias })
    };
    let mut layers: Vec<Layer> = (0..).map_while(|i| layer(&format!("_{i}"))).collect();
    let heads: Vec<Layer> =
        OUTPUTS.iter().filter_map(|o| layer(&format!("_{}_{o}", layers.len()))).collect();
    if !heads.is_empty() {
        let columns: Vec<_> = heads.iter().map(|h| h.weights.view()).collect();
        let weights = concatenate(Axis(1), &columns).map_err(|e| wrong(e.to_string()))?;
        layers.push(Layer { weights, bias: heads.iter().map(|h| h.bias[0]).collect() });
    }
    let six = |name: &str| -> Result<[f32; 6], Failure> {
        let values =
            tensor(name).and_then(|t| <[f32; 6]>::try_from(t.into_raw_vec_and_offset().0).ok());
        values.ok_or_else(|| wrong(format!("no six values '{name}'")))
    };
    let fits = layers.windows(2).all(|l| l[0].bias.len() == l[1].weights.nrows())
        && layers.iter().all(|l| l.bias.len() == l.weights.ncols());
    if layers.is_empty() || !fits {
        return Err(wrong("not a float32 network that this tool wrote".into()));
    }
    Ok(Student { mean: six("mean")?, std: six("std")?, network: Network { layers } })
}

/// A graph under construction.
struct Graph {
    proto: GraphProto,
    last: String,
    layers: usize,
}

impl Graph {
    fn new(student: &Student, name: &str) -> Self {
        let outputs = student.network.layers.last().map_or(0, |l| l.bias.len());
        let proto = GraphProto {
            name: name.into(),
            input: vec![value("features", &[None, Some(6)])],
            output: OUTPUTS[..outputs].iter().map(|o| value(o, &[None])).collect(),
            ..Default::default()
        };
        let layers = student.network.layers.len();
        let mut graph = Self { proto, last: "features".into(), layers };
        for (name, op, values) in [("mean", "Sub", student.mean), ("std", "Div", student.std)] {
            let constant = graph.vector(name, &Array1::from(values.to_vec()));
            let last = std::mem::take(&mut graph.last);
            graph.last = graph.node(op, &[&last, &constant], &format!("{name}_applied"));
        }
        graph
    }

    /// Adds a layer by `affine(graph, suffix of names, column, input)`, and what follows it. Each
    /// output of the last layer is a layer of its own.
    fn layer(
        &mut self,
        i: usize,
        width: usize,
        affine: impl Fn(&mut Self, &str, Option<usize>, &str) -> String,
    ) {
        let input = std::mem::take(&mut self.last);
        if i + 1 < self.layers {
            let sum = affine(self, &format!("_{i}"), None, &input);
            self.last = self.node("Relu", &[&sum], &format!("relu_{i}"));
        } else if width == 1 {
            let sum = affine(self, &format!("_{i}"), None, &input);
            self.limited(0, &sum);
        } else {
            for (column, output) in OUTPUTS.iter().enumerate() {
                let sum = affine(self, &format!("_{i}_{output}"), Some(column), &input);
                self.limited(column, &sum);
            }
        }
    }

    /// `[N, 1]` to a limited `[N]`.
    fn limited(&mut self, output: usize, wide: &str) {
        if output == 0 {
            self.proto.initializer.push(TensorProto {
                name: "last_axis".into(),
                dims: vec![1],
                data_type: DataType::Int64 as i32,
                raw_data: (-1i64).to_le_bytes().to_vec(),
                ..Default::default()
            });
            self.raw("lowest", DataType::Float, &[], 0f32.to_le_bytes().to_vec());
            self.raw("highest", DataType::Float, &[], 100f32.to_le_bytes().to_vec());
        }
        let name = OUTPUTS[output];
        let raw = self.node("Squeeze", &[wide, "last_axis"], &format!("{name}_raw"));
        self.node("Clip", &[&raw, "lowest", "highest"], name);
    }

    fn node(&mut self, op: &str, inputs: &[&str], output: &str) -> String {
        self.proto.node.push(NodeProto {
            name: output.into(),
            op_type: op.into(),
            input: inputs.iter().map(|i| (*i).into()).collect(),
            output: vec![output.into()],
            ..Default::default()
        });
        output.into()
    }

    fn last_attribute(&mut self, name: &str, value: i64) {
        if let Some(node) = self.proto.node.last_mut() {
            node.attribute.push(AttributeProto {
                name: name.into(),
                r#type: AttributeType::Int as i32,
                i: value,
                ..Default::default()
            });
        }
    }

    fn more_outputs(&mut self, names: [&str; 2]) {
        if let Some(node) = self.proto.node.last_mut() {
            node.output.extend(names.map(String::from));
        }
    }

    fn raw(&mut self, name: &str, kind: DataType, dims: &[usize], raw_data: Vec<u8>) -> String {
        self.proto.initializer.push(TensorProto {
            name: name.into(),
            dims: dims.iter().map(|d| *d as i64).collect(),
            data_type: kind as i32,
            raw_data,
            ..Default::default()
        });
        name.into()
    }

    fn floats(&mut self, name: &str, values: &Array2<f32>) -> String {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.raw(name, DataType::Float, values.shape(), raw)
    }

    fn vector(&mut self, name: &str, values: &Array1<f32>) -> String {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.raw(name, DataType::Float, values.shape(), raw)
    }

    fn codes(&mut self, name: &str, values: &Array2<i8>) -> String {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.raw(name, DataType::Int8, values.shape(), raw)
    }

    fn code_vector(&mut self, name: &str, values: &Array1<i8>) -> String {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.raw(name, DataType::Int8, values.shape(), raw)
    }

    fn finish(self) -> Vec<u8> {
        ModelProto {
            ir_version: 8,
            producer_name: env!("CARGO_PKG_NAME").into(),
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
            graph: Some(self.proto),
            ..Default::default()
        }
        .encode_to_vec()
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
