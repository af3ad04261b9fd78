//! The report as aligned tables.

use std::fmt;

use super::{Disagreement, HeldOut, LayerReport, MapsReport, Report};

/// Rows of disagreements and of values outside the range that are printed.
const SHOWN: usize = 10;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calibration, input_bits, weight_bits, fewest_weight_bits, score_scale, .. } = self;
        let fewest =
            if fewest_weight_bits < weight_bits { format!("{fewest_weight_bits}- to ") } else { String::new() };
        writeln!(f, "calibrated on {calibration} records: {input_bits}-bit record, {fewest}{weight_bits}-bit weights")?;
        writeln!(f, "one unit of a score is worth {}", short(*score_scale))?;
        writeln!(f)?;
        table(f, &HEADER.map(String::from), &self.layers.iter().map(LayerReport::cells).collect::<Vec<_>>())?;
        self.search.as_ref().map_or(Ok(()), |search| write!(f, "\n{search}"))?;
        self.held_out.as_ref().map_or(Ok(()), |held_out| write!(f, "\n{held_out}"))?;
        self.notes.iter().try_for_each(|note| write!(f, "\nnote: {note}"))
    }
}

const HEADER: [&str; 8] = ["layer", "bits", "shift", "largest", "max error", "rms error", "relative", "saturated"];

impl LayerReport {
    fn cells(&self) -> [String; 8] {
        [
            self.name.clone(),
            self.bits.to_string(),
            self.shift.map_or("-".into(), |shift| shift.to_string()),
            short(self.largest),
            short(self.max_error),
            short(self.rms_error),
            percent(self.relative_error),
            percent(self.saturated),
        ]
    }
}

impl fmt::Display for HeldOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { records, agreements, accuracy, .. } = self;
        let compared = |name: &str, (before, after): (f64, f64)| [name.into(), places(before), places(after)];
        let mut rows = vec![compared("accuracy", *accuracy)];
        rows.extend(self.auc.map(|auc| compared("AUC", auc)));
        rows.extend(self.maps.as_ref().map(|maps| compared("mean IoU", maps.overlap)));
        table(f, &["held out", "float", "integer"].map(String::from), &rows)?;
        let same = match &self.maps {
            Some(MapsReport { positions, agreements: same, .. }) => {
                let share = percent(*same as f64 / *positions as f64);
                format!(
                    "same class at {same} of {positions} positions ({share}), same map for {agreements} of {records} records"
                )
            }
            None => format!("same class for {agreements} of {records} records"),
        };
        let (near, likely) = (self.near_ties, self.likely_ties);
        writeln!(f, "\n{same}")?;
        writeln!(f, "{near} within the bound of a tie, {likely} within three rms errors")?;
        let (rms, max) = (short(self.rms_error), short(self.max_error));
        let (expected, bound) = (short(self.expected_error), short(self.bound));
        writeln!(f, "score error: rms {rms} (expected {expected}), largest {max} (bound {bound})")?;
        self.changed(f)?;
        self.ranges(f)
    }
}

impl HeldOut {
    fn changed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.disagreements.is_empty() {
            return Ok(());
        }
        let header = ["record", "float", "integer", "margin", "expected error", "bound", "explained"].map(String::from);
        let rows: Vec<_> = self.disagreements.iter().take(SHOWN).map(Disagreement::cells).collect();
        writeln!(f)?;
        table(f, &header, &rows)?;
        more(f, self.disagreements.len())
    }

    fn ranges(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.outside.is_empty() {
            return writeln!(f, "every record is inside the calibrated range");
        }
        writeln!(f, "\noutside the calibrated range:")?;
        for entry in self.outside.iter().take(SHOWN) {
            let (value, low, high) = (short(entry.value), short(entry.low), short(entry.high));
            writeln!(f, "  record {}: {} is {value}, not in {low} to {high}", entry.row, entry.feature)?;
        }
        more(f, self.outside.len())
    }
}

impl Disagreement {
    fn cells(&self) -> [String; 7] {
        [
            self.position.map_or(self.row.to_string(), |position| format!("{} at {position}", self.row)),
            self.before.clone(),
            self.after.clone(),
            short(self.margin),
            short(self.expected_error),
            short(self.bound),
            if self.within_rounding { "by rounding".into() } else { "no".into() },
        ]
    }
}

fn more(f: &mut fmt::Formatter<'_>, len: usize) -> fmt::Result {
    if len > SHOWN { writeln!(f, "  and {} more", len - SHOWN) } else { Ok(()) }
}

/// The first column to the left, the others to the right.
fn table<const N: usize>(f: &mut fmt::Formatter<'_>, header: &[String; N], rows: &[[String; N]]) -> fmt::Result {
    let lines = || std::iter::once(header).chain(rows);
    let widths: [usize; N] =
        std::array::from_fn(|column| lines().map(|cells| cells[column].chars().count()).max().unwrap_or_default());
    for cells in lines() {
        write!(f, "{:<width$}", cells[0], width = widths[0])?;
        for (cell, width) in cells.iter().zip(widths).skip(1) {
            write!(f, "  {cell:>width$}")?;
        }
        writeln!(f)?;
    }
    Ok(())
}

/// Four significant digits.
fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    match digits {
        0..=9 => format!("{value:.*}", digits as usize),
        ..0 => format!("{value:.0}"),
        _ => format!("{value:.3e}"),
    }
}

fn places(value: f64) -> String {
    format!("{value:.4}")
}

fn percent(value: f64) -> String {
    format!("{:.2} %", 100.0 * value)
}
