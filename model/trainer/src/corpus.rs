//! Features of real and generated video, as Parquet.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Float32Array, StringArray, UInt32Array};
use arrow::datatypes::{DataType, Field, Float32Type, Schema, UInt32Type};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use crate::teacher::Labels;
use crate::{Failure, Vector};

const FEATURES: [&str; 6] =
    ["adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2"];

/// One frame of one distorted version of one source.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which video.
    pub source: String,
    /// How it was distorted.
    pub variant: String,
    /// Which frame.
    pub frame: u32,
    /// Canonical order; single precision, as the models read them.
    pub features: Vector,
    /// What the teachers say.
    pub labels: Labels,
}

/// Columns of labels.
type Label = (&'static str, fn(&Labels) -> f64);
const LABELS: [Label; 4] = [
    ("vmaf", |l| l.vmaf),
    ("vmaf_4k", |l| l.vmaf_4k),
    ("vmaf_b", |l| l.bagging),
    ("vmaf_b_half_width", |l| l.half_width),
];

/// Writes `rows`, with a JSON text of where they come from.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, rows: &[Row], provenance: &str) -> Result<(), Failure> {
    let text = |get: fn(&Row) -> &str| -> Arc<dyn Array> {
        Arc::new(StringArray::from_iter_values(rows.iter().map(get)))
    };
    let number = |get: &dyn Fn(&Row) -> f64| -> Arc<dyn Array> {
        Arc::new(Float32Array::from_iter_values(rows.iter().map(|r| get(r) as f32)))
    };
    let mut fields = vec![
        Field::new("source", DataType::Utf8, false),
        Field::new("variant", DataType::Utf8, false),
        Field::new("frame", DataType::UInt32, false),
    ];
    let mut columns: Vec<Arc<dyn Array>> = vec![
        text(|r| &r.source),
        text(|r| &r.variant),
        Arc::new(UInt32Array::from_iter_values(rows.iter().map(|r| r.frame))),
    ];
    for (i, name) in FEATURES.iter().enumerate() {
        fields.push(Field::new(*name, DataType::Float32, false));
        columns.push(number(&move |r| r.features[i]));
    }
    for (name, get) in LABELS {
        fields.push(Field::new(name, DataType::Float32, false));
        columns.push(number(&move |r| get(&r.labels)));
    }
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), columns)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(19)?))
        .set_key_value_metadata(Some(vec![KeyValue::new(
            "provenance".into(),
            provenance.to_string(),
        )]))
        .build();
    let mut writer = ArrowWriter::try_new(File::create(path)?, schema, Some(properties))?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(())
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|e| Failure::file(path, e))
}

/// Reads what [`write()`] wrote.
///
/// # Errors
/// The file cannot be read or has other columns.
pub fn read(path: &Path) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(open(path)?)?.build()? {
        let batch = batch?;
        let column = |name: &str| {
            batch.column_by_name(name).ok_or_else(|| Failure::Corpus(format!("no column {name}")))
        };
        let wrong = |name: &str| Failure::Corpus(format!("column {name} has the wrong type"));
        let text = |name: &str| column(name)?.as_string_opt::<i32>().ok_or_else(|| wrong(name));
        let number =
            |name: &str| column(name)?.as_primitive_opt::<Float32Type>().ok_or_else(|| wrong(name));
        let (source, variant) = (text("source")?, text("variant")?);
        let frame =
            column("frame")?.as_primitive_opt::<UInt32Type>().ok_or_else(|| wrong("frame"))?;
        let features = FEATURES.iter().map(|name| number(name)).collect::<Result<Vec<_>, _>>()?;
        let labels = LABELS.iter().map(|(name, _)| number(name)).collect::<Result<Vec<_>, _>>()?;
        rows.extend((0..batch.num_rows()).map(|i| Row {
            source: source.value(i).into(),
            variant: variant.value(i).into(),
            frame: frame.value(i),
            features: std::array::from_fn(|f| f64::from(features[f].value(i))),
            labels: {
                let [vmaf, vmaf_4k, bagging, half_width] =
                    std::array::from_fn(|l| f64::from(labels[l].value(i)));
                Labels { vmaf, vmaf_4k, bagging, half_width }
            },
        }));
    }
    Ok(rows)
}

/// The JSON text of where a corpus comes from.
///
/// # Errors
/// The file cannot be read or has no such text.
pub fn provenance(path: &Path) -> Result<String, Failure> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(open(path)?)?;
    let pairs = reader.metadata().file_metadata().key_value_metadata();
    let found = pairs.into_iter().flatten().find(|pair| pair.key == "provenance");
    let text = found.and_then(|pair| pair.value.clone());
    text.ok_or_else(|| Failure::Corpus(format!("{} has no provenance", path.display())))
}
