//! NPY: one record of one axis, or records along the first axis.

use std::io::Read;

use npyz::{Deserialize, NpyFile, NpyReader, Order};

use super::{RawRecords, RecordError, finite, some};

/// Most values of a file.
const MAX_VALUES: usize = 1 << 28;

/// Reads an array of floats or integers with `entries` values per record.
pub fn read_npy(source: impl Read, entries: usize) -> Result<RawRecords, RecordError> {
    let file = NpyFile::new(source).map_err(|_| wrong("its header makes no sense"))?;
    let shape = shape(&file)?;
    let len = shape.iter().try_fold(1usize, |len, &axis| len.checked_mul(axis)).filter(|&len| len <= MAX_VALUES);
    let len = len.ok_or_else(|| wrong("it has more values than can be read"))?;
    let per_record = if shape.len() > 1 { shape[1..].iter().product() } else { len };
    if len > 0 && per_record != entries {
        return Err(RecordError::Length { place: "each record".into(), expected: entries, got: per_record });
    }
    let values = values(file, len)?;
    let checked = |(row, chunk): (usize, &[f64])| {
        let place = |column: usize| move || format!("record {}, value {}", row + 1, column + 1);
        chunk.iter().enumerate().map(|(column, &value)| finite(value, place(column))).collect()
    };
    let records = values.chunks(entries.max(1)).enumerate().map(checked).collect::<Result<_, _>>()?;
    some(records, None)
}

fn shape<R: Read>(file: &NpyFile<R>) -> Result<Vec<usize>, RecordError> {
    let shape: Option<Vec<usize>> = file.shape().iter().map(|&axis| usize::try_from(axis).ok()).collect();
    match shape {
        Some(shape) if shape.len() == 1 || file.order() == Order::C => Ok(shape),
        _ => Err(wrong("its axes are in Fortran order: save it with `numpy.ascontiguousarray`")),
    }
}

/// The values of whichever type the file has.
fn values<R: Read>(file: NpyFile<R>, len: usize) -> Result<Vec<f64>, RecordError> {
    let file = match file.try_data::<f64>() {
        Ok(data) => return collect(data, len, |value| value),
        Err(file) => file,
    };
    let file = match file.try_data::<f32>() {
        Ok(data) => return collect(data, len, f64::from),
        Err(file) => file,
    };
    let file = match file.try_data::<u8>() {
        Ok(data) => return collect(data, len, f64::from),
        Err(file) => file,
    };
    let file = match file.try_data::<i32>() {
        Ok(data) => return collect(data, len, f64::from),
        Err(file) => file,
    };
    match file.try_data::<i64>() {
        Ok(data) => collect(data, len, |value| value as f64),
        Err(_) => Err(wrong("its type is none of float32, float64, uint8, int32, int64")),
    }
}

/// Grows as it reads: a header cannot ask for memory that the file does not fill.
fn collect<T: Deserialize, R: Read>(
    mut data: NpyReader<T, R>,
    len: usize,
    convert: fn(T) -> f64,
) -> Result<Vec<f64>, RecordError> {
    let mut values = Vec::new();
    for _ in 0..len {
        match data.next() {
            Some(Ok(value)) => values.push(convert(value)),
            _ => return Err(wrong("it is cut off")),
        }
    }
    Ok(values)
}

fn wrong(reason: &str) -> RecordError {
    RecordError::Format { format: "NPY", reason: reason.to_owned() }
}
