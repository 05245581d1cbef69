use std::io;

use quick_xml::Writer;

use super::{Report, VERSION};

pub(super) fn write(report: &Report) -> io::Result<Vec<u8>> {
    let names = report.metrics();
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let size = [
        ("qualityWidth", report.geometry.width.to_string()),
        ("qualityHeight", report.geometry.height.to_string()),
    ];
    let fps = [("fps", format!("{:.2}", report.fps))];
    writer.create_element("VMAF").with_attribute(("version", VERSION)).write_inner_content(
        |writer| {
            element(writer, "params", &size)?;
            element(writer, "fyi", &fps)?;
            element(writer, "tiny_model", &model(report))?;
            element(writer, "alignment", &alignment(report))?;
            writer.create_element("frames").write_inner_content(|writer| {
                report.frames.iter().try_for_each(|frame| {
                    let values =
                        names.iter().map(String::as_str).zip(report.values(frame).map(six));
                    let number = [("frameNum", frame.number.to_string())];
                    element(writer, "frame", &number.into_iter().chain(values).collect::<Vec<_>>())
                })
            })?;
            writer.create_element("pooled_metrics").write_inner_content(|writer| {
                report.pooled_metrics().into_iter().try_for_each(|(name, s)| {
                    let values = [
                        ("name", name),
                        ("min", six(s.min)),
                        ("max", six(s.max)),
                        ("mean", six(s.mean)),
                        ("harmonic_mean", six(s.harmonic_mean)),
                    ];
                    element(writer, "metric", &values)
                })
            })?;
            writer.create_element("aggregate_metrics").write_empty()?;
            Ok(())
        },
    )?;
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

fn model(report: &Report) -> [(&'static str, String); 7] {
    let model = &report.model;
    [
        ("name", model.id.clone()),
        ("file", model.origin.clone()),
        ("sha256", model.sha256.clone()),
        ("quantization", model.quant_mode.as_str().into()),
        ("version", VERSION.into()),
        ("backend", model.backend.into()),
        ("profile", report.profile.name().into()),
    ]
}

fn alignment(report: &Report) -> Vec<(&'static str, String)> {
    let counts = &report.counts;
    let offset = report.offset.map(|ns| ("offset_ns", ns.to_string()));
    [("method", report.by.name().into())]
        .into_iter()
        .chain(offset)
        .chain([
            ("paired", counts.paired.to_string()),
            ("missing", counts.missing.to_string()),
            ("ended", counts.ended.to_string()),
            ("surplus", counts.surplus.to_string()),
            ("scaled", counts.scaled.to_string()),
            ("range_converted", counts.range_converted.to_string()),
        ])
        .collect()
}

fn element(
    writer: &mut Writer<Vec<u8>>,
    name: &str,
    attributes: &[(&str, String)],
) -> io::Result<()> {
    let attributes = attributes.iter().map(|(key, value)| (*key, value.as_str()));
    writer.create_element(name).with_attributes(attributes).write_empty()?;
    Ok(())
}

fn six(value: f64) -> String {
    format!("{value:.6}")
}
