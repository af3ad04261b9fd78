//! Comma-separated values: a header line, then one record a line.

use std::io::Read;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::{NOT_A_CLASS, NOT_A_NUMBER, RawRecords, RecordError, finite, positions, some};

/// Reads records whose columns are `features`, in any order, and `label`, if there is one: the index of the class, or for a class map one
/// for each position in row-major order, with spaces between.
pub fn read_csv(source: impl Read, features: &[String], label: Option<&str>) -> Result<RawRecords, RecordError> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(source);
    let header = reader.headers().map_err(format)?.clone();
    let columns = Columns::new(&header, features, label)?;
    let (mut values, mut labels, mut width) = (Vec::new(), label.map(|_| Vec::new()), None);
    for (index, row) in reader.records().enumerate() {
        let row = Row { number: index + 1, cells: row.map_err(format)?, header: &header };
        values.push(columns.features.iter().map(|&column| row.number(column)).collect::<Result<_, _>>()?);
        if let (Some(labels), Some(column)) = (&mut labels, columns.label) {
            let classes = row.classes(column)?;
            let expected = *width.get_or_insert(classes.len());
            if classes.len() != expected {
                return Err(RecordError::Length { place: row.place(column), expected, got: classes.len() });
            }
            labels.extend(classes);
        }
    }
    some(values, labels)
}

/// Which columns hold what.
struct Columns {
    features: Vec<usize>,
    label: Option<usize>,
}

impl Columns {
    fn new(header: &StringRecord, features: &[String], label: Option<&str>) -> Result<Self, RecordError> {
        // Spreadsheets put a byte-order mark in front.
        let names = header.iter().map(|name| name.trim_start_matches('\u{feff}')).enumerate();
        let (labels, named): (Vec<_>, Vec<_>) = names.partition(|(_, name)| Some(*name) == label);
        let missing = |label: &str| RecordError::Missing { place: "header".into(), feature: label.to_owned() };
        let duplicate = |label: &str| RecordError::Duplicate { place: "header".into(), feature: label.to_owned() };
        let label = match (label, labels.as_slice()) {
            (None, _) => None,
            (Some(_), [(column, _)]) => Some(*column),
            (Some(label), []) => return Err(missing(label)),
            (Some(label), _) => return Err(duplicate(label)),
        };
        let (columns, names): (Vec<usize>, Vec<&str>) = named.into_iter().unzip();
        let features = positions("header", &names, features)?.into_iter().map(|index| columns[index]).collect();
        Ok(Self { features, label })
    }
}

struct Row<'a> {
    number: usize,
    cells: StringRecord,
    header: &'a StringRecord,
}

impl Row<'_> {
    fn place(&self, column: usize) -> String {
        format!("row {}, column {} (`{}`)", self.number, column + 1, self.header.get(column).unwrap_or_default())
    }

    fn cell(&self, column: usize) -> &str {
        self.cells.get(column).unwrap_or_default()
    }

    fn number(&self, column: usize) -> Result<f64, RecordError> {
        let wrong = |_| RecordError::Value { place: self.place(column), reason: NOT_A_NUMBER };
        finite(self.cell(column).parse().map_err(wrong)?, || self.place(column))
    }

    /// The class, or that of each position with spaces between.
    fn classes(&self, column: usize) -> Result<Vec<usize>, RecordError> {
        let wrong = || RecordError::Value { place: self.place(column), reason: NOT_A_CLASS };
        let classes = self.cell(column).split_ascii_whitespace().map(|class| class.parse().map_err(|_| wrong()));
        let classes = classes.collect::<Result<Vec<_>, _>>()?;
        if classes.is_empty() { Err(wrong()) } else { Ok(classes) }
    }
}

fn format(error: csv::Error) -> RecordError {
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, pos } => {
            let line = pos.as_ref().map_or(0, |pos| pos.line());
            format!("line {line} has {len} cells, the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".to_owned(),
        csv::ErrorKind::Io(error) => format!("it cannot be read: {error}"),
        _ => "its lines do not add up".to_owned(),
    };
    RecordError::Format { format: "CSV", reason }
}
