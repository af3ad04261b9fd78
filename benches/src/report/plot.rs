//! Plots as SVG: log-log curves whose points say their value, and bars.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::format::seconds;
use crate::error::{BenchError, wrong};
use crate::measure::Part;

/// Points under one label, from left to right.
pub(super) struct Series {
    /// What they have in common.
    pub(super) label: String,
    /// Where they are; both coordinates are positive.
    pub(super) points: Vec<(f64, f64)>,
}

/// Width and height of a plot.
const SIZE: (u32, u32) = (900, 560);
/// Family and size of text.
const TEXT: (&str, u32) = ("sans-serif", 13);
/// Family and size of titles.
const TITLE: (&str, u32) = ("sans-serif", 18);
/// Height of a bar with its gap.
const BAR: u32 = 34;

/// Log-log curves.
pub(super) fn curve(path: &Path, title: &str, axes: [&str; 2], series: &[Series]) -> Result<(), BenchError> {
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    draw_curve(&area, title, axes, series).and_then(|()| Ok(area.present()?)).map_err(wrong(path))
}

/// One bar for each part, the longest being as wide as the plot.
pub(super) fn bars(path: &Path, title: &str, parts: &[Part]) -> Result<(), BenchError> {
    let area = SVGBackend::new(path, (SIZE.0, BAR * (parts.len() as u32 + 2))).into_drawing_area();
    draw_bars(&area, title, parts).and_then(|()| Ok(area.present()?)).map_err(wrong(path))
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw_curve(area: &Area<'_>, title: &str, [x, y]: [&str; 2], series: &[Series]) -> Drawn {
    area.fill(&WHITE)?;
    let range = |coordinate: fn(&(f64, f64)) -> f64| {
        let values = || series.iter().flat_map(|series| &series.points).map(coordinate);
        values().fold(f64::INFINITY, f64::min) / 1.6..values().fold(0.0, f64::max) * 1.6
    };
    let mut builder = ChartBuilder::on(area);
    builder.caption(title, TITLE).margin(16).x_label_area_size(44).y_label_area_size(76);
    let mut chart =
        builder.build_cartesian_2d(range(|point| point.0).log_scale(), range(|point| point.1).log_scale())?;
    chart.configure_mesh().x_desc(x).y_desc(y).label_style(TEXT).light_line_style(WHITE).draw()?;
    for (index, Series { label, points }) in series.iter().enumerate() {
        let colour = Palette99::pick(index).to_rgba();
        let line = chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?;
        line.label(label).legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 4, colour.filled())))?;
        let value = |point: &(f64, f64)| if y.starts_with("seconds") { seconds(point.1) } else { short(point.1) };
        chart.draw_series(points.iter().map(|point| Text::new(value(point), *point, TEXT)))?;
    }
    let mut legend = chart.configure_series_labels();
    legend.position(SeriesLabelPosition::UpperLeft).background_style(WHITE.mix(0.8)).label_font(TEXT).draw()?;
    Ok(())
}

fn draw_bars(area: &Area<'_>, title: &str, parts: &[Part]) -> Drawn {
    area.fill(&WHITE)?;
    area.draw(&Text::new(title.to_owned(), (16, 14), TITLE))?;
    let longest = parts.iter().map(|part| part.seconds).fold(f64::MIN_POSITIVE, f64::max);
    for (index, part) in parts.iter().enumerate() {
        let (top, left) = ((BAR * (index as u32 + 1) + 14) as i32, 140);
        let width = (part.seconds / longest * f64::from(SIZE.0 - 250)) as i32;
        let corners = [(left, top - 6), (left + width.max(1), top + 18)];
        area.draw(&Rectangle::new(corners, Palette99::pick(index).filled()))?;
        area.draw(&Text::new(part.name.clone(), (16, top), TEXT))?;
        area.draw(&Text::new(seconds(part.seconds), (left + width + 8, top), TEXT))?;
    }
    Ok(())
}

/// `123k`
fn short(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{:.2}M", value / 1e6),
        value if value >= 1e4 => format!("{:.0}k", value / 1e3),
        value => format!("{value:.0}"),
    }
}
