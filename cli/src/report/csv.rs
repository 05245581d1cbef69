use std::io;

use super::Report;

pub(super) fn write(report: &Report) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // libvmaf ends every line with a comma, and parsers have come to rely on it
    let end = || [String::new()];
    writer.write_record(["Frame".to_owned()].into_iter().chain(report.metrics()).chain(end()))?;
    for frame in &report.frames {
        let values = report.values(frame).map(|v| format!("{v:.6}"));
        writer.write_record([frame.number.to_string()].into_iter().chain(values).chain(end()))?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}
