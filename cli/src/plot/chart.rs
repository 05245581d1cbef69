use std::ops::Range;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font;

use super::finished::Finished;

const FONT: &str = "sans-serif";

type Area<B> = DrawingArea<B, Shift>;
type Drawn<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// Draws and finishes the picture.
pub(super) fn draw<B: DrawingBackend>(area: Area<B>, finished: &Finished) -> Result<(), String> {
    register_font(FONT, FontStyle::Normal, dejavu::sans::regular())
        .map_err(|_| "the font that comes with this program cannot be read")?;
    panels(&area, finished).map_err(|e| e.to_string())
}

/// The score above, the features in a grid below.
fn panels<B: DrawingBackend>(area: &Area<B>, finished: &Finished) -> Drawn<B> {
    area.fill(&WHITE)?;
    let area = area.margin(8, 0, 0, 0).titled(&finished.title(), (FONT, 26))?;
    let (above, below) = area.split_vertically((50).percent_height());
    scores(&above, finished)?;
    for (area, (name, values)) in below.split_evenly((2, 3)).iter().zip(&finished.features) {
        panel(area, name, values, BLUE, &[])?;
    }
    area.present()
}

fn scores<B: DrawingBackend>(area: &Area<B>, finished: &Finished) -> Drawn<B> {
    panel(area, "vmaf by frame, and the worst frames", &finished.scores, BLACK, &finished.worst())
}

/// A line through `values`, and `marks` with their frame numbers.
fn panel<B: DrawingBackend>(
    area: &Area<B>,
    title: &str,
    values: &[(u64, f64)],
    colour: RGBColor,
    marks: &[(u64, f64)],
) -> Drawn<B> {
    let mut chart = ChartBuilder::on(area)
        .caption(title, (FONT, 16))
        .margin(10)
        .x_label_area_size(24)
        .y_label_area_size(56)
        .build_cartesian_2d(frames(values), range(values))?;
    let digits = if range(values).end > 10.0 { 1 } else { 4 };
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_labels(8)
        .y_labels(6)
        .label_style((FONT, 12))
        .y_label_formatter(&|v| format!("{v:.digits$}"))
        .draw()?;
    chart.draw_series(LineSeries::new(values.iter().copied(), colour))?;
    chart.draw_series(marks.iter().map(|&(frame, value)| {
        let label = Text::new(frame.to_string(), (6, -14), (FONT, 13).into_font().color(&RED));
        EmptyElement::at((frame, value)) + Circle::new((0, 0), 4, RED.filled()) + label
    }))?;
    Ok(())
}

fn frames(values: &[(u64, f64)]) -> Range<u64> {
    let first = values.first().map_or(0, |(n, _)| *n);
    let last = values.last().map_or(0, |(n, _)| *n);
    first..last.max(first + 1)
}

/// All values with some air; never empty.
fn range(values: &[(u64, f64)]) -> Range<f64> {
    let values = || values.iter().map(|(_, v)| *v);
    let (low, high) =
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let air = (0.05 * (high - low)).max(1e-3);
    low - air..high + air
}
