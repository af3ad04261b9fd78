//! A workload from an ONNX file and a table of records, as `zkdx quantize` makes it.

use std::path::Path;

use zkdx_circuits::architecture::Policy;
use zkdx_circuits::onnx::{self, ImportOptions};
use zkdx_circuits::quantize::{Options, quantize};
use zkdx_circuits::records::read_csv;

use super::Workload;
use crate::error::{BenchError, read, wrong};

/// Column of a table that holds the class.
const LABEL: &str = "label";

/// The quantised model with the first of the records.
pub(super) fn workload(model: &Path, calibration: &Path) -> Result<Workload, BenchError> {
    let graph = onnx::import(&read(model)?, &ImportOptions::default()).map_err(wrong(model))?;
    let records = records(calibration)?;
    let (quantized, _) = quantize(&graph, &records, None, &Options::default()).map_err(wrong(model))?;
    let first = records.first().map_or(&[][..], Vec::as_slice);
    let record = quantized.architecture.encoding.encode(first, Policy::Saturate).map_err(wrong(calibration))?;
    Ok(Workload { name: name(model), architecture: quantized.architecture, parameters: quantized.parameters, record })
}

fn records(path: &Path) -> Result<Vec<Vec<f64>>, BenchError> {
    let bytes = read(path)?;
    let header = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let header = String::from_utf8_lossy(header);
    let columns = header.trim().trim_start_matches('\u{feff}').split(',').map(|name| name.trim().trim_matches('"'));
    let (labels, names): (Vec<&str>, Vec<&str>) = columns.partition(|&name| name == LABEL);
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    let label = labels.first().copied();
    Ok(read_csv(&bytes[..], &names, label).map_err(wrong(path))?.values)
}

/// `onnx-mlp` for `models/mlp/model.onnx`, else after the file.
pub(super) fn name(model: &Path) -> String {
    let stem = model.file_stem().unwrap_or_default();
    let folder = model.parent().and_then(Path::file_name).filter(|_| stem == "model");
    format!("onnx-{}", folder.unwrap_or(stem).to_string_lossy())
}
