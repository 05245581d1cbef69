//! Pictures of finished runs: the score from frame to frame, its worst frames, and the features.

mod chart;
mod finished;
mod page;

use std::path::Path;

use plotters::prelude::{BitMapBackend, IntoDrawingArea, SVGBackend};

use crate::Error;
use crate::report::write::whole;
use finished::Finished;

/// Width and height in pixels.
const SIZE: (u32, u32) = (1200, 900);

/// Draws the JSON report `from` into `to`, whose name ends in `.png`, `.svg` or `.html`.
///
/// # Errors
/// `from` is not a report with scores, or `to` cannot be drawn or written.
pub fn draw(from: &Path, to: &Path) -> Result<(), Error> {
    let bytes = std::fs::read(from).map_err(|source| Error::Open { path: from.into(), source })?;
    draw_bytes(from, &bytes, to)
}

/// As [`draw`], from a report that is not in a file yet; `name` is what errors call it.
///
/// # Errors
/// As for [`draw`].
pub fn draw_bytes(name: &Path, report: &[u8], to: &Path) -> Result<(), Error> {
    let finished = Finished::parse(report)
        .map_err(|problem| Error::NotReport { path: name.into(), problem })?;
    let failed = |problem: String| Error::Draw { path: to.into(), problem };
    let extension = to.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    let picture = match extension.as_deref() {
        Some("png") => png(&finished),
        Some("svg") => svg(&finished).map(String::into_bytes),
        Some("html") => svg(&finished).map(|svg| page::html(&finished, &svg).into_bytes()),
        _ => Err("its name must end in .png, .svg or .html".into()),
    };
    whole(to, &picture.map_err(failed)?).map_err(|source| Error::Write { path: to.into(), source })
}

fn svg(finished: &Finished) -> Result<String, String> {
    let mut text = String::new();
    chart::draw(SVGBackend::with_string(&mut text, SIZE).into_drawing_area(), finished)?;
    Ok(text)
}

fn png(finished: &Finished) -> Result<Vec<u8>, String> {
    let (width, height) = SIZE;
    let mut pixels = vec![0; width as usize * height as usize * 3];
    let area = BitMapBackend::with_buffer(&mut pixels, SIZE).into_drawing_area();
    chart::draw(area, finished)?;
    encoded(&pixels).map_err(|e| e.to_string())
}

fn encoded(pixels: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, SIZE.0, SIZE.1);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}
