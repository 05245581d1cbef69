use std::io::{self, Write};

use super::Report;

pub(super) fn write(report: &Report) -> io::Result<Vec<u8>> {
    let names = report.metrics();
    let mut bytes = Vec::new();
    for frame in &report.frames {
        let number = frame.number;
        write!(bytes, "{{{number}}}{{{}}}frame: {number}|", number + 1)?;
        for (name, value) in names.iter().zip(report.values(frame)) {
            write!(bytes, "{name}: {value:.6}|")?;
        }
        writeln!(bytes)?;
    }
    Ok(bytes)
}
